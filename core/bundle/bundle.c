#include "bundle/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "bundle/contents.h"
#include "bundle/packing.h"

/* The engine lets no artifact grow beyond 16 MiB. */
#define FILE_MAX ((size_t)32 * 1024 * 1024)

static int read_bytes(content *c, error **err)
{
    char *bytes = NULL;
    size_t n = 0;
    int r = c->path ? file_read(c->path, FILE_MAX, &bytes, &n, err) : 0;
    if (r == 0 && c->path)
        c->bytes = (text){.items = bytes, .count = n, .room = n + 1};
    return r;
}

/* What a step wrote was masked on its way in; the pipeline's text is as it was written, and a secret may stand in it.
 */
static void mask(content *c, const redactor *secrets)
{
    text masked = {0};
    redact_stream stream = {.redactor = secrets};
    if (redactor_is_empty(secrets))
        return;
    redact_stream_add(&stream, text_get(&c->bytes), c->bytes.count, &masked);
    redact_stream_end(&stream, &masked);
    text_done(&c->bytes);
    c->bytes = masked;
}

static const char withheld[] =
    "{\"withheld\": \"a secret's value stands in the record of the run, and a masked record cannot be checked\"}\n";

/* A chain with a masked link cannot be told from one that was changed. */
static void mask_proof(content *c, const redactor *secrets)
{
    guard_mem char *before = mem_dup(text_get(&c->bytes));
    mask(c, secrets);
    if (strcmp(before, text_get(&c->bytes)) == 0)
        return;
    text_done(&c->bytes);
    text_puts(&c->bytes, withheld);
}

/* One file after another: their bytes are let go of at once. */
static int pack_one(packing *p, const char *folder, content *c, const redactor *secrets, text *manifest, error **err)
{
    char hex[SHA256_TEXT];
    int r = read_bytes(c, err);
    if (r < 0)
        return r;
    if (strcmp(c->name, "proof.json") == 0)
        mask_proof(c, secrets);
    else
        mask(c, secrets);
    sha256_bytes(text_get(&c->bytes), c->bytes.count, hex);
    text_printf(manifest, "%s  %s\n", hex, c->name);
    guard_mem char *name = mem_printf("%s/%s", folder, c->name);
    r = packing_add(p, name, text_get(&c->bytes), c->bytes.count, err);
    text_done(&c->bytes);
    return r;
}

static int pack(int fd, const store_run *run, contents *files, const redactor *secrets, error **err)
{
    guard(packing) p = NULL;
    guard_text manifest = {0};
    guard_mem char *folder = mem_printf("belay-%s", run->id), *name = mem_printf("%s/MANIFEST.sha256", folder);
    int r = packing_new(fd, run->started_ms, &p, err);
    for (size_t i = 0; r == 0 && i < files->count; i++)
        r = pack_one(p, folder, &files->items[i], secrets, &manifest, err);
    if (r == 0)
        r = packing_add(p, name, text_get(&manifest), manifest.count, err);
    return r == 0 ? packing_close(p, err) : r;
}

/* What takes the name's place would take that of a device, too. */
static int check_place(const char *path, error **err)
{
    struct stat there;
    if (lstat(path, &there) < 0 || S_ISREG(there.st_mode))
        return 0; /* why it cannot be made is said where it is made */
    (void)error_set(err, ERROR_USAGE, "'%s' is %s, no regular file, and would be replaced", path,
                    S_ISDIR(there.st_mode)   ? "a folder"
                    : S_ISLNK(there.st_mode) ? "a symbolic link"
                                             : "a device, a pipe or a socket");
    return error_hint(err, "name a file with --output");
}

static int write_whole(const char *path, const store_run *run, contents *files, const redactor *secrets, error **err)
{
    guard_mem char *partial = mem_printf("%s.XXXXXX", path);
    guard_fd fd = mkostemp(partial, O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_IO, "make '%s': %s", partial, strerror(errno));
    int r = pack(fd, run, files, secrets, err);
    if (r == 0 && (fsync(fd) < 0 || rename(partial, path) < 0))
        r = error_set(err, ERROR_IO, "write '%s': %s", path, strerror(errno));
    if (r < 0)
        (void)unlink(partial);
    return r;
}

int bundle_write(store *s, const store_run *run, const redactor *secrets, const char *path, size_t *ret_files,
                 error **err)
{
    contents files = {0};
    int r = check_place(path, err);
    if (r == 0)
        r = contents_gather(s, run, &files, err);
    if (r == 0)
        r = write_whole(path, run, &files, secrets, err);
    if (r == 0)
        *ret_files = files.count;
    contents_done(&files);
    return r < 0 ? error_wrap(err, "bundle run %s", run->id) : 0;
}
