/** @file flow_order.h  The states that a polled value goes through: only those named, in their order, none left out. */
#ifndef HTTP_FLOW_ORDER_H
#define HTTP_FLOW_ORDER_H

#include "flow_run.h"

typedef struct flow_order {
    const config_setting_t *rule; /**< the poll's `order`; NULL: none, and all below does nothing */
    int last;                     /**< index of the state seen last; -1: none yet */
    text seen;                    /**< "queued, running" */
} flow_order;

/** Begins, behind the state that `after` names. */
void flow_order_begin(flow_order *o, const flow_run *run, const config_setting_t *poll);
/** Takes the state that an answer tells. False when that cannot be: why says so. */
bool flow_order_see(flow_order *o, const flow_run *run, const flow_answer *a, text *why);
/** At the end: was the last state reached? */
bool flow_order_end(const flow_order *o, text *why);
void flow_order_done(flow_order *o);

#endif
