#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* A world or a template is small; what is larger was named by mistake. */
#define FILE_LARGEST ((size_t)64 * 1024 * 1024)

/* ---- walk -------------------------------------------------------------------------------------------------------- */

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Not alphasort: it follows the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(const char *root, const char *prefix, tree_visit visit, void *user, error **err);

static int visit_one(const char *root, const char *path, tree_visit visit, void *user, error **err)
{
    guard_mem char *absolute = mem_printf("%s/%s", root, path);
    tree_entry entry = {.path = path, .absolute = absolute};
    if (lstat(absolute, &entry.st) < 0)
        return error_set(err, ERROR_IO, "look at '%s': %s", absolute, strerror(errno));
    int r = visit(user, &entry, err);
    return r == 0 && S_ISDIR(entry.st.st_mode) ? walk(root, path, visit, user, err) : r;
}

static int walk(const char *root, const char *prefix, tree_visit visit, void *user, error **err)
{
    guard_mem char *folder = *prefix ? mem_printf("%s/%s", root, prefix) : mem_dup(root);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_entry, by_bytes), r = 0;
    if (count < 0)
        return error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "read the folder '%s': %s", folder,
                         strerror(errno));
    for (int i = 0; i < count; i++) {
        guard_mem char *path = mem_printf("%s%s%s", prefix, *prefix ? "/" : "", entries[i]->d_name);
        if (r == 0)
            r = visit_one(root, path, visit, user, err);
        free(entries[i]);
    }
    free(entries);
    return r;
}

int tree_walk(const char *folder, tree_visit visit, void *user, error **err)
{
    return walk(folder, "", visit, user, err);
}

/* ---- copy -------------------------------------------------------------------------------------------------------- */

static int copy_file(const char *from, const char *to, mode_t mode, error **err)
{
    guard_mem char *bytes = NULL;
    size_t size = 0;
    int r = file_read(from, FILE_LARGEST, &bytes, &size, err);
    if (r < 0)
        return r;
    guard_fd fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ERROR_IO, "make '%s': %s", to, strerror(errno));
    r = file_write_all(fd, bytes, size, err);
    if (r == 0 && fchmod(fd, mode & 07777) < 0)
        r = error_set(err, ERROR_IO, "set the mode of '%s': %s", to, strerror(errno));
    return r;
}

static int read_link(const char *path, char target[PATH_MAX], error **err)
{
    ssize_t n = readlink(path, target, PATH_MAX - 1);
    if (n < 0)
        return error_set(err, ERROR_IO, "read the link '%s': %s", path, strerror(errno));
    target[n] = '\0';
    return 0;
}

static int copy_link(const char *from, const char *to, error **err)
{
    char target[PATH_MAX];
    int r = read_link(from, target, err);
    if (r == 0 && symlink(target, to) < 0)
        r = error_set(err, ERROR_IO, "make the link '%s': %s", to, strerror(errno));
    return r;
}

static int copy_entry(void *user, const tree_entry *entry, error **err)
{
    guard_mem char *to = mem_printf("%s/%s", (const char *)user, entry->path);
    if (S_ISREG(entry->st.st_mode))
        return copy_file(entry->absolute, to, entry->st.st_mode, err);
    if (S_ISLNK(entry->st.st_mode))
        return copy_link(entry->absolute, to, err);
    if (!S_ISDIR(entry->st.st_mode))
        return error_set(err, ERROR_IO, "'%s' is neither file, folder nor symbolic link", entry->absolute);
    if (mkdir(to, 0700) < 0 || chmod(to, entry->st.st_mode & 07777) < 0)
        return error_set(err, ERROR_IO, "make the folder '%s': %s", to, strerror(errno));
    return 0;
}

int tree_copy(const char *from, const char *to, error **err)
{
    struct stat st;
    if (stat(from, &st) < 0)
        return error_set(err, ERROR_NOT_FOUND, "look at '%s': %s", from, strerror(errno));
    if (mkdir(to, 0700) < 0 || chmod(to, st.st_mode & 07777) < 0)
        return error_set(err, ERROR_IO, "make the folder '%s': %s", to, strerror(errno));
    char *target = mem_dup(to);
    int r = tree_walk(from, copy_entry, target, err);
    free(target);
    return r;
}

/* ---- digest ------------------------------------------------------------------------------------------------------ */

static int digest_content(const tree_entry *entry, text *out, error **err)
{
    char target[PATH_MAX], hex[SHA256_TEXT];
    int r = 0;
    if (S_ISLNK(entry->st.st_mode)) {
        if ((r = read_link(entry->absolute, target, err)) == 0)
            text_printf(out, " -> %s", target);
    } else if (S_ISREG(entry->st.st_mode)) {
        guard_fd fd = open(entry->absolute, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return error_set(err, ERROR_IO, "open '%s': %s", entry->absolute, strerror(errno));
        if ((r = sha256_file(fd, hex, err)) == 0)
            text_printf(out, " %s", hex);
    }
    return r;
}

static int digest_entry(void *user, const tree_entry *entry, error **err)
{
    text *out = user;
    text_printf(out, "%s %07o", entry->path, (unsigned)entry->st.st_mode);
    int r = digest_content(entry, out, err);
    text_puts(out, "\n");
    return r;
}

int tree_digest(const char *folder, text *out, error **err)
{
    return tree_walk(folder, digest_entry, out, err);
}
