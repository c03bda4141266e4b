/* A random walk: invented pipelines, failures, cancels and crashes, each from a seed that a failure names. The
 * simulator checks the invariants at every action; here: that every run ends, and ends well once the trouble stops. */
#include "machine_sim.h"

#include <stdlib.h>

#define WALKS 100000
#define LIVES 40

static void invent_step(sim *s, size_t i)
{
    machine_step *p = &s->steps[i];
    p->has_execute = sim_chance(s, 4) > 0;
    p->has_rollback = p->has_execute && sim_chance(s, 6) > 0;
    p->has_prepare = sim_chance(s, 4) > 0;
    p->has_verify = sim_chance(s, 4) > 0;
    p->skipped = sim_chance(s, 8) == 0;
    p->pending = sim_chance(s, 5) == 0;
    p->attempts = 1 + (int)sim_chance(s, 3);
    p->hits = 1 + (int)sim_chance(s, 3);
    p->ready_ms = sim_chance(s, 500);
    p->on_failure = (machine_policy)(sim_chance(s, 5) % 3);
    p->on_error = (machine_policy)(sim_chance(s, 5) % 3);
    p->on_inconclusive = (machine_policy)(sim_chance(s, 5) % 3);
    for (size_t n = 0; n < i; n++)
        if (sim_chance(s, 5) == 0)
            sim_need(s, i, n);
}

static void invent(sim *s, uint64_t seed)
{
    sim_init(s, SIM_STEPS);
    s->name = seed;
    s->random = seed * 0x9E3779B97F4A7C15u; /* an odd factor: never 0 */
    size_t left = 1 + sim_chance(s, SIM_STEPS);
    s->plan.step_count = s->stages[0].count = left;
    for (size_t i = 0; i < s->plan.step_count; i++)
        invent_step(s, i);
    while (left > 1 && s->plan.stage_count < SIM_STAGES - 1 && sim_chance(s, 2) == 0) {
        left = 1 + sim_chance(s, (unsigned)left - 1);
        sim_split(s, left, false);
    }
    if (left > 1 && sim_chance(s, 2) == 0)
        sim_split(s, 1 + sim_chance(s, (unsigned)left - 1), true);
    for (size_t i = 0; i < s->plan.stage_count; i++)
        s->stages[i].parallel = 1 + sim_chance(s, 4);
    s->trouble = 2 + sim_chance(s, 20);
    s->crash = sim_chance(s, 2) * (2 + sim_chance(s, 60));
}

/* One life of the process. */
static void live(sim *s, unsigned cancel, bool rollback, machine_assume assume)
{
    sim_boot(s, rollback, assume);
    do {
        if (s->m && !s->finished && cancel > 0 && sim_chance(s, cancel) == 0)
            sim_cancel(s);
    } while (sim_turn(s));
}

static bool ended(const sim *s)
{
    return s->state == MACHINE_COMMITTED || s->state == MACHINE_ROLLED_BACK || s->state == MACHINE_REFUSED;
}

static void check_exit(const sim *s)
{
    static const machine_state ends[] = {
        [MACHINE_FINISH_COMMITTED] = MACHINE_COMMITTED,
        [MACHINE_FINISH_REFUSED] = MACHINE_REFUSED,
        [MACHINE_FINISH_WAITING] = MACHINE_PAUSED,
        [MACHINE_FINISH_ROLLED_BACK] = MACHINE_ROLLED_BACK,
    };
    if (s->finished && s->finish != MACHINE_FINISH_PERSON)
        sim_hold(s, ends[s->finish] == s->state, "the exit does not fit the state");
    else if (s->finished) /* stuck, asked, or stopped by a second cancel */
        sim_hold(s, s->state == MACHINE_NEEDS_PERSON || s->state == MACHINE_PAUSED || s->state == MACHINE_ROLLING_BACK,
                 "a person is needed for nothing");
}

/* Lives until the run has ended; in the second half of its lives the world behaves, and a person decides what is asked.
 */
static void live_on(sim *s, unsigned cancel, bool rollback, machine_state until)
{
    for (int i = 0; i < LIVES && !(until == MACHINE_RUNNING ? ended(s) : s->state == until); i++) {
        const bool calm = i >= LIVES / 2;
        if (calm)
            s->crash = s->trouble = 0;
        live(s, calm ? 0 : cancel, rollback, calm ? MACHINE_ASSUME_DONE : (machine_assume)sim_chance(s, 3));
        check_exit(s);
        rollback = rollback || (s->state == MACHINE_PAUSED && sim_chance(s, 4) == 0);
    }
}

static machine_state walk(uint64_t seed)
{
    sim s;
    invent(&s, seed);
    const unsigned cancel = sim_chance(&s, 3) == 0 ? 2 + sim_chance(&s, 30) : 0;
    live_on(&s, cancel, false, MACHINE_RUNNING);
    sim_hold(&s, ended(&s), "the run does not end");
    const machine_state end = s.state;
    if (end == MACHINE_COMMITTED && s.order_count > 0 && sim_chance(&s, 2) == 0) {
        live_on(&s, cancel, true, MACHINE_ROLLED_BACK);
        sim_hold(&s, s.state == MACHINE_ROLLED_BACK, "a committed run is not taken back");
    }
    sim_done(&s);
    return end;
}

static void every_run_ends_and_no_invariant_is_broken_on_the_way(void **state)
{
    (void)state;
    const char *one = getenv("MACHINE_WALK_SEED");
    unsigned counts[MACHINE_REFUSED + 1] = {0};
    uint64_t first = one ? strtoull(one, NULL, 10) : 1, last = one ? first : WALKS;
    for (uint64_t seed = first; seed <= last; seed++)
        counts[walk(seed)]++;
    if (!one) { /* the walk saw each way a run can end */
        assert_true(counts[MACHINE_COMMITTED] > WALKS / 20);
        assert_true(counts[MACHINE_ROLLED_BACK] > WALKS / 20);
        assert_true(counts[MACHINE_REFUSED] > WALKS / 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_ends_and_no_invariant_is_broken_on_the_way),
    };
    return cmocka_run_group_tests_name("machine walk", tests, NULL, NULL);
}
