/* What a run leaves for later steps and for people: outputs, measurements, events, artifacts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "store/sql.h"

int store_output_put(store *s, const char *run, const char *step, const char *name, const char *value, error **err)
{
    char digest[SHA256_TEXT];
    guard_transaction t = {0};
    int r = sql_begin(s, &t, err);
    if (r == 0)
        r = sql_run(s, err, "INSERT OR REPLACE INTO outputs (run, step, name, value) VALUES (?, ?, ?, ?)", "ssss", run,
                    step, name, value);
    sha256_bytes(value, strlen(value), digest);
    if (r == 0)
        r = chain_add(s, run, STORE_CHAIN_OUTPUT,
                      json_pack("{s:s, s:s, s:s}", "step", step, "name", name, "sha256", digest), err);
    return r == 0 ? sql_commit(&t, err) : r;
}

int store_outputs(store *s, const char *run,
                  bool (*fn)(void *user, const char *step, const char *name, const char *value), void *user,
                  error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err, "SELECT step, name, value FROM outputs WHERE run = ? ORDER BY step, name", "s", run);
    if (r < 0)
        return r;
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        if (!fn(user, sql_peek(q, 0), sql_peek(q, 1), sql_peek(q, 2)))
            return 0;
    return r;
}

int store_output_get(store *s, const char *run, const char *step, const char *name, char **ret, error **err)
{
    return sql_text(s, ret, err, "SELECT value FROM outputs WHERE run = ? AND step = ? AND name = ?", "sss", run, step,
                    name);
}

int store_measurement_put(store *s, const char *run, const store_measurement *m, error **err)
{
    int64_t samples = 0;
    guard_transaction t = {0};
    int r = sql_begin(s, &t, err);
    if (r == 0)
        r = sql_int(s, &samples, 1, err,
                    "INSERT INTO measurements (run, step, name, unit, value, samples, at_ms, threshold, verdict) "
                    "VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (run, step, name) DO UPDATE SET "
                    "unit = excluded.unit, value = excluded.value, samples = samples + 1, at_ms = excluded.at_ms, "
                    "threshold = excluded.threshold, verdict = excluded.verdict RETURNING samples",
                    "ssssdIss", run, m->step, m->name, m->unit, m->value, m->at_ms, m->threshold, m->verdict);
    store_measurement written = *m;
    written.samples = samples;
    if (r == 0)
        r = chain_add(s, run, STORE_CHAIN_MEASUREMENT, store_measurement_json(&written), err);
    return r == 0 ? sql_commit(&t, err) : r;
}

json_t *store_measurement_json(const store_measurement *m)
{
    char value[32]; /* as a text: the same digits wherever it is read */
    (void)snprintf(value, sizeof value, "%.17g", m->value);
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "step", m->step, "name", m->name, "unit", m->unit,
                     "value", value, "samples", (json_int_t)m->samples, "at_ms", (json_int_t)m->at_ms, "threshold",
                     m->threshold, "verdict", m->verdict);
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

int store_events(store *s, const char *run, const char *type, bool (*fn)(void *user, const char *json), void *user,
                 error **err)
{
    guard(sqlite3_stmt) q = NULL;
    guard_mem char *mark = type ? mem_printf("\"type\":\"%s\"", type) : mem_dup("{");
    int r =
        sql_query(s, &q, err, "SELECT json FROM events WHERE run = ? AND kind = '' AND instr(json, ?) > 0 ORDER BY seq",
                  "ss", run, mark);
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
