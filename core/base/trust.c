#include "base/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

/* A path as a shell would need it: hints are there to be copied. */
static char *shell_word(const char *path)
{
    guard_text word = {0};
    if (path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@:,")] == '\0')
        return mem_dup(path);
    text_puts(&word, "'");
    for (const char *p = path; *p; p++)
        text_add(&word, *p == '\'' ? "'\\''" : p, *p == '\'' ? 4 : 1);
    text_puts(&word, "'");
    return text_take(&word);
}

static int refuse_owner(const char *path, const struct stat *st, error **err)
{
    guard_mem char *word = shell_word(path);
    (void)error_set(err, ERROR_REFUSED, "'%s' belongs to user %u, who could change it at any time", path,
                    (unsigned)st->st_uid);
    return geteuid() == 0 ? error_hint(err, "chown root %s", word)
                          : error_hint(err, "install it as yourself or as root");
}

static int refuse_mode(const char *path, const struct stat *st, error **err)
{
    guard_mem char *word = shell_word(path);
    (void)error_set(err, ERROR_REFUSED, "%s may write to '%s' (mode %04o)",
                    st->st_mode & S_IWOTH ? "everybody" : "a group", path, (unsigned)(st->st_mode & 07777));
    return error_hint(err, "chmod go-w %s", word);
}

static bool is_trusted_owner(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool is_shared(const struct stat *st)
{
    return st->st_mode & (S_IWGRP | S_IWOTH);
}

/* In a sticky folder nobody can rename what is not his: what root or we own in it stays where it is. */
static bool is_sticky(const struct stat *st)
{
    return st->st_mode & S_ISVTX;
}

static int check_folder(int fd, const char *path, bool last, error **err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_set(err, ERROR_IO, "look at '%s': %s", path, strerror(errno));
    if (!is_trusted_owner(&st))
        return refuse_owner(path, &st, err);
    if (is_shared(&st) && (last || !is_sticky(&st)))
        return refuse_mode(path, &st, err);
    return 0;
}

static int fail_open(const char *path, error **err)
{
    int missing = errno == ENOENT || errno == ENOTDIR;
    return error_set(err, missing ? ERROR_NOT_FOUND : ERROR_IO, "open '%s': %s", path, strerror(errno));
}

/* One component below parent; closes nothing. */
static int open_below(int parent, const char *name, const char *path, int *ret_fd, error **err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) /* one may pass through a folder that one may not list */
        fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_open(path, err);
    *ret_fd = fd;
    return 0;
}

/* ---- the way from "/" -------------------------------------------------------------------------------------------- */

/* As many symbolic links as the kernel follows. */
#define LINKS_MAX 40

typedef struct walk {
    int at;     /* the folder that was reached, checked but for being the last */
    text path;  /* its path, without symbolic links: "" for "/" */
    char *rest; /* what is still to be walked */
    const char *asked;
    int links;
} walk;

static void walk_done(walk *w)
{
    if (w->at >= 0)
        close(w->at);
    text_done(&w->path);
    free(w->rest);
}

static void cut_last(text *path)
{
    while (path->count && path->items[--path->count] != '/')
        ;
    if (path->items)
        path->items[path->count] = '\0';
}

static int move_to(walk *w, int fd, error **err)
{
    if (w->at >= 0)
        close(w->at);
    w->at = fd;
    return check_folder(fd, w->path.count ? text_get(&w->path) : "/", false, err);
}

static int begin_at_root(walk *w, error **err)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_open("/", err);
    text_done(&w->path);
    return move_to(w, fd, err);
}

/* Goes on where the link leads. The folder that holds it was checked, so nobody else can have made it, but in a sticky
 * one: there its owner tells. */
static int follow_link(walk *w, const char *name, const char *path, const char *target, error **err)
{
    struct stat st;
    if (fstatat(w->at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_open(w->asked, err);
    if (!is_trusted_owner(&st))
        return refuse_owner(path, &st, err);
    if (++w->links > LINKS_MAX) {
        errno = ELOOP;
        return fail_open(w->asked, err);
    }
    char *rest = mem_printf("%s/%s", target, w->rest);
    free(w->rest);
    w->rest = rest;
    return target[0] == '/' ? begin_at_root(w, err) : 0;
}

static int enter(walk *w, const char *name, error **err)
{
    char target[PATH_MAX];
    guard_mem char *path = mem_printf("%s/%s", text_get(&w->path), name);
    ssize_t n = readlinkat(w->at, name, target, sizeof target - 1);
    if (n >= 0) {
        target[n] = '\0';
        return follow_link(w, name, path, target, err);
    }
    int below = -1;
    int r = open_below(w->at, name, w->asked, &below, err);
    if (r < 0)
        return r;
    if (strcmp(name, "..") == 0)
        cut_last(&w->path);
    else
        text_printf(&w->path, "/%s", name);
    return move_to(w, below, err);
}

/* Takes the next name off the rest; "" at its end. */
static char *next_name(walk *w)
{
    const char *at = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(at, "/");
    char *name = mem_dup_n(at, n), *rest = mem_dup(at + n);
    free(w->rest);
    w->rest = rest;
    return name;
}

static int go(walk *w, error **err)
{
    int r = begin_at_root(w, err);
    while (r == 0) {
        guard_mem char *name = next_name(w);
        if (!*name)
            break;
        if (strcmp(name, ".") != 0)
            r = enter(w, name, err);
    }
    return r;
}

/* Walks the whole way; walk_done() in any case. */
static int walk_to(walk *w, const char *path, error **err)
{
    char here[PATH_MAX];
    *w = (walk){.at = -1, .asked = path};
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return error_set(err, ERROR_IO, "find the current folder: %s", strerror(errno));
    w->rest = file_absolute(here, path);
    int r = go(w, err);
    if (w->path.count == 0)
        text_puts(&w->path, "/");
    return r;
}

int trust_check_way(const char *path, error **err)
{
    walk w;
    int r = walk_to(&w, path, err);
    walk_done(&w);
    return r;
}

int trust_open_folder(const char *path, int *ret_fd, char **ret_path, error **err)
{
    walk w;
    int r = walk_to(&w, path, err);
    if (r == 0)
        r = check_folder(w.at, text_get(&w.path), true, err);
    if (r == 0) {
        *ret_fd = w.at;
        *ret_path = text_take(&w.path);
        w.at = -1;
    }
    walk_done(&w);
    return r;
}

int trust_open_file(int folder, const char *name, const char *path, int *ret_fd, error **err)
{
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    guard_fd fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP) {
        (void)error_set(err, ERROR_REFUSED, "'%s' is a symbolic link", path);
        return error_hint(err, "put the file itself there, or name the folder that holds it with --plugin-dir");
    }
    if (fd < 0)
        return fail_open(path, err);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_set(err, ERROR_IO, "look at '%s': %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERROR_REFUSED, "'%s' is not a regular file", path);
    if (!is_trusted_owner(&st))
        return refuse_owner(path, &st, err);
    if (is_shared(&st))
        return refuse_mode(path, &st, err);
    *ret_fd = fd;
    fd = -1;
    return 0;
}
