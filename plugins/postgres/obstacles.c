#include "obstacles.h"

#include <stdio.h>
#include <string.h>

#include "properties.h"
#include "say/option.h"

#define NAMES_MAX 1024

static belay_status check_creation(server *s)
{
    char may[8] = "", hint[SERVER_QUOTED + 64], user[SERVER_QUOTED];
    belay_status status = server_text(
        s, may, sizeof may, "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user", 0, NULL);
    if (status != BELAY_OK || *may == 't')
        return status;
    snprintf(hint, sizeof hint, "as a superuser: ALTER ROLE %s CREATEDB", server_name(PQuser(s->conn), user));
    return server_say(s, BELAY_E_FAIL, hint, "the user %s may not create databases, and a copy of %s is one",
                      PQuser(s->conn), s->database);
}

static belay_status check_owner(server *s)
{
    char owner[SERVER_NAME] = "", hint[2 * SERVER_QUOTED + 64], user[SERVER_QUOTED], quoted[SERVER_QUOTED];
    const char *name = s->database;
    belay_status status = server_text(s, owner, sizeof owner,
                                      PQserverVersion(s->conn) >= 160000
                                          ? "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1"
                                            " AND NOT (pg_has_role(datdba, 'USAGE') AND pg_has_role(datdba, 'SET'))"
                                          : "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1"
                                            " AND NOT pg_has_role(datdba, 'USAGE')",
                                      1, &name);
    if (status != BELAY_OK || !*owner)
        return status;
    snprintf(hint, sizeof hint, "as a superuser: GRANT %s TO %s", server_name(owner, quoted),
             server_name(PQuser(s->conn), user));
    return server_say(s, BELAY_E_FAIL, hint, "the user %s does not have the rights of %s, which owns the database %s",
                      PQuser(s->conn), owner, name);
}

belay_status obstacles_rights(server *s)
{
    belay_status status = check_creation(s);
    if (status == BELAY_OK)
        status = check_owner(s);
    return status == BELAY_OK ? properties_rehearse(s, s->database) : status;
}

static belay_status check_prepared(server *s, bool preparing)
{
    char names[NAMES_MAX] = "";
    const char *parameters[] = {s->database, preparing ? "5 s" : "0 s"};
    belay_status status = server_text(s, names, sizeof names,
                                      "SELECT string_agg(quote_literal(gid), ', ') FROM pg_prepared_xacts"
                                      " WHERE database = $1 AND prepared <= now() - $2::interval",
                                      2, parameters);
    if (status != BELAY_OK || !*names)
        return status;
    return server_say(s, preparing ? BELAY_E_FAIL : BELAY_E_RETRY,
                      "end each with COMMIT PREPARED or ROLLBACK PREPARED, connected to that database",
                      "%s has prepared transactions, so it can be neither copied nor renamed: %s", s->database, names);
}

static belay_status check_collation(server *s)
{
    char versions[256] = "", hint[2 * SERVER_QUOTED + 128], quoted[SERVER_QUOTED];
    const char *name = s->database;
    if (PQserverVersion(s->conn) < 150000)
        return BELAY_OK;
    belay_status status = server_text(
        s, versions, sizeof versions,
        "SELECT format('%s of its collation, and the system has %s', datcollversion,"
        " coalesce(pg_database_collation_actual_version(oid), 'none')) FROM pg_database WHERE datname = $1 AND"
        " datcollversion IS NOT NULL AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)",
        1, &name);
    if (status != BELAY_OK || !*versions)
        return status;
    server_name(name, quoted);
    snprintf(hint, sizeof hint, "REINDEX DATABASE %s, then ALTER DATABASE %s REFRESH COLLATION VERSION", quoted,
             quoted);
    return server_say(s, BELAY_E_FAIL, hint, "PostgreSQL does not copy %s: it was made with version %s", name,
                      versions);
}

belay_status obstacles_copy(server *s, bool preparing, bool by_template)
{
    belay_status status = check_prepared(s, preparing);
    return status == BELAY_OK && by_template ? check_collation(s) : status;
}

belay_status obstacles_name_replication(server *s, const char *database, char *buf, size_t size)
{
    return server_text(s, buf, size,
                       "SELECT string_agg(x, ', ' ORDER BY x) FROM ("
                       " SELECT format('subscription %I', subname) FROM pg_subscription u"
                       "  JOIN pg_database d ON d.oid = u.subdbid WHERE d.datname = $1"
                       " UNION ALL SELECT format('replication slot %I', slot_name) FROM pg_replication_slots"
                       "  WHERE database = $1 AND NOT temporary) n(x)",
                       1, &database);
}

/* Its worker is a session that the server starts again and again. */
static belay_status check_enabled(server *s)
{
    char names[NAMES_MAX] = "";
    const char *name = s->database;
    belay_status status = server_text(s, names, sizeof names,
                                      "SELECT string_agg(quote_ident(subname), ', ' ORDER BY subname)"
                                      " FROM pg_subscription u JOIN pg_database d ON d.oid = u.subdbid"
                                      " WHERE d.datname = $1 AND subenabled",
                                      1, &name);
    if (status != BELAY_OK || !*names)
        return status;
    return server_say(s, BELAY_E_FAIL, "ALTER SUBSCRIPTION ... DISABLE for each, connected to that database",
                      "subscriptions keep %s in use, so it can be neither copied nor renamed: %s", name, names);
}

belay_status obstacles_replication(server *s, bool preparing)
{
    char names[NAMES_MAX] = "", text[NAMES_MAX + 256];
    belay_status status = obstacles_name_replication(s, s->database, names, sizeof names);
    if (status != BELAY_OK || !*names)
        return status;
    if (!option_is(s->c, s->h, "replication", "leave")) {
        snprintf(text, sizeof text, "%s has %s; PostgreSQL would leave them with the database that is set aside",
                 s->database, names);
        s->h->explain(s->c, text,
                      "drop them for the release, or set replication = \"leave\" and make them again after a swap",
                      "replication");
        return BELAY_E_FAIL;
    }
    if (preparing) {
        snprintf(text, sizeof text, "leave %s with the database that is set aside whenever %s is swapped", names,
                 s->database);
        s->h->plan(s->c, text, NULL);
    }
    return check_enabled(s);
}
