#include "pipeline/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "env_file.h"

#define MAX_FILE ((size_t)1024 * 1024)

struct environment {
    env_table recorded, files;
    env_table used; /**< the values that were put into texts that a run records */
};

environment *environment_new(void)
{
    return mem_new(environment);
}

void environment_free(environment *e)
{
    if (!e)
        return;
    env_done(&e->recorded);
    env_done(&e->files);
    env_done(&e->used);
    free(e);
}

static const char *look_up(void *user, const char *name)
{
    return environment_get(user, name);
}

int environment_read(environment *e, const char *path, char **ret_note, error **err)
{
    char *bytes = NULL;
    size_t size = 0;
    env_table table = {0};
    const char *why = NULL;
    *ret_note = NULL;
    int r = file_read(path, MAX_FILE, &bytes, &size, err);
    if (r)
        return r;
    const size_t line = env_parse(bytes, size, look_up, e, &table, &why);
    mem_wipe_free(bytes, size);
    if (line)
        return error_set(err, ERROR_CONFIG, "%s:%zu: %s", path, line, why);
    for (size_t i = 0; i < table.count; i++)
        env_add(&e->files, table.entries[i].name, table.entries[i].value);
    if (table.unset)
        *ret_note =
            mem_printf("%s:%zu: the variable %s is not set, and comes to nothing", path, table.unset_line, table.unset);
    env_done(&table);
    return 0;
}

void environment_record(environment *e, const char *name, const char *value)
{
    env_add(&e->recorded, name, value);
}

const char *environment_get(const environment *e, const char *name)
{
    const char *value = env_get(&e->recorded, name);
    if (!value)
        value = getenv(name);
    return value ? value : env_get(&e->files, name);
}

const char *environment_use(environment *e, const char *name)
{
    const char *value = environment_get(e, name);
    if (value && !env_get(&e->used, name))
        env_add(&e->used, name, value);
    return value;
}

void environment_used(const environment *e, void (*fn)(void *user, const char *name, const char *value), void *user)
{
    for (size_t i = 0; i < e->used.count; i++)
        fn(user, e->used.entries[i].name, e->used.entries[i].value);
}

char *environment_nearest(const environment *e, const char *name)
{
    nearest n = nearest_to(name);
    struct {
        char **items;
        size_t count, room;
    } names = {0}; /* copies: in the process's environment a name does not end with a NUL */
    for (char **at = environ; at && *at; at++) {
        mem_reserve(&names);
        names.items[names.count++] = mem_dup_n(*at, strcspn(*at, "="));
    }
    for (size_t i = 0; i < names.count; i++)
        nearest_offer(&n, names.items[i]);
    for (size_t i = 0; i < e->files.count; i++)
        nearest_offer(&n, e->files.entries[i].name);
    char *best = mem_dup_or_null(nearest_get(&n));
    for (size_t i = 0; i < names.count; i++)
        free(names.items[i]);
    free(names.items);
    return best;
}
