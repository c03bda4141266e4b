#include "expected.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "say/say.h"

/* A shell pattern as one of LIKE: "idx_*" is "idx\_%". */
static void to_like(const char *pattern, buf *like)
{
    for (const char *p = pattern; *p; p++) {
        if (*p == '%' || *p == '_' || *p == '\\')
            buf_putc(like, '\\');
        buf_putc(like, *p == '*' ? '%' : *p == '?' ? '_' : *p);
    }
}

#define USER_SCHEMA " n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') "

/* Names that match, with 't' when good. */
static belay_status find(server *s, const char *pattern, const char *sql, const char *what, PGresult **ret)
{
    guard_buf like = {0};
    to_like(pattern, &like);
    const char *parameter = buf_get(&like);
    belay_status status = server_ask(s, ret, sql, 1, &parameter);
    if (status == BELAY_OK && PQntuples(*ret) == 0)
        status =
            say(s->c, s->h, BELAY_E_FAIL, NULL, "the database has no %s like %s, which is expected", what, pattern);
    return status;
}

static belay_status check_indexes(server *s, const char *pattern)
{
    PGresult *r = NULL;
    belay_status status = find(s, pattern,
                               "SELECT format('%I.%I', n.nspname, c.relname), i.indisvalid FROM pg_index i"
                               " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                               " WHERE c.relname LIKE $1 AND" USER_SCHEMA "ORDER BY 1",
                               "index", &r);
    for (int i = 0; status == BELAY_OK && i < PQntuples(r); i++)
        if (PQgetvalue(r, i, 1)[0] != 't')
            status = say(s->c, s->h, BELAY_E_FAIL, "DROP INDEX CONCURRENTLY, and make it again",
                         "index %s is invalid: queries do not use it", PQgetvalue(r, i, 0));
    PQclear(r);
    return status;
}

/* A view is good when it can be planned and opened. */
static belay_status check_views(server *s, const char *pattern)
{
    PGresult *r = NULL;
    belay_status status = find(
        s, pattern,
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND c.relname LIKE $1 AND" USER_SCHEMA "ORDER BY 1",
        "view", &r);
    for (int i = 0; status == BELAY_OK && i < PQntuples(r); i++)
        status = server_do(s, "SELECT * FROM %s LIMIT 0", PQgetvalue(r, i, 0));
    PQclear(r);
    return status;
}

belay_status expected_check(server *s)
{
    belay_status status = server_do(s, "BEGIN READ ONLY");
    if (status == BELAY_OK)
        status = server_do(s, "SET LOCAL lock_timeout = '10s'");
    for (const char *const *p = s->h->opt_list(s->c, "expect_indexes"); *p && status == BELAY_OK; p++)
        status = check_indexes(s, *p);
    for (const char *const *p = s->h->opt_list(s->c, "expect_views"); *p && status == BELAY_OK; p++)
        status = check_views(s, *p);
    return status == BELAY_OK ? server_do(s, "COMMIT") : status;
}
