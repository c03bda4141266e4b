/* What leaves a worker for the log and the artifacts: masked, counted, limited. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "worker/host.h"

/* A line without an end is written in pieces of this size. */
#define LINE_PIECE ((size_t)16 * 1024)

static int next_level(host_lines *l)
{
    if (l->levels.count == 0)
        return 1;
    int level = l->levels.items[0] - '0';
    memmove(l->levels.items, l->levels.items + 1, l->levels.count--);
    return level;
}

static void write_line(worker *w, int level, const char *line, size_t n)
{
    if (!budget_take(&w->log, n, clock_steady_ms()) || !w->handlers.log)
        return;
    guard(json_t) valid = wire_string(line, n); /* a program may print anything */
    w->handlers.log(w->handlers.user, level, json_string_value(valid));
}

static void write_lines(worker *w, host_lines *l, bool at_end)
{
    char *at = l->masked.items;
    size_t left = l->masked.count;
    while (left) {
        char *end = memchr(at, '\n', left);
        size_t n = end ? (size_t)(end - at) : left;
        bool cut = n > LINE_PIECE;
        if (!end && !cut && !at_end)
            break;
        if (cut)
            n = LINE_PIECE;
        write_line(w, cut ? 1 : next_level(l), at, n);
        n += end && !cut ? 1 : 0;
        at += n;
        left -= n;
    }
    if (left)
        memmove(l->masked.items, at, left);
    l->masked.count = left;
}

void outflow_lines(worker *w, host_lines *l, int level, const char *bytes, size_t n)
{
    l->safe.redactor = w->secrets;
    l->bytes += n;
    redact_stream_add(&l->safe, bytes, n, &l->masked);
    if (level >= 0) {
        char digit = (char)('0' + level);
        text_add(&l->levels, &digit, 1);
        redact_stream_add(&l->safe, "\n", 1, &l->masked);
    }
    write_lines(w, l, false);
    if (l->bytes > HOST_FLOOD)
        host_break(w, "it wrote more than %zu MiB of log lines", HOST_FLOOD >> 20);
}

/* ---- artifacts --------------------------------------------------------------------------------------------------- */

static bool is_artifact_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return name[0] && name[0] != '.' && strlen(name) <= 100 && strspn(name, allowed) == strlen(name);
}

static host_artifact *find_artifact(worker *w, const char *name)
{
    for (size_t i = 0; i < w->artifacts.count; i++)
        if (strcmp(w->artifacts.items[i].name, name) == 0)
            return &w->artifacts.items[i];
    if (w->artifacts.count == HOST_ARTIFACTS)
        return NULL;
    mem_reserve(&w->artifacts);
    host_artifact *a = &w->artifacts.items[w->artifacts.count++];
    *a = (host_artifact){.name = mem_dup(name), .safe.redactor = w->secrets};
    return a;
}

static belay_status keep(worker *w, const char *name, text *bytes)
{
    bool ok = true;
    if (bytes->count && w->handlers.keep)
        ok = w->handlers.keep(w->handlers.user, name, bytes->items, bytes->count) == 0;
    text_done(bytes);
    return ok ? BELAY_OK : BELAY_E_HOST;
}

belay_status outflow_artifact(worker *w, const char *name, const char *bytes, size_t n)
{
    if (!is_artifact_name(name) || redactor_finds(w->secrets, name, strlen(name)))
        return BELAY_E_CONFIG;
    host_artifact *a = find_artifact(w, name);
    if (!a || a->bytes + n > HOST_ARTIFACT)
        return BELAY_E_LIMIT;
    a->bytes += n;
    text safe = {0};
    redact_stream_add(&a->safe, bytes, n, &safe);
    return keep(w, name, &safe);
}

static void end_lines(worker *w, host_lines *l)
{
    redact_stream_end(&l->safe, &l->masked);
    write_lines(w, l, true);
    text_done(&l->masked);
    text_done(&l->levels);
}

void outflow_end(worker *w)
{
    end_lines(w, &w->said);
    end_lines(w, &w->printed);
    for (size_t i = 0; i < w->artifacts.count; i++) {
        host_artifact *a = &w->artifacts.items[i];
        text safe = {0};
        redact_stream_end(&a->safe, &safe);
        (void)keep(w, a->name, &safe);
        free(a->name);
    }
    free(w->artifacts.items);
    w->artifacts.items = NULL;
    w->artifacts.count = 0;
}
