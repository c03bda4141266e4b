/** @file postgres_world.h  Databases for tests of the postgres plugin. */
#ifndef TESTS_PLUGIN_POSTGRES_WORLD_H
#define TESTS_PLUGIN_POSTGRES_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

/** Runs SQL in a database of the test's server with psql; fails the test on an error; gives what it printed. */
const char *world_sql(const char *database, const char *sql);
/** A new database with two tables and 1000 rows; its URL. */
const char *world_make(const char *name);
bool world_has(const char *database);
/** A digest of all rows of the two tables. */
const char *world_digest(const char *database);
/** Gives an existing database something of every property that a copy must keep: a connection limit, a comment, a
 * tablespace, settings, privileges granted by several roles. */
void world_adorn(const char *database);
/** All these properties as text, with owner, encoding and locale. */
const char *world_properties(const char *database);
/** The names of the databases that begin with "NAME_", one a line. */
const char *world_beside(const char *name);
/** Makes the role `user` a plain owner of the database, without any right that a superuser has; the URL of it as this
 * user. */
const char *world_own(const char *database, const char *user, const char *rights);
/** Another process that keeps settings from being changed; ends with world_hang_up(). */
pid_t world_hold_settings(void);
/** Another process that holds a session on the database, by the name `application`; ends with world_hang_up(). */
pid_t world_connect(const char *database, const char *application);
/** Another process that keeps the database from being copied or renamed; ends with world_hang_up(). */
pid_t world_hold(const char *database);
void world_hang_up(pid_t pid);

#endif
