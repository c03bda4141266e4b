#include "catalog/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "base/trust.h"
#include "catalog/descriptor.h"
#include "catalog/elf.h"
#include "catalog/pin.h"
#include "worker/worker.h"

#define PLUGIN_MAX ((off_t)256 * 1024 * 1024)

static void json_free(json_t *value)
{
    json_decref(value);
}
GUARD(json_t, json_free)

/* A plugin file's bytes, read once: what is checked, hashed and kept are the same bytes, whatever happens to the file.
 */
typedef struct image {
    char *bytes;
    size_t size;
    char sha256[SHA256_TEXT];
} image;

static int read_image(int fd, image *ret, error **err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_set(err, ERROR_IO, "look at the file: %s", strerror(errno));
    if (st.st_size > PLUGIN_MAX)
        return error_set(err, ERROR_PLUGIN, "larger than any plugin may be (256 MiB)");
    size_t size = (size_t)st.st_size, count = 0;
    guard_mem char *bytes = mem_array(size, 1);
    while (count < size) {
        ssize_t n = read(fd, bytes + count, size - count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, ERROR_IO, "read the file: %s", strerror(errno));
        if (n == 0)
            return error_set(err, ERROR_IO, "the file became shorter while it was read");
        count += (size_t)n;
    }
    sha256_bytes(bytes, size, ret->sha256);
    ret->size = size;
    ret->bytes = take(bytes);
    return 0;
}

static int describe_in_worker(const char *state_folder, const char *sha256, json_t **ret, error **err)
{
    guard_mem char *pinned = pin_path(state_folder, sha256);
    int r = worker_init(err);
    return r < 0 ? r : worker_describe(pinned, sha256, ret, err);
}

/* The descriptor of a pinned plugin, from the store or from a worker, read and checked. */
static int describe(const char *state_folder, const char *path, const char *sha256, catalog_plugin **ret, error **err)
{
    guard(json_t) descriptor = pin_descriptor(state_folder, sha256);
    guard(catalog_plugin) p = NULL;
    int r = 0;
    bool kept = descriptor != NULL;
    if (!kept)
        r = describe_in_worker(state_folder, sha256, &descriptor, err);
    if (r == 0)
        r = descriptor_parse(descriptor, path, sha256, &p, err);
    if (r == 0)
        r = descriptor_lint(p, err);
    if (r < 0)
        return r;
    if (!kept)
        pin_put_descriptor(state_folder, sha256, descriptor);
    *ret = take(p);
    return 0;
}

static int check_file_name(const catalog_plugin *p, const char *name, error **err)
{
    size_t n = strlen(p->name);
    if (strncmp(p->name, name, n) == 0 && strcmp(name + n, ".so") == 0)
        return 0;
    (void)error_set(err, ERROR_PLUGIN, "it calls itself '%s' and is named '%s'", p->name, name);
    return error_hint(err, "rename the file to '%s.so'", p->name);
}

static int pin_and_describe(const char *state_folder, const char *name, const char *path, const image *f,
                            catalog_plugin **ret, error **err)
{
    guard(catalog_plugin) p = NULL;
    bool is_new = false;
    int r = elf_check(f->bytes, f->size, err);
    if (r == 0)
        r = pin_put(state_folder, f->sha256, f->bytes, f->size, &is_new, err);
    if (r < 0)
        return r;
    r = describe(state_folder, path, f->sha256, &p, err);
    if (r == 0)
        r = check_file_name(p, name, err);
    if (r < 0 && is_new)
        pin_drop(state_folder, f->sha256);
    if (r == 0)
        *ret = take(p);
    return r;
}

int load_plugin(const char *state_folder, int folder, const char *folder_path, const char *name, catalog_plugin **ret,
                error **err)
{
    guard_mem char *path = mem_printf("%s/%s", folder_path, name);
    int opened = -1;
    int r = trust_open_file(folder, name, path, &opened, err);
    guard_fd fd = opened;
    image f = {0};
    if (r == 0)
        r = read_image(fd, &f, err);
    if (r == 0)
        r = pin_and_describe(state_folder, name, path, &f, ret, err);
    free(f.bytes);
    return r;
}

int catalog_describe(const char *state_folder, const char *path, catalog_plugin **ret, error **err)
{
    const char *slash = strrchr(path, '/');
    guard_mem char *parent = !slash          ? mem_dup(".")
                             : slash == path ? mem_dup("/")
                                             : mem_dup_n(path, (size_t)(slash - path));
    guard_mem char *real = NULL;
    int opened = -1;
    int r = pin_prepare(state_folder, err);
    if (r == 0)
        r = trust_open_folder(parent, &opened, &real, err);
    guard_fd folder = opened;
    if (r == 0)
        r = load_plugin(state_folder, folder, real, slash ? slash + 1 : path, ret, err);
    return r < 0 ? error_wrap(err, "plugin '%s'", path) : 0;
}

int catalog_pinned(const char *state_folder, const char *sha256, char **ret_path, error **err)
{
    guard_mem char *path = pin_path(state_folder, sha256);
    if (strlen(sha256) != SHA256_TEXT - 1 || strspn(sha256, "0123456789abcdef") != SHA256_TEXT - 1)
        return error_set(err, ERROR_NOT_FOUND, "'%s' is no SHA-256 of a plugin", sha256);
    if (access(path, R_OK) != 0) {
        (void)error_set(err, ERROR_NOT_FOUND, "the pinned plugin '%s' is not there: %s", path, strerror(errno));
        return error_hint(err, "put the very file with this SHA-256 there: rollback runs no other");
    }
    *ret_path = take(path);
    return 0;
}

int catalog_describe_pinned(const char *state_folder, const char *sha256, catalog_plugin **ret, error **err)
{
    guard_mem char *path = NULL;
    int r = catalog_pinned(state_folder, sha256, &path, err);
    if (r == 0)
        r = describe(state_folder, path, sha256, ret, err);
    return r < 0 ? error_wrap(err, "plugin with the SHA-256 %.12s", sha256) : 0;
}
