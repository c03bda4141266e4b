#include "recipe.h"

#include <string.h>

/* ---- inventing --------------------------------------------------------------------------------------------------- */

static machine_policy invent_policy(uint64_t *c)
{
    return (machine_policy)(sim_draw(c, 5) % 3);
}

static machine_step invent_step(uint64_t *c)
{
    machine_step p = {.delay_ms = 100, .backoff = 2, .interval_ms = 100};
    p.has_execute = sim_draw(c, 4) > 0;
    p.has_rollback = p.has_execute && sim_draw(c, 6) > 0;
    p.has_prepare = sim_draw(c, 4) > 0;
    p.has_verify = sim_draw(c, 4) > 0;
    p.skipped = sim_draw(c, 8) == 0;
    p.pending = sim_draw(c, 5) == 0;
    p.attempts = 1 + (int)sim_draw(c, 3);
    p.hits = 1 + (int)sim_draw(c, 3);
    p.ready_ms = sim_draw(c, 500);
    p.on_failure = invent_policy(c);
    p.on_error = invent_policy(c);
    p.on_inconclusive = invent_policy(c);
    return p;
}

static void split(recipe *r, size_t count, bool rollback)
{
    machine_stage *last = &r->stages[r->stage_count - 1];
    last->count -= count;
    r->stages[r->stage_count++] =
        (machine_stage){.first = last->first + last->count, .count = count, .rollback = rollback};
}

static void invent_stages(recipe *r, uint64_t *c)
{
    size_t left = r->step_count;
    r->stages[0] = (machine_stage){.count = left};
    r->stage_count = 1;
    while (left > 1 && r->stage_count < SIM_STAGES - 1 && sim_draw(c, 2) == 0) {
        left = 1 + sim_draw(c, (unsigned)left - 1);
        split(r, left, false);
    }
    if (left > 1 && sim_draw(c, 2) == 0)
        split(r, 1 + sim_draw(c, (unsigned)left - 1), true);
    for (size_t i = 0; i < r->stage_count; i++)
        r->stages[i].parallel = 1 + sim_draw(c, 4);
}

/* From a source of their own, for few recipes have them. */
static void invent_waits(recipe *r)
{
    uint64_t c = r->seed * 0xD1342543DE82EF95u;
    if (sim_draw(&c, 4) > 0)
        return;
    r->no_wait = sim_draw(&c, 2);
    for (size_t i = 0; i < r->step_count; i++) {
        machine_step *p = &r->steps[i];
        const machine_stage *last = &r->stages[r->stage_count - 1];
        p->waits = sim_draw(&c, 4) == 0;
        if (!p->waits && p->has_verify && !(last->rollback && i >= last->first) && sim_draw(&c, 3) == 0) {
            p->soak_ms = 1 + sim_draw(&c, 900);
            p->max_gaps = sim_draw(&c, 3);
        }
    }
}

/* Puts collectors between the main stages and the rollback stage; what such a step "needs" is what it answers. */
static void insert_diagnosis(recipe *r, size_t stage, size_t count, uint64_t *c)
{
    const size_t first = stage < r->stage_count ? r->stages[stage].first : r->step_count;
    memmove(&r->stages[stage + 1], &r->stages[stage], (r->stage_count - stage) * sizeof *r->stages);
    r->stages[stage] = (machine_stage){.first = first, .count = count, .parallel = (unsigned)count, .diagnose = true};
    r->stage_count++;
    memmove(&r->steps[first + count], &r->steps[first], (r->step_count - first) * sizeof *r->steps);
    memmove(&r->needs[first + count], &r->needs[first], (r->step_count - first) * sizeof *r->needs);
    r->step_count += count;
    for (size_t i = first + count; i < r->step_count; i++) /* needs of the main stages keep their place */
        memmove(&r->needs[i][first + count], &r->needs[i][first], SIM_STEPS - first - count);
    for (size_t i = first + count; i < r->step_count; i++)
        memset(&r->needs[i][first], 0, count);
    if (stage + 1 < r->stage_count)
        r->stages[stage + 1].first += count;
    for (size_t i = first; i < first + count; i++) {
        r->steps[i] = (machine_step){.has_verify = true, .attempts = 1, .hits = 1, .skipped = sim_draw(c, 8) == 0};
        for (size_t n = 0; n < SIM_STEPS; n++)
            r->needs[i][n] = n < first && sim_draw(c, 3) > 0;
    }
}

/* From a source of its own as well. */
static void invent_diagnosis(recipe *r)
{
    uint64_t c = r->seed * 0xA0761D6478BD642Fu;
    const bool rollback = r->stages[r->stage_count - 1].rollback;
    const size_t room = SIM_STEPS - r->step_count;
    if (sim_draw(&c, 2) == 0 || room == 0 || r->stage_count == SIM_STAGES)
        return;
    const size_t count = 1 + sim_draw(&c, room < 4 ? (unsigned)room : 4);
    insert_diagnosis(r, r->stage_count - rollback, count, &c);
}

recipe recipe_invent(uint64_t seed)
{
    uint64_t c = seed * 0x9E3779B97F4A7C15u; /* an odd factor: never 0 */
    recipe r = {.seed = seed};
    r.step_count = 1 + sim_draw(&c, sim_draw(&c, 8) == 0 ? SIM_STEPS : 12);
    for (size_t i = 0; i < r.step_count; i++) {
        r.steps[i] = invent_step(&c);
        for (size_t n = 0; n < i; n++)
            r.needs[i][n] = sim_draw(&c, 5) == 0;
    }
    invent_stages(&r, &c);
    r.trouble = 2 + sim_draw(&c, sim_draw(&c, 4) == 0 ? 200 : 20);
    r.crash = sim_draw(&c, 2) * (2 + sim_draw(&c, 60));
    r.cancel = sim_draw(&c, 3) == 0 ? 2 + sim_draw(&c, 30) : 0;
    r.chance = c;
    r.prepare_parallel = 1 + sim_draw(&c, 4);
    invent_waits(&r);
    invent_diagnosis(&r);
    return r;
}

void recipe_lay(const recipe *r, sim *s)
{
    sim_init(s, r->step_count);
    s->plan.stage_count = r->stage_count;
    s->plan.no_wait = r->no_wait != 0;
    s->plan.prepare_parallel = r->prepare_parallel;
    memcpy(s->stages, r->stages, sizeof s->stages);
    for (size_t i = 0; i < r->step_count; i++) {
        s->steps[i] = r->steps[i];
        s->steps[i].needs = s->needs[i];
        for (size_t n = 0; n < i; n++)
            if (r->needs[i][n])
                sim_need(s, i, n);
    }
    for (size_t i = 0; i < r->stage_count; i++)
        for (size_t n = r->stages[i].first; n < r->stages[i].first + r->stages[i].count; n++) {
            machine_step *p = &s->steps[n];
            p->stage = i;
            if (!r->stages[i].diagnose)
                continue;
            p->answers = p->needs;
            p->answer_count = p->need_count;
            p->need_count = 0;
        }
    s->name = r->seed;
    s->random = r->chance;
    s->trouble = r->trouble;
    s->crash = r->crash;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void tell_step(const recipe *r, size_t i, FILE *out)
{
    static const char *const policies[] = {"rollback", "pause", "warn"};
    const machine_step *p = &r->steps[i];
    fprintf(out, "    %c:%s%s%s%s%s%s", sim_letter(i), p->has_prepare ? " prepare" : "",
            p->has_execute ? " execute" : "", p->has_verify ? " verify" : "", p->has_rollback ? " rollback" : "",
            p->skipped ? ", skipped" : "", p->pending ? ", options pending" : "");
    fputs(p->waits ? ", waits" : "", out);
    if (p->soak_ms)
        fprintf(out, ", soaks %lld ms, %lld gaps", (long long)p->soak_ms, (long long)p->max_gaps);
    fprintf(out, "; tries %d, hits %d, ready %lld ms; on failure %s, on error %s, inconclusive %s", p->attempts,
            p->hits, (long long)p->ready_ms, policies[p->on_failure], policies[p->on_error],
            policies[p->on_inconclusive]);
    for (size_t n = 0; n < i; n++)
        if (r->needs[i][n])
            fprintf(out, "; needs %c", sim_letter(n));
    fputc('\n', out);
}

void recipe_tell(const recipe *r, FILE *out)
{
    if (r->no_wait)
        fputs("  it pauses where a step waits\n", out);
    fprintf(out, "  %u steps are prepared at once\n", r->prepare_parallel);
    for (size_t i = 0; i < r->stage_count; i++) {
        fprintf(out, "  %s, %u at once:\n",
                r->stages[i].rollback   ? "rollback stage"
                : r->stages[i].diagnose ? "diagnosis (needs: what it answers)"
                                        : "stage",
                r->stages[i].parallel);
        for (size_t n = 0; n < r->stages[i].count; n++)
            tell_step(r, r->stages[i].first + n, out);
    }
}

/* ---- simplifying ------------------------------------------------------------------------------------------------- */

static void drop_stage(recipe *r, size_t stage)
{
    memmove(&r->stages[stage], &r->stages[stage + 1], (r->stage_count - stage - 1) * sizeof *r->stages);
    r->stage_count--;
}

static int drop_step(recipe *r, size_t step)
{
    if (r->step_count == 1)
        return 0;
    for (size_t i = 0; i < r->step_count; i++)
        memmove(&r->needs[i][step], &r->needs[i][step + 1], SIM_STEPS - step - 1);
    memmove(&r->needs[step], &r->needs[step + 1], (SIM_STEPS - step - 1) * sizeof r->needs[0]);
    memmove(&r->steps[step], &r->steps[step + 1], (r->step_count - step - 1) * sizeof *r->steps);
    r->step_count--;
    size_t empty = SIM_STAGES;
    for (size_t i = 0; i < r->stage_count; i++) {
        machine_stage *stage = &r->stages[i];
        if (step >= stage->first && step < stage->first + stage->count && --stage->count == 0)
            empty = i;
        else if (stage->first > step)
            stage->first--;
    }
    if (empty < SIM_STAGES)
        drop_stage(r, empty);
    return r->stage_count == 0 || r->stages[0].rollback || r->stages[0].diagnose ? 0 : 1;
}

enum { PLAINER = 13 };

/* The way-th property of a step, as it mostly is. */
static int plain_step(recipe *r, size_t step, size_t way)
{
    machine_step *p = &r->steps[step];
    const machine_step before = *p;
    bool needs[SIM_STEPS];
    memcpy(needs, r->needs[step], sizeof needs);
    switch (way) {
    case 0: memset(r->needs[step], 0, sizeof needs); break;
    case 1: p->skipped = false; break;
    case 2: p->pending = false; break;
    case 3: p->attempts = 1; break;
    case 4: p->hits = 1; break;
    case 5: p->on_failure = MACHINE_DO_ROLLBACK; break;
    case 6: p->on_error = MACHINE_DO_ROLLBACK; break;
    case 7: p->on_inconclusive = MACHINE_DO_ROLLBACK; break;
    case 8: p->has_prepare = false; break;
    case 9: p->has_verify = false; break;
    case 10: p->waits = false; break;
    case 11: p->soak_ms = 0; break;
    default: p->ready_ms = 0; break;
    }
    return memcmp(&before, p, sizeof before) != 0 || memcmp(needs, r->needs[step], sizeof needs) != 0;
}

static int set(unsigned *what, unsigned value)
{
    const int changed = *what != value;
    *what = value;
    return changed;
}

int recipe_simplify(recipe *r, size_t n)
{
    switch (n) {
    case 0: return set(&r->crash, 0);
    case 1: return set(&r->cancel, 0);
    case 2: return set(&r->trouble, 0);
    case 3: return set(&r->no_wait, 0);
    case 4: return set(&r->prepare_parallel, 1);
    default: n -= 5;
    }
    if (n < r->step_count)
        return drop_step(r, r->step_count - 1 - n);
    n -= r->step_count;
    if (n < PLAINER * r->step_count)
        return plain_step(r, n / PLAINER, n % PLAINER);
    n -= PLAINER * r->step_count;
    if (n == r->stage_count)
        return -1;
    return r->stages[n].diagnose ? 0 : set(&r->stages[n].parallel, 1);
}
