#include "worker/outflow.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "worker/wire.h"

/* A line without an end is written in pieces of this size. */
#define LINE_PIECE ((size_t)16 * 1024)

static int next_level(outflow_lines *l)
{
    if (l->levels.count == 0)
        return 1;
    int level = l->levels.items[0] - '0';
    memmove(l->levels.items, l->levels.items + 1, l->levels.count--);
    return level;
}

static void write_line(outflow *o, int level, const char *line, size_t n)
{
    if (!budget_take(&o->log, n, clock_steady_ms()) || !o->handlers->log)
        return;
    guard(json_t) valid = wire_string(line, n); /* a program may print anything */
    o->handlers->log(o->handlers->user, level, json_string_value(valid));
}

static void write_lines(outflow *o, outflow_lines *l, bool at_end)
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
        write_line(o, cut ? 1 : next_level(l), at, n);
        n += end && !cut ? 1 : 0;
        at += n;
        left -= n;
    }
    if (left)
        memmove(l->masked.items, at, left);
    l->masked.count = left;
}

static bool add_lines(outflow *o, outflow_lines *l, const char *bytes, size_t n)
{
    l->safe.redactor = o->secrets;
    l->bytes += n;
    redact_stream_add(&l->safe, bytes, n, &l->masked);
    write_lines(o, l, false);
    return l->bytes <= OUTFLOW_FLOOD;
}

bool outflow_say(outflow *o, int level, const char *line)
{
    char digit = (char)('0' + level);
    text_add(&o->said.levels, &digit, 1);
    (void)add_lines(o, &o->said, line, strlen(line));
    return add_lines(o, &o->said, "\n", 1);
}

bool outflow_print(outflow *o, const char *bytes, size_t n)
{
    return o->printed.bytes <= OUTFLOW_FLOOD && add_lines(o, &o->printed, bytes, n);
}

/* ---- artifacts --------------------------------------------------------------------------------------------------- */

static bool is_artifact_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return name[0] && name[0] != '.' && strlen(name) <= OUTFLOW_NAME && strspn(name, allowed) == strlen(name);
}

static outflow_file *find_artifact(outflow *o, const char *name)
{
    for (size_t i = 0; i < o->artifacts.count; i++)
        if (strcmp(o->artifacts.items[i].name, name) == 0)
            return &o->artifacts.items[i];
    if (o->artifacts.count == OUTFLOW_ARTIFACTS)
        return NULL;
    mem_reserve(&o->artifacts);
    outflow_file *a = &o->artifacts.items[o->artifacts.count++];
    *a = (outflow_file){.name = mem_dup(name), .safe.redactor = o->secrets};
    return a;
}

static belay_status keep(outflow *o, const char *name, text *bytes)
{
    bool ok = true;
    if (bytes->count && o->handlers->keep)
        ok = o->handlers->keep(o->handlers->user, name, bytes->items, bytes->count) == 0;
    text_done(bytes);
    return ok ? BELAY_OK : BELAY_E_HOST;
}

belay_status outflow_artifact(outflow *o, const char *name, const char *bytes, size_t n)
{
    if (!is_artifact_name(name) || redactor_finds(o->secrets, name, strlen(name)))
        return BELAY_E_CONFIG;
    outflow_file *a = find_artifact(o, name);
    if (!a || a->bytes + n > OUTFLOW_ARTIFACT)
        return BELAY_E_LIMIT;
    a->bytes += n;
    text safe = {0};
    redact_stream_add(&a->safe, bytes, n, &safe);
    return keep(o, name, &safe);
}

static void end_lines(outflow *o, outflow_lines *l)
{
    redact_stream_end(&l->safe, &l->masked);
    write_lines(o, l, true);
    text_done(&l->masked);
    text_done(&l->levels);
}

void outflow_end(outflow *o)
{
    end_lines(o, &o->said);
    end_lines(o, &o->printed);
    for (size_t i = 0; i < o->artifacts.count; i++) {
        outflow_file *a = &o->artifacts.items[i];
        text safe = {0};
        redact_stream_end(&a->safe, &safe);
        (void)keep(o, a->name, &safe);
        free(a->name);
    }
    free(o->artifacts.items);
    o->artifacts.items = NULL;
    o->artifacts.count = 0;
}
