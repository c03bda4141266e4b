#include "indexes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say/say.h"

#define NAMES_MAX 1024

belay_status indexes_invalid(server *s, char **ret)
{
    PGresult *r = NULL;
    belay_status status = server_ask(s, &r,
                                     "SELECT coalesce(string_agg(c.oid::text, ','), '') FROM pg_index i JOIN pg_class c"
                                     " ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relkind = 'i'",
                                     0, NULL);
    if (status == BELAY_OK)
        *ret = heap_dup(PQgetvalue(r, 0, 0));
    PQclear(r);
    return status;
}

belay_status indexes_new(server *s, const char *before, char *buf, size_t size)
{
    return server_text(s, buf, size,
                       "SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ') FROM pg_index i"
                       " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.oid <> ALL (string_to_array($1, ',')::oid[])",
                       1, &before);
}

belay_status indexes_check_new(server *s, const char *before, const char *path, const char *kept)
{
    char names[NAMES_MAX] = "";
    belay_status status = indexes_new(s, before, names, sizeof names);
    if (status != BELAY_OK || !names[0])
        return status;
    char hint[NAMES_MAX + 64];
    snprintf(hint, sizeof hint, "DROP INDEX CONCURRENTLY %s; then fix the cause, and create it again", names);
    return say(s->c, s->h, BELAY_E_FAIL, hint, "%s left an invalid index: %s; %s", path, names, kept);
}

belay_status indexes_check_name(server *s, const migration *m, const sql_statement *st)
{
    char name[SERVER_QUOTED] = "", hint[SERVER_QUOTED + 64];
    const char *parameters[] = {st->traits.index, st->traits.table};
    if (!st->traits.index)
        return BELAY_OK;
    belay_status status =
        server_text(s, name, sizeof name,
                    "SELECT c.oid::regclass FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
                    " WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relname = (parse_ident($1))[1]"
                    " AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass($2))",
                    2, parameters);
    if (status != BELAY_OK || !name[0])
        return status;
    snprintf(hint, sizeof hint, "DROP INDEX CONCURRENTLY %s;", name);
    return say(s->c, s->h, BELAY_E_FAIL, hint,
               "%s:%u: an invalid index %s is there, left by a failed attempt: IF NOT EXISTS would take it for made",
               m->path, st->lines[0], name);
}
