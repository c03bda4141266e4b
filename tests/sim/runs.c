/* Runs of invented pipelines with failures, cancels and crashes, each from a seed: no rule is broken, and all end. */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#define RUNS         50000
#define RUNS_TORTURE 1000000

/* The story is longer than what the test library prints of a failure. */
static void tell_and_fail(const recipe *r)
{
    char *text = walk_explain(r, sim_machine_get());
    (void)fputs(text, stderr);
    free(text);
    fail_msg("run %llu broke a rule", (unsigned long long)r->seed);
}

static void every_run_ends_and_no_rule_is_broken_on_the_way(void **state)
{
    (void)state;
    const char *one = getenv("SIM_SEED"), *torture = getenv("BELAY_TORTURE");
    const uint64_t runs = torture && strcmp(torture, "1") == 0 ? RUNS_TORTURE : RUNS;
    const uint64_t first = one ? strtoull(one, NULL, 10) : 1, last = one ? first : runs;
    uint64_t counts[MACHINE_REFUSED + 1] = {0}, events = 0;
    for (uint64_t seed = first; seed <= last; seed++) {
        const recipe r = recipe_invent(seed);
        const walk_end end = walk(&r, sim_machine_get(), NULL);
        if (end.broken)
            tell_and_fail(&r);
        counts[end.state]++;
        events += (uint64_t)end.turns;
    }
    if (one)
        return;
    print_message("%llu runs, %llu events: %llu committed, %llu rolled back, %llu refused\n", (unsigned long long)runs,
                  (unsigned long long)events, (unsigned long long)counts[MACHINE_COMMITTED],
                  (unsigned long long)counts[MACHINE_ROLLED_BACK], (unsigned long long)counts[MACHINE_REFUSED]);
    assert_true(counts[MACHINE_COMMITTED] > runs / 20); /* they saw each way a run can end */
    assert_true(counts[MACHINE_ROLLED_BACK] > runs / 20);
    assert_true(counts[MACHINE_REFUSED] > runs / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_ends_and_no_rule_is_broken_on_the_way),
    };
    return cmocka_run_group_tests_name("sim runs", tests, NULL, NULL);
}
