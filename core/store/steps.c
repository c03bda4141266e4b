/* What a run was made of: its steps with their options, and the plugins that it pinned. */
#include <stdlib.h>

#include "store/sql.h"

int store_steps_put(store *s, const char *run, const store_step *steps, size_t n, error **err)
{
    guard_transaction t = {0};
    int r = sql_begin(s, &t, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = store_step_put(s, run, steps[i].step, steps[i].index, steps[i].stage, steps[i].kind, steps[i].options, err);
    if (r < 0 || (r = sql_commit(&t, err)) < 0)
        return error_wrap(err, "record the steps of run %s", run);
    return 0;
}

int store_steps(store *s, const char *run, bool (*fn)(void *user, const store_step *step), void *user, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(
        s, &q, err, "SELECT step, position, stage, kind, options FROM steps WHERE run = ? ORDER BY position", "s", run);
    if (r < 0)
        return r;
    bool more = true;
    while (more && (r = sql_next(s, q, err)) == SQL_ROW) {
        store_step step = {.step = sql_column(q, 0),
                           .index = (size_t)sqlite3_column_int64(q, 1),
                           .stage = sql_column(q, 2),
                           .kind = sql_column(q, 3),
                           .options = json_loads(sql_peek(q, 4), 0, NULL)};
        if (step.options)
            more = fn(user, &step);
        else
            r = error_set(err, ERROR_STORE, "the options of step '%s' of run %s cannot be read", step.step, run);
        free(step.step);
        free(step.stage);
        free(step.kind);
        json_decref(step.options);
        if (r < 0)
            break;
    }
    return r < 0 ? r : 0;
}

int store_plugins(store *s, const char *run,
                  bool (*fn)(void *user, const char *name, const char *version, const char *sha256), void *user,
                  error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err, "SELECT name, version, sha256 FROM plugins WHERE run = ? ORDER BY name", "s", run);
    if (r < 0)
        return r;
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        if (!fn(user, sql_peek(q, 0), sql_peek(q, 1), sql_peek(q, 2)))
            return 0;
    return r;
}
