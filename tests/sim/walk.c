/* The simulator checks the rules at every action; here: that every run ends, and ends well once the trouble stops. */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#define LIVES 40

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

static void check_exit(sim *s)
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

static void live_through(sim *s, unsigned cancel)
{
    live_on(s, cancel, false, MACHINE_RUNNING);
    sim_hold(s, ended(s), "the run does not end");
    if (s->state != MACHINE_COMMITTED || s->order_count == 0 || sim_chance(s, 2) > 0)
        return;
    live_on(s, cancel, true, MACHINE_ROLLED_BACK);
    sim_hold(s, s->state == MACHINE_ROLLED_BACK, "a committed run is not taken back");
}

walk_end walk(const recipe *r, const sim_machine *kind, FILE *story)
{
    static sim s; /* large, and of one walk at a time */
    jmp_buf escape;
    recipe_lay(r, &s);
    s.kind = kind;
    s.story = story;
    s.escape = &escape;
    if (setjmp(escape) == 0)
        live_through(&s, r->cancel);
    sim_done(&s);
    return (walk_end){.broken = s.broken, .state = s.state, .turns = s.turns};
}

/* ---- what is left of one that broke a rule -------------------------------------------------------------------------
 */

#define CHANCES       60
#define CHANCES_LAST  2000
#define CHANCE_FACTOR 0xD1342543DE82EF95u

static bool breaks(const recipe *r, const sim_machine *kind, const char *rule, int *ret_turns)
{
    const walk_end end = walk(r, kind, NULL);
    *ret_turns = end.turns;
    return end.broken && strcmp(end.broken, rule) == 0;
}

/* A simpler recipe draws its chances otherwise, so some are tried; the best of them stays. */
static bool still_breaks(recipe *r, const sim_machine *kind, const char *rule, int chances)
{
    uint64_t best = 0, chance = r->chance;
    int fewest = 0, turns;
    for (int i = 0; i < chances; i++, chance = chance * CHANCE_FACTOR + 1) {
        r->chance = chance ? chance : 1;
        if (!breaks(r, kind, rule, &turns) || (best && turns >= fewest))
            continue;
        best = r->chance;
        fewest = turns;
        if (chances == CHANCES)
            break;
    }
    r->chance = best;
    return best != 0;
}

recipe walk_shrink(const recipe *broken, const sim_machine *kind)
{
    const char *rule = walk(broken, kind, NULL).broken;
    recipe best = *broken;
    int changed = 0;
    for (size_t n = 0; changed >= 0;) {
        recipe simpler = best;
        changed = recipe_simplify(&simpler, n);
        if (changed > 0 && still_breaks(&simpler, kind, rule, CHANCES))
            best = simpler;
        else
            n++;
    }
    recipe last = best;
    return still_breaks(&last, kind, rule, CHANCES_LAST) ? last : best;
}

char *walk_explain(const recipe *r, const sim_machine *kind)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const recipe least = walk_shrink(r, kind);
    fprintf(out, "run %llu broke a rule; SIM_SEED=%llu replays it. The least that does so:\n",
            (unsigned long long)r->seed, (unsigned long long)r->seed);
    recipe_tell(&least, out);
    (void)walk(&least, kind, out);
    (void)fclose(out);
    return text;
}
