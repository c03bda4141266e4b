/**
 * @file durable.h
 * Files that count as backups: "FOLDER/PREFIX_YYYYmmdd_HHMMSS.SUFFIX", with their SHA-256 beside them in NAME.sha256,
 * as sha256sum reads it. Until it was proved, a file is NAME.partial, which nothing takes for a backup.
 */
#ifndef DURABLE_DURABLE_H
#define DURABLE_DURABLE_H

#include <belay/plugin.h>

#include <stdbool.h>
#include <stddef.h>

#include "durable/digest.h"

#define DURABLE_PATH 4096

/** The file's name by the time of the run's start, so that a second try means the same file. A '/' in the prefix
 * leads to no other folder: it becomes '_', here and in durable_retire(). */
void durable_name(belay_ctx *c, const belay_host *h, const char *folder, const char *prefix, const char *suffix,
                  char path[DURABLE_PATH]);
/** Makes what fd holds durable, writes its sum, gives it its name. false, with errno, when that cannot be done. */
bool durable_publish(int fd, const char *partial, const char *path, char hex[DIGEST_TEXT]);
/** True when the file is there and is what its sum says. */
bool durable_holds(const char *path);
/** Removes all but the newest `keep` files of that prefix and suffix that have a sum: only those count. keep 0: none.
 */
void durable_retire(const char *folder, const char *prefix, const char *suffix, int64_t keep);

#endif
