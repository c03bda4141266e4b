/* One environment, one live run: races, who holds it, waiting for it. */
#include "world_bed.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RACES         50
#define RACES_TORTURE 200
#define LIMIT_MS      20000

static const char *steps(const bed *b, const char *of_a)
{
    return kit_path("stages: ( { name = \"one\"; steps: ( %s ); } ); rollback: ( %s );", bed_write(b, 'a', of_a),
                    bed_check(b, 'c', ""));
}

static bed beside(const bed *b)
{
    bed other = *b;
    other.output = kit_path("%s.other", b->output);
    other.running = 0;
    return other;
}

/* Waits until one of the two has ended; gives its exit status, and who is still there in *ret_left. */
static int first_to_end(bed *a, bed *b, bed **ret_left)
{
    bed *const both[] = {a, b};
    for (int64_t until = bed_now_ms() + LIMIT_MS; bed_now_ms() < until; (void)usleep(1000))
        for (size_t i = 0; i < 2; i++) {
            int status = 0;
            if (waitpid(both[i]->running, &status, WNOHANG) != both[i]->running)
                continue;
            *ret_left = both[1 - i];
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    fail_msg("both have the environment\n%s\n%s", bed_events(a), bed_events(b));
    return -1;
}

static void of_two_that_start_at_once_exactly_one_wins(void **state)
{
    (void)state;
    bed a = bed_new();
    bed b = beside(&a);
    bed_pipeline(&a, steps(&a, "trouble = [\"prepare=nap\"];"));
    const int races = bed_torture() ? RACES_TORTURE : RACES;
    for (int race = 0; race < races; race++) {
        bed *winner = NULL;
        bed_forget(&a);
        bed_start(&a, "run", a.file, NULL);
        bed_start(&b, "run", b.file, NULL);
        const int status = first_to_end(&a, &b, &winner);
        if (status != 4)
            fail_msg("race %d: status %d\n%s\n%s", race, status, bed_events(&a), bed_events(&b));
        bed_wait(winner, "pa pc");
        bed_signal(winner, SIGINT);
        assert_int_equal(bed_end(winner), 2);
        assert_string_equal(bed_trace(&a), "pa pc"); /* the other did not come so far */
    }
}

static void who_holds_it_is_shown(void **state)
{
    (void)state;
    bed b = bed_new();
    bed other = beside(&b);
    bed_pipeline(&b, steps(&b, "trouble = [\"execute=nap\"];"));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "ea");
    assert_int_equal(bed_run(&other), 4);
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    const char *const shown[] = {"held by run 2",
                                 kit_path(" on %s (process %d, stage one) since 20", host, (int)b.running)};
    for (size_t i = 0; i < 2; i++)
        assert_contains(bed_events(&other), shown[i]);
    assert_int_equal(bed_belay(&other, "status", NULL), 0);
    assert_contains(bed_events(&other), kit_path("\"pid\": %d", (int)b.running));
    assert_contains(bed_events(&other), "\"stage\": \"one\"");
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 10);
}

static void a_dead_owner_blocks_nobody(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, steps(&b, "trouble = [\"execute=nap:1\"];"));
    for (int i = 0; i < 10; i++) {
        bed_forget(&b);
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, "ea");
        bed_signal(&b, SIGKILL);
        assert_int_equal(bed_end(&b), 128 + SIGKILL);
        const int64_t begun = bed_now_ms();
        assert_int_equal(bed_belay(&b, "rollback", NULL), 10);
        assert_true(bed_now_ms() - begun < 5000);
    }
}

static void waits_for_the_live_run_then_runs(void **state)
{
    (void)state;
    bed b = bed_new();
    bed other = beside(&b);
    bed_pipeline(&b, steps(&b, "trouble = [\"verify=not_yet:2\"]; interval = \"1s\"; ready = \"60s\";"));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "va");
    bed_start(&other, "run", b.file, "--wait", "1m", NULL);
    bed_wait_output(&other, "waiting, at most 1 min 00 s: environment 'test' is held by run 2");
    assert_int_equal(bed_end(&b), 0);
    assert_int_equal(bed_end(&other), 0);
    assert_string_equal(bed_trace(&b), "pa pc ea va va va pa pc ea va va va");
}

static void the_wait_has_an_end(void **state)
{
    (void)state;
    bed b = bed_new();
    bed other = beside(&b);
    bed_pipeline(&b, steps(&b, "trouble = [\"execute=nap\"];"));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "ea");
    const char *const verbs[] = {"resume", "rollback"};
    for (size_t i = 0; i < 2; i++) {
        const int64_t begun = bed_now_ms();
        assert_int_equal(bed_belay(&other, verbs[i], "--wait", "700ms", NULL), 4);
        assert_true(bed_now_ms() - begun >= 700);
        assert_contains(bed_events(&other), "waiting, at most 700 ms");
        assert_contains(bed_events(&other), "belay: error: environment 'test' is held by run 2");
    }
    assert_int_equal(bed_belay(&other, "run", b.file, "--wait", "10", NULL), 1);
    assert_contains(bed_events(&other), "--wait: '10' is no duration");
    bed_start(&other, "run", b.file, "--wait", "1m", NULL);
    bed_wait_output(&other, "waiting");
    bed_signal(&other, SIGTERM);
    assert_int_equal(bed_end(&other), 2);
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 10);
    bed_assert_untouched(&b);
}

static void removed_lock_files_let_nobody_in(void **state)
{
    (void)state;
    static const char *const removed[] = {"test.lock", "test.lease", "*"};
    for (size_t i = 0; i < 3; i++) {
        bed b = bed_new();
        bed other = beside(&b);
        bed_pipeline(&b, steps(&b, "trouble = [\"execute=nap\"];"));
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, "ea");
        kit_output_of("sh", "-c", kit_path("rm %s/locks/%s", b.state, removed[i]), NULL);
        assert_int_equal(bed_belay(&other, "resume", NULL), 4);
        bed_wait_output(&b, "somebody removed the lock files");
        assert_int_equal(bed_belay(&other, "run", b.file, NULL), 4);
        assert_contains(bed_events(&other), "held by run 2");
        assert_string_equal(bed_trace(&b), "pa pc ea");
        bed_signal(&b, SIGINT);
        assert_int_equal(bed_end(&b), 10);
    }
}

static void two_state_folders_share_a_lock_file_beside_the_environment(void **state)
{
    (void)state;
    bed b = bed_new();
    bed other = beside(&b);
    other.state = kit_folder();
    const char *lock = kit_path("pipeline.lock=%s/target.lock", kit_folder());
    bed_pipeline(&b, steps(&b, "trouble = [\"execute=nap\"];"));
    bed_start(&b, "run", b.file, "--set", lock, NULL);
    bed_wait(&b, "ea");
    assert_int_equal(bed_belay(&other, "run", b.file, "--set", lock, NULL), 4);
    assert_contains(bed_events(&other), "target.lock' is held by ");
    assert_contains(bed_events(&other), kit_path("(process %d)", (int)b.running));
    bed_signal(&b, SIGKILL);
    assert_int_equal(bed_end(&b), 128 + SIGKILL);
    bed_start(&other, "rollback", NULL); /* it has no run of its own: nothing is locked for ever */
    assert_int_equal(bed_end(&other), 1);
    assert_int_equal(bed_belay(&b, "rollback", NULL), 10);
}

/* Whoever had the lock may have rolled back what was to be discarded. */
static void a_discard_that_waited_looks_again(void **state)
{
    (void)state;
    static const char hold[] = "import fcntl, struct, sys, time\n"
                               "f = open(sys.argv[1], 'r+')\n"
                               "fcntl.fcntl(f, 37, struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 0, 0))\n"
                               "open(sys.argv[2], 'w').close()\n"
                               "time.sleep(60)\n";
    if (kit_status_of("which", "python3", NULL) != 0)
        skip();
    bed b = bed_new();
    bed other = beside(&b);
    bed_pipeline(&b, steps(&b, ""));
    assert_int_equal(bed_run(&b), 0);
    const char *lock = kit_path("%s/locks/test.lock", b.state), *there = kit_path("%s/there", kit_folder());
    const pid_t holder = fork();
    if (holder == 0) {
        execlp("python3", "python3", "-c", hold, lock, there, (char *)NULL);
        _exit(1);
    }
    while (access(there, F_OK) != 0)
        usleep(10000);
    bed_start(&other, "discard", "--keep", "0", "--wait", "1m", NULL);
    bed_wait_output(&other, "waiting, at most 1 min 00 s");
    kit_output_of("sqlite3", kit_path("%s/belay.db", b.state), "UPDATE runs SET state = 'rolled back'", NULL);
    kill(holder, SIGKILL);
    (void)waitpid(holder, NULL, 0);
    assert_int_equal(bed_end(&other), 0);
    const char *recorded = kit_output_of("sqlite3", kit_path("%s/belay.db", b.state), "SELECT state FROM runs", NULL);
    assert_string_equal(recorded, "rolled back\n");
}

/* Somebody's flock of the folder ends no run, and is named when it lasts. */
static void whoever_locks_the_state_folder_is_waited_for(void **state)
{
    (void)state;
    bed b = bed_new();
    bed other = beside(&b);
    bed_pipeline(&b, steps(&b, ""));
    assert_int_equal(bed_run(&b), 0);
    const pid_t holder = fork();
    if (holder == 0) {
        execlp("flock", "flock", b.state, "sleep", "12", (char *)NULL);
        _exit(1);
    }
    usleep(300000);
    const int64_t begun = bed_now_ms();
    assert_int_equal(bed_belay(&other, "status", NULL), 0);
    assert_true(bed_now_ms() - begun > 10000);
    (void)waitpid(holder, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_that_start_at_once_exactly_one_wins),
        cmocka_unit_test(who_holds_it_is_shown),
        cmocka_unit_test(a_dead_owner_blocks_nobody),
        cmocka_unit_test(waits_for_the_live_run_then_runs),
        cmocka_unit_test(the_wait_has_an_end),
        cmocka_unit_test(removed_lock_files_let_nobody_in),
        cmocka_unit_test(two_state_folders_share_a_lock_file_beside_the_environment),
        cmocka_unit_test(a_discard_that_waited_looks_again),
        cmocka_unit_test(whoever_locks_the_state_folder_is_waited_for),
    };
    return cmocka_run_group_tests_name("world lock", tests, NULL, NULL);
}
