/** @file bridge.h  The bridges of a project's networks, seen from the machine that the engine runs on. */
#ifndef DOCKER_BRIDGE_H
#define DOCKER_BRIDGE_H

#include "engine.h"

/**
 * An engine that is killed while it starts a container leaves that one's interface behind, for good: it answers in the
 * place of whichever container gets the same address next, which is healthy and cannot be reached. BELAY_NOT_YET when a
 * bridge has more interfaces than the network has containers, explained with the command that mends it; BELAY_OK when
 * none has, or when the engine runs elsewhere.
 */
belay_status bridge_check(engine *e, const char *project) __attribute__((warn_unused_result));

#endif
