#include "evidence.h"

#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "say/say.h"
#include "tally.h"
#include "threshold/threshold.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

__attribute__((format(printf, 2, 3))) static void against(evidence *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const size_t n = strlen(e->missing);
    snprintf(e->missing + n, sizeof e->missing - n, "%s", n ? "; " : "");
    vsnprintf(e->missing + strlen(e->missing), sizeof e->missing - strlen(e->missing), fmt, ap);
    va_end(ap);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* Each item of the option must be a name in `known`. */
static belay_status check_names(belay_ctx *c, const belay_host *h, const char *option, const json_t *known, evidence *e)
{
    for (const char *const *item = h->opt_list(c, option); *item; item++, e->wanted++)
        if (!json_object_get(known, *item))
            return say_option(c, h, BELAY_E_CONFIG, option, NULL, "the pipeline has no %s '%s'",
                              strcmp(option, "boxes") == 0 ? "box" : "step", *item);
    return BELAY_OK;
}

static belay_status check_limits(belay_ctx *c, const belay_host *h, const json_t *steps, evidence *e)
{
    for (const char *const *item = h->opt_list(c, "no_go_if"); *item; item++, e->wanted++) {
        limit l;
        char buf[256];
        const char *why = limit_parse(*item, &l, buf);
        if (why)
            return say_option(c, h, BELAY_E_CONFIG, "no_go_if", "write \"load.p95 > 500ms\"", "'%s' is no limit: %s",
                              *item, why);
        if (!json_object_get(steps, l.step))
            return say_option(c, h, BELAY_E_CONFIG, "no_go_if", NULL, "the pipeline has no step '%s'", l.step);
    }
    return BELAY_OK;
}

static belay_status check(belay_ctx *c, const belay_host *h, const json_t *findings, evidence *e)
{
    *e = (evidence){.wanted = 0};
    belay_status s = check_names(c, h, "boxes", json_object_get(findings, "boxes"), e);
    if (s == BELAY_OK)
        s = check_names(c, h, "steps", json_object_get(findings, "steps"), e);
    if (s == BELAY_OK)
        s = check_limits(c, h, json_object_get(findings, "steps"), e);
    if (s == BELAY_OK && e->wanted == 0)
        return say_option(c, h, BELAY_E_CONFIG, "boxes", "name boxes, steps, or limits in no_go_if",
                          "a decision without evidence would be nobody's");
    return s;
}

static belay_status read_findings(belay_ctx *c, const belay_host *h, json_t **ret)
{
    const char *fact = h->fact(c, "run.findings");
    *ret = fact ? json_loads(fact, 0, NULL) : NULL;
    return *ret ? BELAY_OK : say(c, h, BELAY_E_UNSUPPORTED, NULL, "this belay does not tell what the run has found");
}

belay_status evidence_prepare(belay_ctx *c, const belay_host *h, evidence *ret)
{
    json_t *findings = NULL;
    belay_status s = read_findings(c, h, &findings);
    if (s == BELAY_OK)
        s = check(c, h, findings, ret);
    json_decref(findings);
    return s;
}

/* ---- weighing ---------------------------------------------------------------------------------------------------- */

static void weigh_boxes(belay_ctx *c, const belay_host *h, const json_t *boxes, evidence *e)
{
    for (const char *const *item = h->opt_list(c, "boxes"); *item; item++) {
        const json_t *box = json_object_get(boxes, *item);
        const char *state = text_of(box, "state");
        if (!*state)
            against(e, "box %s: nothing is known of it", *item);
        else if (strcmp(state, "ticked") != 0)
            against(e, "box %s is %s (%s)", *item, state, text_of(box, "reason"));
    }
}

static void weigh_steps(belay_ctx *c, const belay_host *h, const json_t *steps, evidence *e)
{
    for (const char *const *item = h->opt_list(c, "steps"); *item; item++) {
        const char *verdict = text_of(json_object_get(steps, *item), "verdict");
        if (strcmp(verdict, "passed") != 0)
            against(e, "step %s %s%s", *item, *verdict ? "is " : "has not run", verdict);
    }
}

static void weigh_measurement(const limit *l, const char *written, const json_t *m, evidence *e)
{
    const double value = json_number_value(json_object_get(m, "value"));
    const char *unit = text_of(m, "unit");
    char why[256];
    bool bad = false;
    if (!threshold_holds(l->threshold, unit, value, &bad, why))
        against(e, "'%s' is not in the unit of what was measured, '%s'", written, unit);
    else if (bad)
        against(e, "%s.%s is %.4g %s (%s)", l->step, text_of(m, "name"), value, unit, l->threshold);
}

static void weigh_limits(belay_ctx *c, const belay_host *h, const json_t *steps, evidence *e)
{
    for (const char *const *item = h->opt_list(c, "no_go_if"); *item; item++) {
        limit l;
        char buf[256];
        size_t i, found = 0;
        const json_t *m;
        (void)limit_parse(*item, &l, buf);
        json_array_foreach(json_object_get(json_object_get(steps, l.step), "measurements"), i, m) {
            if (!limit_is_about(&l, text_of(m, "name")))
                continue;
            found++;
            weigh_measurement(&l, *item, m, e);
        }
        if (!found)
            against(e, "%s.%s was not measured", l.step, l.metric);
    }
}

belay_status evidence_weigh(belay_ctx *c, const belay_host *h, evidence *ret)
{
    json_t *findings = NULL;
    belay_status s = read_findings(c, h, &findings);
    if (s == BELAY_OK)
        s = check(c, h, findings, ret);
    if (s == BELAY_OK) {
        weigh_boxes(c, h, json_object_get(findings, "boxes"), ret);
        weigh_steps(c, h, json_object_get(findings, "steps"), ret);
        weigh_limits(c, h, json_object_get(findings, "steps"), ret);
    }
    json_decref(findings);
    return s;
}
