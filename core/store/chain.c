/* The chain of a run: every change of its record, and every event, each hashed together with what came before it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "store/sql.h"

void store_link_hash(const char *before, const char *run, const store_link *l, char hex[SHA256_TEXT])
{
    guard_mem char *all =
        mem_printf("belay link 1\n%s\n%s\n%s\n%lld\n%s", before, run, l->kind, (long long)l->at_ms, l->json);
    sha256_bytes(all, strlen(all), hex);
}

static const char *text_of(sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    return text ? (const char *)text : "";
}

json_t *store_text_json(const char *text)
{
    char hex[SHA256_TEXT];
    json_t *same = json_string(text);
    if (same)
        return same;
    sha256_bytes(text, strlen(text), hex);
    return json_sprintf("not UTF-8, SHA-256 %s", hex);
}

/* belay_link(before, run, kind, at_ms, json) */
static void link_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    char hex[SHA256_TEXT];
    const store_link l = {
        .kind = text_of(values[2]), .at_ms = sqlite3_value_int64(values[3]), .json = text_of(values[4])};
    store_link_hash(text_of(values[0]), text_of(values[1]), &l, hex);
    sqlite3_result_text(context, hex, SHA256_TEXT - 1, SQLITE_TRANSIENT);
}

int chain_register(store *s, error **err)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    return sqlite3_create_function_v2(s->db, "belay_link", 5, flags, NULL, link_function, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : sql_fail(s, err);
}

/* One statement: another process that decides at a gate cannot come between the two hashes. */
static int add(store *s, const char *run, int64_t at_ms, const char *kind, const char *json, error **err)
{
    return sql_run(s, err,
                   "INSERT INTO events (run, at_ms, json, kind, hash) VALUES (?1, ?2, ?3, ?4, belay_link(coalesce("
                   "(SELECT hash FROM events WHERE run = ?1 ORDER BY seq DESC LIMIT 1), ''), ?1, ?4, ?2, ?3))",
                   "sIss", run, at_ms, json, kind);
}

int chain_add(store *s, const char *run, const char *kind, json_t *body, error **err)
{
    guard_mem char *json = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!json)
        return error_set(err, ERROR_STORE, "what run %s records (%s) is not UTF-8", run, kind);
    return add(s, run, clock_wall_ms(), kind, json, err);
}

int store_chain_add(store *s, const char *run, const char *kind, json_t *body, error **err)
{
    return chain_add(s, run, kind, body, err);
}

int store_chain(store *s, const char *run, bool (*fn)(void *user, const store_link *l), void *user, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err, "SELECT kind, at_ms, json, hash FROM events WHERE run = ? ORDER BY seq", "s", run);
    if (r < 0)
        return r;
    while ((r = sql_next(s, q, err)) == SQL_ROW) {
        const store_link l = {.kind = sql_peek(q, 0),
                              .at_ms = sqlite3_column_int64(q, 1),
                              .json = sql_peek(q, 2),
                              .hash = sql_peek(q, 3)};
        if (!fn(user, &l))
            return 0;
    }
    return r;
}

int store_event_add(store *s, const char *run, int64_t at_ms, const char *json, error **err)
{
    /* In WAL mode a NORMAL commit is not synced; the next FULL one syncs the log up to itself. */
    int r = sql_script(s, "PRAGMA synchronous = NORMAL", err);
    if (r < 0)
        return r;
    int added = add(s, run, at_ms, "", json, err);
    guard(error) ignored = NULL;
    r = sql_script(s, "PRAGMA synchronous = FULL", added < 0 ? &ignored : err);
    return added < 0 ? added : r;
}
