#include <stdlib.h>
#include <string.h>

#include "base/trend.h"
#include "pipeline/load.h"

static void add(pipeline_step *s, pipeline_threshold t)
{
    s->thresholds = mem_grow(s->thresholds, s->threshold_count + 1, sizeof *s->thresholds);
    s->thresholds[s->threshold_count++] = t;
}

static bool has(const pipeline_step *s, const char *metric, bool slope, bool fail)
{
    for (size_t i = 0; i < s->threshold_count; i++) {
        const pipeline_threshold *t = &s->thresholds[i];
        if (t->fail == fail && t->slope == slope && strcmp(t->metric, metric) == 0)
            return true;
    }
    return false;
}

static void report_metric(load *l, pipeline_place where, const catalog_kind *k, const char *metric)
{
    nearest n = nearest_to(metric);
    guard_text all = {0};
    for (size_t i = 0; i < k->metric_count; i++) {
        nearest_offer(&n, k->metrics[i].name);
        text_printf(&all, "%s%s", i ? ", " : "", k->metrics[i].name);
    }
    guard_mem char *meant = load_did_you_mean(&n);
    load_problem(l, where, "%s does not measure '%s'%s", k->name, metric, meant);
    load_hint(l, k->metric_count ? "it measures: %s" : "it measures nothing%s", text_get(&all));
}

/* The metric within "slope(METRIC)", or a copy of what is written otherwise; the caller frees. */
static char *metric_within(const char *written, size_t n, bool *ret_slope)
{
    static const char word[] = "slope(";
    const size_t length = sizeof word - 1;
    *ret_slope = n > length && strncmp(written, word, length) == 0 && written[n - 1] == ')';
    return *ret_slope ? mem_dup_n(written + length, n - length - 1) : mem_dup_n(written, n);
}

/* A trend needs samples over a time. */
static bool check_slope(load *l, const pipeline_step *s, pipeline_place where, const char *written)
{
    const int64_t samples = s->soak_ms / s->interval_ms + 1;
    if (!s->soak_ms) {
        load_problem(l, where, "'%s' needs a step with 'soak': a slope is taken over its samples", written);
        return false;
    }
    if (samples < TREND_LEAST) {
        load_problem(l, where, "'%s' needs %d samples, and this soak takes %d", written, TREND_LEAST, (int)samples);
        load_hint(l, "shorten 'interval', or lengthen 'soak'");
        return false;
    }
    return true;
}

static bool parse_rule(load *l, pipeline_place where, const pipeline_threshold *t, const char *unit,
                       units_threshold *ret)
{
    guard(error) err = NULL;
    guard_mem char *per_hour = mem_printf("%s/h", unit);
    if (units_threshold_parse(t->text, t->slope ? per_hour : unit, ret, &err) == 0)
        return true;
    guard_mem char *why = error_text(err);
    load_problem(l, where, "%s: %s", t->metric, why);
    if (error_get_hint(err))
        load_hint(l, "%s", error_get_hint(err));
    return false;
}

/** Reads "METRIC OP VALUE", or "slope(METRIC) OP VALUE". */
static void read_one(load *l, pipeline_step *s, const config_setting_t *item, bool fail)
{
    guard_mem char *written = setting_text(l, item);
    if (!written)
        return;
    pipeline_place where = load_place(l, item);
    const char *begin = written + strspn(written, " ");
    size_t n = strcspn(begin, " <>=!");
    bool slope = false;
    guard_mem char *metric = metric_within(begin, n, &slope);
    const char *rule_text = begin + n + strspn(begin + n, " ");
    if (n == 0 || !*rule_text) {
        load_problem(l, where, "'%s' is not a threshold", written);
        load_hint(l, "write METRIC OPERATOR VALUE, such as \"p95 > 500ms\"");
        return;
    }
    const catalog_metric *m = catalog_metric_find(s->kind, metric);
    if (!m) {
        report_metric(l, where, s->kind, metric);
        return;
    }
    guard_mem char *text = mem_dup(rule_text);
    pipeline_threshold t = {.metric = metric, .text = text, .fail = fail, .slope = slope};
    if (!parse_rule(l, where, &t, m->unit, &t.rule) || (slope && !check_slope(l, s, where, written)))
        return;
    if (has(s, metric, slope, fail)) {
        load_problem(l, where, "there are two thresholds of '%s' in %s", metric, fail ? "fail_if" : "warn_if");
        load_hint(l, "for a range write \"%s outside A..B\"", metric);
        return;
    }
    add(s, t);
    (void)take(metric);
    (void)take(text);
}

/** Adds the kind's own threshold of a metric, unless the step replaces it. */
static void add_own(load *l, pipeline_step *s, const catalog_metric *m, const char *text, bool fail)
{
    units_threshold rule;
    guard(error) err = NULL;
    if (!text || has(s, m->name, false, fail))
        return;
    if (units_threshold_parse(text, m->unit, &rule, &err) == 0) {
        add(s, (pipeline_threshold){.metric = mem_dup(m->name), .text = mem_dup(text), .rule = rule, .fail = fail});
        return;
    }
    guard_mem char *why = error_text(err);
    load_problem(l, s->where, "%s: its threshold '%s' of '%s' is wrong: %s", s->kind->name, text, m->name, why);
    load_hint(l, "this is a fault of the plugin, not of the pipeline");
}

void step_load_thresholds(load *l, pipeline_step *s, const config_setting_t *group)
{
    static const struct {
        const char *name;
        bool fail;
    } options[] = {{"fail_if", true}, {"warn_if", false}};
    if (!s->kind)
        return;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const config_setting_t *given = setting_member(group, options[i].name);
        for (size_t k = 0; given && k < setting_item_count(given); k++)
            read_one(l, s, setting_item(given, k), options[i].fail);
    }
    for (size_t i = 0; i < s->kind->metric_count; i++) {
        const catalog_metric *m = &s->kind->metrics[i];
        add_own(l, s, m, m->fail, true);
        add_own(l, s, m, m->warn, false);
    }
}
