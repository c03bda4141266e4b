/*
 * Two databases are compared as the catalog has them. The columns of pg_database differ between PostgreSQL's versions
 * (datlocprovider since 15, daticurules since 16, datlocale for daticulocale since 17), so they are read by name from
 * the row as JSON: a column that is not there is NULL.
 */
#include "properties.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define NOT_COPIED "what CREATE DATABASE does not copy of %s cannot be set: %s"

/*
 * Of the settings, those that are lists of names are stored as they are written, the others are plain text: the same
 * distinction as pg_dump makes (GUC_LIST_QUOTE).
 */
static const char settings[] =
    "SELECT CASE WHEN r.rolname IS NULL THEN format('ALTER DATABASE %I ', $2::text)"
    "            ELSE format('ALTER ROLE %I IN DATABASE %I ', r.rolname, $2::text) END"
    "       || format('SET %I TO ', split_part(c, '=', 1))"
    "       || CASE WHEN lower(split_part(c, '=', 1)) IN ('search_path', 'temp_tablespaces',"
    "                    'local_preload_libraries', 'session_preload_libraries', 'shared_preload_libraries',"
    "                    'unix_socket_directories')"
    "               THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END"
    " FROM pg_database d JOIN pg_db_role_setting x ON x.setdatabase = d.oid"
    " LEFT JOIN pg_roles r ON r.oid = x.setrole, unnest(x.setconfig) c WHERE d.datname = $1";

/* A privilege that somebody but the owner granted is granted by the same role again: else that role could not revoke
 * it. The order is that of the list, where who may grant on stands before what was granted on. */
static const char privileges[] =
    "SELECT s FROM ("
    " SELECT 0 AS n, 0 AS k, format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', $2::text, pg_get_userbyid(datdba)) AS "
    "s"
    " FROM pg_database WHERE datname = $1 AND datacl IS NOT NULL"
    " UNION ALL SELECT a.n, k, CASE k WHEN 1 THEN format('SET ROLE %I', pg_get_userbyid(a.grantor))"
    "                               WHEN 3 THEN 'RESET ROLE'"
    "  ELSE format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, $2::text,"
    "  CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,"
    "  CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) END"
    " FROM pg_database d, aclexplode(d.datacl) WITH ORDINALITY"
    "      a(grantor, grantee, privilege_type, is_grantable, n), generate_series(1, 3) k"
    " WHERE d.datname = $1 AND (k = 2 OR a.grantor <> d.datdba)) x ORDER BY n, k";

static const char others[] =
    "SELECT s FROM pg_database d, LATERAL (VALUES"
    " (CASE WHEN d.datconnlimit >= 0 THEN format('ALTER DATABASE %I CONNECTION LIMIT %s', $2::text, d.datconnlimit) "
    "END),"
    " (CASE WHEN d.datistemplate THEN format('ALTER DATABASE %I IS_TEMPLATE true', $2::text) END),"
    " (format('COMMENT ON DATABASE %I IS ', $2::text) || quote_literal(shobj_description(d.oid, 'pg_database')))) v(s)"
    " WHERE d.datname = $1 AND s IS NOT NULL"
    " UNION ALL SELECT format('SECURITY LABEL FOR %I ON DATABASE %I IS %L', l.provider, $2::text, l.label)"
    " FROM pg_database d JOIN pg_shseclabel l ON l.classoid = 'pg_database'::regclass AND l.objoid = d.oid"
    " WHERE d.datname = $1";

static const char fingerprint[] =
    "SELECT string_agg(p.name || chr(9) || coalesce(encode(sha256(textsend(p.value)), 'hex'), '-'), chr(10))"
    " FROM pg_database d, LATERAL (SELECT to_jsonb(d)) j(j), LATERAL (VALUES"
    " ('owner', pg_get_userbyid(d.datdba)::text),"
    " ('encoding', pg_encoding_to_char(d.encoding)::text),"
    " ('LC_COLLATE', d.datcollate::text),"
    " ('LC_CTYPE', d.datctype::text),"
    " ('locale provider', j->>'datlocprovider'),"
    " ('locale', coalesce(j->>'datlocale', j->>'daticulocale')),"
    " ('ICU rules', j->>'daticurules'),"
    " ('tablespace', d.dattablespace::text),"
    " ('connection limit', d.datconnlimit::text),"
    " ('template', d.datistemplate::text),"
    " ('comment', shobj_description(d.oid, 'pg_database')),"
    " ('security labels', (SELECT string_agg(l.provider || '=' || l.label, chr(10) ORDER BY l.provider)"
    "   FROM pg_shseclabel l WHERE l.classoid = 'pg_database'::regclass AND l.objoid = d.oid)),"
    " ('settings', (SELECT string_agg(x.setrole::text || ' ' || c, chr(10) ORDER BY x.setrole, c)"
    "   FROM pg_db_role_setting x, unnest(x.setconfig) c WHERE x.setdatabase = d.oid)),"
    " ('privileges', (SELECT string_agg(concat_ws(' ', a.grantor, a.grantee, a.privilege_type, a.is_grantable), chr(10)"
    "   ORDER BY a.grantor, a.grantee, a.privilege_type)"
    "   FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a))) p(name, value)"
    " WHERE d.datname = $1";

/* Runs each statement that a query gives; what fails is explained as a property that cannot be set. */
static belay_status do_each(server *s, const char *sql, const char *from, const char *to)
{
    const char *names[] = {from, to};
    PGresult *statements = NULL;
    const bool quiet = s->explained;
    belay_status status = server_ask(s, &statements, sql, 2, names);
    for (int i = 0; status == BELAY_OK && i < PQntuples(statements); i++) {
        s->explained = true;
        status = server_ask(s, NULL, PQgetvalue(statements, i, 0), 0, NULL);
        s->explained = quiet;
        if (status == BELAY_E_FAIL)
            (void)server_say(s, status,
                             "use the address of a superuser, or of a user with this right (GRANT SET ON PARAMETER "
                             "gives it for a setting, PostgreSQL 15 and later)",
                             NOT_COPIED, from, PQerrorMessage(s->conn));
        else if (status != BELAY_OK && status != BELAY_E_CANCELLED)
            (void)server_say(s, status, NULL, NOT_COPIED, from, PQerrorMessage(s->conn));
    }
    PQclear(statements);
    return status;
}

belay_status properties_copy_settings(server *s, const char *from, const char *to)
{
    return do_each(s, settings, from, to);
}

belay_status properties_copy(server *s, const char *from, const char *to)
{
    belay_status status = properties_copy_settings(s, from, to);
    if (status == BELAY_OK)
        status = do_each(s, privileges, from, to);
    return status == BELAY_OK ? do_each(s, others, from, to) : status;
}

belay_status properties_rehearse(server *s, const char *name)
{
    belay_status status = server_do(s, "BEGIN");
    if (status != BELAY_OK)
        return status;
    status = properties_copy(s, name, name);
    const bool quiet = s->explained;
    s->explained = quiet || status != BELAY_OK; /* what was explained stands */
    belay_status rolled_back = server_do(s, "ROLLBACK");
    s->explained = quiet;
    return status == BELAY_OK ? rolled_back : status;
}

belay_status properties_print(server *s, const char *name, char ret[PROPERTIES_TEXT])
{
    return server_text(s, ret, PROPERTIES_TEXT, fingerprint, 1, &name);
}

/* Adds the names of the lines of `a` that `b` does not have. */
static void add_missing(buf *names, const char *a, const char *b)
{
    for (const char *line = a, *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        char *whole = heap_dup_n(line, (size_t)(end - line));
        const char *found = strstr(b, whole);
        if (!found || (found != b && found[-1] != '\n'))
            buf_printf(names, "%s%.*s", names->length ? ", " : "", (int)strcspn(whole, "\t"), whole);
        free(whole);
    }
}

belay_status properties_check(server *s, const char *name, const char *wanted)
{
    char has[PROPERTIES_TEXT] = "";
    guard_buf names = {0};
    belay_status status = properties_print(s, name, has);
    if (status != BELAY_OK || strcmp(has, wanted) == 0)
        return status;
    add_missing(&names, wanted, has);
    return server_say(s, BELAY_E_FAIL, NULL, "the database %s differs from the one that it is to replace: %s", name,
                      *has ? buf_get(&names) : "it does not exist");
}
