/* What server.h offers on whole databases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

/* Above this, copying files (two checkpoints) is faster than writing the copy through the WAL. */
#define FILE_COPY_FROM (64.0 * 1024 * 1024)

belay_status server_exists(server *s, const char *name, bool *ret)
{
    char found[8] = "";
    belay_status status = server_text(s, found, sizeof found, "SELECT 1 FROM pg_database WHERE datname = $1", 1, &name);
    *ret = found[0] != '\0';
    return status;
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
                       " AND coalesce(backend_type, 'client backend') = 'client backend' HAVING count(*) > 0",
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

/* Runs each statement that a query gives. */
static belay_status do_each(server *s, const char *sql, int count, const char *const *parameters)
{
    PGresult *statements = NULL;
    belay_status status = server_ask(s, &statements, sql, count, parameters);
    for (int i = 0; status == BELAY_OK && i < PQntuples(statements); i++)
        status = server_ask(s, NULL, PQgetvalue(statements, i, 0), 0, NULL);
    PQclear(statements);
    return status;
}

/*
 * CREATE DATABASE copies neither settings nor privileges. Of the settings, those that are lists of names are stored as
 * they are written, the others are plain text: the same distinction as pg_dump makes (GUC_LIST_QUOTE).
 */
static belay_status copy_properties(server *s, const char *from, const char *to)
{
    const char *names[] = {from, to};
    belay_status status = do_each(
        s,
        "SELECT CASE WHEN r.rolname IS NULL THEN format('ALTER DATABASE %I ', $2::text)"
        "            ELSE format('ALTER ROLE %I IN DATABASE %I ', r.rolname, $2::text) END"
        "       || format('SET %I TO ', split_part(c, '=', 1))"
        "       || CASE WHEN lower(split_part(c, '=', 1)) IN ('search_path', 'temp_tablespaces',"
        "                    'local_preload_libraries', 'session_preload_libraries', 'shared_preload_libraries',"
        "                    'unix_socket_directories')"
        "               THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END"
        " FROM pg_database d JOIN pg_db_role_setting x ON x.setdatabase = d.oid"
        " LEFT JOIN pg_roles r ON r.oid = x.setrole, unnest(x.setconfig) c WHERE d.datname = $1",
        2, names);
    if (status != BELAY_OK)
        return status;
    return do_each(s,
                   "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::text) FROM pg_database"
                   " WHERE datname = $1 AND datacl IS NOT NULL"
                   " UNION ALL SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, $2::text,"
                   " CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END,"
                   " CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
                   " FROM pg_database d, aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
                   " WHERE d.datname = $1",
                   2, names);
}

static belay_status owner_of(server *s, const char *name, char owner[SERVER_NAME])
{
    return server_text(s, owner, SERVER_NAME, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", 1,
                       &name);
}

belay_status server_copy(server *s, const char *from, const char *to)
{
    char owner[SERVER_NAME], q_from[SERVER_QUOTED], q_to[SERVER_QUOTED], q_owner[SERVER_QUOTED];
    double size = 0;
    belay_status status = owner_of(s, from, owner);
    if (status == BELAY_OK)
        status = server_size(s, from, &size);
    if (status != BELAY_OK)
        return status;
    bool chooses = PQserverVersion(s->conn) >= 150000;
    status = server_do(s, "CREATE DATABASE %s TEMPLATE %s OWNER %s%s", server_name(to, q_to), server_name(from, q_from),
                       server_name(owner, q_owner),
                       !chooses                ? ""
                       : size > FILE_COPY_FROM ? " STRATEGY file_copy"
                                               : " STRATEGY wal_log");
    return status == BELAY_OK ? copy_properties(s, from, to) : status;
}

belay_status server_create_like(server *s, const char *like, const char *name)
{
    PGresult *r = NULL;
    char q_name[SERVER_QUOTED];
    belay_status status =
        server_ask(s, &r,
                   "SELECT format('OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_get_userbyid(datdba),"
                   " pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database WHERE datname = $1",
                   1, &like);
    if (status == BELAY_OK && PQntuples(r) == 0)
        status = server_say(s, BELAY_E_FAIL, NULL, "there is no database \"%s\" on this server", like);
    if (status == BELAY_OK)
        status =
            server_do(s, "CREATE DATABASE %s TEMPLATE template0 %s", server_name(name, q_name), PQgetvalue(r, 0, 0));
    PQclear(r);
    return status == BELAY_OK ? copy_properties(s, like, name) : status;
}

belay_status server_drop(server *s, const char *name)
{
    char quoted[SERVER_QUOTED];
    return server_do(s, "DROP DATABASE IF EXISTS %s WITH (FORCE)", server_name(name, quoted));
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
        status =
            server_text(s, left, sizeof left,
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1", 1, &name);
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
