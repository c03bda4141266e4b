#include "conform/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define REPORT_MAX ((size_t)256 * 1024 * 1024)
#define FIELDS     5

static void take_line(trace *t, char *const fields[FIELDS])
{
    if (strcmp(fields[0], "killed") == 0)
        t->killed = true;
    if (strcmp(fields[0], "refused") == 0)
        t->refused = true;
    if (strcmp(fields[0], "held") == 0) {
        t->returned = true;
        t->descriptors_before = atoi(fields[1]);
        t->descriptors_after = atoi(fields[2]);
        t->tasks = atoi(fields[3]);
    }
    if (strcmp(fields[0], "call") != 0)
        return;
    mem_reserve(t);
    trace_call *call = &t->items[t->count++];
    *call = (trace_call){.number = strtol(fields[1], NULL, 10),
                         .class = fields[2][0],
                         .name = mem_dup(fields[3]),
                         .detail = mem_dup(fields[4])};
    t->calls = call->number > t->calls ? call->number : t->calls;
}

int trace_read(const char *path, trace *ret, error **err)
{
    static char none[] = "";
    guard_mem char *bytes = NULL;
    int r = file_read(path, REPORT_MAX, &bytes, NULL, err);
    if (r < 0)
        return error_wrap(err, "what belay-tracer saw");
    trace t = {0};
    char *rest = bytes, *line;
    while ((line = strsep(&rest, "\n"))) {
        char *fields[FIELDS];
        for (size_t i = 0; i < FIELDS; i++) {
            char *field = strsep(&line, "\t");
            fields[i] = field ? field : none;
        }
        take_line(&t, fields);
    }
    *ret = t;
    return 0;
}

void trace_done(trace *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->items[i].name);
        free(t->items[i].detail);
    }
    free(t->items);
    *t = (trace){0};
}

char *trace_show(const trace_call *call)
{
    if (call->class == 't')
        return mem_printf("its message '%s' to the core", call->name);
    return call->class == 'c' ? mem_printf("%s of %s", call->name, call->detail) : mem_dup(call->name);
}

static bool is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n]) && !strstr(path, "/../");
}

/* The length of the first of the files that a call's detail names: absolute paths, each after a blank. */
static size_t file_length(const char *detail)
{
    const char *next = strstr(detail, " /");
    return next ? (size_t)(next - detail) : strlen(detail);
}

char *trace_changed_outside(const trace *t, const char *world, const trace_call **ret_call)
{
    for (const trace_call *call = t->items; call < t->items + t->count; call++)
        for (const char *at = call->detail; call->class == 'c' && *at; at += at[0] == ' ') {
            size_t n = file_length(at);
            guard_mem char *path = mem_dup_n(at, n);
            at += n;
            struct stat st;
            if (is_below(path, world) || lstat(path, &st) < 0)
                continue;
            if (ret_call)
                *ret_call = call;
            return take(path);
        }
    return NULL;
}

const trace_call *trace_find(const trace *t, long number)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].number == number)
            return &t->items[i];
    return NULL;
}
