#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/sql.h"

#define COLUMNS                                                                                                        \
    "id, pipeline, environment, version, previous, git_commit, file, pipeline_text, sets, state, reason, user_name, "  \
    "host, started_ms, ended_ms, failed_ms, healthy_ms, discarded"
#define ID_TRIES          8
#define NAMED_IN_MESSAGES 5

static const char *const state_words[] = {
#define X(id, word) [RUN_##id] = (word),
    RUN_STATES(X)
#undef X
};

const char *run_state_name(run_state state)
{
    return state_words[state];
}

bool run_state_is_end(run_state state)
{
    return state != RUN_RUNNING && state != RUN_PAUSED && state != RUN_ROLLING_BACK;
}

bool run_state_is_open(run_state state)
{
    return !run_state_is_end(state) || state == RUN_NEEDS_PERSON;
}

static int parse_state(const char *word, run_state *ret)
{
    for (size_t i = 0; i < sizeof state_words / sizeof *state_words; i++)
        if (strcmp(state_words[i], word) == 0) {
            *ret = (run_state)i;
            return 0;
        }
    return -1;
}

void store_run_done(store_run *r)
{
    char *owned[] = {r->id,   r->pipeline, r->environment, r->version, r->previous, r->commit,
                     r->file, r->text,     r->reason,      r->user,    r->host};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    json_decref(r->sets);
    *r = (store_run){0};
}

#define guard_run __attribute__((cleanup(store_run_done))) store_run

/* Of a row with COLUMNS. */
static int read_run(store *s, sqlite3_stmt *q, store_run *ret, error **err)
{
    guard_run r = {0};
    if (parse_state(sql_peek(q, 9), &r.state) < 0 ||
        !(r.sets = json_loads(sql_peek(q, 8), JSON_REJECT_DUPLICATES, NULL)))
        return error_set(err, ERROR_STORE, "the store '%s' holds a record of run %s that cannot be read", s->path,
                         sql_peek(q, 0));
    char **texts[] = {&r.id, &r.pipeline, &r.environment, &r.version, &r.previous, &r.commit, &r.file, &r.text};
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        *texts[i] = sql_column(q, i);
    r.reason = sql_column(q, 10);
    r.user = sql_column(q, 11);
    r.host = sql_column(q, 12);
    r.started_ms = sqlite3_column_int64(q, 13);
    r.ended_ms = sqlite3_column_int64(q, 14);
    r.failed_ms = sqlite3_column_int64(q, 15);
    r.healthy_ms = sqlite3_column_int64(q, 16);
    r.discarded = sqlite3_column_int(q, 17) != 0;
    *ret = r;
    r = (store_run){0};
    return 0;
}

int store_run_new_id(int64_t now_ms, char **ret, error **err)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32: without l, o, 0 and 1 */
    unsigned char random[4];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return error_set(err, ERROR_IO, "no random numbers for the run's id");
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    char stamp[32];
    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &utc);
    *ret = mem_printf("%s-%c%c%c%c", stamp, letters[random[0] % 32], letters[random[1] % 32], letters[random[2] % 32],
                      letters[random[3] % 32]);
    return 0;
}

/* An id that no run has. The caller holds the write lock. */
static int unused_id(store *s, int64_t now_ms, char **ret, error **err)
{
    for (int i = 0; i < ID_TRIES; i++) {
        guard_mem char *id = NULL;
        int64_t used = 0;
        int r = store_run_new_id(now_ms, &id, err);
        if (r < 0 || (r = sql_int(s, &used, 0, err, "SELECT count(*) FROM runs WHERE id = ?", "s", id)) < 0)
            return r;
        if (!used) {
            *ret = take(id);
            return 0;
        }
    }
    return error_set(err, ERROR_STORE, "no unused run id was found");
}

int store_run_create(store *s, store_run *run, error **err)
{
    guard_mem char *id = NULL;
    guard_mem char *sets = run->sets ? json_dumps(run->sets, JSON_COMPACT) : mem_dup("[]");
    int64_t now = clock_wall_ms();
    guard_transaction t = {0};
    int r = sql_begin(s, &t, err);
    if (r < 0 || (r = unused_id(s, now, &id, err)) < 0)
        return error_wrap(err, "record the new run");
    r = sql_run(s, err, "INSERT INTO runs (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,0,0,0,0)", "sssssssssssssI",
                id, run->pipeline, run->environment, run->version, run->previous, run->commit, run->file, run->text,
                sets, run_state_name(run->state), run->reason, run->user, run->host, now);
    if (r < 0 || (r = sql_commit(&t, err)) < 0)
        return error_wrap(err, "record the new run");
    free(run->id);
    run->id = take(id);
    run->started_ms = now;
    return 0;
}

int store_run_update(store *s, const store_run *run, error **err)
{
    guard_transaction t = {0};
    int r = sql_begin(s, &t, err);
    if (r == 0)
        r = sql_run(s, err,
                    "UPDATE runs SET state = ?, reason = ?, git_commit = ?, ended_ms = ?, failed_ms = ?, "
                    "healthy_ms = ?, discarded = ? WHERE id = ?",
                    "sssIIIis", run_state_name(run->state), run->reason, run->commit, run->ended_ms, run->failed_ms,
                    run->healthy_ms, (int)run->discarded, run->id);
    if (r == 0 && !sqlite3_changes(s->db))
        return error_set(err, ERROR_NOT_FOUND, "no run %s is recorded", run->id);
    if (r == 0)
        r = chain_add(s, run->id, STORE_CHAIN_STATE, store_state_json(run), err);
    if (r < 0 || (r = sql_commit(&t, err)) < 0)
        return error_wrap(err, "record the state of run %s", run->id);
    return 0;
}

json_t *store_state_json(const store_run *run)
{
    return json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:b}", "state", run_state_name(run->state), "reason",
                     store_text_json(run->reason), "commit", run->commit, "ended_ms", (json_int_t)run->ended_ms,
                     "failed_ms", (json_int_t)run->failed_ms, "healthy_ms", (json_int_t)run->healthy_ms, "discarded",
                     run->discarded);
}

/* Appends the ids of the rows, the first few by name. Gives how many there were. */
static int name_runs(store *s, sqlite3_stmt *q, text *names, error **err)
{
    int r, n = 0;
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        if (n++ < NAMED_IN_MESSAGES)
            text_printf(names, "%s%s", n == 1 ? "" : ", ", sql_peek(q, 0));
    if (n > NAMED_IN_MESSAGES)
        text_printf(names, " and %d more", n - NAMED_IN_MESSAGES);
    return r < 0 ? r : n;
}

/* Why `id` names no single run. */
static int fail_to_find(store *s, const char *id, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    guard_text names = {0};
    int r =
        sql_query(s, &q, err, "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY seq DESC", "s", id);
    if (r < 0 || (r = name_runs(s, q, &names, err)) < 0)
        return r;
    if (r > 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' names %d runs: %s", id, r, text_get(&names));
    sqlite3_finalize(take(q));
    if ((r = sql_query(s, &q, err, "SELECT id FROM runs ORDER BY seq DESC", "")) < 0 ||
        (r = name_runs(s, q, &names, err)) < 0)
        return r;
    if (r == 0)
        return error_set(err, ERROR_NOT_FOUND, "no runs are recorded in '%s' yet", s->folder);
    return error_set(err, ERROR_NOT_FOUND, "no run '%s' is recorded; there are %s", id, text_get(&names));
}

int store_run_get(store *s, const char *id, store_run *ret, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    bool latest = strcmp(id, "latest") == 0;
    int r = latest ? sql_query(s, &q, err, "SELECT " COLUMNS " FROM runs ORDER BY seq DESC LIMIT 1", "")
                   : sql_query(s, &q, err, "SELECT " COLUMNS " FROM runs WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2",
                               "s", id);
    if (r < 0 || (r = sql_next(s, q, err)) < 0)
        return r;
    if (r == 0)
        return fail_to_find(s, id, err);
    guard_run found = {0};
    if ((r = read_run(s, q, &found, err)) < 0 || (r = sql_next(s, q, err)) < 0)
        return r;
    if (r == SQL_ROW)
        return fail_to_find(s, id, err);
    *ret = found;
    found = (store_run){0};
    return 0;
}

/* The first row of q; ret->id is NULL when there is none. */
static int first_run(store *s, sqlite3_stmt *q, store_run *ret, error **err)
{
    int r = sql_next(s, q, err);
    if (r == SQL_ROW)
        return read_run(s, q, ret, err);
    *ret = (store_run){0};
    return r;
}

int store_run_unfinished(store *s, const char *environment, store_run *ret, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT " COLUMNS " FROM runs WHERE environment = ? AND state IN (?, ?, ?) "
                      "ORDER BY seq DESC LIMIT 1",
                      "ssss", environment, run_state_name(RUN_RUNNING), run_state_name(RUN_PAUSED),
                      run_state_name(RUN_ROLLING_BACK));
    return r < 0 ? r : first_run(s, q, ret, err);
}

int store_run_newest(store *s, const char *environment, store_run *ret, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT " COLUMNS " FROM runs WHERE environment = ? AND state <> ? ORDER BY seq DESC LIMIT 1",
                      "ss", environment, run_state_name(RUN_REFUSED));
    return r < 0 ? r : first_run(s, q, ret, err);
}

/* A rollback may be of an older run than the newest, so the end counts, not the start. */
static int last_to_end(store *s, const char *environment, store_run *ret, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT " COLUMNS " FROM runs WHERE environment = ? AND state IN (?, ?) "
                      "ORDER BY ended_ms DESC, seq DESC LIMIT 1",
                      "sss", environment, run_state_name(RUN_COMMITTED), run_state_name(RUN_ROLLED_BACK));
    return r < 0 ? r : first_run(s, q, ret, err);
}

static int committed_before(store *s, const store_run *run, store_run *ret, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT " COLUMNS " FROM runs WHERE environment = ? AND state = ? "
                      "AND seq < (SELECT seq FROM runs WHERE id = ?) ORDER BY seq DESC LIMIT 1",
                      "sss", run->environment, run_state_name(RUN_COMMITTED), run->id);
    return r < 0 ? r : first_run(s, q, ret, err);
}

int store_live(store *s, const char *environment, char **ret_version, char **ret_run, error **err)
{
    guard_run last = {0}, before = {0};
    int r = last_to_end(s, environment, &last, err);
    const bool back = r == 0 && last.id && last.state == RUN_ROLLED_BACK;
    if (back && !*last.previous) /* its pipeline does not tell */
        r = committed_before(s, &last, &before, err);
    if (r < 0)
        return r;
    const bool told = back && *last.previous;
    const store_run *tells = back && !told ? &before : &last;
    *ret_version = tells->id ? mem_dup(told ? last.previous : tells->version) : NULL;
    *ret_run = tells->id ? mem_dup(tells->id) : NULL;
    return 0;
}

int store_environments(store *s, json_t **ret, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    json_t *names = json_array();
    int r = sql_query(s, &q, err, "SELECT environment FROM runs GROUP BY environment ORDER BY max(seq) DESC", "");
    while (r >= 0 && (r = sql_next(s, q, err)) == SQL_ROW)
        json_array_append_new(names, json_string(sql_peek(q, 0)));
    if (r == 0)
        *ret = json_incref(names);
    json_decref(names);
    return r;
}

int store_runs(store *s, const char *environment, int limit, bool (*fn)(void *user, const store_run *r), void *user,
               error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT " COLUMNS " FROM runs WHERE ?1 = '' OR environment = ?1 ORDER BY seq DESC LIMIT ?2", "si",
                      environment, limit);
    if (r < 0)
        return r;
    bool more = true;
    while (more && (r = sql_next(s, q, err)) == SQL_ROW) {
        guard_run run = {0};
        if ((r = read_run(s, q, &run, err)) < 0)
            return r;
        more = fn(user, &run);
    }
    return r < 0 ? r : 0;
}

int store_plugin_add(store *s, const char *run, const char *name, const char *version, const char *sha256,
                     uint32_t undo_format, error **err)
{
    return sql_run(s, err,
                   "INSERT OR REPLACE INTO plugins (run, name, version, sha256, undo_format) VALUES (?,?,?,?,?)",
                   "ssssI", run, name, version, sha256, (int64_t)undo_format);
}

int store_plugin_sha256(store *s, const char *run, const char *name, char **ret, error **err)
{
    char *sha256 = NULL;
    int r = sql_text(s, &sha256, err, "SELECT sha256 FROM plugins WHERE run = ? AND name = ?", "ss", run, name);
    if (r == 0)
        *ret = sha256 ? sha256 : mem_dup("");
    return r;
}
