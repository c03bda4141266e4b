#include "tarball.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK   65536
#define TAR_END 1024 /* two blocks of zeros end a tar (POSIX, ustar) */

static void explain(struct archive *a, char why[TARBALL_WHY])
{
    const char *text = a ? archive_error_string(a) : NULL;
    snprintf(why, TARBALL_WHY, "%s", text ? text : "out of memory");
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

struct tarball_writer {
    struct archive *archive;
    digest *digest;
    int64_t bytes, zeros; /* zeros: how many stand at the end */
};

static bool begin(tarball_writer *w, int fd)
{
    struct archive_entry *entry = archive_entry_new();
    bool good = entry && archive_write_add_filter_zstd(w->archive) == ARCHIVE_OK &&
                archive_write_set_format_raw(w->archive) == ARCHIVE_OK &&
                archive_write_open_fd(w->archive, fd) == ARCHIVE_OK;
    if (good) {
        archive_entry_set_pathname(entry, "data");
        archive_entry_set_filetype(entry, AE_IFREG);
        good = archive_write_header(w->archive, entry) == ARCHIVE_OK;
    }
    archive_entry_free(entry);
    return good;
}

tarball_writer *tarball_write_begin(int fd, char why[TARBALL_WHY])
{
    tarball_writer *w = calloc(1, sizeof *w);
    if (w) {
        w->archive = archive_write_new();
        w->digest = digest_new();
    }
    if (w && w->archive && w->digest && begin(w, fd))
        return w;
    explain(w ? w->archive : NULL, why);
    if (w)
        (void)tarball_write_end(w, &(tarball_facts){0}, (char[TARBALL_WHY]){0});
    return NULL;
}

static void count_zeros(tarball_writer *w, const char *bytes, size_t n)
{
    size_t at_end = 0;
    while (at_end < n && bytes[n - 1 - at_end] == '\0')
        at_end++;
    w->zeros = at_end == n ? w->zeros + (int64_t)n : (int64_t)at_end;
}

bool tarball_write(tarball_writer *w, const void *bytes, size_t n, char why[TARBALL_WHY])
{
    if (archive_write_data(w->archive, bytes, n) != (la_ssize_t)n) {
        explain(w->archive, why);
        return false;
    }
    w->bytes += (int64_t)n;
    count_zeros(w, bytes, n);
    return digest_feed(w->digest, bytes, n);
}

bool tarball_write_end(tarball_writer *w, tarball_facts *ret, char why[TARBALL_WHY])
{
    bool closed = w->archive && archive_write_close(w->archive) == ARCHIVE_OK, ended = w->zeros >= TAR_END;
    if (!closed)
        explain(w->archive, why);
    else if (!ended)
        snprintf(why, TARBALL_WHY, "the tar was cut off after %lld bytes", (long long)w->bytes);
    ret->bytes = w->bytes;
    bool summed = digest_end(w->digest, ret->sha256);
    if (w->archive)
        archive_write_free(w->archive);
    free(w);
    return closed && ended && summed;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct tarball_reader {
    struct archive *archive;
    digest *digest; /* of what was read; may be NULL */
    int64_t bytes;
    char block[BLOCK];
};

void tarball_read_end(tarball_reader *r)
{
    if (!r)
        return;
    if (r->archive)
        archive_read_free(r->archive);
    free(r);
}

tarball_reader *tarball_read_begin(int fd, char why[TARBALL_WHY])
{
    struct archive_entry *entry;
    tarball_reader *r = calloc(1, sizeof *r);
    if (r)
        r->archive = archive_read_new();
    if (r && r->archive && lseek(fd, 0, SEEK_SET) == 0 && archive_read_support_filter_zstd(r->archive) == ARCHIVE_OK &&
        archive_read_support_format_raw(r->archive) == ARCHIVE_OK &&
        archive_read_open_fd(r->archive, fd, BLOCK) == ARCHIVE_OK &&
        archive_read_next_header(r->archive, &entry) == ARCHIVE_OK)
        return r;
    explain(r ? r->archive : NULL, why);
    tarball_read_end(r);
    return NULL;
}

long tarball_read(tarball_reader *r, void *bytes, size_t n)
{
    la_ssize_t got = archive_read_data(r->archive, bytes, n);
    return got < 0 ? -1 : (long)got;
}

/* ---- proving ----------------------------------------------------------------------------------------------------- */

/* Gives the tar's reader its bytes, and sums them up on the way. */
static la_ssize_t feed(struct archive *tar, void *user, const void **bytes)
{
    tarball_reader *r = user;
    long n = tarball_read(r, r->block, sizeof r->block);
    *bytes = r->block;
    if (n < 0) {
        archive_set_error(tar, -1, "%s", archive_error_string(r->archive));
        return -1;
    }
    r->bytes += n;
    digest_feed(r->digest, r->block, (size_t)n);
    return (la_ssize_t)n;
}

static bool read_entries(struct archive *tar, tarball_facts *ret)
{
    struct archive_entry *entry;
    int status;
    while ((status = archive_read_next_header(tar, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
        ret->entries++;
        if (archive_read_data_skip(tar) < ARCHIVE_WARN)
            return false;
    }
    return status == ARCHIVE_EOF;
}

bool tarball_prove(int fd, tarball_facts *ret, char why[TARBALL_WHY])
{
    *ret = (tarball_facts){0};
    tarball_reader *r = tarball_read_begin(fd, why);
    struct archive *tar = r ? archive_read_new() : NULL;
    if (r)
        r->digest = digest_new();
    bool good = tar && r->digest && archive_read_support_format_tar(tar) == ARCHIVE_OK &&
                archive_read_open(tar, r, NULL, feed, NULL) == ARCHIVE_OK && read_entries(tar, ret);
    if (tar && !good)
        explain(tar, why);
    /* What follows the tar's end belongs to the sum, too. */
    for (const void *rest; good && feed(tar, r, &rest) > 0;)
        ;
    if (r) {
        ret->bytes = r->bytes;
        good = digest_end(r->digest, ret->sha256) && good;
    }
    if (tar)
        archive_read_free(tar);
    tarball_read_end(r);
    return good;
}
