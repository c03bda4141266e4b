#include "bundle/packing.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

struct packing {
    struct archive *archive;
    int64_t time_ms;
};

void packing_free(packing *p)
{
    if (!p)
        return;
    (void)archive_write_free(p->archive);
    free(p);
}

static int fail(const packing *p, const char *what, error **err)
{
    return error_set(err, ERROR_IO, "%s: %s", what, archive_error_string(p->archive));
}

int packing_new(int fd, int64_t time_ms, packing **ret, error **err)
{
    guard(packing) p = mem_new(packing);
    p->time_ms = time_ms;
    p->archive = archive_write_new();
    if (!p->archive)
        return error_set(err, ERROR_IO, "libarchive cannot begin an archive");
    if (archive_write_set_format_pax_restricted(p->archive) != ARCHIVE_OK ||
        archive_write_add_filter_zstd(p->archive) != ARCHIVE_OK || archive_write_open_fd(p->archive, fd) != ARCHIVE_OK)
        return fail(p, "begin the archive", err);
    *ret = take(p);
    return 0;
}

int packing_add(packing *p, const char *name, const void *bytes, size_t n, error **err)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname_utf8(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_uid(entry, 0);
    archive_entry_set_gid(entry, 0);
    archive_entry_set_mtime(entry, (time_t)(p->time_ms / 1000), 0);
    archive_entry_set_size(entry, (int64_t)n);
    const bool good = archive_write_header(p->archive, entry) == ARCHIVE_OK &&
                      (n == 0 || archive_write_data(p->archive, bytes, n) == (la_ssize_t)n);
    archive_entry_free(entry);
    return good ? 0 : fail(p, name, err);
}

int packing_close(packing *p, error **err)
{
    return archive_write_close(p->archive) == ARCHIVE_OK ? 0 : fail(p, "end the archive", err);
}
