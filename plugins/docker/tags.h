/**
 * @file tags.h
 * Image references and the ids they point at: remembered, set aside under a tag of this step's own so that the earlier
 * image cannot be lost, and given back. The map is a JSON object: reference -> image id, or null when there was none.
 */
#ifndef DOCKER_TAGS_H
#define DOCKER_TAGS_H

#include "engine.h"

/** Splits "host:5000/repo/name:tag"; a missing tag is "latest". The caller frees both. */
void tags_split(const char *reference, char **ret_repository, char **ret_tag);
/** The id that a reference has, or NULL; the caller frees. */
belay_status tags_id(engine *e, const char *reference, char **ret) __attribute__((warn_unused_result));
/** Reads the ids of all references (a set). The caller decrefs. */
belay_status tags_read(engine *e, json_t *references, json_t **ret) __attribute__((warn_unused_result));
/** Points a reference at an image. */
belay_status tags_point(engine *e, const char *id, const char *reference) __attribute__((warn_unused_result));
/** Before anything changes: remembers what the references (a set) point at, as "before" in the undo journal, and gives
 * each of those images a further tag, "REPOSITORY:belay-MARK.TAG", so that no one prunes it. *ret: the map as it is
 * kept, the caller decrefs. */
belay_status tags_remember(engine *e, json_t *references, json_t **ret) __attribute__((warn_unused_result));
/** The map that tags_remember() kept, or NULL. The caller decrefs. */
json_t *tags_recall(const call *c);
/** Points every reference at what it had, removes those that had nothing, then the further tags. Goes on after a
 * failure, and tells the first. made: what the step gave them, as far as that is known, or NULL: when one has an image
 * that is neither that nor the earlier one, somebody else changed it, and nothing is touched. */
belay_status tags_rollback(engine *e, json_t *before, json_t *made) __attribute__((warn_unused_result));
/** Removes the further tags. */
belay_status tags_release(engine *e, json_t *before) __attribute__((warn_unused_result));

#endif
