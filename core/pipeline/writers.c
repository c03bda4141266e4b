/* Who may write to what a pipeline is made of, and read its secrets. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"
#include "pipeline/load.h"

/* The problem reported last is a warning of writers. */
static void note_writers(load *l)
{
    if (l->problems_dropped > 0)
        return;
    mem_reserve(&l->writers);
    l->writers.items[l->writers.count++] = l->problems->count - 1;
}

static bool is_known(const load *l, const char *what)
{
    for (size_t i = 0; i < l->writers.count; i++)
        if (strcmp(l->problems->items[l->writers.items[i]].what, what) == 0)
            return true;
    return false;
}

/* Who may write to a folder on the way to a file may put another file in its place. One warning for each folder. */
static void check_folder(load *l, pipeline_place where, const char *path)
{
    guard(error) err = NULL;
    guard_mem char *copy = mem_dup(path);
    if (trust_check_way(dirname(copy), &err) == 0 || error_get_code(err) != ERROR_REFUSED)
        return;
    guard_mem char *why = error_text(err);
    if (is_known(l, why))
        return;
    load_warning(l, where, "%s", why);
    if (error_get_hint(err))
        load_hint(l, "%s", error_get_hint(err));
    note_writers(l);
}

void load_check_writers(load *l, pipeline_place where, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        load_warning(l, where, "others may write to '%s'", path);
        load_hint(l, "chmod go-w '%s'", path);
        note_writers(l);
    } else if (st.st_uid != 0 && st.st_uid != geteuid()) {
        load_warning(l, where, "'%s' belongs to another user, who may write to it", path);
        load_hint(l, "chown %u '%s'", (unsigned)geteuid(), path);
        note_writers(l);
    }
    check_folder(l, where, path);
}

void load_check_secret_file(load *l, pipeline_place where, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & S_IROTH)) {
        load_warning(l, where, "the secret file '%s' can be read by everybody", path);
        load_hint(l, "chmod o= '%s'", path);
    }
    load_check_writers(l, where, path);
}

void load_refuse_writers(load *l)
{
    for (size_t i = 0; i < l->writers.count; i++)
        l->problems->items[l->writers.items[i]].warning = false;
}
