/* The schema, as the steps that lead from an empty file to the present one. A released step never changes. */
#include <inttypes.h>

#include "store/sql.h"

#define APPLICATION_ID 0x42454c59 /* "BELY": file(1) and others can tell whose database this is */

static const char first_schema[] =
    "CREATE TABLE runs ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, pipeline TEXT NOT NULL,"
    "  environment TEXT NOT NULL, version TEXT NOT NULL, previous TEXT NOT NULL, git_commit TEXT NOT NULL,"
    "  file TEXT NOT NULL, pipeline_text TEXT NOT NULL, sets TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,"
    "  user_name TEXT NOT NULL, host TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"
    "  failed_ms INTEGER NOT NULL, healthy_ms INTEGER NOT NULL, discarded INTEGER NOT NULL) STRICT;"
    "CREATE INDEX runs_by_environment ON runs (environment, seq);"
    "CREATE TABLE plugins ("
    "  run TEXT NOT NULL REFERENCES runs (id), name TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT NOT NULL,"
    "  undo_format INTEGER NOT NULL, PRIMARY KEY (run, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE steps ("
    "  run TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL, position INTEGER NOT NULL, stage TEXT NOT NULL,"
    "  kind TEXT NOT NULL, options TEXT NOT NULL, PRIMARY KEY (run, step)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE phases ("
    "  run TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, step TEXT NOT NULL, phase TEXT NOT NULL,"
    "  attempt INTEGER NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL DEFAULT 0,"
    "  status INTEGER NOT NULL DEFAULT 0, worker_end TEXT NOT NULL DEFAULT '', verdict TEXT NOT NULL DEFAULT '',"
    "  summary TEXT NOT NULL DEFAULT '', hint TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE marks ("
    "  run TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    "  PRIMARY KEY (run, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE epochs ("
    "  run TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL, epoch INTEGER NOT NULL,"
    "  PRIMARY KEY (run, step)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE undo ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL,"
    "  epoch INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (run, step, epoch, key)) STRICT;"
    "CREATE TABLE outputs ("
    "  run TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
    "  PRIMARY KEY (run, step, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE measurements ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL,"
    "  name TEXT NOT NULL, unit TEXT NOT NULL, value REAL NOT NULL, samples INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    "  threshold TEXT NOT NULL, verdict TEXT NOT NULL, UNIQUE (run, step, name)) STRICT;"
    "CREATE TABLE events ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id), at_ms INTEGER NOT NULL,"
    "  json TEXT NOT NULL) STRICT;"
    "CREATE INDEX events_by_run ON events (run, seq);";

static const char approvals[] =
    "CREATE TABLE approvals ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id), gate TEXT NOT NULL,"
    "  role TEXT NOT NULL, decision TEXT NOT NULL, reason TEXT NOT NULL, statement TEXT NOT NULL,"
    "  signature TEXT NOT NULL, user_name TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX approvals_by_gate ON approvals (run, gate, seq);";

/* What older versions wrote keeps an empty hash: it is part of no chain. */
static const char chain[] = "ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT '';"
                            "ALTER TABLE events ADD COLUMN hash TEXT NOT NULL DEFAULT '';"
                            "ALTER TABLE approvals ADD COLUMN signers TEXT NOT NULL DEFAULT '';";

/* migrations[n] leads from version n to n + 1. */
static const char *const migrations[] = {first_schema, approvals, chain};

int sql_schema_version(void)
{
    return (int)(sizeof migrations / sizeof *migrations);
}

int sql_file_version(store *s, int64_t *ret, error **err)
{
    int64_t id = 0, version = 0, tables = 0;
    int r = sql_int(s, &tables, 0, err, "SELECT count(*) FROM sqlite_schema", "");
    if (r < 0 || (r = sql_int(s, &id, 0, err, "PRAGMA application_id", "")) < 0 ||
        (r = sql_int(s, &version, 0, err, "PRAGMA user_version", "")) < 0)
        return r;
    if (id != APPLICATION_ID && (id != 0 || version != 0 || tables != 0)) {
        (void)error_set(err, ERROR_STORE, "'%s' is another program's database", s->path);
        return error_hint(err, "choose another folder with --state or $BELAY_STATE_DIR");
    }
    if (version > sql_schema_version()) {
        (void)error_set(err, ERROR_STORE, "the store '%s' has schema version %" PRId64 ", this belay knows up to %d",
                        s->path, version, sql_schema_version());
        return error_hint(err, "use the newer belay that wrote it; this one is %s", BELAY_VERSION);
    }
    *ret = version;
    return 0;
}

int sql_migrate(store *s, error **err)
{
    int64_t version = 0;
    int r = sql_file_version(s, &version, err);
    if (r < 0 || version == sql_schema_version())
        return r;
    guard_transaction t = {0};
    if ((r = sql_begin(s, &t, err)) < 0 ||
        (r = sql_file_version(s, &version, err)) < 0) /* another may have been faster */
        return r;
    for (; version < sql_schema_version(); version++)
        if ((r = sql_script(s, migrations[version], err)) < 0)
            return error_wrap(err, "bring the store to schema version %" PRId64, version + 1);
    guard_mem char *stamp =
        mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, sql_schema_version());
    if ((r = sql_script(s, stamp, err)) < 0)
        return r;
    return sql_commit(&t, err);
}
