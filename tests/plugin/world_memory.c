/*
 * Memory that is gone: each allocation of the core fails once, in a run that commits, in one that is rolled back, and
 * in a resume. Each ends with a sentence and an exit status, never by a signal; then `belay resume` leads to the old
 * world or the new one. BELAY_TORTURE=1 takes many more points. And a worker's memory has a limit.
 */
#include "world_lives.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS      24
#define ROUNDS_MANY 400

static const char *const whole = "", *const bad = "trouble = [\"verify=fail\"];";

/* The n-th allocation fails; 0: none. */
static int belay_without_memory(bed *b, const char *verb, long n)
{
    setenv("BELAY_NO_MEMORY_AT", kit_path("%ld", n), 1);
    setenv("BELAY_CALLS", kit_path("%s.allocations", b->file), 1);
    return lives_with(b, "no_memory", verb);
}

static long allocations(const bed *b)
{
    char *text = kit_read(kit_path("%s.allocations", b->file));
    const long n = atol(text);
    free(text);
    return n;
}

/* As without the failure; or it says that there is no memory and ends with an exit status for that. Only libconfig ends
 * the process itself, by a signal or with its own sentence, or misreads the pipeline's text, which is refused: nothing
 * is begun then. */
static void assert_told(const bed *b, const char *story, int status, int expected)
{
    const char *said = bed_events(b);
    const bool known =
        status == 20 || status == 10 || status == 1; /* 10: only a step could not go on, and was taken back */
    if (status == expected || (known && strstr(said, "memory")))
        return;
    if (*bed_trace(b) || status == 20 || (known && !*said))
        fail_msg("%s: exit status %d, and nothing says why:\n%s", story, status, said);
}

static void end_well(bed *b, const char *story)
{
    lives_assert_alone(b, story);
    const int status = bed_belay(b, "resume", NULL);
    if (status != 0 && status != 10 && status != 2 && status != 1)
        fail_msg("%s: resumed with exit status %d\n%s", story, status, bed_events(b));
    lives_assert_alone(b, story);
    lives_assert_whole(b, story);
}

static long stride(long points)
{
    return points / (bed_torture() ? ROUNDS_MANY : ROUNDS) + 1;
}

static long allocations_of_a_run(const char *of_b, int expected)
{
    bed b = lives_world(of_b);
    assert_int_equal(belay_without_memory(&b, "run", 0), expected);
    assert_true(allocations(&b) > 1000);
    return allocations(&b);
}

static void fail_at_each(const char *of_b, int expected)
{
    const long points = allocations_of_a_run(of_b, expected);
    int runs = 0, cut_short = 0;
    for (long at = 1; at <= points; at += stride(points), runs++) {
        bed b = lives_world(of_b);
        const char *story = kit_path("allocation %ld of %ld of a run", at, points);
        const int status = belay_without_memory(&b, "run", at);
        assert_told(&b, story, status, expected);
        cut_short += status != expected;
        end_well(&b, story);
    }
    print_message("%d runs, each without one of its %ld allocations; %d were cut short.\n", runs, points, cut_short);
    assert_true(cut_short > 0);
}

static void a_run_that_would_commit_survives_an_allocation_that_fails(void **state)
{
    (void)state;
    fail_at_each(whole, 0);
}

static void a_run_that_is_rolled_back_survives_an_allocation_that_fails(void **state)
{
    (void)state;
    fail_at_each(bad, 10);
}

/* A run that loses its memory when b has acted; where a failure does no harm, one of the next allocations does. */
static bed cut_short_late(const char *of_b, long points)
{
    for (long at = points - points / 20; at < points; at++) {
        bed b = lives_world(of_b);
        const int status = belay_without_memory(&b, "run", at);
        lives_assert_alone(&b, "a run cut short");
        bed_forget(&b);
        if (status == 20)
            return b;
    }
    fail_msg("no run was cut short");
    return (bed){0};
}

static void a_resume_survives_it_too(void **state)
{
    (void)state;
    const long points = allocations_of_a_run(bad, 10);
    bed counted = cut_short_late(bad, points);
    const int expected = belay_without_memory(&counted, "resume", 0);
    assert_int_equal(expected, 10);
    const long more = allocations(&counted);
    int runs = 0;
    for (long at = 1; at <= more; at += 2 * stride(more), runs++) {
        bed b = cut_short_late(bad, points);
        const char *story = kit_path("allocation %ld of %ld of a resume", at, more);
        assert_told(&b, story, belay_without_memory(&b, "resume", at), expected);
        end_well(&b, story);
    }
    print_message("%d runs, each resumed without one of %ld allocations.\n", runs, more);
}

static void allow_512_MiB(void *user)
{
    (void)user;
    (void)setrlimit(RLIMIT_AS, &(struct rlimit){(rlim_t)512 << 20, (rlim_t)512 << 20});
}

static void a_plugin_that_takes_all_memory_is_an_error_that_is_explained(void **state)
{
    (void)state;
    bed b = lives_world("trouble = [\"execute=eat\"];");
    b.in_child = allow_512_MiB;
    assert_int_equal(bed_run(&b), 10);
    assert_contains(bed_events(&b), "\"verdict\":\"error\"");
    assert_contains(bed_events(&b), "the plugin's process ran out of memory in execute");
    assert_contains(bed_events(&b), "look at the machine's memory");
    lives_assert_whole(&b, "a plugin without memory");
}

/* A memory cgroup of 96 MiB, of version 1 or 2; NULL where none can be made. */
static const char *group_of_96_MiB(void)
{
    static const struct {
        const char *folder, *limit, *swap;
    } versions[] = {{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"},
                    {"/sys/fs/cgroup", "memory.max", "memory.swap.max"}};
    for (size_t i = 0; i < 2; i++) {
        const char *group = kit_path("%s/belay-test-%d", versions[i].folder, (int)getpid());
        if (mkdir(group, 0700) < 0)
            continue;
        const char *set = kit_path("echo 96M > %s/%s && { echo %s > %s/%s || ! grep -q ^/ /proc/swaps; } 2>&-", group,
                                   versions[i].limit, i == 0 ? "96M" : "0", group, versions[i].swap);
        if (kit_status_of("sh", "-c", set, NULL) == 0)
            return group;
        (void)rmdir(group);
    }
    return NULL;
}

static void join(void *group)
{
    kit_write(kit_path("%s/cgroup.procs", (const char *)group), "0");
}

/* All of Belay is in the group; the kernel takes the step, not the core. */
static void a_step_that_the_kernel_ends_for_its_memory_is_rolled_back(void **state)
{
    (void)state;
    const char *group = group_of_96_MiB();
    if (!group) {
        print_message("skipped: no memory cgroup can be made here\n");
        skip();
    }
    bed b = lives_world("trouble = [\"execute=gorge\"];");
    b.in_child = join;
    b.user = (void *)(uintptr_t)group;
    const int status = bed_run(&b);
    for (int i = 0; i < 100 && rmdir(group) < 0; i++)
        usleep(50000);
    assert_int_equal(status, 10);
    assert_contains(bed_events(&b), "the plugin crashed in execute, by SIGKILL; was the machine short of memory?");
    lives_assert_whole(&b, "a step that the kernel ended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_would_commit_survives_an_allocation_that_fails),
        cmocka_unit_test(a_run_that_is_rolled_back_survives_an_allocation_that_fails),
        cmocka_unit_test(a_resume_survives_it_too),
        cmocka_unit_test(a_plugin_that_takes_all_memory_is_an_error_that_is_explained),
        cmocka_unit_test(a_step_that_the_kernel_ends_for_its_memory_is_rolled_back),
    };
#ifdef BELAY_SANITIZE
    print_message("skipped: the sanitizer's allocator stands in the way\n");
    (void)tests;
    return 77;
#else
    lives_adopt();
    return cmocka_run_group_tests_name("world memory", tests, NULL, NULL);
#endif
}
