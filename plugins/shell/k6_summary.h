/**
 * @file k6_summary.h
 * What k6 writes to the file of --summary-export: { "metrics": { NAME: { figures, "thresholds": { EXPRESSION: crossed }
 * } } }. true says that the threshold was crossed, so that it failed (grafana/k6 issue 1498). The form that
 * handleSummary() gets, { "values": { figures }, "thresholds": { EXPRESSION: { "ok": passed } } }, is understood as
 * well, and so is the versioned form of --new-machine-readable-summary (k6 1.5 and later; schema:
 * https://github.com/grafana/k6-summary): { "version", "results": { "passed", "metrics": [{ "name", "values" }],
 * "checks" } }, with thresholds where it has them.
 */
#ifndef SHELL_K6_SUMMARY_H
#define SHELL_K6_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>

/** Reads the file; NULL when it cannot be, or has no metrics: why says so. */
json_t *k6_summary_read(const char *path, char why[200]);
/** True when the versioned form says of the whole test that it failed. */
bool k6_summary_failed(const json_t *summary);
/** A figure of a metric ("http_req_duration", "p(95)"); NaN when it is not there. */
double k6_summary_figure(const json_t *summary, const char *metric, const char *figure);
/** Calls each with every threshold. */
void k6_summary_thresholds(const json_t *summary,
                           void (*each)(void *user, const char *metric, const char *expression, bool crossed),
                           void *user);

#endif
