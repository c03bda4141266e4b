/* belay plugin new: a folder with a small plugin that is complete, from the templates that are installed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "base/tree.h"
#include "cli/cli.h"

#define TEMPLATE_FILE_MAX ((size_t)1024 * 1024)
#define NAME_MARK         "@NAME@" /* in a template's files; in their names it is NAME */

typedef struct writing {
    const char *name;   /* of the plugin */
    const char *folder; /* where it is written */
} writing;

static char *replace(const char *s, const char *mark, const char *by)
{
    text out = {0};
    for (const char *at; (at = strstr(s, mark)); s = at + strlen(mark)) {
        text_add(&out, s, (size_t)(at - s));
        text_puts(&out, by);
    }
    text_puts(&out, s);
    return text_take(&out);
}

static int write_file(const char *path, const char *bytes, error **err)
{
    guard_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set(err, ERROR_IO, "make '%s': %s", path, strerror(errno));
    return file_write_all(fd, bytes, strlen(bytes), err);
}

static int write_entry(void *user, const tree_entry *entry, error **err)
{
    const writing *w = user;
    guard_mem char *name = replace(entry->path, "NAME", w->name);
    guard_mem char *path = mem_printf("%s/%s", w->folder, name);
    guard_mem char *bytes = NULL;
    if (S_ISDIR(entry->st.st_mode)) /* both parts of a template may have it */
        return mkdir(path, 0777) == 0 || errno == EEXIST
                   ? 0
                   : error_set(err, ERROR_IO, "make the folder '%s': %s", path, strerror(errno));
    int r = file_read(entry->absolute, TEMPLATE_FILE_MAX, &bytes, NULL, err);
    if (r < 0)
        return r;
    guard_mem char *whole = replace(bytes, NAME_MARK, w->name);
    return write_file(path, whole, err);
}

/* The folder of the templates, in an installation and in a build tree. */
static int find_templates(char **ret, error **err)
{
    guard_mem char *program = realpath("/proc/self/exe", NULL);
    if (!program)
        return error_set(err, ERROR_IO, "find the running program by /proc/self/exe: %s", strerror(errno));
    *strrchr(program, '/') = '\0';
    guard_mem char *folder = mem_printf("%s/" BELAY_TEMPLATES_FROM_PROGRAM, program);
    *ret = realpath(folder, NULL);
    if (*ret)
        return 0;
    (void)error_set(err, ERROR_NOT_FOUND, "the templates are not in '%s'", folder);
    return error_hint(err, "they come with the package belay-dev");
}

static int fill(const char *kind, const writing *w, error **err)
{
    guard_mem char *templates = NULL;
    int r = find_templates(&templates, err);
    if (r < 0)
        return r;
    const char *const parts[] = {"common", kind};
    writing copy = *w;
    for (size_t i = 0; r == 0 && i < sizeof parts / sizeof *parts; i++) {
        guard_mem char *from = mem_printf("%s/%s", templates, parts[i]);
        r = tree_walk(from, write_entry, &copy, err);
    }
    return r;
}

static int check_wish(const char *name, const char *kind, error **err)
{
    struct stat st;
    if (!kind || (strcmp(kind, "check") != 0 && strcmp(kind, "change") != 0)) {
        (void)(kind ? error_set(err, ERROR_USAGE, "--kind is check or change, not '%s'", kind)
                    : error_set(err, ERROR_USAGE, "say what the plugin shall be: --kind check or --kind change"));
        return error_hint(err, "a check looks at the world; a change changes it and can take that back");
    }
    if (!catalog_is_plugin_name(name)) {
        (void)error_set(err, ERROR_USAGE, "'%s' cannot be a plugin's name", name);
        return error_hint(err, "2 to 32 of a-z, 0-9 and '-', beginning with a letter: disk-age");
    }
    if (lstat(name, &st) == 0) {
        (void)error_set(err, ERROR_USAGE, "'%s' is there already", name);
        return error_hint(err, "take another name, or remove it");
    }
    return 0;
}

/* Written beside and renamed: the folder is there whole or not at all. */
static int make(const char *name, const char *kind, error **err)
{
    guard_mem char *beside = mem_printf(".%s.XXXXXX", name);
    int r = check_wish(name, kind, err);
    if (r < 0)
        return r;
    if (!mkdtemp(beside))
        return error_set(err, ERROR_IO, "make a folder here: %s", strerror(errno));
    mode_t mask = umask(0);
    umask(mask);
    r = fill(kind, &(writing){.name = name, .folder = beside}, err);
    if (r == 0 &&
        (chmod(beside, 0777 & ~mask) < 0 || renameat2(AT_FDCWD, beside, AT_FDCWD, name, RENAME_NOREPLACE) < 0))
        r = error_set(err, ERROR_IO, "make the folder '%s': %s", name, strerror(errno));
    guard(error) left = NULL;
    if (r < 0 && file_remove_tree(beside, &left) < 0)
        r = error_wrap(err, "'%s' is left here", beside);
    return r;
}

int cli_plugin_new(const cli_args *args)
{
    guard(error) err = NULL;
    const char *name = args->words[0];
    if (make(name, args->kind, &err) < 0)
        return cli_fail(err);
    printf("%s/ is a whole plugin: its code is %s.c, README.md tells the rest.\n\n"
           "  cd %s\n  make\n  make check\n",
           name, name, name);
    return EXIT_COMMITTED;
}
