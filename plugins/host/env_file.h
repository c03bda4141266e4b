/**
 * @file env_file.h
 * Reads env files as `docker compose` does: NAME=value lines, "export " before a name, '#' comments, values in single
 * quotes (as they are) or double quotes (with \n, \", \\ ...), which may go over several lines. The last of a name
 * wins.
 */
#ifndef ENV_FILE_H
#define ENV_FILE_H

#include <stddef.h>

typedef struct env_entry {
    const char *name, *value;
} env_entry;

typedef struct env_table {
    env_entry *entries;
    size_t count;
} env_table;

/** Cuts text (which is changed, and must outlive the table) into entries. 0, or the number of the first line that
 * cannot be read with *ret_why set: a constant text that holds nothing of the line, which may be a secret. The caller
 * frees entries. */
size_t env_parse(char *text, env_table *ret, const char **ret_why);
/** The value, or NULL. */
const char *env_get(const env_table *t, const char *name);
/** Frees the entries, not the text. */
void env_done(env_table *t);

#endif
