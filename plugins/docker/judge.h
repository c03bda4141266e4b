/** @file judge.h  Whether a container is up, by its state alone: running, health, restarts, exit code. */
#ifndef DOCKER_JUDGE_H
#define DOCKER_JUDGE_H

#include "containers.h"

typedef struct judge_rules {
    const json_t *oneshot;  /**< set of services whose containers end with exit code 0; may be NULL */
    const json_t *restarts; /**< object: container id -> restarts that it had before; may be NULL */
    int64_t max_restarts;   /**< more restarts than this: it dies at start */
    int64_t stable_ms;      /**< how long one without a health check must have run */
    int64_t now_ns;         /**< the engine's clock */
    bool unhealthy_waits;   /**< "unhealthy" may still become healthy */
} judge_rules;

typedef enum judge_verdict { JUDGE_READY, JUDGE_WAIT, JUDGE_BAD } judge_verdict;

/** Judges by the container's inspection; `why` receives the reason unless it is ready. */
judge_verdict judge_state(const container *c, const json_t *inspected, const judge_rules *rules, text *why);
/** The same of the engine's container now; a bad one's last log lines are added to `why`. */
belay_status judge_container(engine *e, const container *c, const judge_rules *rules, judge_verdict *ret, text *why)
    __attribute__((warn_unused_result));
/** Adds "web (shop-web-1) WHAT, exit code 3", and what else the state tells. state: of its inspection. */
void judge_describe_end(const container *c, const json_t *state, const char *what, text *to);

#endif
