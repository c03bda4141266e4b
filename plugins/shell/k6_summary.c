#include "k6_summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *text_at(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

/* The thresholds of a metric, or of all, as a list of objects: by the names that its writers use. */
static void put_threshold(json_t *metrics, const json_t *threshold, const char *metric)
{
    static const char *const names[] = {"source", "expression", "threshold", "name"};
    static const char *const verdicts[] = {"ok", "passed", "pass"};
    const char *expression = "", *of = *text_at(threshold, "metric") ? text_at(threshold, "metric") : metric;
    const json_t *verdict = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !*expression; i++)
        expression = text_at(threshold, names[i]);
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts && !verdict; i++)
        verdict = json_object_get(threshold, verdicts[i]);
    if (!*of || !*expression)
        return;
    json_t *m = json_object_get(metrics, of);
    if (!m)
        json_object_set_new(metrics, of, m = json_object());
    if (!json_is_object(json_object_get(m, "thresholds")))
        json_object_set_new(m, "thresholds", json_object());
    json_object_set_new(json_object_get(m, "thresholds"), expression,
                        json_pack("{s:b}", "ok", (int)json_is_true(verdict)));
}

static void put_metric(json_t *metrics, const json_t *metric)
{
    const char *name = text_at(metric, "name");
    if (*name)
        json_object_set_new(metrics, name, json_deep_copy(metric));
}

/* Checks are a metric of their own name there. */
static void put_checks(json_t *metrics, json_t *checks)
{
    size_t i;
    const char *key;
    json_t *metric;
    json_array_foreach(checks, i, metric)
        put_metric(metrics, metric);
    json_object_foreach(checks, key, metric)
        put_metric(metrics, metric);
    json_t *succeeded = json_object_get(metrics, "checks_succeeded");
    if (succeeded && !json_object_get(metrics, "checks"))
        json_object_set(metrics, "checks", succeeded);
}

static void put_thresholds(json_t *metrics, json_t *list, const char *metric)
{
    size_t i;
    json_t *threshold;
    json_array_foreach(list, i, threshold)
        put_threshold(metrics, threshold, metric);
}

/* The versioned form, {"results": {"passed", "metrics": [{"name", "values"}], "checks": {"metrics"}}}, as the other. */
static void translate(json_t *summary)
{
    json_t *results = json_object_get(summary, "results"), *list = json_object_get(results, "metrics"), *metric;
    size_t i;
    if (!json_is_array(list))
        return;
    json_t *metrics = json_object();
    json_array_foreach(list, i, metric)
        put_metric(metrics, metric);
    json_array_foreach(list, i, metric)
        put_thresholds(metrics, json_object_get(metric, "thresholds"), text_at(metric, "name"));
    put_thresholds(metrics, json_object_get(results, "thresholds"), "");
    put_checks(metrics, json_object_get(json_object_get(results, "checks"), "metrics"));
    json_object_set_new(summary, "metrics", metrics);
}

json_t *k6_summary_read(const char *path, char why[200])
{
    json_error_t error;
    json_t *summary = json_load_file(path, 0, &error);
    if (!summary) {
        snprintf(why, 200, "%.150s, line %d", error.text, error.line);
        return NULL;
    }
    translate(summary);
    if (json_is_object(json_object_get(summary, "metrics")))
        return summary;
    snprintf(why, 200, "it has no 'metrics'");
    json_decref(summary);
    return NULL;
}

bool k6_summary_failed(const json_t *summary)
{
    return json_is_false(json_object_get(json_object_get(summary, "results"), "passed"));
}

double k6_summary_figure(const json_t *summary, const char *metric, const char *figure)
{
    const json_t *m = json_object_get(json_object_get(summary, "metrics"), metric),
                 *values = json_object_get(m, "values");
    const json_t *value = json_object_get(values ? values : m, figure);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

void k6_summary_thresholds(const json_t *summary,
                           void (*each)(void *user, const char *metric, const char *expression, bool crossed),
                           void *user)
{
    const char *metric, *expression;
    json_t *m, *verdict;
    json_object_foreach(json_object_get(summary, "metrics"), metric, m) {
        json_object_foreach(json_object_get(m, "thresholds"), expression, verdict) {
            bool crossed =
                json_is_object(verdict) ? !json_is_true(json_object_get(verdict, "ok")) : json_is_true(verdict);
            each(user, metric, expression, crossed);
        }
    }
}
