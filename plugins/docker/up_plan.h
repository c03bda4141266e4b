/** @file up_plan.h  What docker.up works on, shared by its execute and its verify. */
#ifndef DOCKER_UP_PLAN_H
#define DOCKER_UP_PLAN_H

#include "compose.h"
#include "judge.h"
#include "up.h"

typedef struct up_plan {
    engine *e;
    compose *compose;
    json_t *services;  /**< set: named by the step */
    json_t *concerned; /**< set: these and what they depend on */
    json_t *oneshot;   /**< set: services whose containers end with exit code 0 */
    json_t *hashes;    /**< service -> Compose's hash of its configuration; NULL until execute asks for it */
} up_plan;

/** Set of the services whose containers end with exit code 0: those of the option, and those whose end another service
 * waits for before it starts. The caller decrefs. */
json_t *up_oneshots(const call *c, const compose *compose);
/** Opens the engine and the compose file, and reads which services the step names. */
belay_status up_plan_open(const call *c, up_plan *ret) __attribute__((warn_unused_result));
void up_plan_done(up_plan *p);
#define guard_up_plan __attribute__((cleanup(up_plan_done))) up_plan

/** True for a service that uses another's network, IPC, processes or volumes: Compose replaces "service:NAME" by a
 * container's id before it takes the hash, so the hash tells nothing. */
bool up_shares_with_a_service(const json_t *service);
/** Why Compose would replace or remove container c of `all`, by its own rules: its service's scale, its configuration's
 * hash, its image. *ret: NULL when it stays. */
belay_status up_reason_to_replace(up_plan *p, const containers *all, const container *c, const char **ret)
    __attribute__((warn_unused_result));
/** The rules by which containers are judged. before: the undo record; the result borrows from it and from p. */
belay_status up_rules(up_plan *p, const json_t *before, judge_rules *ret) __attribute__((warn_unused_result));

#endif
