#include <inttypes.h>

#include "store/sql.h"

int store_undo_add(store *s, const char *run, const char *step, int epoch, const char *key, const char *value,
                   char **ret_kept, error **err)
{
    /* A key that is there already is written again, as it is: the commit then syncs it, also when the process that
     * first wrote it was killed before its own sync. */
    int r = sql_in_place(s, err);
    if (r == 0)
        r = sql_text(s, ret_kept, err,
                     "INSERT INTO undo (run, step, epoch, key, value) VALUES (?, ?, ?, ?, ?) "
                     "ON CONFLICT (run, step, epoch, key) DO UPDATE SET value = undo.value RETURNING value",
                     "ssiss", run, step, epoch, key, value);
    return r < 0 ? error_wrap(err, "record how to undo step '%s'", step) : 0;
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
