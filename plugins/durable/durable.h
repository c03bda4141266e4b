/**
 * @file durable.h
 * Files that count as backups: "FOLDER/PREFIX_YYYYmmdd_HHMMSS_STEP.SUFFIX", with their SHA-256 beside them in
 * NAME.sha256, as sha256sum reads it. Until it was proved, a file is NAME.partial, which nothing takes for a backup.
 */
#ifndef DURABLE_DURABLE_H
#define DURABLE_DURABLE_H

#include <belay/plugin.h>

#include <stdbool.h>
#include <stddef.h>

#include "durable/digest.h"

#define DURABLE_PATH 4096

/** The file's name by the time of the run's start and the step's id, so that a second try means the same file, and
 * another step of the run another one. A '/' in the prefix leads to no other folder: it becomes '_', here and in
 * durable_retire(). */
void durable_name(belay_ctx *c, const belay_host *h, const char *folder, const char *prefix, const char *suffix,
                  char path[DURABLE_PATH]);
/** Makes what fd holds durable, writes its sum, gives it its name. false, with errno, when that cannot be done. */
bool durable_publish(int fd, const char *partial, const char *path, char hex[DIGEST_TEXT]);
/** True when the file is there and is what its sum says. */
bool durable_holds(const char *path);
/** Notes beside the file that the run which made it was rolled back. Such a file stays, but durable_retire() does not
 * count it among those that it keeps. A missing file is fine. */
void durable_mark_rolled_back(const char *path);
/** Of the files of that prefix and suffix that have a sum removes all but those of the newest `keep` runs that were not
 * rolled back, and of the newest `keep` that were; with a step in their names or, as they once were, without. keep 0:
 * removes none. */
void durable_retire(const char *folder, const char *prefix, const char *suffix, int64_t keep);

#endif
