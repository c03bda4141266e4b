/* What a run leaves for later steps and for people: outputs, measurements, events, artifacts. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/sql.h"

int store_output_put(store *s, const char *run, const char *step, const char *name, const char *value, error **err)
{
    return sql_run(s, err, "INSERT OR REPLACE INTO outputs (run, step, name, value) VALUES (?, ?, ?, ?)", "ssss", run,
                   step, name, value);
}

int store_output_get(store *s, const char *run, const char *step, const char *name, char **ret, error **err)
{
    return sql_text(s, ret, err, "SELECT value FROM outputs WHERE run = ? AND step = ? AND name = ?", "sss", run, step,
                    name);
}

int store_measurement_put(store *s, const char *run, const store_measurement *m, error **err)
{
    return sql_run(s, err,
                   "INSERT INTO measurements (run, step, name, unit, value, samples, at_ms, threshold, verdict) "
                   "VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (run, step, name) DO UPDATE SET "
                   "unit = excluded.unit, value = excluded.value, samples = samples + 1, at_ms = excluded.at_ms, "
                   "threshold = excluded.threshold, verdict = excluded.verdict",
                   "ssssdIss", run, m->step, m->name, m->unit, m->value, m->at_ms, m->threshold, m->verdict);
}

static void measurement_done(store_measurement *m)
{
    free(m->step);
    free(m->name);
    free(m->unit);
    free(m->threshold);
    free(m->verdict);
}

int store_measurements(store *s, const char *run, bool (*fn)(void *user, const store_measurement *m), void *user,
                       error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT step, name, unit, value, samples, at_ms, threshold, verdict FROM measurements "
                      "WHERE run = ? ORDER BY seq",
                      "s", run);
    if (r < 0)
        return r;
    bool more = true;
    while (more && (r = sql_next(s, q, err)) == SQL_ROW) {
        store_measurement m = {
            .step = sql_column(q, 0),
            .name = sql_column(q, 1),
            .unit = sql_column(q, 2),
            .value = sqlite3_column_double(q, 3),
            .samples = sqlite3_column_int64(q, 4),
            .at_ms = sqlite3_column_int64(q, 5),
            .threshold = sql_column(q, 6),
            .verdict = sql_column(q, 7),
        };
        more = fn(user, &m);
        measurement_done(&m);
    }
    return r < 0 ? r : 0;
}

int store_baseline(store *s, const store_run *run, const char *step, const char *name, double *ret, char **ret_run,
                   error **err)
{
    guard(sqlite3_stmt) q = NULL;
    *ret_run = NULL;
    int r =
        sql_query(s, &q, err,
                  "SELECT m.value, r.id FROM measurements m JOIN runs r ON r.id = m.run WHERE r.environment = ? AND "
                  "r.pipeline = ? AND r.state = ? AND r.id <> ? AND m.step = ? AND m.name = ? "
                  "ORDER BY r.seq DESC LIMIT 1",
                  "ssssss", run->environment, run->pipeline, run_state_name(RUN_COMMITTED), run->id, step, name);
    if (r < 0 || (r = sql_next(s, q, err)) != SQL_ROW)
        return r;
    *ret = sqlite3_column_double(q, 0);
    *ret_run = sql_column(q, 1);
    return 0;
}

int store_event_add(store *s, const char *run, int64_t at_ms, const char *json, error **err)
{
    /* In WAL mode a NORMAL commit is not synced; the next FULL one syncs the log up to itself. */
    int r = sql_script(s, "PRAGMA synchronous = NORMAL", err);
    if (r < 0)
        return r;
    int added = sql_run(s, err, "INSERT INTO events (run, at_ms, json) VALUES (?, ?, ?)", "sIs", run, at_ms, json);
    guard(error) ignored = NULL;
    r = sql_script(s, "PRAGMA synchronous = FULL", added < 0 ? &ignored : err);
    return added < 0 ? added : r;
}

int store_events(store *s, const char *run, const char *type, bool (*fn)(void *user, const char *json), void *user,
                 error **err)
{
    guard(sqlite3_stmt) q = NULL;
    guard_mem char *mark = type ? mem_printf("\"type\":\"%s\"", type) : mem_dup("{");
    int r = sql_query(s, &q, err, "SELECT json FROM events WHERE run = ? AND instr(json, ?) > 0 ORDER BY seq", "ss",
                      run, mark);
    if (r < 0)
        return r;
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        if (!fn(user, sql_peek(q, 0)))
            return 0;
    return r;
}

/* A name that stays within its folder. */
static bool is_file_name(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int store_artifact_path(store *s, const char *run, const char *step, const char *name, char **ret, error **err)
{
    const char *const parts[] = {run, step, name};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!is_file_name(parts[i]))
            return error_set(err, ERROR_STORE, "'%s' cannot be part of an artifact's path", parts[i]);
    guard_mem char *folder = mem_printf("%s/runs/%s/%s", s->folder, run, step);
    int r = sql_in_place(s, err); /* no new state folder is to stand where the old one was */
    if (r < 0 || (r = file_make_folder(folder, err)) < 0)
        return error_wrap(err, "make the artifact folder");
    *ret = mem_printf("%s/%s", folder, name);
    return 0;
}
