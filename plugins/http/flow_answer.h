/** @file flow_answer.h  What came: an answer to a request, or a delivery. Checks and captures look at it. */
#ifndef HTTP_FLOW_ANSWER_H
#define HTTP_FLOW_ANSWER_H

#include <jansson.h>

#include "transfer/transfer.h"

typedef struct flow_answer {
    long status;                     /**< 0: a delivery */
    const char *head;                /**< header lines; borrowed */
    const char *body;                /**< NUL-terminated; borrowed */
    size_t length;                   /**< of the body */
    const char *url;                 /**< where redirects led; NULL: a delivery */
    double ms;                       /**< how long it took */
    const transfer_session *session; /**< NULL: a delivery */
    json_t *json;                    /**< the body; NULL when it is no JSON, see not_json */
    char not_json[200];
} flow_answer;

/** Reads the body as JSON. flow_answer_done() in the end. */
void flow_answer_parse(flow_answer *a);
void flow_answer_done(flow_answer *a);
/** The value of the first header or cookie of this name, or NULL; the caller frees. */
char *flow_answer_header(const flow_answer *a, const char *name);
char *flow_answer_cookie(const flow_answer *a, const char *name);

#endif
