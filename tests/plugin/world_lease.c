/* What a dead run has left running: nobody else writes before it has ended. */
#include "world_bed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

/* What a worker has for loading its plugin. */
#define LOAD_LIMIT_S 10

static const char *steps(const bed *b, const char *of_a)
{
    return kit_path("stages: ( { name = \"one\"; steps: ( %s ); } ); rollback: ( %s );", bed_write(b, 'a', of_a),
                    bed_check(b, 'c', ""));
}

/* The core and the supervisor at one blow: neither can act on the other's end. */
static void kill_core_and_supervisor(bed *b)
{
    const pid_t core = b->running, supervisor = bed_child(core);
    assert_int_equal(kill(supervisor, SIGSTOP), 0);
    assert_int_equal(kill(core, SIGKILL), 0);
    assert_int_equal(bed_end(b), 128 + SIGKILL);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
}

/* Runs until the step has left a process behind that survives both; gives its id. */
static pid_t leave_an_orphan(bed *b, const char *where)
{
    bed_pipeline(b, steps(b, kit_path("trouble = [\"%s=orphan:1\"];", where)));
    bed_start(b, "run", b->file, NULL);
    while (!bed_file(b, ".orphan"))
        bed_wait(b, "ea");
    const pid_t orphan = (pid_t)atoi(bed_file(b, ".orphan"));
    kill_core_and_supervisor(b);
    assert_false(process_has_ended(orphan));
    bed_forget(b);
    return orphan;
}

static void nothing_is_begun_beside_what_is_left_of_a_dead_run(void **state)
{
    (void)state;
    bed b = bed_new();
    const pid_t orphan = leave_an_orphan(&b, "execute.midway");
    const int status = bed_run(&b);
    if (status != 4)
        fail_msg("status %d\n%s", status, bed_events(&b));
    assert_contains(bed_events(&b), "what is left of run 2");
    assert_contains(bed_events(&b), kit_path("sleep (process %d)", (int)orphan));
    assert_contains(bed_events(&b), kit_path("kill %d", (int)orphan));
    assert_int_equal(bed_belay(&b, "status", NULL), 0);
    assert_contains(bed_events(&b), kit_path("\"left\": \"sleep (process %d)\"", (int)orphan));
    assert_string_equal(bed_trace(&b), "");
    assert_int_equal(kill(orphan, SIGKILL), 0);
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    assert_string_equal(bed_trace(&b), "ra vc");
    bed_assert_untouched(&b);
    assert_int_equal(bed_belay(&b, "status", NULL), 0);
    assert_null(strstr(bed_events(&b), "\"left\""));
}

static void resume_waits_for_what_is_left_and_goes_on_once_it_has_ended(void **state)
{
    (void)state;
    bed b = bed_new();
    const pid_t orphan = leave_an_orphan(&b, "execute.end");
    bed_start(&b, "resume", "--wait", "30s", NULL);
    bed_wait_output(&b, "waiting, at most 30.0 s: environment 'test' is held by what is left of run 2");
    assert_string_equal(bed_trace(&b), "");
    assert_false(process_has_ended(orphan));
    assert_int_equal(kill(orphan, SIGKILL), 0);
    assert_int_equal(bed_end(&b), 10);
    assert_string_equal(bed_trace(&b), "ra vc");
    bed_assert_untouched(&b);
}

static void whoever_waits_for_it_holds_the_environment_and_can_be_stopped(void **state)
{
    (void)state;
    bed b = bed_new();
    const pid_t orphan = leave_an_orphan(&b, "execute.midway");
    bed_start(&b, "rollback", "--wait", "30s", NULL);
    bed_wait_output(&b, "waiting, at most");
    bed other = b;
    other.output = kit_path("%s.other", b.output);
    assert_int_equal(bed_belay(&other, "resume", NULL), 4);
    assert_contains(bed_events(&other), kit_path("process %d, stage waiting for what a dead run left", (int)b.running));
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 2);
    assert_contains(bed_events(&b), "nothing was begun");
    assert_int_equal(kill(orphan, SIGKILL), 0);
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    bed_assert_untouched(&b);
}

/* What a live supervisor sweeps is gone in a moment: nobody has to be asked, nor to wait. */
static void a_supervisor_that_lives_ends_all_that_a_dead_core_has_left(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, steps(&b, "trouble = [\"execute.midway=orphan:1\"];"));
    bed_start(&b, "run", b.file, NULL);
    while (!bed_file(&b, ".orphan"))
        bed_wait(&b, "ea");
    const pid_t orphan = (pid_t)atoi(bed_file(&b, ".orphan"));
    bed_signal(&b, SIGKILL);
    assert_int_equal(bed_end(&b), 128 + SIGKILL);
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    assert_true(process_has_ended(orphan));
    assert_string_equal(bed_trace(&b), "ra vc");
    assert_null(strstr(bed_events(&b), "waiting"));
    bed_assert_untouched(&b);
}

/* The time for loading a plugin begins when its worker is started, not when the run began to wait. */
static void a_run_that_waited_longer_than_a_plugin_may_load_runs_like_any_other(void **state)
{
    (void)state;
    bed b = bed_new(), other = b;
    other.output = kit_path("%s.other", b.output);
    bed_pipeline(&b, steps(&b, "trouble = [\"execute=nap\"]; timeout = \"1m\";"));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "ea");
    bed_pipeline(&other, steps(&other, ""));
    bed_start(&other, "run", b.file, "--wait", "1m", NULL);
    bed_wait_output(&other, "waiting, at most");
    (void)sleep(LOAD_LIMIT_S + 1);
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 10);
    const int status = bed_end(&other);
    if (status != 0)
        fail_msg("status %d\n%s", status, bed_events(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_begun_beside_what_is_left_of_a_dead_run),
        cmocka_unit_test(resume_waits_for_what_is_left_and_goes_on_once_it_has_ended),
        cmocka_unit_test(whoever_waits_for_it_holds_the_environment_and_can_be_stopped),
        cmocka_unit_test(a_supervisor_that_lives_ends_all_that_a_dead_core_has_left),
        cmocka_unit_test(a_run_that_waited_longer_than_a_plugin_may_load_runs_like_any_other),
    };
    return cmocka_run_group_tests_name("world lease", tests, NULL, NULL);
}
