#include "logread.h"

#include <string.h>

#define READ_TIMEOUT_MS 120000

static bool give(logread *r, int stream)
{
    text *line = &r->line[stream];
    if (line->s) {
        line->length = text_plain(line->s, line->length);
        if (line->length > 0 && line->s[line->length - 1] == '\r')
            line->length--;
        line->s[line->length] = '\0';
    }
    r->cut += r->over[stream];
    r->over[stream] = false;
    if (!r->ended && !r->fn(r->user, text_of(line)))
        r->ended = true;
    line->length = 0;
    if (line->s)
        line->s[0] = '\0';
    return !r->ended;
}

static bool take_bytes(logread *r, int stream, const char *bytes, size_t n)
{
    text *line = &r->line[stream];
    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t length = end ? (size_t)(end - bytes) : n;
        size_t room = LOGREAD_LINE_MAX - line->length;
        r->over[stream] = r->over[stream] || length > room;
        text_add_bytes(line, bytes, length < room ? length : room);
        if (!end)
            return true;
        if (!give(r, stream))
            return false;
        bytes += length + 1;
        n -= length + 1;
    }
    return true;
}

bool logread_feed(logread *r, const char *bytes, size_t n)
{
    if (r->tty)
        return take_bytes(r, 0, bytes, n);
    while (n > 0) {
        if (r->left == 0) {
            r->head[r->head_length++] = (unsigned char)*bytes++;
            n--;
            if (r->head_length == sizeof r->head) {
                r->head_length = 0;
                r->stream = r->head[0] <= 2 ? r->head[0] : 0;
                r->left =
                    (uint32_t)r->head[4] << 24 | (uint32_t)r->head[5] << 16 | (uint32_t)r->head[6] << 8 | r->head[7];
            }
            continue;
        }
        size_t now = n < r->left ? n : r->left;
        if (!take_bytes(r, r->stream, bytes, now))
            return false;
        bytes += now;
        n -= now;
        r->left -= (uint32_t)now;
    }
    return true;
}

void logread_end(logread *r)
{
    for (int i = 0; i < (int)(sizeof r->line / sizeof *r->line); i++) {
        if (r->line[i].length > 0)
            give(r, i);
        text_clear(&r->line[i]);
    }
}

static bool feed(void *user, const char *bytes, size_t n)
{
    return logread_feed(user, bytes, n);
}

belay_status logread_container(engine *e, const char *container, int64_t since_ns, int tail, logread_fn fn, void *user,
                               size_t *ret_cut)
{
    guard_json *inspected = NULL;
    guard_mem char *escaped = engine_escape(container);
    belay_status s = engine_get(e, &inspected, "/containers/%s/json", escaped);
    if (s != BELAY_OK)
        return s;
    if (!inspected)
        return call_fail(engine_call(e), BELAY_E_FAIL, NULL, "there is no container %s", container);
    logread reader = {
        .fn = fn, .user = user, .tty = json_is_true(json_object_get(json_object_get(inspected, "Config"), "Tty"))};
    guard_mem char *last = tail ? text_printf("%d", tail) : text_dup("all");
    guard_request r = {.method = "GET", .sink = feed, .user = &reader, .timeout_ms = READ_TIMEOUT_MS};
    r.path = text_printf("/containers/%s/logs?stdout=1&stderr=1&tail=%s&since=%lld.%09lld", escaped, last,
                         (long long)(since_ns / 1000000000), (long long)(since_ns % 1000000000));
    s = engine_send(e, &r, 1);
    logread_end(&reader);
    if (ret_cut)
        *ret_cut = reader.cut;
    if (s == BELAY_OK && (r.status < 200 || r.status > 299))
        s = engine_refused(e, &r);
    return s;
}

static bool append(void *user, const char *line)
{
    text_add(user, "\n  | %s", line);
    return true;
}

void logread_tail(engine *e, const char *container, int lines, text *to)
{
    guard_text tail = {0};
    if (logread_container(e, container, 0, lines, append, &tail, NULL) == BELAY_OK)
        text_add(to, "%s", text_of(&tail));
}
