/* What whoever starts Belay may leave to it: blocked signals, a small stack, a small limit of files; and a terminal
 * that goes away. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

/* What the child does before it becomes belay. */
typedef void preparation(void);

static const char *output(void)
{
    return kit_path("%s/out", kit_folder());
}

/* Runs belay beside the test; its output goes to file. */
static pid_t start(preparation *prepare, const char *file, const char *command, const char *pipeline)
{
    const char *program = kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR"));
    (void)belay_state();
    const pid_t pid = fork();
    if (pid == 0) {
        int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        prepare();
        execl(program, program, command, pipeline, (char *)NULL);
        _exit(99);
    }
    return pid;
}

static int end_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *pipeline(const char *environment, const char *steps)
{
    const char *path = kit_path("%s/%s.cfg", kit_folder(), environment);
    kit_write(path, kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; };\n"
                             "stages: ( { name = \"all\"; steps: ( %s ); } );\n",
                             environment, steps));
    return path;
}

#define CHANGE "{ id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; }"
#define CHECK  "{ id = \"check\"; use = \"shell.check\"; argv = [\"true\"]; }"

static void block_all(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void blocked_signals_stall_nothing(void **state)
{
    (void)state;
    const char *file = output();
    const time_t begun = time(NULL);
    assert_int_equal(end_of(start(block_all, file, "run", pipeline("blocked", CHANGE ", " CHECK))), 0);
    if (time(NULL) - begun > 20)
        fail_msg("it took %ld s", (long)(time(NULL) - begun));
}

static void small_stack(void)
{
    setrlimit(RLIMIT_STACK, &(struct rlimit){64 * 1024, 64 * 1024});
}

static void a_small_stack_is_raised_or_named(void **state)
{
    (void)state;
    const char *file = output();
    const int status = end_of(start(small_stack, file, "run", pipeline("stack", CHANGE)));
    if (status == 0) /* root could raise it */
        return;
    assert_int_equal(status, 1);
    assert_holds(kit_read(file), "the stack of a process may have only 64 KiB here; Belay needs 256");
    assert_holds(kit_read(file), "do: ulimit -s ");
}

static void small_files(void)
{
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){200 * 1024, RLIM_INFINITY});
}

static void a_limit_of_file_size_ends_a_run_with_a_message(void **state)
{
    (void)state;
    const char *file = output(), *path = pipeline("fsize", CHANGE ", " CHECK);
    int status = 0;
    for (int i = 0; i < 40 && status == 0; i++)
        status = end_of(start(small_files, file, "run", path));
    if (status != 20 && status != 1)
        fail_msg("%d: %s", status, kit_read(file));
    assert_holds(kit_read(file), "error");
    const char *shown = belay("status", NULL).out;
    if (strstr(shown, "belay resume"))
        (void)belay("rollback", "latest", NULL);
}

/* ---- a rollback from cron, after the release has moved its files ------------------------------------------------- */

static void bare(void)
{
    const char *state = belay_state();
    clearenv();
    setenv("BELAY_STATE_DIR", state, 1);
}

static void a_rollback_needs_neither_variables_nor_files(void **state)
{
    (void)state;
    const char *file = output(), *folder = kit_folder(), *env = kit_path("%s/gone.env", folder),
               *path = kit_path("%s/gone.cfg", folder), *undone = kit_path("%s/undone", folder);
    kit_write(env, "WORD=alpha\n");
    kit_write(path,
              kit_path("pipeline: { name = \"app\"; environment = \"gone\"; version = \"${env:BELAY_T_VERSION}\"; "
                       "previous = \"v1\"; };\nvars: { d = \"$\"; }; env_files = [\"gone.env\"];\n"
                       "stages: ( { name = \"all\"; steps: ( { id = \"x\"; use = \"shell.run\"; argv = [\"true\"]; "
                       "env = [\"KEPT=k\", \"LOST=${env:BELAY_T_SECRET}\"];\n"
                       "  undo = [\"sh\", \"-c\", \"echo ${env:WORD} $KEPT ${vars.d}{LOST-unset} >%s\"]; } ); } );\n"
                       "rollback: ( { id = \"p\"; use = \"shell.check\"; argv = [\"sh\", \"-c\", \"exit "
                       "${env:BELAY_T_STATUS}\"]; } );\n",
                       undone));
    setenv("BELAY_T_VERSION", "v2", 1);
    setenv("BELAY_T_STATUS", "0", 1);
    setenv("BELAY_T_SECRET", "canary-4711", 1);
    assert_int_equal(belay("run", path, NULL).status, 0);
    unsetenv("BELAY_T_VERSION");
    unsetenv("BELAY_T_STATUS");
    unsetenv("BELAY_T_SECRET");
    assert_int_equal(unlink(env) | unlink(path), 0);
    const int status = end_of(start(bare, file, "rollback", "latest"));
    if (status != 10)
        fail_msg("%d: %s", status, kit_read(file));
    assert_string_equal(kit_read(undone), "alpha k unset\n");
    assert_holds(kit_read(file),
                 "step 'x' is rolled back without environment variables that are not set now: BELAY_T_SECRET");
    assert_holds(kit_read(file), "v1 is back on gone");
}

/* ---- gates ------------------------------------------------------------------------------------------------------- */

static void nothing(void)
{
}

static const char *wait_for(const char *part)
{
    for (int i = 0; i < 400; i++) {
        const char *shown = belay("status", NULL).out;
        if (strstr(shown, part))
            return shown;
        usleep(20000);
    }
    fail_msg("status never said '%s', but: %s", part, belay("status", NULL).out);
    return "";
}

static void a_terminal_that_goes_away_leaves_a_run_at_its_gate(void **state)
{
    (void)state;
    const char *file = output();
    const pid_t pid = start(nothing, file, "run",
                            pipeline("hup", CHANGE ", { id = \"ok\"; use = \"gate.approval\"; roles = [\"lead\"];"
                                                   " interval = \"60s\"; }"));
    const char *live = wait_for("  step ok waits since ");
    assert_holds(live, "lead");
    assert_holds(live, "a run is live: ");
    json_t *all = json_loads(belay("status", "--json", NULL).out, 0, NULL);
    const json_t *ok = json_object_get(json_object_get(json_object_get(all, "hup"), "waits"), "ok");
    const time_t since = (time_t)(json_integer_value(json_object_get(ok, "since_ms")) / 1000);
    assert_in_range(time(NULL) - since, 0, 30);
    json_decref(all);
    assert_int_equal(kill(pid, SIGHUP), 0);
    assert_int_equal(end_of(pid), 3);
    const char *shown = belay("status", "--environment", "hup", NULL).out;
    assert_holds(shown, "is paused: step 'ok' waits");
    assert_holds_not(shown, "rolled back");
    assert_int_equal(belay("approve", "latest", "ok", "--role", "lead", NULL).status, 0);
    outcome o = belay("resume", "--due", "--environment", "hup", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(belay("status", NULL).out, "hup: v2\n");
}

static void a_resumed_run_tells_how_long_the_whole_took(void **state)
{
    (void)state;
    assert_int_equal(belay("run",
                           pipeline("long", CHANGE ", { id = \"ok\"; use = \"gate.approval\"; roles = [\"lead\"]; }"),
                           "--no-wait", NULL)
                         .status,
                     3);
    sleep(1);
    assert_int_equal(belay("approve", "latest", "ok", "--role", "lead", NULL).status, 0);
    outcome o = belay("resume", "latest", NULL);
    assert_int_equal(o.status, 0);
    const char *took = strstr(o.out, "2 steps passed in ");
    assert_non_null(took);
    if (strncmp(strchr(took + strlen("2 steps passed in "), ' '), " s", 2) != 0)
        fail_msg("%s", took);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocked_signals_stall_nothing),
        cmocka_unit_test(a_small_stack_is_raised_or_named),
        cmocka_unit_test(a_limit_of_file_size_ends_a_run_with_a_message),
        cmocka_unit_test(a_rollback_needs_neither_variables_nor_files),
        cmocka_unit_test(a_terminal_that_goes_away_leaves_a_run_at_its_gate),
        cmocka_unit_test(a_resumed_run_tells_how_long_the_whole_took),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
