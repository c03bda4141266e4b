#include <inttypes.h>

#include <string.h>

#include "base/sha256.h"
#include "store/sql.h"

int store_undo_add(store *s, const char *run, const char *step, int epoch, const char *key, const char *value,
                   char **ret_kept, error **err)
{
    /* A key that is there already is written again, as it is: the commit then syncs it, also when the process that
     * first wrote it was killed before its own sync. */
    char digest[SHA256_TEXT];
    guard_transaction t = {0};
    int r = sql_in_place(s, err);
    if (r == 0)
        r = sql_begin(s, &t, err);
    guard_mem char *kept = NULL;
    if (r == 0)
        r = sql_text(s, &kept, err,
                     "INSERT INTO undo (run, step, epoch, key, value) VALUES (?, ?, ?, ?, ?) "
                     "ON CONFLICT (run, step, epoch, key) DO UPDATE SET value = undo.value RETURNING value",
                     "ssiss", run, step, epoch, key, value);
    if (r == 0) {
        sha256_bytes(kept, strlen(kept), digest);
        r = chain_add(s, run, STORE_CHAIN_UNDO,
                      json_pack("{s:s, s:i, s:s, s:s}", "step", step, "epoch", epoch, "key", key, "sha256", digest),
                      err);
    }
    if (r < 0 || (r = sql_commit(&t, err)) < 0)
        return error_wrap(err, "record how to undo step '%s'", step);
    *ret_kept = take(kept);
    return 0;
}

int store_undo_all(store *s, const char *run,
                   bool (*fn)(void *user, const char *step, int epoch, const char *key, const char *value), void *user,
                   error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err, "SELECT step, epoch, key, value FROM undo WHERE run = ? ORDER BY seq", "s", run);
    if (r < 0)
        return r;
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        if (!fn(user, sql_peek(q, 0), sqlite3_column_int(q, 1), sql_peek(q, 2), sql_peek(q, 3)))
            return 0;
    return r;
}

int store_undo_list(store *s, const char *run, const char *step, int epoch, json_t **ret, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r =
        sql_query(s, &q, err, "SELECT key, value FROM undo WHERE run = ? AND step = ? AND epoch = ? ORDER BY seq DESC",
                  "ssi", run, step, epoch);
    if (r < 0)
        return r;
    json_t *list = json_array();
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        if (json_array_append_new(list, json_pack("{s:s, s:s}", "key", sql_peek(q, 0), "value", sql_peek(q, 1))) < 0) {
            r = error_set(err, ERROR_STORE, "an undo record of step '%s' is not UTF-8", step);
            break;
        }
    if (r < 0) {
        json_decref(list);
        return r;
    }
    *ret = list;
    return 0;
}

int store_epoch(store *s, const char *run, const char *step, int *ret, error **err)
{
    int64_t epoch = 0;
    int r = sql_int(s, &epoch, 0, err, "SELECT epoch FROM epochs WHERE run = ? AND step = ?", "ss", run, step);
    if (r == 0)
        *ret = (int)epoch;
    return r;
}

int store_epoch_next(store *s, const char *run, const char *step, error **err)
{
    return sql_run(s, err,
                   "INSERT INTO epochs (run, step, epoch) VALUES (?, ?, 1) "
                   "ON CONFLICT (run, step) DO UPDATE SET epoch = epoch + 1",
                   "ss", run, step);
}
