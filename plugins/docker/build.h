/** @file build.h  The parts of docker.build. */
#ifndef DOCKER_BUILD_H
#define DOCKER_BUILD_H

#include "buildlog.h"
#include "compose.h"

#define BUILD_LOG "build.log" /**< the artifact with the whole log */

/** Explains why the build failed, with service, Dockerfile, line and the last output of the step: E_FAIL, or E_RETRY
 * when the engine went away. */
belay_status build_explain(engine *e, const compose *compose, json_t *services, const buildlog *log,
                           const belay_run *io);

/* What the tries of this step made, in the undo journal: "built" (reference -> id) and "replaced" (set of ids, whose
 * names a later try took). What is recorded stays, so a further try adds a number to the key. */

belay_status build_remember(const call *c, const char *what, const json_t *value) __attribute__((warn_unused_result));
/** What the last try built; NULL: nothing. The caller decrefs. */
json_t *build_recall(const call *c);
/** The same; NULL also when a later try was interrupted: what stands for the references by now may be that try's. */
json_t *build_recall_ended(const call *c);
/** Records the images that an earlier try gave to the references, before they lose their names. */
belay_status build_remember_tries(engine *e, json_t *references, const json_t *before)
    __attribute__((warn_unused_result));
/** Before the first try: records which images have no name. */
belay_status build_remember_nameless(engine *e) __attribute__((warn_unused_result));
/** Removes the images that lost their names to a later try. */
belay_status build_remove_tries(engine *e) __attribute__((warn_unused_result));
/** Removes an image that this step made, unless something names or uses it. */
belay_status build_remove(engine *e, const char *id) __attribute__((warn_unused_result));

#endif
