/** @file values.h  The figures of a query's answer, as the metric `value`. */
#ifndef GRAFANA_VALUES_H
#define GRAFANA_VALUES_H

#include <belay/plugin.h>

#include "frames.h"

/** Measures each series, reduced as the option `reduce` says: "value", or "value/LABELS" when there are several.
 * NO_DATA without one number, E_FAIL for an infinite one; explained. */
belay_status values_measure(belay_ctx *c, const belay_host *h, const frames *f);

#endif
