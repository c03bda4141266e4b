/**
 * @file image.h
 * When two images are the same. With the containerd image store an image's id is the digest of its index, which also
 * lists attestations: a build that takes all from the cache gets a new id for the same image. What counts is the
 * platform's manifest, or the configuration (layers, settings, time of creation) that it names.
 */
#ifndef DOCKER_IMAGE_H
#define DOCKER_IMAGE_H

#include "containers.h"

/** Are both there, and the same? References or ids. */
belay_status image_equals(engine *e, const char *one, const char *other, bool *ret) __attribute__((warn_unused_result));
/** Does the container have the image that the reference has now? *ret_id: the reference's id, NULL when there is none;
 * the caller frees. */
belay_status image_is_of(engine *e, const container *c, const char *reference, bool *ret, char **ret_id)
    __attribute__((warn_unused_result));
/** After a build: each reference whose new image is the one that it had (before: reference -> id) points at that again.
 * Else Compose would replace containers for nothing, also of services that no step names. */
belay_status image_keep_equal(engine *e, json_t *before) __attribute__((warn_unused_result));

#endif
