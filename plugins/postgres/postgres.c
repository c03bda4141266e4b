#include "kinds.h"

#define DATABASE                                                                                                       \
    {                                                                                                                  \
        .name = "database", .type = BELAY_T_STRING, .flags = BELAY_F_REQUIRED | BELAY_F_SECRET,                        \
        .doc = "The database: postgresql://user:password@host:port/name, or libpq's key=value form.",                  \
        .example = "${secret:database_url}"                                                                            \
    }

#define TOOL_PREFIX                                                                                                    \
    {                                                                                                                  \
        .name = "tool_prefix", .type = BELAY_T_LIST,                                                                   \
        .doc =                                                                                                         \
            "Words put before PostgreSQL's programs, to run them elsewhere; they then connect by the local socket.",   \
        .example = "docker, exec, -i, staging-postgres"                                                                \
    }

/* ---- backup ---------------------------------------------------------------------------------------------------- */

static const char *const proofs[] = {"read", "restore", NULL};

static const belay_option backup_options[] = {
    DATABASE,
    {.name = "to",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The folder for the dump, DATABASE_YYYYmmdd_HHMMSS.dump in pg_dump's custom format, with its .sha256.",
     .example = "/var/backups/staging"},
    {.name = "prove",
     .type = BELAY_T_ENUM,
     .choices = proofs,
     .def = "read",
     .doc = "How the dump is proved before it gets its name: read back whole, or restored into a scratch database.",
     .example = "restore"},
    {.name = "keep",
     .type = BELAY_T_INT,
     .def = "0",
     .max = 10000,
     .doc = "Remove all but this many newest proved dumps of the database; 0 keeps all.",
     .example = "7"},
    TOOL_PREFIX,
};

static const belay_output backup_outputs[] = {
    {.name = "file", .type = BELAY_T_PATH, .doc = "The dump."},
    {.name = "sha256", .type = BELAY_T_STRING, .doc = "Its SHA-256, in hexadecimal."},
};

static const belay_metric backup_metrics[] = {
    {.name = "size", .unit = "B", .doc = "Size of the dump.", .fail = "< 1B"},
    {.name = "duration", .unit = "ms", .doc = "Time to dump and prove it."},
};

/* ---- snapshot, restore ----------------------------------------------------------------------------------------- */

static const belay_option snapshot_options[] = {DATABASE};

static const belay_output snapshot_outputs[] = {
    {.name = "name", .type = BELAY_T_STRING, .doc = "The copy's name."},
};

static const belay_metric snapshot_metrics[] = {
    {.name = "size", .unit = "B", .doc = "Size of the copy."},
    {.name = "duration", .unit = "ms", .doc = "Time to make it."},
};

static const belay_option restore_options[] = {
    DATABASE,
    {.name = "file",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The dump: pg_dump's custom format, or a plain SQL script.",
     .example = "${steps.backup.file}"},
    {.name = "sha256",
     .type = BELAY_T_STRING,
     .doc = "What the dump's SHA-256 must be.",
     .example = "${steps.backup.sha256}"},
    {.name = "min_tables",
     .type = BELAY_T_INT,
     .def = "1",
     .max = 1000000,
     .doc = "The restored database must have at least this many tables.",
     .example = "12"},
    TOOL_PREFIX,
};

static const belay_output restore_outputs[] = {
    {.name = "aside", .type = BELAY_T_STRING, .doc = "The name under which the replaced database is kept."},
};

static const belay_metric restore_metrics[] = {
    {.name = "tables", .unit = "", .doc = "Tables in the restored database."},
};

/* ---- query, sessions ------------------------------------------------------------------------------------------- */

static const belay_option query_options[] = {
    DATABASE,
    {.name = "sql",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "One statement; it runs in a read-only transaction.",
     .example = "SELECT count(*) FROM v_run_metrics_summary"},
    {.name = "expect",
     .type = BELAY_T_STRING,
     .doc = "What the first column of the first row must be, as text.",
     .example = "ok"},
    {.name = "min", .type = BELAY_T_STRING, .doc = "The least that this value may be, a number.", .example = "1"},
    {.name = "max", .type = BELAY_T_STRING, .doc = "The most that this value may be, a number.", .example = "0.5"},
    {.name = "min_rows",
     .type = BELAY_T_INT,
     .def = "0",
     .max = 1000000000,
     .doc = "The least number of rows.",
     .example = "1"},
    {.name = "query_timeout",
     .type = BELAY_T_DURATION,
     .def = "30s",
     .min = 1,
     .max = 3600000,
     .doc = "How long the statement may run.",
     .example = "5s"},
};

static const belay_output query_outputs[] = {
    {.name = "value", .type = BELAY_T_STRING, .doc = "The first column of the first row."},
};

static const belay_metric query_metrics[] = {
    {.name = "value", .unit = "", .doc = "The value, when it is compared as a number."},
    {.name = "rows", .unit = "", .doc = "Rows that the query gave."},
};

static const belay_option sessions_options[] = {
    DATABASE,
    {.name = "allow",
     .type = BELAY_T_LIST,
     .doc = "Extended regular expressions; a session whose application_name or user matches one does not count.",
     .example = "pg_dump, monitoring"},
    {.name = "max",
     .type = BELAY_T_INT,
     .def = "0",
     .max = 100000,
     .doc = "How many sessions may be left.",
     .example = "2"},
};

static const belay_metric sessions_metrics[] = {
    {.name = "sessions", .unit = "", .doc = "Sessions that count."},
};

/* ---------------------------------------------------------------------------------------------------------------- */

static const belay_step steps[] = {
    {.name = "backup",
     .doc = "Dumps the database and proves the dump before it gets its name.",
     .default_timeout_ms = 3600000,
     BELAY_TABLE(option, backup_options),
     BELAY_TABLE(output, backup_outputs),
     BELAY_TABLE(metric, backup_metrics),
     .prepare = backup_prepare,
     .execute = backup_execute,
     .verify = backup_verify,
     .rollback = backup_rollback},
    {.name = "snapshot",
     .doc = "Copies the quiesced database; rollback swaps the copy in by renaming and keeps the broken one aside.",
     .default_timeout_ms = 1800000,
     BELAY_TABLE(option, snapshot_options),
     BELAY_TABLE(output, snapshot_outputs),
     BELAY_TABLE(metric, snapshot_metrics),
     .prepare = snapshot_prepare,
     .execute = snapshot_execute,
     .verify = snapshot_verify,
     .rollback = snapshot_rollback,
     .discard = snapshot_discard},
    {.name = "restore",
     .doc = "Restores a dump into a fresh database, checks it, and swaps it in by renaming.",
     .default_timeout_ms = 3600000,
     BELAY_TABLE(option, restore_options),
     BELAY_TABLE(output, restore_outputs),
     BELAY_TABLE(metric, restore_metrics),
     .prepare = restore_prepare,
     .execute = restore_execute,
     .verify = restore_verify,
     .rollback = restore_rollback,
     .discard = restore_discard},
    {.name = "query",
     .doc = "Runs one query that cannot write, and compares what it gives.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 60000,
     BELAY_TABLE(option, query_options),
     BELAY_TABLE(output, query_outputs),
     BELAY_TABLE(metric, query_metrics),
     .prepare = query_prepare,
     .verify = query_verify},
    {.name = "sessions",
     .doc = "Waits until nobody but those allowed is connected to the database.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 60000,
     BELAY_TABLE(option, sessions_options),
     BELAY_TABLE(metric, sessions_metrics),
     .prepare = sessions_prepare,
     .verify = sessions_verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
    .undo_format = 1,        .undo_format_oldest = 1,
    .name = "postgres",      .version = BELAY_VERSION,
    .license = "Apache-2.0", .doc = "Backup, snapshot, migration and checks of a PostgreSQL database."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
