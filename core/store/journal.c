#include <stdlib.h>

#include "base/clock.h"
#include "store/sql.h"

int store_phase_begin(store *s, const char *run, const char *step, const char *phase, int attempt, int64_t *ret_seq,
                      error **err)
{
    int r = sql_in_place(s, err);
    if (r == 0)
        r = sql_int(s, ret_seq, 0, err,
                    "INSERT INTO phases (run, seq, step, phase, attempt, started_ms) "
                    "VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM phases WHERE run = ?1), ?2, ?3, ?4, ?5) "
                    "RETURNING seq",
                    "sssiI", run, step, phase, attempt, clock_wall_ms());
    return r < 0 ? error_wrap(err, "record the start of %s of step '%s'", phase, step) : 0;
}

json_t *store_phase_json(const store_phase *p)
{
    return json_pack("{s:I, s:s, s:s, s:i, s:I, s:I, s:i, s:s, s:s, s:o, s:o}", "seq", (json_int_t)p->seq, "step",
                     p->step, "phase", p->phase, "attempt", p->attempt, "started_ms", (json_int_t)p->started_ms,
                     "ended_ms", (json_int_t)p->ended_ms, "status", (int)p->status, "end", p->end, "verdict",
                     p->verdict, "summary", store_text_json(p->summary), "hint", store_text_json(p->hint));
}

static void phase_done(store_phase *p)
{
    free(p->step);
    free(p->phase);
    free(p->end);
    free(p->verdict);
    free(p->summary);
    free(p->hint);
}

#define PHASE_COLUMNS "seq, step, phase, attempt, started_ms, ended_ms, status, worker_end, verdict, summary, hint"

/* Of a row with PHASE_COLUMNS. */
static store_phase read_phase(sqlite3_stmt *q)
{
    return (store_phase){
        .seq = sqlite3_column_int64(q, 0),
        .step = sql_column(q, 1),
        .phase = sql_column(q, 2),
        .attempt = sqlite3_column_int(q, 3),
        .started_ms = sqlite3_column_int64(q, 4),
        .ended_ms = sqlite3_column_int64(q, 5),
        .status = sqlite3_column_int(q, 6),
        .end = sql_column(q, 7),
        .verdict = sql_column(q, 8),
        .summary = sql_column(q, 9),
        .hint = sql_column(q, 10),
    };
}

/* The row as it now stands: what the caller gave is not all of it. */
static int chain_phase(store *s, const char *run, int64_t seq, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err, "SELECT " PHASE_COLUMNS " FROM phases WHERE run = ? AND seq = ?", "sI", run, seq);
    if (r < 0 || (r = sql_next(s, q, err)) != SQL_ROW)
        return r;
    store_phase p = read_phase(q);
    json_t *body = store_phase_json(&p);
    phase_done(&p);
    return chain_add(s, run, STORE_CHAIN_PHASE, body, err);
}

int store_phase_end(store *s, const char *run, const store_phase *p, error **err)
{
    guard_transaction t = {0};
    int64_t found = 0;
    int r = sql_begin(s, &t, err);
    if (r == 0)
        r = sql_run(s, err,
                    "UPDATE phases SET ended_ms = ?, status = ?, worker_end = ?, verdict = ?, summary = ?, hint = ? "
                    "WHERE run = ? AND seq = ?",
                    "IisssssI", p->ended_ms, p->status, p->end, p->verdict, p->summary, p->hint, run, p->seq);
    if (r == 0)
        found = sqlite3_changes(s->db);
    if (r == 0 && !found)
        return error_set(err, ERROR_NOT_FOUND, "run %s has no phase %lld", run, (long long)p->seq);
    if (r == 0)
        r = chain_phase(s, run, p->seq, err);
    if (r < 0 || (r = sql_commit(&t, err)) < 0)
        return error_wrap(err, "record the end of phase %lld of run %s", (long long)p->seq, run);
    return 0;
}

int store_phases(store *s, const char *run, const char *step, bool (*fn)(void *user, const store_phase *p), void *user,
                 error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT " PHASE_COLUMNS " FROM phases WHERE run = ?1 AND (?2 = '' OR step = ?2) ORDER BY seq",
                      "ss", run, step);
    if (r < 0)
        return r;
    bool more = true;
    while (more && (r = sql_next(s, q, err)) == SQL_ROW) {
        store_phase p = read_phase(q);
        more = fn(user, &p);
        phase_done(&p);
    }
    return r < 0 ? r : 0;
}

int store_step_put(store *s, const char *run, const char *step, size_t index, const char *stage, const char *kind,
                   const json_t *options, error **err)
{
    guard_mem char *text = options ? json_dumps(options, JSON_COMPACT) : mem_dup("{}");
    return sql_run(s, err,
                   "INSERT OR REPLACE INTO steps (run, step, position, stage, kind, options) VALUES (?,?,?,?,?,?)",
                   "ssIsss", run, step, (int64_t)index, stage, kind, text);
}

int store_mark(store *s, const char *run, const char *key, const char *value, error **err)
{
    int r = sql_run(s, err,
                    "INSERT INTO marks (run, seq, key, value) "
                    "VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM marks WHERE run = ?1), ?2, ?3) "
                    "ON CONFLICT (run, key) DO UPDATE SET value = excluded.value",
                    "sss", run, key, value);
    return r < 0 ? error_wrap(err, "record '%s'", key) : 0;
}

int store_marks(store *s, const char *run, bool (*fn)(void *user, const char *key, const char *value), void *user,
                error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err, "SELECT key, value FROM marks WHERE run = ? ORDER BY seq", "s", run);
    if (r < 0)
        return r;
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        if (!fn(user, sql_peek(q, 0), sql_peek(q, 1)))
            return 0;
    return r;
}
