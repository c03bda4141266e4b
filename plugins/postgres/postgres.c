#include "kinds.h"
#include "window/window.h"

#define DATABASE                                                                                                       \
    {                                                                                                                  \
        .name = "database", .type = BELAY_T_STRING, .flags = BELAY_F_REQUIRED | BELAY_F_SECRET,                        \
        .doc = "The database: postgresql://user:password@host:port/name, libpq's key=value form, or "                  \
               "docker://CONTAINER/name?user=USER for a server in a container.",                                       \
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
     .doc = "The folder for the dump, DATABASE_YYYYmmdd_HHMMSS_STEP.dump in pg_dump's custom format, with its .sha256.",
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
     .doc = "Remove all proved dumps of the database but those of this many newest runs; 0 keeps all. Runs that "
            "were rolled back are counted apart.",
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

static const char *const refuse_or_leave[] = {"refuse", "leave", NULL};

#define REPLICATION                                                                                                    \
    {                                                                                                                  \
        .name = "replication", .type = BELAY_T_ENUM, .choices = refuse_or_leave, .def = "refuse",                      \
        .doc =                                                                                                         \
            "Subscriptions and logical replication slots of the database, which a swap leaves with the one that is "   \
            "set aside: refuse them before anything is changed, or leave them there.",                                 \
        .example = "leave"                                                                                             \
    }

static const belay_option snapshot_options[] = {DATABASE, REPLICATION};

static const belay_output snapshot_outputs[] = {
    {.name = "name", .type = BELAY_T_STRING, .doc = "The copy's name."},
    {.name = "aside", .type = BELAY_T_STRING, .doc = "After a rollback: the database as it was then, kept aside."},
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
    REPLICATION,
    TOOL_PREFIX,
};

static const belay_output restore_outputs[] = {
    {.name = "aside", .type = BELAY_T_STRING, .doc = "The name under which the replaced database is kept."},
};

static const belay_metric restore_metrics[] = {
    {.name = "tables", .unit = "", .doc = "Tables in the restored database."},
};

/* ---- migrations, trial, migrate -------------------------------------------------------------------------------- */

static const char *const refuse_or_allow[] = {"refuse", "allow", NULL};
static const char *const refuse_or_again[] = {"refuse", "again", NULL};
static const char *const runners[] = {"belay", "psql", NULL};
static const char *const ways_to_copy[] = {"auto", "template", "dump", NULL};
static const char *const ways_to_undo[] = {"snapshot", "down", "none", NULL};

/* What the three kinds share: which files there are, and which of them are pending. */
#define FILES                                                                                                          \
    {.name = "dir",                                                                                                    \
     .type = BELAY_T_PATH,                                                                                             \
     .flags = BELAY_F_REQUIRED,                                                                                        \
     .doc = "The folder with the migrations, one file each, whose names begin with their number.",                     \
     .example = "docker/migrations"},                                                                                  \
        {.name = "pattern",                                                                                            \
         .type = BELAY_T_STRING,                                                                                       \
         .def = "*.sql",                                                                                               \
         .doc = "Which files of the folder; NAME.down.sql never counts.",                                              \
         .example = "00*.sql"},                                                                                        \
        {.name = "first",                                                                                              \
         .type = BELAY_T_INT,                                                                                          \
         .def = "0",                                                                                                   \
         .max = INT64_MAX,                                                                                             \
         .doc = "Files with a lower number were applied before Belay came, and are left alone.",                       \
         .example = "6"},                                                                                              \
        {.name = "gaps",                                                                                               \
         .type = BELAY_T_ENUM,                                                                                         \
         .choices = refuse_or_allow,                                                                                   \
         .def = "refuse",                                                                                              \
         .doc = "Whether numbers may be missing; allow it when they are dates.",                                       \
         .example = "allow"},                                                                                          \
        {.name = "expect",                                                                                             \
         .type = BELAY_T_LIST,                                                                                         \
         .doc = "Patterns; a file must match each.",                                                                   \
         .example = "006_*, 007_*"},                                                                                   \
        {.name = "ledger",                                                                                             \
         .type = BELAY_T_STRING,                                                                                       \
         .def = "belay_migrations",                                                                                    \
         .doc = "The table in the database that says what was applied: table or schema.table.",                        \
         .example = "ops.migrations"},                                                                                 \
        {.name = "out_of_order",                                                                                       \
         .type = BELAY_T_ENUM,                                                                                         \
         .choices = refuse_or_allow,                                                                                   \
         .def = "refuse",                                                                                              \
         .doc = "Whether a file may be applied after one with a higher number was.",                                   \
         .example = "allow"},                                                                                          \
        {.name = "newer",                                                                                              \
         .type = BELAY_T_ENUM,                                                                                         \
         .choices = refuse_or_allow,                                                                                   \
         .def = "refuse",                                                                                              \
         .doc = "Whether the database may have migrations beyond the last file, as an older release finds it.",        \
         .example = "allow"},                                                                                          \
        {.name = "cut_short",                                                                                          \
         .type = BELAY_T_ENUM,                                                                                         \
         .choices = refuse_or_again,                                                                                   \
         .def = "refuse",                                                                                              \
         .doc = "What to do about a file without a transaction that was cut short: run it again only when it bears "   \
                "that.",                                                                                               \
         .example = "again"},                                                                                          \
    {                                                                                                                  \
        .name = "runner", .type = BELAY_T_ENUM, .choices = runners, .def = "belay",                                    \
        .doc = "Who sends the statements: Belay itself, or psql for files that use psql's own commands.",              \
        .example = "psql"                                                                                              \
    }

/* What trial and migrate share: how the files are run, and what they should have made. */
#define APPLYING                                                                                                       \
    {.name = "lock_timeout",                                                                                           \
     .type = BELAY_T_DURATION,                                                                                         \
     .def = "5s",                                                                                                      \
     .max = 3600000,                                                                                                   \
     .doc = "How long a statement may wait for a lock, and so make others wait behind it.",                            \
     .example = "2s"},                                                                                                 \
        {.name = "lock_retries",                                                                                       \
         .type = BELAY_T_INT,                                                                                          \
         .def = "5",                                                                                                   \
         .max = 1000,                                                                                                  \
         .doc = "How often a file is tried again after a lock timeout or a deadlock.",                                 \
         .example = "10"},                                                                                             \
        {.name = "lock_delay",                                                                                         \
         .type = BELAY_T_DURATION,                                                                                     \
         .def = "1s",                                                                                                  \
         .min = 1,                                                                                                     \
         .max = 600000,                                                                                                \
         .doc = "The pause before the first new try, with all locks let go; it doubles up to 30 s.",                   \
         .example = "3s"},                                                                                             \
        {.name = "concurrent_lock_timeout",                                                                            \
         .type = BELAY_T_DURATION,                                                                                     \
         .def = "0s",                                                                                                  \
         .max = 86400000,                                                                                              \
         .doc =                                                                                                        \
             "The lock timeout of statements CONCURRENTLY, which make nobody wait; 0s: as long as the step may run.",  \
         .example = "30m"},                                                                                            \
        {.name = "statement_timeout",                                                                                  \
         .type = BELAY_T_DURATION,                                                                                     \
         .def = "0s",                                                                                                  \
         .max = 86400000,                                                                                              \
         .doc = "How long one statement may run; 0s: as long as the step may.",                                        \
         .example = "10m"},                                                                                            \
        {.name = "expect_indexes",                                                                                     \
         .type = BELAY_T_LIST,                                                                                         \
         .doc = "Patterns; afterwards an index must match each, and all that match must be valid.",                    \
         .example = "idx_*"},                                                                                          \
        {.name = "expect_views",                                                                                       \
         .type = BELAY_T_LIST,                                                                                         \
         .doc = "Patterns; afterwards a view must match each, and all that match must be readable.",                   \
         .example = "v_*"},                                                                                            \
        TOOL_PREFIX

static const belay_option migrations_options[] = {
    {.name = "database",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_SECRET,
     .doc = "The database, to tell the pending files from the applied ones; without it, all are pending.",
     .example = "${secret:database_url}"},
    FILES,
    {.name = "statements",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Print every statement of the pending files as a line of JSON: file, line, text.",
     .example = "true"},
};

static const belay_output migrations_outputs[] = {
    {.name = "pending", .type = BELAY_T_LIST, .doc = "The pending files, in order."},
    {.name = "count", .type = BELAY_T_INT, .doc = "How many they are."},
};

static const belay_metric migrations_metrics[] = {
    {.name = "pending", .unit = "", .doc = "Pending files."},
};

static const belay_option trial_options[] = {
    DATABASE,
    FILES,
    APPLYING,
    {.name = "copy",
     .type = BELAY_T_ENUM,
     .choices = ways_to_copy,
     .def = "auto",
     .doc = "How the copy is made: by TEMPLATE, which nobody may be connected for, or by a dump; auto: as it can be.",
     .example = "dump"},
};

static const belay_option migrate_options[] = {
    DATABASE,
    FILES,
    APPLYING,
    {.name = "undo",
     .type = BELAY_T_ENUM,
     .choices = ways_to_undo,
     .def = "snapshot",
     .doc = "How it is rolled back: by the snapshot taken before; by the Down part of each file, or NAME.down.sql "
            "beside it; or not at all.",
     .example = "down"},
    {.name = "snapshot",
     .type = BELAY_T_STRING,
     .doc = "For undo = snapshot: the name that postgres.snapshot gave its copy in this run.",
     .example = "${steps.snapshot.name}"},
};

static const belay_output apply_outputs[] = {
    {.name = "applied", .type = BELAY_T_LIST, .doc = "The files that were applied, in order."},
    {.name = "count", .type = BELAY_T_INT, .doc = "How many they are."},
};

static const belay_metric apply_metrics[] = {
    {.name = "files", .unit = "", .doc = "Files applied."},
    {.name = "statements", .unit = "", .doc = "Statements in them."},
    {.name = "longest_statement", .unit = "ms", .doc = "Duration of the longest one."},
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

/* ---- slow_queries, locks ----------------------------------------------------------------------------------------- */

static const belay_option slow_queries_options[] = {
    DATABASE,
    WINDOW_OPTION("10s"),
    {.name = "min_calls",
     .type = BELAY_T_INT,
     .def = "1",
     .min = 1,
     .max = INT64_MAX,
     .doc = "Statements that ran less often in the window are listed, but not judged.",
     .example = "5"},
    {.name = "top",
     .type = BELAY_T_INT,
     .def = "20",
     .min = 1,
     .max = 500,
     .doc = "How many of the slowest are listed in the artifact slow-queries.txt.",
     .example = "50"},
};

static const belay_metric slow_queries_metrics[] = {
    {.name = "max_mean", .unit = "ms", .doc = "Mean time of the slowest statement in the window.", .fail = "> 500"},
    {.name = "mean", .unit = "ms", .doc = "Mean time of all executions in the window."},
    {.name = "calls", .unit = "", .doc = "Executions in the window."},
    {.name = "statements", .unit = "", .doc = "Different statements in the window."},
    {.name = "evictions",
     .unit = "",
     .doc = "How often statements were dropped in the window to make room: what they took is not counted.",
     .warn = "> 0"},
};

static const belay_option locks_options[] = {
    DATABASE,
    WINDOW_OPTION("10s"),
    {.name = "sample_every",
     .type = BELAY_T_DURATION,
     .def = "500ms",
     .min = 50,
     .max = 3600000,
     .doc = "The pause between two looks at who waits.",
     .example = "2s"},
};

static const belay_metric locks_metrics[] = {
    {.name = "blocked", .unit = "", .doc = "Most sessions that waited for a lock at one time."},
    {.name = "longest_wait", .unit = "ms", .doc = "Longest wait for a lock that was seen.", .fail = "> 5s"},
    {.name = "deadlocks", .unit = "", .doc = "Deadlocks in the window.", .fail = "> 0"},
};

/* ---------------------------------------------------------------------------------------------------------------- */

static const belay_option diagnose_options[] = {DATABASE};

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
    {.name = "migrations",
     .doc = "Checks that the migration files are in order and unchanged since they were applied; says what is pending.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 120000,
     BELAY_TABLE(option, migrations_options),
     BELAY_TABLE(output, migrations_outputs),
     BELAY_TABLE(metric, migrations_metrics),
     .verify = migrations_verify},
    {.name = "trial",
     .doc = "Applies the pending migrations to a copy of the database, and drops the copy.",
     .default_timeout_ms = 3600000,
     BELAY_TABLE(option, trial_options),
     BELAY_TABLE(output, apply_outputs),
     BELAY_TABLE(metric, apply_metrics),
     .prepare = trial_prepare,
     .execute = trial_execute,
     .verify = trial_verify,
     .rollback = trial_rollback},
    {.name = "migrate",
     .doc = "Applies the pending migrations, each in one transaction where it can be.",
     .default_timeout_ms = 3600000,
     BELAY_TABLE(option, migrate_options),
     BELAY_TABLE(output, apply_outputs),
     BELAY_TABLE(metric, apply_metrics),
     .prepare = migrate_prepare,
     .execute = migrate_execute,
     .verify = migrate_verify,
     .rollback = migrate_rollback},
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
    {.name = "slow_queries",
     .doc = "Measures over a window how long statements take, by pg_stat_statements, which it never resets.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 600000,
     BELAY_TABLE(option, slow_queries_options),
     BELAY_TABLE(metric, slow_queries_metrics),
     .prepare = slow_queries_prepare,
     .verify = slow_queries_verify},
    {.name = "locks",
     .doc = "Watches over a window who waits for whose locks, and counts deadlocks.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 600000,
     BELAY_TABLE(option, locks_options),
     BELAY_TABLE(metric, locks_metrics),
     .prepare = locks_prepare,
     .verify = locks_verify},
    {.name = "diagnose",
     .doc = "Looks for the cause of a failure: connection, locks, invalid indexes, sessions, slow statements.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 10000,
     BELAY_TABLE(option, diagnose_options),
     .verify = diagnose_verify},
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
