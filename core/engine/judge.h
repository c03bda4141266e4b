/**
 * @file judge.h
 * Inside of core/engine. Verdicts: of samples by their thresholds, of calls by what they measured and how they ended.
 */
#ifndef ENGINE_JUDGE_H
#define ENGINE_JUDGE_H

#include "engine/driver.h"

/** Takes a sample: compares, records, tells. 0, or -1 when the metric is not declared or cannot be written. */
int judge_sample(call *c, const char *name, double value);
/** Notes that a plugin measured NaN or an infinity: where the metric has a threshold, the call cannot pass. */
void judge_not_finite(call *c, const char *name);
/** Gives the verdict of a call that has ended; may replace its summary. */
void judge_call(call *c);

#endif
