#include "k6_summary.h"

#include <math.h>
#include <stdio.h>

json_t *k6_summary_read(const char *path, char why[200])
{
    json_error_t error;
    json_t *summary = json_load_file(path, 0, &error);
    if (!summary) {
        snprintf(why, 200, "%.150s, line %d", error.text, error.line);
        return NULL;
    }
    if (json_is_object(json_object_get(summary, "metrics")))
        return summary;
    snprintf(why, 200, "it has no 'metrics'");
    json_decref(summary);
    return NULL;
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
