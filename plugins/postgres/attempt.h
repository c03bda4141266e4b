/** @file attempt.h  Inside of apply: one try to apply one file. */
#ifndef POSTGRES_ATTEMPT_H
#define POSTGRES_ATTEMPT_H

#include "apply.h"
#include "send.h"

typedef struct attempt {
    applier *a;
    migration *m;
    failure why;     /**< of the statement `at`; empty when what failed explained itself */
    size_t at, kept; /**< statements: the present one; how many stay, whatever comes */
    bool again;      /**< an earlier, interrupted run may have left parts of the file */
    bool nothing;    /**< the first statement failed, and is one that leaves nothing then */
    char index[600]; /**< invalid indexes that the file left; "" when none */
    double started;
    char lock_timeout[32]; /**< of the session at its start; set where statements run each by itself */
} attempt;

/** Explains why the statement `at`, or the end of the file, failed, and what of the file is in the database now. */
belay_status attempt_explain(const attempt *t, belay_status status, bool transaction);

#endif
