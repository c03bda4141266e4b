/* What status and doctor say of an environment: the version that is live, and the run that somebody must go on with. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

/* A deploy of version over previous ("" when its pipeline does not tell) by these steps. */
static outcome deploy(const char *environment, const char *version, const char *previous, const char *steps)
{
    const char *path = kit_path("%s/%s.cfg", kit_folder(), environment);
    kit_write(path,
              kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"%s\"; previous = \"%s\"; };\n"
                       "stages: ( { name = \"all\"; steps: ( %s ); } );\n",
                       environment, version, previous, steps));
    return belay("run", path, "--no-wait", NULL);
}

#define CHANGE  "{ id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; }"
#define STUCK   "{ id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"false\"]; }"
#define FAILS   ", { id = \"fails\"; use = \"shell.check\"; argv = [\"false\"]; }"
#define WAITS   ", { id = \"waits\"; use = \"gate.approval\"; roles = [\"boss\"]; }"
#define REFUSED "{ id = \"there\"; use = \"git.checkout\"; repo = \"/nowhere\"; ref = \"v1\"; }"

/* The id of the newest run; it differs from call to call. */
static const char *latest(void)
{
    const char *shown = belay("show", "latest", NULL).out;
    return kit_path("%.*s", (int)strcspn(shown, " "), shown);
}

static const char *committed(const char *environment, const char *version, const char *previous)
{
    assert_int_equal(deploy(environment, version, previous, CHANGE).status, 0);
    return latest();
}

static outcome status_of(const char *environment)
{
    outcome o = belay("status", "--environment", environment, NULL);
    assert_int_equal(o.status, 0);
    return o;
}

static void what_the_last_rollback_left_is_live(void **state)
{
    (void)state;
    const char *first = committed("back", "v1", "v0");
    assert_holds(status_of("back").out, "back: v1\n");
    assert_int_equal(deploy("back", "v2", "v1", CHANGE FAILS).status, 10);
    assert_holds(status_of("back").out, "back: v1\n");
    assert_int_equal(belay("rollback", first, NULL).status, 10);
    assert_holds(status_of("back").out, "back: v0\n");
}

static void without_a_previous_version_the_runs_before_tell(void **state)
{
    (void)state;
    const char *first = committed("first", "v1", "");
    assert_int_equal(deploy("first", "v2", "", CHANGE FAILS).status, 10);
    assert_holds(status_of("first").out, "first: v1\n");
    assert_int_equal(belay("rollback", first, NULL).status, 10);
    assert_holds(status_of("first").out, "first: no version is known to be live\n");
}

/* The undo fails as long as the environment is down; the rollback stage brings it up. */
static void an_undo_that_fails_is_tried_again_after_the_rollback_stage(void **state)
{
    (void)state;
    const char *up = kit_path("%s/up", kit_folder()), *path = kit_path("%s/again.cfg", kit_folder());
    kit_write(
        path,
        kit_path("pipeline: { name = \"app\"; environment = \"again\"; version = \"v2\"; previous = \"v1\"; };\n"
                 "stages: ( { name = \"all\"; steps: ( { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; "
                 "undo = [\"test\", \"-e\", \"%s\"]; }" FAILS " ); } );\n"
                 "rollback: ( { id = \"start\"; use = \"shell.run\"; argv = [\"touch\", \"%s\"]; } );\n",
                 up, up));
    outcome o = belay("run", path, "--no-wait", NULL);
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "trying again to roll back the steps that failed");
    assert_holds(o.out, "undone       change\n");
    assert_holds(status_of("again").out, "again: v1\n");
}

static void a_previous_version_that_is_not_live_draws_a_warning(void **state)
{
    (void)state;
    const char *first = committed("prev", "v1", "v0");
    outcome o = deploy("prev", "v3", "v2", CHANGE FAILS);
    assert_int_equal(o.status, 10);
    const char *said = kit_path("pipeline.previous is v2, but run %s left v1 live on prev", first);
    assert_holds(o.out, said);
    assert_holds(o.out, "--set pipeline.previous=v1");
    const char *file = kit_path("%s/prev.cfg", kit_folder());
    (void)file;
    o = deploy("prev2", "v2", "v1", CHANGE); /* nothing is known to be live */
    assert_int_equal(o.status, 0);
    assert_holds_not(o.out, "pipeline.previous");
    o = deploy("prev2", "v3", "v2", CHANGE);
    assert_holds_not(o.out, "pipeline.previous");
}

static void a_refused_run_hides_none_that_needs_a_person(void **state)
{
    (void)state;
    assert_int_equal(deploy("stuck", "v2", "v1", STUCK FAILS).status, 20);
    const char *stuck = latest();
    assert_int_equal(deploy("stuck", "v3", "v1", REFUSED).status, 2);
    outcome o = status_of("stuck");
    assert_holds(o.out, "needs manual intervention: ");
    assert_holds(o.out, kit_path("resume:    belay resume %s\n", stuck));
    assert_holds(belay("status", "--json", NULL).out, "\"open\"");
    assert_holds(belay("doctor", NULL).out, kit_path("run %s: needs a person", stuck));
}

/* As many runs elsewhere as no command lists. */
static void add_runs(const char *environment)
{
    sqlite3 *db = NULL;
    const char *columns =
        "pipeline, version, previous, git_commit, file, pipeline_text, sets, reason, user_name, host, "
        "started_ms, ended_ms, failed_ms, healthy_ms, discarded";
    const char *sql = kit_path("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
                               "INSERT INTO runs (id, environment, state, %s) SELECT id || '-' || i, '%s', "
                               "'rolled back', %s FROM n, (SELECT * FROM runs ORDER BY seq DESC LIMIT 1)",
                               columns, environment, columns);
    assert_int_equal(sqlite3_open(kit_path("%s/belay.db", belay_state()), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void an_old_run_that_waits_is_shown_behind_many_newer_ones(void **state)
{
    (void)state;
    assert_int_equal(deploy("quiet", "v2", "v1", CHANGE WAITS).status, 3);
    const char *waiting = latest();
    add_runs("busy");
    assert_holds(belay("status", NULL).out, kit_path("resume:    belay resume %s\n", waiting));
    assert_holds(belay("doctor", NULL).out, kit_path("run %s: paused", waiting));
}

static void a_rollback_of_an_older_run_names_the_newest_first(void **state)
{
    (void)state;
    const char *first = committed("stack", "v1", "v0"), *second = committed("stack", "v2", "v1");
    const char *third = committed("stack", "v3", "v2");
    const char *const order[] = {third, second};
    for (size_t i = 0; i < 2; i++) {
        outcome o = belay("rollback", first, NULL);
        assert_int_equal(o.status, 2);
        assert_holds(o.err, kit_path("`belay rollback %s`", order[i]));
        assert_int_equal(belay("rollback", order[i], NULL).status, 10);
    }
    assert_int_equal(belay("rollback", first, NULL).status, 10);
}

static void a_misspelt_environment_is_told_from_an_empty_store(void **state)
{
    (void)state;
    (void)committed("spelt", "v1", "v0");
    static const char *const commands[] = {"status", "history"};
    for (size_t i = 0; i < 2; i++) {
        outcome o = belay(commands[i], "--environment", "splet", NULL);
        assert_holds(o.out, "No runs of 'splet' are recorded; there are runs of spelt");
    }
}

static void a_misspelt_step_has_no_log(void **state)
{
    (void)state;
    (void)committed("logs", "v1", "v0");
    outcome o = belay("logs", "latest", "chagne", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "has no step 'chagne'");
    assert_holds(o.err, "did you mean 'change'?");
    assert_int_equal(belay("logs", "latest", "change", NULL).status, 0);
}

/* In a state folder of its own: without a name, all environments are looked at. */
static void what_is_behind_a_failed_deploy_is_taken_back_by_name_only(void **state)
{
    (void)state;
    const char *all = kit_path("%s", getenv("BELAY_STATE_DIR"));
    setenv("BELAY_STATE_DIR", kit_path("%s/alone", kit_folder()), 1);
    const char *first = committed("alone", "v1", "v0");
    assert_int_equal(deploy("alone", "v2", "v1", CHANGE FAILS).status, 10);
    outcome o = belay("rollback", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, kit_path("an older one must be named: `belay rollback %s`", first));
    assert_holds(status_of("alone").out, "alone: v1\n");
    assert_int_equal(belay("rollback", first, NULL).status, 10);
    assert_holds(belay("rollback", "--help", NULL).out, "An older one must be named");
    setenv("BELAY_STATE_DIR", all, 1);
}

/* Runs belay beside the test, which goes on. */
static pid_t start(const char *file)
{
    const char *program = kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR")),
               *output = kit_path("%s/out", kit_folder());
    (void)belay_state();
    const pid_t pid = fork();
    if (pid == 0) {
        int fd = open(output, O_WRONLY | O_CREAT, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execl(program, program, "run", file, (char *)NULL);
        _exit(99);
    }
    return pid;
}

static const char *wait_for_execute(void)
{
    for (int i = 0; i < 200; i++) {
        const char *shown = belay("show", "latest", NULL).out;
        if (strstr(shown, " on live: ") && strstr(shown, " execute "))
            return shown;
        usleep(50000);
    }
    fail_msg("the run came to no execute");
    return "";
}

static void a_run_is_cut_short_only_once_nobody_drives_it(void **state)
{
    (void)state;
    const char *file = kit_path("%s/live.cfg", kit_folder());
    kit_write(file, "pipeline: { name = \"app\"; environment = \"live\"; version = \"v2\"; previous = \"v1\"; };\n"
                    "checklist: { title = \"App\"; sections: ( { name = \"All\"; boxes: (\n"
                    "  { id = \"1\"; text = \"One\"; } ); } ); };\n"
                    "stages: ( { name = \"all\"; steps: ( { id = \"long\"; use = \"shell.run\"; covers = [\"1\"];\n"
                    "  argv = [\"sleep\", \"60\"]; undo = [\"true\"]; } ); } );\n");
    const pid_t pid = start(file);
    const char *shown = wait_for_execute();
    const char *run = latest();
    assert_holds(shown, "      runs  ");
    assert_holds_not(shown, "cut short");
    assert_holds(belay("checklist", NULL).out, "long: it runs");
    assert_holds(belay("show", "--format", "junit", NULL).out, "message=\"not ended\"");
    assert_holds_not(belay("doctor", NULL).out, kit_path("run %s", run));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_holds(belay("show", NULL).out, " cut short ");
    assert_holds(belay("checklist", NULL).out, "long: it was cut short");
    assert_holds(belay("doctor", NULL).out, kit_path("run %s: running", run));
    outcome o = belay("resume", "--due", "--environment", "live", NULL);
    assert_int_equal(o.status, 20);
    assert_holds(o.err,
                 kit_path("run %s of v2 on live was interrupted while it was running, and nobody drives it", run));
    assert_holds(o.err, kit_path("belay rollback %s", run));
    assert_holds(belay("status", NULL).out, "was interrupted while it was running");
    assert_int_equal(belay("rollback", run, NULL).status, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_last_rollback_left_is_live),
        cmocka_unit_test(without_a_previous_version_the_runs_before_tell),
        cmocka_unit_test(an_undo_that_fails_is_tried_again_after_the_rollback_stage),
        cmocka_unit_test(a_previous_version_that_is_not_live_draws_a_warning),
        cmocka_unit_test(a_refused_run_hides_none_that_needs_a_person),
        cmocka_unit_test(an_old_run_that_waits_is_shown_behind_many_newer_ones),
        cmocka_unit_test(a_rollback_of_an_older_run_names_the_newest_first),
        cmocka_unit_test(a_misspelt_environment_is_told_from_an_empty_store),
        cmocka_unit_test(a_misspelt_step_has_no_log),
        cmocka_unit_test(what_is_behind_a_failed_deploy_is_taken_back_by_name_only),
        cmocka_unit_test(a_run_is_cut_short_only_once_nobody_drives_it),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
