/** @file networks.h  What Compose does to networks whose configuration changed. */
#ifndef DOCKER_NETWORKS_H
#define DOCKER_NETWORKS_H

#include "compose.h"

/** Compose 2.32 and newer replaces a network whose configuration changed, and first stops every container on it, also
 * of services that are not named. E_FAIL, explained, when one of the services' networks (a set) would be replaced. */
belay_status networks_check(engine *e, compose *c, json_t *services) __attribute__((warn_unused_result));

#endif
