/**
 * @file measure.h
 * Measuring what bears a name from outside: a container, a target, the labels of a series. Such a name may be longer
 * than the host takes, or no text at all, and a measurement that is refused is judged by no threshold.
 */
#ifndef SAY_MEASURE_H
#define SAY_MEASURE_H

#include <belay/plugin.h>

/** Bytes of a measurement's name that the host takes. Source: docs/PROTOCOL.md, "Limits". */
#define MEASURE_NAME 128

/** "METRIC/INSTANCE"; METRIC alone where instance is NULL or "". One that is too long is cut and ends in '~' and 8 hex
 * digits of a sum of the whole instance, so that two with the same beginning stay two. Bytes that are not UTF-8 become
 * '?', and the name ends in such a sum, too. metric: shorter than 64 bytes. */
void measure_name(const char *metric, const char *instance, char ret[MEASURE_NAME + 1]);

/** Measures it under that name. The step has to end with any status but OK: what was refused is not judged. */
belay_status measure_instance(belay_ctx *c, const belay_host *h, const char *metric, const char *instance, double value)
    __attribute__((warn_unused_result));

#endif
