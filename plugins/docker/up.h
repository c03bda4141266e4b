/** @file up.h  What docker.up remembers before it acts, shared by its two files. */
#ifndef DOCKER_UP_H
#define DOCKER_UP_H

#include "containers.h"

/**
 * The undo record "before". Names and ids only.
 *     project, mark   strings; mark names the twins (twin.h)
 *     started         the engine's clock, seconds since 1970
 *     services        set: the services named and all that they depend on
 *     containers      containers_to_json() of theirs
 *     restarts        object: container id -> restarts so far
 *     networks, volumes   their names -> when made: those of the project, and those that its containers mount
 */
#define UP_BEFORE "before"

/** The names of the project's networks and volumes: name -> when made, seconds since 1970. The caller decrefs. */
belay_status up_networks(engine *e, const char *project, json_t **ret) __attribute__((warn_unused_result));
belay_status up_volumes(engine *e, const char *project, json_t **ret) __attribute__((warn_unused_result));

#endif
