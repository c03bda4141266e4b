/**
 * @file twin.h
 * Setting a container aside. Compose removes the container that it replaces and finds containers by labels, which no
 * one can change afterwards; so the old one cannot be hidden from it. Instead the engine is given a twin: a container
 * that is never started, made from all that the old one was made from (image id, environment, mounts, anonymous
 * volumes), named NAME-belay-MARK, whose label "belay.original" keeps what a twin must not have itself (labels,
 * networks, restart policy). From it alone the old container can be made again, whatever has become of compose file,
 * tags and Belay. The environment stays inside the engine: nothing of it is stored by Belay.
 */
#ifndef DOCKER_TWIN_H
#define DOCKER_TWIN_H

#include "containers.h"

#define TWIN_LABEL "belay.twin"

/** Makes the twin of a container, once: when it is there already, nothing is done. */
belay_status twin_make(engine *e, const container *c, const char *mark) __attribute__((warn_unused_result));
/** E_FAIL, explained, when the engine no longer has the container's image, so that no twin can be made. */
belay_status twin_check_image(engine *e, const container *c) __attribute__((warn_unused_result));
/** Makes the old container again from its twin, not started, under its name. replaces: id of a container that has the
 * name and goes for it, or NULL when the name is free. *ret_id: its new id; the caller frees. E_FAIL when there is no
 * twin. */
belay_status twin_restore(engine *e, const container *c, const char *mark, const char *replaces, char **ret_id)
    __attribute__((warn_unused_result));
/** True when a container shares the network, IPC or processes of one that is gone: it can never be started again. */
belay_status twin_is_stranded(engine *e, const container *c, bool *ret) __attribute__((warn_unused_result));
/** Removes the twins of these containers. */
belay_status twin_remove_all(engine *e, const containers *old, const char *mark) __attribute__((warn_unused_result));

#endif
