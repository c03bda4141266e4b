/**
 * @file layers.h
 * How large an image is unpacked: the sum of the sizes of the files in its layers, as the classic stores (overlay2)
 * give it. Engines with the containerd image store give other numbers under the same name: the compressed layers, or
 * these and what they take on disk. There the layers are read, from the engine's export of the image.
 */
#ifndef DOCKER_LAYERS_H
#define DOCKER_LAYERS_H

#include "engine.h"

typedef struct layers_size {
    int64_t bytes;   /**< -1: there is no such image */
    const char *how; /**< how it was measured, in words; static */
} layers_size;

/** The unpacked size of an image. */
belay_status layers_measure(engine *e, const char *reference, layers_size *ret) __attribute__((warn_unused_result));

#endif
