/**
 * @file files.h
 * The migration files of a folder: in the order of the number that begins each name, with what is ambiguous refused.
 *
 * Options read: dir, pattern, first, gaps, expect.
 */
#ifndef POSTGRES_FILES_H
#define POSTGRES_FILES_H

#include <belay/plugin.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "durable/digest.h"
#include "splitter.h"

typedef struct migration {
    char *name; /**< "008_add_costs.sql" */
    char *path;
    long long number;
    int digits; /**< how wide the number is written */
    char sha256[DIGEST_TEXT];
    buf source; /**< the file, once migration_load() has read it, with the part that undoes it blanked */
    sql_script *script;
    const char *down_words; /**< the marker that begins the part that undoes, "-- +goose Down"; NULL: there is none */
    unsigned down_line;     /**< where it stands */
    bool no_transaction;    /**< a marker of another tool asks for it */
} migration;

typedef struct migration_files {
    migration *items; /**< by number */
    size_t count, room;
} migration_files;

/** Lists the files and their digests. E_CONFIG for a folder or pattern that cannot be used, E_FAIL when the order is
 * ambiguous or a file is missing; explained. migration_files_done() in any case. */
belay_status migration_files_read(belay_ctx *c, const belay_host *h, migration_files *ret);
void migration_files_done(migration_files *files);

/** Reads and splits the file, unless it is loaded. E_RETRY when it cannot be read. */
belay_status migration_load(belay_ctx *c, const belay_host *h, migration *m, bool standard_strings);
/** The same, but keeps of the file the part that undoes it. */
belay_status migration_load_down(belay_ctx *c, const belay_host *h, migration *m, bool standard_strings);
/** The path of NAME.down.sql beside NAME.sql or NAME.up.sql; the caller frees. */
char *migration_down_path(const migration *m);

#endif
