/* What server.h offers on whole databases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "properties.h"
#include "server.h"

#define FILE_COPY_FROM (64.0 * 1024 * 1024)

belay_status server_exists(server *s, const char *name, bool *ret)
{
    char found[8] = "";
    belay_status status = server_text(s, found, sizeof found, "SELECT 1 FROM pg_database WHERE datname = $1", 1, &name);
    *ret = found[0] != '\0';
    return status;
}

belay_status server_free_name(server *s, const char *word, char ret[SERVER_NAME])
{
    bool taken = true;
    belay_status status = BELAY_OK;
    for (int n = 1; status == BELAY_OK && taken && n <= SERVER_DERIVED; n++) {
        server_derive_next(s, word, n, ret);
        status = server_exists(s, ret, &taken);
    }
    return status == BELAY_OK && taken ? server_say(s, BELAY_E_FAIL, NULL, "too many databases are called like %s", ret)
                                       : status;
}

belay_status server_size(server *s, const char *name, double *ret)
{
    char text[32] = "";
    belay_status status = server_text(s, text, sizeof text, "SELECT pg_database_size($1::name)", 1, &name);
    *ret = strtod(text, NULL);
    return status;
}

belay_status server_sessions(server *s, const char *name, char *buf, size_t size)
{
    return server_text(s, buf, size,
                       "SELECT count(*) || ' sessions: ' || string_agg(format('%s (pid %s, user %s)',"
                       " coalesce(nullif(application_name, ''), 'unnamed'), pid, usename), ', ')"
                       " FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
                       " AND coalesce(backend_type, 'client backend') <> 'parallel worker' HAVING count(*) > 0",
                       1, &name); /* the type of others' sessions may be hidden, see server_sees_sessions() */
}

belay_status server_explain_blind(const server *s, const char *what)
{
    char hint[SERVER_QUOTED + 64], user[SERVER_QUOTED];
    snprintf(hint, sizeof hint, "as a superuser: GRANT pg_read_all_stats TO %s", server_name(PQuser(s->conn), user));
    return server_say(s, BELAY_E_RETRY, hint, "the user %s sees only %s: it lacks the right pg_read_all_stats",
                      PQuser(s->conn), what);
}

/* Application and user are there for everybody; the type is so for nobody else, and all that is visible has one. */
belay_status server_sees_sessions(server *s, const char *name, const char *allow)
{
    char hidden[32] = "", what[128];
    const char *parameters[] = {name, allow};
    belay_status status =
        server_text(s, hidden, sizeof hidden,
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type IS NULL"
                    " AND usesysid IS NOT NULL"
                    " AND ($2::text IS NULL OR application_name !~ $2 AND usename !~ $2)",
                    2, parameters);
    if (status != BELAY_OK || strcmp(hidden, "0") == 0)
        return status;
    snprintf(what, sizeof what, "its own sessions, not what the others on %s (%s) are and do", name, hidden);
    return server_explain_blind(s, what);
}

static belay_status owner_of(server *s, const char *name, char owner[SERVER_NAME])
{
    return server_text(s, owner, SERVER_NAME, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", 1,
                       &name);
}

/* Copying files (two checkpoints) is faster than writing the copy through the WAL above a size, and takes no time where
 * the server clones files (PostgreSQL 18). */
static belay_status choose_strategy(server *s, const char *from, const char **ret)
{
    char cloned[8] = "";
    double size = 0;
    *ret = "";
    if (PQserverVersion(s->conn) < 150000)
        return BELAY_OK;
    belay_status status =
        server_text(s, cloned, sizeof cloned,
                    "SELECT coalesce(current_setting('file_copy_method', true) = 'clone', false)", 0, NULL);
    if (status == BELAY_OK)
        status = server_size(s, from, &size);
    *ret = *cloned == 't' || size > FILE_COPY_FROM ? " STRATEGY file_copy" : " STRATEGY wal_log";
    return status;
}

belay_status server_copy(server *s, const char *from, const char *to)
{
    char owner[SERVER_NAME], q_from[SERVER_QUOTED], q_to[SERVER_QUOTED], q_owner[SERVER_QUOTED];
    char properties[PROPERTIES_TEXT] = "";
    const char *strategy = "";
    belay_status status = owner_of(s, from, owner);
    if (status == BELAY_OK)
        status = choose_strategy(s, from, &strategy);
    if (status == BELAY_OK)
        status = properties_print(s, from, properties);
    if (status == BELAY_OK)
        status = server_do(s, "CREATE DATABASE %s TEMPLATE %s OWNER %s%s", server_name(to, q_to),
                           server_name(from, q_from), server_name(owner, q_owner), strategy);
    if (status == BELAY_OK)
        status = properties_copy(s, from, to);
    return status == BELAY_OK ? properties_check(s, to, properties) : status;
}

/* What CREATE DATABASE can be told of a database, in the words of the server's version. */
static const char creation[] =
    "SELECT concat_ws(' ', format('OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_get_userbyid(d.datdba),"
    " pg_encoding_to_char(d.encoding), d.datcollate, d.datctype),"
    " CASE j->>'datlocprovider' WHEN 'i' THEN 'LOCALE_PROVIDER icu' WHEN 'b' THEN 'LOCALE_PROVIDER builtin'"
    "                           WHEN 'c' THEN 'LOCALE_PROVIDER libc' END,"
    " CASE j->>'datlocprovider' WHEN 'i' THEN 'ICU_LOCALE ' WHEN 'b' THEN 'BUILTIN_LOCALE ' END"
    "   || quote_literal(coalesce(j->>'datlocale', j->>'daticulocale')),"
    " 'ICU_RULES ' || quote_literal(j->>'daticurules'),"
    " (SELECT format('TABLESPACE %I', t.spcname) FROM pg_tablespace t, pg_database t0"
    "   WHERE t.oid = d.dattablespace AND t0.datname = 'template0' AND t0.dattablespace <> d.dattablespace))"
    " FROM pg_database d, LATERAL (SELECT to_jsonb(d)) j(j) WHERE d.datname = $1";

/* A database, a role or a server that is read-only by default would refuse what is to be restored. Of all places where
 * that can be set, the one for a role in a database counts most. */
static belay_status permit_writing(server *s, const char *name, bool permit)
{
    char quoted[SERVER_QUOTED];
    return server_do(s, "ALTER ROLE SESSION_USER IN DATABASE %s %s", server_name(name, quoted),
                     permit ? "SET default_transaction_read_only = off" : "RESET default_transaction_read_only");
}

belay_status server_create_like(server *s, const char *like, const char *name)
{
    PGresult *r = NULL;
    char q_name[SERVER_QUOTED];
    belay_status status = server_ask(s, &r, creation, 1, &like);
    if (status == BELAY_OK && PQntuples(r) == 0)
        status = server_say(s, BELAY_E_FAIL, NULL, "there is no database \"%s\" on this server", like);
    if (status == BELAY_OK)
        status =
            server_do(s, "CREATE DATABASE %s TEMPLATE template0 %s", server_name(name, q_name), PQgetvalue(r, 0, 0));
    PQclear(r);
    if (status == BELAY_OK)
        status = properties_copy_settings(s, like, name);
    return status == BELAY_OK ? permit_writing(s, name, true) : status;
}

/* Without them the first queries would be planned by guesses. */
static belay_status gather_statistics(server *s, const char *name)
{
    server inside = {0};
    s->h->progress(s->c, 0, 0, "gathering the statistics for the planner (ANALYZE)");
    belay_status status = server_open_other(s->c, s->h, name, &inside);
    if (status == BELAY_OK)
        status = server_do(&inside, "SET client_min_messages = error");
    if (status == BELAY_OK)
        status = server_do(&inside, "SET statement_timeout = 0");
    if (status == BELAY_OK)
        status = server_do(&inside, "ANALYZE");
    server_close(&inside);
    return status;
}

belay_status server_complete_like(server *s, const char *like, const char *name, bool analyze)
{
    char properties[PROPERTIES_TEXT] = "";
    belay_status status = analyze ? gather_statistics(s, name) : BELAY_OK;
    if (status == BELAY_OK)
        status = permit_writing(s, name, false);
    if (status == BELAY_OK)
        status = properties_print(s, like, properties);
    if (status == BELAY_OK)
        status = properties_copy(s, like, name);
    return status == BELAY_OK ? properties_check(s, name, properties) : status;
}

belay_status server_rename(server *s, const char *from, const char *to)
{
    char q_from[SERVER_QUOTED], q_to[SERVER_QUOTED];
    return server_do(s, "ALTER DATABASE %s RENAME TO %s", server_name(from, q_from), server_name(to, q_to));
}

/* DROP DATABASE refuses a template. */
static belay_status be_no_template(server *s, const char *name)
{
    char found[8] = "", quoted[SERVER_QUOTED];
    belay_status status =
        server_text(s, found, sizeof found, "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", 1, &name);
    return status == BELAY_OK && *found ? server_do(s, "ALTER DATABASE %s IS_TEMPLATE false", server_name(name, quoted))
                                        : status;
}

belay_status server_drop(server *s, const char *name)
{
    char quoted[SERVER_QUOTED];
    belay_status status = be_no_template(s, name);
    return status == BELAY_OK ? server_do(s, "DROP DATABASE IF EXISTS %s WITH (FORCE)", server_name(name, quoted))
                              : status;
}

void server_drop_quietly(server *s, const char *name)
{
    s->explained = true;
    (void)server_drop(s, name);
    s->explained = false;
}

belay_status server_rollback_copy(belay_ctx *c, const belay_host *h, const char *name)
{
    server s = {0};
    bool exists = false;
    belay_status status = server_wait(c, h);
    if (status == BELAY_OK)
        status = server_open_alone(c, h, &s);
    if (status == BELAY_OK)
        status = server_exists(&s, name, &exists);
    if (status == BELAY_OK)
        status = exists ? server_drop(&s, name) : BELAY_NOTHING;
    server_close(&s);
    return status;
}

/* Keeps new sessions out and ends those that are there. */
static belay_status evict(server *s, const char *name)
{
    char quoted[SERVER_QUOTED], left[64] = "";
    belay_status status = server_do(s, "ALTER DATABASE %s ALLOW_CONNECTIONS false", server_name(name, quoted));
    for (int tries = 0; status == BELAY_OK && tries < 50; tries++) {
        status = server_text(s, left, sizeof left,
                             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"
                             " AND usesysid IS NOT NULL", /* autovacuum ends by itself when a database is renamed */
                             1, &name);
        if (status == BELAY_OK && strcmp(left, "0") == 0)
            return BELAY_OK;
        if (status == BELAY_OK)
            status = s->h->nap(s->c, 100);
    }
    return status == BELAY_OK
               ? server_say(s, BELAY_E_RETRY, NULL, "%s sessions on %s do not end within 5 s", left, name)
               : status;
}

belay_status server_admit(server *s, const char *name)
{
    char quoted[SERVER_QUOTED];
    return server_do(s, "ALTER DATABASE %s ALLOW_CONNECTIONS true", server_name(name, quoted));
}

/* The names change and the doors open at once: whoever is killed here leaves it all undone or all done. */
static belay_status rename_both(server *s, const char *name, const char *aside, const char *replacement)
{
    char q_name[SERVER_QUOTED], q_aside[SERVER_QUOTED], q_replacement[SERVER_QUOTED];
    server_name(name, q_name);
    server_name(aside, q_aside);
    server_name(replacement, q_replacement);
    belay_status status = server_do(s, "BEGIN");
    if (status == BELAY_OK)
        status = server_do(s, "ALTER DATABASE %s RENAME TO %s", q_name, q_aside);
    if (status == BELAY_OK)
        status = server_do(s, "ALTER DATABASE %s RENAME TO %s", q_replacement, q_name);
    if (status == BELAY_OK)
        status = server_admit(s, name);
    if (status == BELAY_OK)
        status = server_admit(s, aside);
    return status == BELAY_OK ? server_do(s, "COMMIT") : status;
}

static void reopen(server *s, const char *name)
{
    s->explained = true;
    (void)server_do(s, "ROLLBACK");
    (void)server_admit(s, name);
    s->explained = false;
}

belay_status server_swap(server *s, const char *name, const char *aside, const char *replacement)
{
    belay_status status = evict(s, name);
    if (status == BELAY_OK)
        status = evict(s, replacement);
    if (status == BELAY_OK)
        status = rename_both(s, name, aside, replacement);
    if (status != BELAY_OK)
        reopen(s, name);
    return status;
}
