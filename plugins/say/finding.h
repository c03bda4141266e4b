/**
 * @file finding.h
 * How a collector of the diagnosis says what it found: a line of its artifact findings.jsonl. Source of the format:
 * docs/DIAGNOSIS.md.
 *
 * A weight says how well the finding explains the failure. From FINDING_TOLD on it may end the failure's message, where
 * only the two heaviest stand; the others are listed by `belay show`.
 */
#ifndef FINDING_H
#define FINDING_H

#include <belay/plugin.h>

#define FINDING_TOLD 50

/** weight: 0 to 100. The text is made one line, and valid UTF-8. */
void finding(belay_ctx *c, const belay_host *h, int weight, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** True when the summary of the failed step matches a POSIX extended regular expression, whatever the case. */
int finding_failure_says(belay_ctx *c, const belay_host *h, const char *pattern);

#endif
