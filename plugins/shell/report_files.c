#include "report_files.h"

#include <dirent.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH 64 /* folders in folders */

static bool keep(report_files *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->items[i], path) == 0)
            return true;
    if (f->count == f->room) {
        const size_t room = f->room ? 2 * f->room : 16;
        char **grown = realloc(f->items, room * sizeof *grown);
        if (!grown)
            return false;
        f->items = grown;
        f->room = room;
    }
    return (f->items[f->count] = strdup(path)) && ++f->count;
}

/* The component "**" of a pattern, or NULL. */
static const char *recursive_part(const char *pattern)
{
    for (const char *at = pattern; (at = strstr(at, "**")); at += 2)
        if ((at == pattern || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return at;
    return NULL;
}

static int add(report_files *f, const char *pattern, int depth);

/* Adds "folder/rest" for the folder and for each below it. */
static int add_below(report_files *f, const char *folder, const char *rest, int depth)
{
    char *pattern = NULL;
    struct dirent *entry;
    struct stat st;
    int named = asprintf(&pattern, "%s%s", folder, rest) < 0 ? -1 : add(f, pattern, depth);
    free(pattern);
    DIR *entries = opendir(*folder ? folder : ".");
    while (entries && named >= 0 && depth < DEPTH && (entry = readdir(entries))) {
        char *below = NULL;
        if (entry->d_name[0] == '.')
            continue;
        if (asprintf(&below, "%s%s/", folder, entry->d_name) < 0) {
            named = -1;
            break;
        }
        below[strlen(below) - 1] = '\0';
        const bool is_folder = lstat(below, &st) == 0 && S_ISDIR(st.st_mode);
        below[strlen(below)] = '/';
        const int more = is_folder ? add_below(f, below, rest, depth + 1) : 0;
        named = more < 0 ? -1 : named + more;
        free(below);
    }
    if (entries)
        closedir(entries);
    return named;
}

/* What stands in front of "**" may itself be a pattern: each folder that it names is gone through. */
static int add_recursive(report_files *f, const char *pattern, const char *part, int depth)
{
    char *front = strndup(pattern, (size_t)(part - pattern));
    const char *rest = part[2] ? part + 3 : "*";
    glob_t found = {0};
    int named = front ? 0 : -1;
    if (front && !*front)
        named = add_below(f, "", rest, depth);
    else if (front && glob(front, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && named >= 0; i++) {
            const int more = add_below(f, found.gl_pathv[i], rest, depth);
            named = more < 0 ? -1 : named + more;
        }
    globfree(&found);
    free(front);
    return named;
}

static int add(report_files *f, const char *pattern, int depth)
{
    const char *part = recursive_part(pattern);
    glob_t found = {0};
    struct stat st;
    int named = 0;
    if (part)
        return add_recursive(f, pattern, part, depth);
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && named >= 0; i++) {
            if (stat(found.gl_pathv[i], &st) == 0 && S_ISDIR(st.st_mode))
                continue;
            named = keep(f, found.gl_pathv[i]) ? named + 1 : -1;
        }
    globfree(&found);
    return named;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int report_files_add(report_files *f, const char *pattern)
{
    const int named = add(f, pattern, 0);
    if (f->count)
        qsort(f->items, f->count, sizeof *f->items, by_name);
    return named;
}

void report_files_done(report_files *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->items[i]);
    free(f->items);
    *f = (report_files){0};
}
