/**
 * @file volume.h
 * The content of a named volume, read and written through a helper container that mounts it and that is never started:
 * the engine's archive endpoint works on such a container, also on an engine that is far away. Only emptying a volume
 * takes a program, `find`, which the helper then runs. Source: Engine API, ContainerArchive and PutContainerArchive.
 */
#ifndef DOCKER_VOLUME_H
#define DOCKER_VOLUME_H

#include "engine.h"
#include "tarball.h"

/** Where the helper mounts the volume, and the first part of every name in its archive. */
#define VOLUME_PLACE "belay-volume"

typedef struct volume {
    engine *e;                         /**< borrowed */
    const char *name, *image, *helper; /**< borrowed; helper: the container's name */
} volume;

/** true in *ret when there is such a volume. */
belay_status volume_exists(const volume *v, bool *ret) __attribute__((warn_unused_result));
/** The names of the running containers that mount it, "" for none; the caller frees. */
belay_status volume_users(const volume *v, char **ret) __attribute__((warn_unused_result));
/** The id of an image that a container which mounts it was made from, or of any; the caller frees. NULL: there is none.
 */
belay_status volume_some_image(const volume *v, char **ret) __attribute__((warn_unused_result));

/** Writes the content into fd as .tar.zst, and reads it back whole. */
belay_status volume_save(const volume *v, int fd, tarball_facts *ret) __attribute__((warn_unused_result));
/** Empties the volume, then puts what volume_save() wrote into it. */
belay_status volume_restore(const volume *v, int fd) __attribute__((warn_unused_result));
/** Does the image have what emptying takes? E_FAIL, explained, when not. */
belay_status volume_check_image(const volume *v) __attribute__((warn_unused_result));
/** Removes the helper; one that is not there is fine. */
belay_status volume_remove_helper(const volume *v) __attribute__((warn_unused_result));

#endif
