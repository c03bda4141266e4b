/* kill -9 of the whole program, at chosen points and at random ones; then resume. */
#include "world_bed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Kills the run once its trace ends so, and what ended beside that is written down. */
static void kill_at(bed *b, const char *marks)
{
    const struct timespec moment = {.tv_nsec = 200000000};
    bed_start(b, "run", b->file, NULL);
    bed_wait(b, marks);
    (void)nanosleep(&moment, NULL);
    bed_signal(b, SIGKILL);
    assert_int_equal(bed_end(b), 128 + SIGKILL);
    bed_forget(b);
}

static void what_was_durable_decides_how_resume_goes_on(void **state)
{
    (void)state;
    static const struct {
        const char *of_b, *killed_at;
        int status;
        const char *trace;
    } cases[] = {
        {"trouble = [\"prepare=nap:1\"];", "pa pb pc", 0, "pb ea va eb vb"},
        {"trouble = [\"execute=nap:1\"];", "eb", 0, "eb vb"},
        {"trouble = [\"verify=nap:1\"];", "vb", 0, "vb"},
        {"trouble = [\"verify=not_yet:1\"]; interval = \"60s\"; ready = \"90s\";", "vb", 0, "vb"},
        {"trouble = [\"execute=retry:1\"]; retry: { attempts = 2; delay = \"60s\"; };", "eb", 0, "eb vb"},
        {"trouble = [\"verify=fail\", \"rollback=nap:1\"];", "rb", 10, "rb ra vc"},
        {"trouble = [\"verify=fail\", \"rollback.end=nap:1\"];", "rb", 10, "rb ra vc"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bed b = bed_new();
        bed_pipeline(&b, bed_two_writes(&b, "", cases[i].of_b));
        kill_at(&b, cases[i].killed_at);
        int status = bed_belay(&b, "resume", NULL);
        if (status != cases[i].status || strcmp(bed_trace(&b), cases[i].trace) != 0)
            fail_msg("%s: status %d, trace %s\n%s", cases[i].of_b, status, bed_trace(&b), bed_events(&b));
        if (status == 10)
            bed_assert_untouched(&b);
    }
}

static void a_step_cut_short_after_it_began_to_act_is_taken_back(void **state)
{
    (void)state;
    static const char *const points[] = {"execute.midway=nap", "execute.end=nap"};
    for (size_t i = 0; i < 2; i++) {
        bed b = bed_new();
        bed_pipeline(&b, bed_two_writes(&b, kit_path("trouble = [\"%s\"];", points[i]), ""));
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, "ea");
        const struct timespec moment = {.tv_nsec = 200000000}; /* past the point: nothing tells when it naps */
        (void)nanosleep(&moment, NULL);
        bed_signal(&b, SIGKILL);
        assert_int_equal(bed_end(&b), 128 + SIGKILL);
        bed_forget(&b);
        assert_int_equal(bed_run(&b), 2); /* a new run does not step over it */
        assert_contains(bed_events(&b), "has not ended");
        assert_int_equal(bed_belay(&b, "resume", NULL), 10);
        assert_string_equal(bed_trace(&b), "ra vc");
        assert_contains(bed_events(&b), "was cut short");
        bed_assert_untouched(&b);
    }
}

static void a_crash_in_the_rollback_stage_goes_on_there(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s ); } ); rollback: ( %s, %s );",
                              bed_write(&b, 'a', "trouble = [\"verify=fail\"];"), bed_check(&b, 'c', ""),
                              bed_check(&b, 'd', "trouble = [\"verify=nap:1\"];")));
    kill_at(&b, "vd");
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    assert_string_equal(bed_trace(&b), "vd");
    bed_assert_untouched(&b);
}

static void asks_about_an_irreversible_step_that_was_cut_short(void **state)
{
    (void)state;
    static const struct {
        const char *assume, *trace, *shouts;
        int status;
    } cases[] = {{"done", "vs eb vb", "hey\n", 0}, {"not-done", "es vs eb vb", "hey\nhey\n", 0}};
    for (size_t i = 0; i < 2; i++) {
        bed b = bed_new();
        bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s, %s, %s ); } );", bed_write(&b, 'a', ""),
                                  bed_shout(&b, 's', "trouble = [\"execute.end=nap:1\"];"), bed_write(&b, 'b', "")));
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, "es");
        while (!bed_file(&b, "shouts") || !*bed_file(&b, "shouts")) /* it has acted; now it naps */
            bed_wait(&b, "es");
        bed_signal(&b, SIGKILL);
        assert_int_equal(bed_end(&b), 128 + SIGKILL);
        bed_forget(&b);
        int status = bed_belay(&b, "resume", NULL);
        assert_contains(bed_events(&b), "--assume not-done");
        if (status != 20)
            fail_msg("status %d: %s", status, bed_events(&b));
        assert_string_equal(bed_trace(&b), "");
        assert_int_equal(bed_belay(&b, "resume", "--assume", cases[i].assume, NULL), cases[i].status);
        assert_string_equal(bed_trace(&b), cases[i].trace);
        assert_string_equal(bed_file(&b, "shouts"), cases[i].shouts);
    }
}

static void a_changed_environment_does_not_change_a_run(void **state)
{
    (void)state;
    bed b = bed_new();
    setenv("WORLD_CONTENT", "first", 1);
    bed_pipeline(
        &b, kit_path("stages: ( { name = \"one\"; steps: ( %s, { id = \"b\"; use = \"world.write\"; folder = \"%s\";"
                     " file = \"b\"; content = \"${env:WORLD_CONTENT}\"; } ); } );",
                     bed_write(&b, 'a', "trouble = [\"verify=nap:1\"];"), b.world));
    kill_at(&b, "va");
    setenv("WORLD_CONTENT", "second", 1);
    assert_int_equal(bed_belay(&b, "resume", NULL), 0);
    assert_string_equal(bed_file(&b, "b"), "first");
}

static void a_plugin_that_is_gone_still_takes_its_steps_back(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", "trouble = [\"verify=fail\", \"rollback=nap:1\"];"));
    kill_at(&b, "rb");
    const char *build = getenv("BELAY_BUILD_DIR"), *away = kit_folder();
    bed_forget(&b);
    setenv("BELAY_BUILD_DIR", away, 1); /* no tests/world there */
    kit_status_of("cp", "-r", kit_path("%s/bin", build), away, NULL);
    int status = bed_belay(&b, "resume", NULL);
    setenv("BELAY_BUILD_DIR", build, 1);
    assert_int_equal(status, 10);
    bed_assert_untouched(&b);
}

/* The exit status that the latest run's state stands for; SIGKILL's, and a new life, when there is no run. */
static int recorded_end(bed *b, int *life)
{
    if (bed_belay(b, "show", "latest", NULL) == 0) {
        if (strstr(bed_events(b), "\"committed\""))
            return 0;
        if (strstr(bed_events(b), "\"rolled back\""))
            return 10;
    }
    *life = -1;
    return 128 + SIGKILL;
}

/* Killed after random times, again and again, the run still ends, and in one of its ends. */
static void a_run_killed_at_random_still_ends(void **state)
{
    (void)state;
    const char *seed = getenv("WORLD_SEED");
    srandom(seed ? (unsigned)atoi(seed) : 1);
    for (int round = 0; round < 12; round++) {
        bed b = bed_new();
        bed_pipeline(&b, bed_two_writes(&b, "", round % 2 ? "trouble = [\"verify=fail\"];" : ""));
        int status = 128 + SIGKILL;
        for (int life = 0; status == 128 + SIGKILL && life < 40; life++) {
            if (life == 0)
                bed_start(&b, "run", b.file, NULL);
            else
                bed_start(&b, "resume", NULL);
            const struct timespec moment = {.tv_nsec = (random() % (life < 8 ? 60 : 4000)) * 1000000L % 999999999L};
            (void)nanosleep(&moment, NULL);
            (void)kill(b.running, SIGKILL);
            status = bed_end(&b);
            if (status == 1 || status == 2) /* killed before there was a run, or after its end */
                status = recorded_end(&b, &life);
        }
        if (status != (round % 2 ? 10 : 0) && status != 10)
            fail_msg("round %d: status %d\n%s", round, status, bed_events(&b));
        if (status == 10)
            bed_assert_untouched(&b);
        else
            assert_string_equal(bed_file(&b, "b"), "new");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_durable_decides_how_resume_goes_on),
        cmocka_unit_test(a_step_cut_short_after_it_began_to_act_is_taken_back),
        cmocka_unit_test(a_crash_in_the_rollback_stage_goes_on_there),
        cmocka_unit_test(asks_about_an_irreversible_step_that_was_cut_short),
        cmocka_unit_test(a_changed_environment_does_not_change_a_run),
        cmocka_unit_test(a_plugin_that_is_gone_still_takes_its_steps_back),
        cmocka_unit_test(a_run_killed_at_random_still_ends),
    };
    return cmocka_run_group_tests_name("world crash", tests, NULL, NULL);
}
