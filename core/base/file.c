#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static void close_folder(DIR *dir)
{
    if (dir)
        closedir(dir);
}
GUARD(DIR, close_folder)

static int fill(int fd, const char *path, size_t max, char **ret, size_t *ret_size, error **err)
{
    size_t room = 4096, count = 0;
    guard_mem char *bytes = mem_array(room, 1);
    for (;;) {
        if (count + 1 == room)
            bytes = mem_grow_wiped(bytes, count, room *= 2); /* it may be the file of a secret */
        ssize_t n = read(fd, bytes + count, room - 1 - count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, ERROR_IO, "read '%s': %s", path, strerror(errno));
        if (n == 0)
            break;
        count += (size_t)n;
        if (count > max)
            return error_set(err, ERROR_IO, "'%s' is larger than the %zu bytes allowed here", path, max);
    }
    bytes[count] = '\0';
    *ret = take(bytes);
    if (ret_size)
        *ret_size = count;
    return 0;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_size, error **err)
{
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "open '%s': %s", path, strerror(errno));
    return fill(fd, path, max, ret, ret_size, err);
}

int file_write_all(int fd, const void *bytes, size_t n, error **err)
{
    const char *at = bytes;
    while (n) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_set(err, ERROR_IO, "write: %s", strerror(errno));
        at += written;
        n -= (size_t)written;
    }
    return 0;
}

static int make_one(const char *path, error **err)
{
    struct stat st;
    if (mkdir(path, 0700) == 0)
        return 0;
    int reason = errno;
    /* A folder that is there may also answer EROFS or EACCES. */
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return error_set(err, ERROR_IO, "make the folder '%s': %s", path, strerror(reason == EEXIST ? ENOTDIR : reason));
}

int file_make_folder(const char *path, error **err)
{
    guard_mem char *part = mem_dup(path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = make_one(part, err);
        if (r < 0)
            return r;
        *slash = '/';
    }
    return make_one(path, err);
}

static int remove_at(int folder, const char *name, error **err);

static int remove_content(int folder, const char *name, error **err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(folder, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat(folder, name, 0700, 0) == 0)
        fd = openat(folder, name, flags);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set(err, ERROR_IO, "open the folder '%s': %s", name, strerror(errno));
    guard(DIR) dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return error_set(err, ERROR_IO, "read the folder '%s': %s", name, strerror(errno));
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int r = remove_at(fd, entry->d_name, err);
        if (r < 0)
            return error_wrap(err, "in '%s'", name);
    }
    return 0;
}

static int remove_at(int folder, const char *name, error **err)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_set(err, ERROR_IO, "look at '%s': %s", name, strerror(errno));
    bool is_folder = S_ISDIR(st.st_mode);
    int r = is_folder ? remove_content(folder, name, err) : 0;
    if (r < 0)
        return r;
    if (unlinkat(folder, name, is_folder ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
        return error_set(err, ERROR_IO, "remove '%s': %s", name, strerror(errno));
    return 0;
}

int file_remove_tree(const char *path, error **err)
{
    return remove_at(AT_FDCWD, path, err);
}

char *file_absolute(const char *folder, const char *path)
{
    return path[0] == '/' ? mem_dup(path) : mem_printf("%s/%s", folder, path);
}
