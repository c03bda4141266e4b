/**
 * @file indexes.h
 * Indexes that are there but invalid (pg_index.indisvalid), as a failed CREATE INDEX CONCURRENTLY leaves them: queries
 * do not use them, and IF NOT EXISTS takes them for made. An invalid index of a partitioned table is a normal state
 * between CREATE INDEX ON ONLY and ATTACH PARTITION, and is left out.
 */
#ifndef POSTGRES_INDEXES_H
#define POSTGRES_INDEXES_H

#include "files.h"
#include "server.h"
#include "splitter.h"

/** The invalid indexes, as a list that the calls below take; the caller frees. */
belay_status indexes_invalid(server *s, char **ret);
/** E_FAIL when there are others than `before`; `kept` says what became of the file. */
belay_status indexes_check_new(server *s, const char *before, const char *path, const char *kept);
/** The names of others than `before`, quoted, into buf; "" when there are none. */
belay_status indexes_new(server *s, const char *before, char *buf, size_t size);
/** E_FAIL when CREATE INDEX IF NOT EXISTS would find an invalid index of its name, and do nothing. */
belay_status indexes_check_name(server *s, const migration *m, const sql_statement *statement);

#endif
