/**
 * @file env_file.h
 * Reads env files (.env) as `docker compose` does. Lines NAME=value, "export " before a name, '#' comments, a byte
 * order mark. A value may stand
 * - in 'single quotes', as it is (but \'), over several lines;
 * - in "double quotes", with \n \t \" \\ \$ ..., over several lines; variables are put in;
 * - without quotes, to the line's end or to " #"; variables are put in.
 * Variables: $NAME ${NAME} ${NAME:-default} ${NAME-default} ${NAME:+other} ${NAME+other} ${NAME:?why} ${NAME?why}; "$$"
 * is a '$'. They are sought in the environment, then among the earlier names of the file.
 */
#ifndef ENV_FILE_H
#define ENV_FILE_H

#include <stddef.h>

typedef struct env_entry {
    char *name, *value;
} env_entry;

typedef struct env_table {
    env_entry *entries;
    size_t count, room;
    char *unset;       /**< the first variable that was put in and is not set: it came to nothing; NULL: none */
    size_t unset_line; /**< where */
} env_table;

/** The environment's value of a name, or NULL. */
typedef const char *(*env_lookup)(void *user, const char *name);

/**
 * Reads a file's bytes; bytes[size] must be a NUL. 0, or the number of the first line that cannot be read with *ret_why
 * set: a constant text that holds nothing of the line, which may be a secret. The last of a name wins. Memory that is
 * not to be had ends the process.
 */
size_t env_parse(const char *bytes, size_t size, env_lookup lookup, void *user, env_table *ret, const char **ret_why);
/** Adds an entry with copies of both. */
void env_add(env_table *t, const char *name, const char *value);
/** The value, or NULL. */
const char *env_get(const env_table *t, const char *name);
/** Wipes and frees. */
void env_done(env_table *t);

#endif
