/** @file containers.h  The containers of a Compose project, found by their labels, and what is done with many at once.
 */
#ifndef DOCKER_CONTAINERS_H
#define DOCKER_CONTAINERS_H

#include "engine.h"

/** The labels by which Compose knows what it made. */
#define LABEL_PROJECT    "com.docker.compose.project"
#define LABEL_SERVICE    "com.docker.compose.service"
#define LABEL_ONEOFF     "com.docker.compose.oneoff"
#define LABEL_HASH       "com.docker.compose.config-hash"
#define LABEL_IMAGE      "com.docker.compose.image"
#define LABEL_DEPENDS_ON "com.docker.compose.depends_on"

typedef struct container {
    char *id, *name;  /**< name without the leading '/' */
    char *service;    /**< "" when Compose did not make it */
    char *image;      /**< id of the image it was made from, "sha256:..." */
    char *manifest;   /**< digest of that image's manifest for the platform, "" when the engine does not tell it */
    char *hash;       /**< Compose's hash of its configuration, "" when unknown */
    char *depends_on; /**< as Compose writes it: "postgres:service_healthy:false,redis:service_started:false" */
    bool running;     /**< running, paused or restarting */
    bool restarting;  /**< it had ended by itself, and the engine was about to start it again */
    bool oneoff;      /**< made by `compose run` */
    json_t *volumes;  /**< array: names of the volumes that it mounts */
} container;

typedef struct containers {
    container *items;
    size_t count, room;
} containers;

void containers_done(containers *list);
#define guard_containers __attribute__((cleanup(containers_done))) containers

/** All containers of the project, whatever their state. */
belay_status containers_of(engine *e, const char *project, containers *ret) __attribute__((warn_unused_result));
/** All containers of the engine that carry the label ("name" or "name=value"). label NULL: all there are. */
belay_status containers_labelled(engine *e, const char *label, containers *ret) __attribute__((warn_unused_result));
/** Keeps those of services in the set; with_others: also those that `compose run` or
 *  somebody's `docker run` made of the project's images. */
void containers_select(containers *list, const json_t *services, bool with_others);
/** Keeps the first n. */
void containers_cut(containers *list, size_t n);
void containers_add_copy(containers *list, const container *c);
/** Were both made from one image? */
bool containers_same_image(const container *a, const container *b);
/** NULL when there is none. Borrowed from the list. */
const container *containers_by_id(const containers *list, const char *id);
const container *containers_by_name(const containers *list, const char *name);
/** "name, name, name"; the caller frees. */
char *containers_names(const containers *list);

/** Does it depend on the service, by its label? */
bool containers_depends(const container *c, const char *service);
/** Puts those that others depend on first. */
void containers_sort(containers *list);

/** For the undo journal: no environment, no command, nothing that could hold a secret. */
json_t *containers_to_json(const containers *list);
/** false when it is not what containers_to_json() gives. */
bool containers_from_json(const json_t *array, containers *ret);

/** Stops all, side by side; each may take grace_ms to end before it is killed. One that is gone counts as stopped. */
belay_status containers_stop(engine *e, const containers *list, int64_t grace_ms) __attribute__((warn_unused_result));
/** Removes all, side by side; their volumes stay. One that is gone counts as removed. */
belay_status containers_remove(engine *e, const containers *list) __attribute__((warn_unused_result));
/** Starts those that do not run, those that others depend on first; waits until each runs, and is healthy where one
 * that depends on it asks for that. One that fails keeps no other down: what failed is told in the end. One may end
 * with exit code 0 when that is how it ends: made by `compose run`, of a service in `oneshot` (a set; may be NULL),
 * asked by another to complete, or with the restart policy on-failure. One marked `restarting` is started and left to
 * itself. */
belay_status containers_start(engine *e, const containers *list, const json_t *oneshot)
    __attribute__((warn_unused_result));

#endif
