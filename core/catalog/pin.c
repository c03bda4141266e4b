#include "catalog/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/trust.h"

/* Of the kept descriptors; another number is read in a worker again. */
#define DESCRIPTOR_FORMAT 1
#define DESCRIPTOR_MAX    ((size_t)4 * 1024 * 1024)

static char *entry_path(const char *state_folder, const char *sha256, const char *suffix)
{
    return mem_printf("%s/plugins/%s%s", state_folder, sha256, suffix);
}

char *pin_path(const char *state_folder, const char *sha256)
{
    return entry_path(state_folder, sha256, ".so");
}

int pin_prepare(const char *state_folder, error **err)
{
    guard_mem char *folder = mem_printf("%s/plugins", state_folder);
    guard_mem char *real = NULL;
    int opened = -1, r = file_make_folder(folder, err);
    if (r == 0)
        r = trust_open_folder(folder, &opened, &real, err);
    guard_fd fd = opened;
    if (r < 0)
        return error_wrap(err, "the store of plugins");
    struct statvfs fs;
    if (fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_NOEXEC) {
        (void)error_set(err, ERROR_IO, "no plugin can be loaded from '%s': its filesystem is mounted noexec", folder);
        return error_hint(err, "set BELAY_STATE_DIR to a folder on another filesystem");
    }
    return 0;
}

static int sync_folder(const char *folder, error **err)
{
    guard_fd fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return error_set(err, ERROR_IO, "sync the folder '%s': %s", folder, strerror(errno));
    return 0;
}

static int fill(int fd, const char *path, const void *bytes, size_t size, mode_t mode, error **err)
{
    int r = file_write_all(fd, bytes, size, err);
    if (r == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        r = error_set(err, ERROR_IO, "write '%s': %s", path, strerror(errno));
    return r;
}

/* Writes beside path, then renames: path is there whole or not at all, whatever happens. */
static int put(const char *state_folder, const char *path, const void *bytes, size_t size, mode_t mode, error **err)
{
    guard_mem char *folder = mem_printf("%s/plugins", state_folder);
    guard_mem char *beside = mem_printf("%s/.new-XXXXXX", folder);
    guard_fd fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_IO, "make a file in '%s': %s", folder, strerror(errno));
    int r = fill(fd, beside, bytes, size, mode, err);
    if (r == 0 && rename(beside, path) != 0)
        r = error_set(err, ERROR_IO, "rename '%s' to '%s': %s", beside, path, strerror(errno));
    if (r < 0)
        (void)unlink(beside);
    return r < 0 ? r : sync_folder(folder, err);
}

int pin_put(const char *state_folder, const char *sha256, const void *bytes, size_t size, bool *ret_new, error **err)
{
    guard_mem char *path = pin_path(state_folder, sha256);
    bool is_new = access(path, F_OK) != 0;
    int r = is_new ? put(state_folder, path, bytes, size, 0500, err) : 0;
    if (r < 0)
        return error_wrap(err, "keep a copy of the plugin");
    *ret_new = is_new;
    return 0;
}

void pin_drop(const char *state_folder, const char *sha256)
{
    guard_mem char *path = pin_path(state_folder, sha256);
    (void)unlink(path);
}

json_t *pin_descriptor(const char *state_folder, const char *sha256)
{
    guard_mem char *path = entry_path(state_folder, sha256, ".json");
    guard_mem char *bytes = NULL;
    guard(error) err = NULL;
    if (file_read(path, DESCRIPTOR_MAX, &bytes, NULL, &err) < 0)
        return NULL;
    json_t *kept = json_loads(bytes, 0, NULL), *descriptor = NULL;
    if (json_integer_value(json_object_get(kept, "format")) == DESCRIPTOR_FORMAT)
        descriptor = json_incref(json_object_get(kept, "plugin"));
    json_decref(kept);
    return descriptor;
}

void pin_put_descriptor(const char *state_folder, const char *sha256, json_t *descriptor)
{
    guard(error) err = NULL;
    guard_mem char *path = entry_path(state_folder, sha256, ".json");
    json_t *kept = json_pack("{s:i, s:O}", "format", DESCRIPTOR_FORMAT, "plugin", descriptor);
    guard_mem char *bytes = kept ? json_dumps(kept, JSON_COMPACT) : NULL;
    json_decref(kept);
    if (bytes && put(state_folder, path, bytes, strlen(bytes), 0600, &err) < 0)
        (void)unlink(path);
}
