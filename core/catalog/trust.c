#include "catalog/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int trust_open_folder(const char *path, int *ret_fd, char **ret_path, error **err)
{
    guard_mem char *real = realpath(path, NULL);
    if (!real)
        return fail_open(path, err);
    guard_fd at = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return fail_open("/", err);
    int r = check_folder(at, "/", real[1] == '\0', err);
    for (char *p = real + 1; r == 0 && *p;) {
        size_t length = strcspn(p, "/");
        guard_mem char *name = mem_dup_n(p, length), *so_far = mem_dup_n(real, (size_t)(p - real) + length);
        p += length + (p[length] == '/');
        int below = -1;
        r = open_below(at, name, so_far, &below, err);
        if (r < 0)
            break;
        close(at);
        at = below;
        r = check_folder(at, so_far, *p == '\0', err);
    }
    if (r < 0)
        return r;
    *ret_fd = at;
    *ret_path = take(real);
    at = -1;
    return 0;
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
