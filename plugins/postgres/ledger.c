#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plain name, with or without a schema: so it needs no rules for quoting in a pipeline file. */
static bool is_plain_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    size_t n = strspn(name, letters);
    if (n == 0 || n >= SERVER_NAME)
        return false;
    if (name[n] == '.') {
        name += n + 1;
        n = strspn(name, letters);
    }
    return n > 0 && n < SERVER_NAME && name[n] == '\0';
}

static belay_status find_table(server *s, const char *name, ledger *l)
{
    char found[8] = "";
    belay_status status =
        server_text(s, l->table, sizeof l->table,
                    "SELECT coalesce((SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c"
                    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)),"
                    " CASE WHEN strpos($1, '.') > 0 THEN $1 ELSE quote_ident(current_schema()) || '.' || $1 END, '')",
                    1, &name);
    if (status == BELAY_OK && !l->table[0])
        status = server_say(s, BELAY_E_FAIL, "create a schema, or name one in the option ledger",
                            "the search path of this user has no schema for the table %s", name);
    if (status == BELAY_OK)
        status = server_text(s, found, sizeof found, "SELECT to_regclass($1) IS NOT NULL", 1, &name);
    l->exists = found[0] == 't';
    return status;
}

static void take_row(const PGresult *r, int row, ledger *l)
{
    heap_reserve(l);
    ledger_row *to = &l->items[l->count++];
    *to = (ledger_row){.number = strtoll(PQgetvalue(r, row, 0), NULL, 10),
                       .file = heap_dup(PQgetvalue(r, row, 1)),
                       .done = strcmp(PQgetvalue(r, row, 3), "done") == 0,
                       .statements = (int)strtol(PQgetvalue(r, row, 4), NULL, 10),
                       .statements_done = (int)strtol(PQgetvalue(r, row, 5), NULL, 10),
                       .run = heap_dup(PQgetvalue(r, row, 6))};
    snprintf(to->sha256, sizeof to->sha256, "%s", PQgetvalue(r, row, 2));
}

belay_status ledger_read(server *s, ledger *ret)
{
    *ret = (ledger){0};
    const char *name = s->h->opt_str(s->c, "ledger");
    if (!is_plain_name(name)) {
        s->h->explain(s->c, "the ledger's name is table or schema.table, in lower-case letters, digits and _", NULL,
                      "ledger");
        return BELAY_E_CONFIG;
    }
    belay_status status = find_table(s, name, ret);
    if (status != BELAY_OK || !ret->exists)
        return status;
    PGresult *r = NULL;
    guard_heap char *sql = heap_printf(
        "SELECT number, file, sha256, state, statements, statements_done, run FROM %s ORDER BY number", ret->table);
    status = server_ask(s, &r, sql, 0, NULL);
    for (int i = 0; status == BELAY_OK && i < PQntuples(r); i++)
        take_row(r, i, ret);
    PQclear(r);
    return status;
}

void ledger_done(ledger *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->items[i].file);
        free(l->items[i].run);
    }
    free(l->items);
    *l = (ledger){0};
}

const ledger_row *ledger_find(const ledger *l, long long number)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].number == number)
            return &l->items[i];
    return NULL;
}

belay_status ledger_create(server *s, const ledger *l)
{
    return l->exists ? BELAY_OK
                     : server_do(s,
                                 "CREATE TABLE IF NOT EXISTS %s (number bigint PRIMARY KEY, file text NOT NULL,"
                                 " sha256 text NOT NULL, state text NOT NULL CHECK (state IN ('started', 'done')),"
                                 " statements integer NOT NULL, statements_done integer NOT NULL,"
                                 " applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
                                 " duration_ms bigint NOT NULL, run text NOT NULL)",
                                 l->table);
}

/* The values of one row, as SQL. */
static char *row_sql(const server *s, const ledger *l, const migration *m, const char *state, int done,
                     double duration_ms, const char *run)
{
    char *file = PQescapeLiteral(s->conn, m->name, strlen(m->name)), *by = PQescapeLiteral(s->conn, run, strlen(run));
    char *sql =
        heap_printf("INSERT INTO %s (number, file, sha256, state, statements, statements_done, duration_ms, run)"
                    " VALUES (%lld, %s, '%s', '%s', %zu, %d, %.0f, %s)"
                    " ON CONFLICT (number) DO UPDATE SET file = excluded.file, sha256 = excluded.sha256,"
                    " state = excluded.state, statements = excluded.statements,"
                    " statements_done = excluded.statements_done, applied_at = clock_timestamp(),"
                    " duration_ms = excluded.duration_ms, run = excluded.run",
                    l->table, m->number, file ? file : "''", m->sha256, state, m->script ? m->script->count : 0, done,
                    duration_ms, by ? by : "''");
    PQfreemem(file);
    PQfreemem(by);
    return sql;
}

belay_status ledger_write(server *s, const ledger *l, const migration *m, const char *state, int done,
                          double duration_ms, const char *run)
{
    guard_heap char *sql = row_sql(s, l, m, state, done, duration_ms, run);
    return server_ask(s, NULL, sql, 0, NULL);
}

char *ledger_write_sql(const server *s, const ledger *l, const migration *m, double duration_ms, const char *run)
{
    return row_sql(s, l, m, "done", (int)m->script->count, duration_ms, run);
}

belay_status ledger_forget(server *s, const ledger *l, long long number)
{
    return server_do(s, "DELETE FROM %s WHERE number = %lld", l->table, number);
}
