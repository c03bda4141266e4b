#include "bundle/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FILE_MAX ((size_t)256 * 1024 * 1024)

void unpacked_done(unpacked *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->items[i].name);
        free(u->items[i].text);
    }
    free(u->items);
    *u = (unpacked){0};
}

const unpacked_file *unpacked_find(const unpacked *u, const char *name)
{
    for (size_t i = 0; i < u->count; i++)
        if (strcmp(u->items[i].name, name) == 0)
            return &u->items[i];
    return NULL;
}

static bool is_kept(const char *name)
{
    static const char *const kept[] = {"proof.json",   "run.json",     "measurements.json", "approvals.json",
                                       "pipeline.cfg", "events.jsonl", "MANIFEST.sha256"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (strcmp(name, kept[i]) == 0)
            return true;
    return text_starts(name, "approvals/");
}

static int read_bytes(struct archive *a, text *all)
{
    char buf[65536];
    la_ssize_t n;
    while ((n = archive_read_data(a, buf, sizeof buf)) > 0)
        text_add(all, buf, (size_t)n);
    return n < 0 || all->truncated ? -1 : 0;
}

static int read_file(struct archive *a, struct archive_entry *entry, unpacked *into)
{
    const char *path = archive_entry_pathname(entry), *slash = path ? strchr(path, '/') : NULL;
    guard_text all = {.max = FILE_MAX};
    if (archive_entry_filetype(entry) == AE_IFDIR) /* of one that was packed again with another program */
        return 0;
    if (!slash || archive_entry_filetype(entry) != AE_IFREG || read_bytes(a, &all) < 0)
        return -1;
    mem_reserve(into);
    unpacked_file *f = &into->items[into->count++];
    *f = (unpacked_file){.name = mem_dup(slash + 1), .size = all.count};
    sha256_bytes(text_get(&all), all.count, f->hex);
    if (is_kept(f->name))
        f->text = text_take(&all);
    return 0;
}

int unpack(const char *path, unpacked *ret, error **err)
{
    unpacked u = {0};
    struct archive_entry *entry = NULL;
    struct archive *a = archive_read_new();
    int r = a && archive_read_support_format_tar(a) == ARCHIVE_OK &&
                    archive_read_support_filter_zstd(a) == ARCHIVE_OK &&
                    archive_read_open_filename(a, path, 65536) == ARCHIVE_OK
                ? 0
                : -1;
    int next = ARCHIVE_OK;
    while (r == 0 && (next = archive_read_next_header(a, &entry)) == ARCHIVE_OK)
        r = read_file(a, entry, &u);
    if (r < 0 || next != ARCHIVE_EOF) {
        const char *why = a ? archive_error_string(a) : NULL;
        (void)error_set(err, ERROR_USAGE, "'%s' is no bundle, or is damaged: %s", path, why ? why : "a file of it");
        r = error_hint(err, "`belay bundle RUN` writes one");
    }
    (void)archive_read_free(a);
    if (r == 0)
        *ret = u;
    else
        unpacked_done(&u);
    return r;
}
