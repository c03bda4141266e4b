#include "layers.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK        65536
#define MANIFEST_MAX (4 << 20)
#define SPARE_MS     1000 /* of the phase, to say what failed */

/* Reads an export: a thread takes the tar from one end of a socket pair, while the engine's bytes go into the other. */
typedef struct reader {
    int in, out;
    pthread_t thread;
    struct archive *tar;
    json_t *sizes; /* path in the tar -> sum of the file sizes, where it is a layer */
    text manifest; /* manifest.json */
    char why[256]; /* what failed; "" while nothing did */
    char block[BLOCK];
} reader;

static void explain(reader *r, struct archive *a)
{
    const char *text = archive_error_string(a);
    snprintf(r->why, sizeof r->why, "%s", text ? text : "unknown error");
}

/* ---- in the thread ---- */

static la_ssize_t take_bytes(struct archive *a, void *user, const void **ret)
{
    reader *r = user;
    ssize_t n;
    do
        n = read(r->out, r->block, sizeof r->block);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        archive_set_error(a, errno, "%s", strerror(errno));
    *ret = r->block;
    return n;
}

/* A layer's bytes are those of an entry of the outer tar. */
static la_ssize_t take_entry(struct archive *a, void *user, const void **ret)
{
    reader *r = user;
    size_t n = 0;
    la_int64_t offset;
    const int got = archive_read_data_block(r->tar, ret, &n, &offset);
    if (got == ARCHIVE_OK)
        return (la_ssize_t)n;
    if (got == ARCHIVE_EOF)
        return 0;
    archive_set_error(a, EIO, "%s", archive_error_string(r->tar) ? archive_error_string(r->tar) : "read error");
    return -1;
}

/* The sum of the file sizes of the layer that the outer tar stands at; -1 when it is no layer. */
static int64_t measure_layer(reader *r)
{
    struct archive *layer = archive_read_new();
    struct archive_entry *entry;
    int64_t sum = 0;
    archive_read_support_filter_gzip(layer);
    archive_read_support_filter_zstd(layer);
    archive_read_support_format_tar(layer);
    int got = archive_read_open(layer, r, NULL, take_entry, NULL);
    while (got == ARCHIVE_OK && (got = archive_read_next_header(layer, &entry)) >= ARCHIVE_WARN && got != ARCHIVE_EOF) {
        if (!archive_entry_hardlink(entry))
            sum += archive_entry_size(entry);
        got = ARCHIVE_OK;
    }
    if (got != ARCHIVE_EOF)
        sum = -1; /* the image's configuration, a manifest, an attestation; a layer is missed by name later */
    archive_read_free(layer);
    return sum;
}

static bool read_manifest(reader *r)
{
    const void *bytes;
    size_t n;
    la_int64_t offset;
    int got;
    while ((got = archive_read_data_block(r->tar, &bytes, &n, &offset)) == ARCHIVE_OK &&
           r->manifest.length < MANIFEST_MAX)
        text_add_bytes(&r->manifest, bytes, n);
    if (got != ARCHIVE_EOF)
        explain(r, r->tar);
    return got == ARCHIVE_EOF;
}

static bool read_entry(reader *r, struct archive_entry *entry)
{
    const char *path = archive_entry_pathname(entry);
    if (!path || archive_entry_filetype(entry) != AE_IFREG)
        return true;
    if (strcmp(path, "manifest.json") == 0)
        return read_manifest(r);
    guard_mem char *name = text_dup(path);
    const int64_t size = measure_layer(r);
    if (size >= 0)
        json_object_set_new(r->sizes, name, json_integer(size));
    return true;
}

static void *read_export(void *user)
{
    reader *r = user;
    struct archive_entry *entry;
    int got = archive_read_open(r->tar, r, NULL, take_bytes, NULL);
    while (got == ARCHIVE_OK && (got = archive_read_next_header(r->tar, &entry)) == ARCHIVE_OK)
        if (!read_entry(r, entry))
            break;
    if (got != ARCHIVE_OK && got != ARCHIVE_EOF)
        explain(r, r->tar);
    shutdown(r->out, SHUT_RDWR); /* whoever still writes is to stop */
    return NULL;
}

/* ---- in the caller's thread ---- */

static bool give(void *user, const char *bytes, size_t n)
{
    const reader *r = user;
    while (n > 0) {
        ssize_t sent = send(r->in, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false; /* the reader has what it wants, or has failed: it knows */
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* The sum over the layers that manifest.json names; -1 when one of them is missing. */
static int64_t sum_of(const reader *r)
{
    guard_json *manifest = json_loads(text_of(&r->manifest), 0, NULL);
    const json_t *layers = json_object_get(json_array_get(manifest, 0), "Layers");
    int64_t sum = json_is_array(layers) ? 0 : -1;
    size_t i;
    json_t *path;
    json_array_foreach(layers, i, path) {
        const json_t *size = json_object_get(r->sizes, json_string_value(path));
        sum = sum < 0 || !size ? -1 : sum + json_integer_value(size);
    }
    return sum;
}

static belay_status start(const call *c, reader *r)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return call_fail(c, BELAY_E_RETRY, NULL, "socketpair: %s", strerror(errno));
    r->in = pair[0];
    r->out = pair[1];
    r->sizes = json_object();
    r->tar = archive_read_new();
    archive_read_support_format_tar(r->tar);
    const int error = pthread_create(&r->thread, NULL, read_export, r);
    return error == 0 ? BELAY_OK : call_fail(c, BELAY_E_RETRY, NULL, "cannot start a thread: %s", strerror(error));
}

static void done(reader *r)
{
    if (r->tar) {
        archive_read_free(r->tar);
        close(r->in);
        close(r->out);
    }
    json_decref(r->sizes);
    text_clear(&r->manifest);
    free(r);
}

static belay_status judge_export(engine *e, const engine_request *request, const reader *r, const char *reference,
                                 int64_t *ret)
{
    const call *c = engine_call(e);
    if (request->status == 404) {
        *ret = -1;
        return BELAY_OK;
    }
    if (request->status < 200 || request->status > 299)
        return engine_refused(e, request);
    *ret = sum_of(r);
    if (!*r->why && *ret >= 0)
        return BELAY_OK;
    return call_fail(c, BELAY_E_RETRY, NULL, "cannot measure image %s: its export by the Docker Engine %s%s", reference,
                     *r->why ? "cannot be read: " : "lacks a layer", r->why);
}

static belay_status read_layers(engine *e, const char *reference, int64_t *ret)
{
    const call *c = engine_call(e);
    reader *r = memset(text_grow(NULL, 1, sizeof *r), 0, sizeof *r);
    belay_status s = start(c, r);
    if (s == BELAY_OK) {
        guard_mem char *escaped = engine_escape(reference);
        const int64_t left = c->host->time_left_ms(c->ctx) - SPARE_MS;
        guard_request request = {.method = "GET",
                                 .path = text_printf("/images/%s/get", escaped),
                                 .sink = give,
                                 .user = r,
                                 .timeout_ms = left < 1           ? 1
                                               : left > INT32_MAX ? INT32_MAX
                                                                  : (int)left};
        s = engine_send(e, &request, 1);
        shutdown(r->in, SHUT_WR);
        pthread_join(r->thread, NULL);
        if (s == BELAY_OK)
            s = judge_export(e, &request, r, reference, ret);
    }
    done(r);
    return s;
}

/* "driver-type" "io.containerd.snapshotter.v1" in the driver's status. */
static belay_status has_containerd_store(engine *e, bool *ret)
{
    guard_json *info = NULL;
    belay_status s = engine_get(e, &info, "/info");
    size_t i;
    json_t *pair;
    *ret = false;
    json_array_foreach(json_object_get(info, "DriverStatus"), i, pair) {
        const char *value = json_string_value(json_array_get(pair, 1));
        *ret = *ret || (value && strncmp(value, "io.containerd.snapshotter", 25) == 0);
    }
    return s;
}

belay_status layers_measure(engine *e, const char *reference, layers_size *ret)
{
    bool containerd;
    *ret = (layers_size){.bytes = -1, .how = "as the engine reports it"};
    belay_status s = has_containerd_store(e, &containerd);
    if (s != BELAY_OK)
        return s;
    if (containerd) {
        ret->how = "sum of the files in its layers, read from the containerd image store";
        return read_layers(e, reference, &ret->bytes);
    }
    guard_json *image = NULL;
    guard_mem char *escaped = engine_escape(reference);
    s = engine_get(e, &image, "/images/%s/json", escaped);
    if (image)
        ret->bytes = json_integer_value(json_object_get(image, "Size"));
    return s;
}
