/*
 * kill -9 at every message and at every write to the store: of a run that commits, of one that is rolled back, and then
 * of each resume. However often it dies, in the end the world is wholly old or wholly new, as the record says, and
 * nothing is left running. BELAY_TORTURE=1 takes every point, else each of some.
 */
#include "world_lives.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define KILLED       (128 + SIGKILL)
#define POINTS_MOST  2000
#define LIVES_MOST   60
#define ROUNDS_SHORT 14

static const char *const whole = "", *const bad = "trouble = [\"verify=fail\"];";

/* Dies at its n-th call that counts; 0: never. */
static int belay_dying_at(bed *b, const char *verb, int n)
{
    setenv("BELAY_DIES_AT", kit_path("%d", n), 1);
    setenv("BELAY_DIES_UNDER", b->state, 1);
    return lives_with(b, "dies_at", verb);
}

/* Resumes until it lives; in the lives before that it dies at point `again`. */
static void live_on(bed *b, int first, int again, int lives)
{
    const char *story = kit_path("killed at %d, then %d times at %d", first, lives, again);
    int status = KILLED;
    for (int life = 0; status == KILLED && life < LIVES_MOST; life++) {
        lives_assert_alone(b, story);
        status = belay_dying_at(b, "resume", life < lives ? again : 0);
    }
    if (status != 0 && status != 10 && status != 2 && status != 1)
        fail_msg("%s: status %d\n%s", story, status, bed_events(b));
    lives_assert_alone(b, story);
    lives_assert_whole(b, story);
}

/* Points first, first + stride ...; gives how many there were. */
static int kill_at_each(const char *of_b, int first, int stride, int again, int lives)
{
    int at = first;
    for (; at < POINTS_MOST; at += stride) {
        bed b = lives_world(of_b);
        const int status = belay_dying_at(&b, "run", at);
        if (status != KILLED)
            break;
        live_on(&b, at, again, lives);
    }
    assert_true(at < POINTS_MOST);
    return at;
}

/* How many points these have today; more or fewer do no harm. */
#define POINTS_COMMITTED 460
#define POINTS_BACK      560
#define POINTS_RESUME    250

static int stride(int points)
{
    return bed_torture() ? 1 : points / ROUNDS_SHORT + 1;
}

static void a_run_that_would_commit_ends_old_or_new_wherever_it_is_killed(void **state)
{
    (void)state;
    const int points = kill_at_each(whole, 1, stride(POINTS_COMMITTED), 0, 0);
    print_message("%d points, every %d.\n", points, stride(POINTS_COMMITTED));
    assert_true(points > 100);
}

static void a_run_that_is_rolled_back_ends_old_wherever_it_is_killed(void **state)
{
    (void)state;
    const int points = kill_at_each(bad, 2, stride(POINTS_BACK), 0, 0);
    print_message("%d points, every %d.\n", points, stride(POINTS_BACK));
    assert_true(points > 100);
}

/* The first death in the middle of the run, the second at each point of the resume. */
static void a_resume_may_be_killed_at_each_of_its_points(void **state)
{
    (void)state;
    static const int deaths[] = {90, 150};
    int points = 0;
    for (size_t i = 0; i < 2; i++)
        for (int again = 1 + (int)i; again < POINTS_RESUME; again += bed_torture() ? 3 : 60, points++) {
            bed b = lives_world(i == 0 ? whole : bad);
            assert_int_equal(belay_dying_at(&b, "run", deaths[i]), KILLED);
            live_on(&b, deaths[i], again, 1);
        }
    print_message("%d points of resumes.\n", points);
}

static void it_may_be_killed_over_and_over(void **state)
{
    (void)state;
    for (int again = 5; again < 130; again += bed_torture() ? 5 : 40) {
        bed b = lives_world(again % 2 ? whole : bad);
        assert_int_equal(belay_dying_at(&b, "run", 120), KILLED);
        live_on(&b, 120, again, 12);
    }
}

/* ---- workers ----------------------------------------------------------------------------------------------------- */

/* Kills what runs the step that naps: the plugin's process, or its supervisor. */
static void kill_worker(const bed *b, bool supervisor)
{
    const pid_t top = bed_child(b->running);
    assert_int_equal(kill(supervisor ? top : bed_child(top), SIGKILL), 0);
}

static void of_a_killed_worker_the_policy_decides(void **state)
{
    (void)state;
    static const struct {
        const char *of_b, *at, *trace;
        int status;
    } cases[] = {
        {"trouble = [\"execute=nap:1\"];", "eb", "pa pb pc ea va eb rb ra vc", 10},
        {"trouble = [\"execute.midway=nap:1\"];", "eb", "pa pb pc ea va eb rb ra vc", 10},
        {"trouble = [\"execute=nap:1\"]; on_error = \"pause\";", "eb", "pa pb pc ea va eb", 3},
        {"trouble = [\"execute.end=nap:1\"]; on_error = \"warn\";", "eb", "pa pb pc ea va eb", 0},
        {"trouble = [\"verify=nap:1\"]; on_error = \"rollback\";", "vb", "pa pb pc ea va eb vb rb ra vc", 10},
        {"trouble = [\"verify=nap:1\"]; retry: { attempts = 2; delay = \"10ms\"; };", "vb", "pa pb pc ea va eb vb vb",
         0},
        {"trouble = [\"verify=fail\", \"rollback=nap:1\"];", "rb", "pa pb pc ea va eb vb rb rb ra vc", 10},
    };
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        bed b = lives_world(cases[i / 2].of_b);
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, cases[i / 2].at);
        kill_worker(&b, i % 2);
        const int status = bed_end(&b);
        if (status != cases[i / 2].status || strcmp(bed_trace(&b), cases[i / 2].trace) != 0)
            fail_msg("%s, %s killed: status %d, trace %s\n%s", cases[i / 2].of_b, i % 2 ? "supervisor" : "plugin",
                     status, bed_trace(&b), bed_events(&b));
        lives_assert_alone(&b, cases[i / 2].of_b);
        if (status == 10)
            bed_assert_untouched(&b);
    }
}

/* A worker that is stopped hard in its step leaves nothing that goes on, and a resume after a pause begins anew. */
static void a_step_whose_worker_was_killed_runs_again_after_a_pause(void **state)
{
    (void)state;
    bed b = lives_world("trouble = [\"execute.midway=nap:1\"]; on_error = \"pause\";");
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "eb");
    kill_worker(&b, true);
    assert_int_equal(bed_end(&b), 3);
    lives_assert_alone(&b, "its worker was killed");
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "resume", NULL), 0);
    assert_string_equal(bed_trace(&b), "eb vb");
    assert_string_equal(bed_file(&b, "b"), "new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_would_commit_ends_old_or_new_wherever_it_is_killed),
        cmocka_unit_test(a_run_that_is_rolled_back_ends_old_wherever_it_is_killed),
        cmocka_unit_test(a_resume_may_be_killed_at_each_of_its_points),
        cmocka_unit_test(it_may_be_killed_over_and_over),
        cmocka_unit_test(of_a_killed_worker_the_policy_decides),
        cmocka_unit_test(a_step_whose_worker_was_killed_runs_again_after_a_pause),
    };
    lives_adopt();
    return cmocka_run_group_tests_name("world kill", tests, NULL, NULL);
}
