/** @file migration_world.h  A database and a folder of migrations, for tests of the kinds that apply them. */
#ifndef TESTS_PLUGIN_MIGRATION_WORLD_H
#define TESTS_PLUGIN_MIGRATION_WORLD_H

#include <sys/types.h>

#include "kit.h"
#include "postgres_world.h"

typedef struct migrations {
    const char *database, *dir;
} migrations;

/** A new database, as world_make() gives it, and an empty folder. */
migrations migrations_new(const char *database);
void migrations_write(const migrations *m, const char *name, const char *text);
void migrations_remove(const migrations *m, const char *name);
/** A step of the kind with its options database and dir. */
kit_step *migrations_step(const migrations *m, const char *kind);

/** Runs the phase; fails the test, with what was explained, unless it gives this status. */
void run_phase(kit_step *s, kit_phase phase, belay_status expected);
void assert_contains(const char *text, const char *part);
void assert_sql(const migrations *m, const char *sql, const char *expected);
/** Another session that has done `sql` in a transaction and keeps it open; ends with world_hang_up(). */
pid_t hold(const migrations *m, const char *sql, const char *application);

#endif
