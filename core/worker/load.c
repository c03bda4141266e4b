#include "worker/load.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "worker/wire.h"
#include "worker/worker.h"

/* A table of a plugin that is older or newer than this host has elements that are shorter or longer than ours. */
#define COPY(to, from, their_size) memcpy(&(to), (from), (their_size) < sizeof(to) ? (size_t)(their_size) : sizeof(to))

#define ELEMENT(T, table, stride, i)                                                                                   \
    __extension__({                                                                                                    \
        T copy_ = {0};                                                                                                 \
        COPY(copy_, (const char *)(table) + (size_t)(i) * (stride), (stride));                                         \
        copy_;                                                                                                         \
    })

belay_step load_step(const belay_plugin *p, uint32_t i)
{
    return ELEMENT(belay_step, p->steps, p->step_stride, i);
}

belay_option load_option(const belay_step *s, uint32_t i)
{
    return ELEMENT(belay_option, s->options, s->option_stride, i);
}

belay_output load_output(const belay_step *s, uint32_t i)
{
    return ELEMENT(belay_output, s->outputs, s->output_stride, i);
}

belay_metric load_metric(const belay_step *s, uint32_t i)
{
    return ELEMENT(belay_metric, s->metrics, s->metric_stride, i);
}

belay_fn load_phase(const belay_step *s, worker_phase phase)
{
    const belay_fn phases[WORKER_PHASE_COUNT] = {
        [WORKER_PREPARE] = s->prepare,   [WORKER_EXECUTE] = s->execute, [WORKER_VERIFY] = s->verify,
        [WORKER_ROLLBACK] = s->rollback, [WORKER_DISCARD] = s->discard,
    };
    return phases[phase];
}

/* A debugger looks for the library by the name that it was loaded by, and has other descriptors than this process. */
static void name_library(int fd, bool by_name, char *path, size_t room)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = by_name ? readlink(link, path, room - 1) : -1;
    if (n > 0)
        path[n] = '\0';
    else
        snprintf(path, room, "%s", link);
}

static int find_entry(int fd, bool by_name, const belay_plugin *(**ret)(void), error **err)
{
    char path[PATH_MAX];
    name_library(fd, by_name, path, sizeof path);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        return error_set(err, ERROR_PLUGIN, "the plugin does not load: %s", why ? why : "no reason given");
    }
    void *symbol = dlsym(library, "belay_plugin_v1");
    if (!symbol) {
        error_set(err, ERROR_PLUGIN, "the file exports no function belay_plugin_v1");
        return error_hint(err, "it is no plugin of Belay, or one built for another major version of belay/plugin.h");
    }
    memcpy(ret, &symbol, sizeof symbol); /* ISO C has no cast from object to function pointer */
    return 0;
}

/* A table that is only counted would look empty here, and be read by whoever believes the count. */
static int check_tables(const belay_plugin *p, error **err)
{
    for (uint32_t i = 0; i < p->step_count; i++) {
        belay_step s = load_step(p, i);
        const char *missing = s.option_count && !s.options   ? "options"
                              : s.output_count && !s.outputs ? "outputs"
                              : s.metric_count && !s.metrics ? "metrics"
                                                             : NULL;
        if (missing)
            return error_set(err, ERROR_PLUGIN, "the plugin's step '%s' counts %s and has no table of them",
                             s.name ? s.name : "?", missing);
    }
    return 0;
}

int load_plugin(int fd, bool by_name, belay_plugin *ret, error **err)
{
    const belay_plugin *(*entry)(void) = NULL;
    int r = find_entry(fd, by_name, &entry, err);
    if (r < 0)
        return r;
    const belay_plugin *theirs = entry();
    if (!theirs)
        return error_set(err, ERROR_PLUGIN, "belay_plugin_v1() returned nothing");
    belay_plugin head = {0};
    COPY(head, theirs, theirs->struct_size);
    if (head.needs_minor > BELAY_ABI_MINOR) {
        error_set(err, ERROR_PLUGIN, "the plugin needs interface 1.%u; this Belay offers 1.%u", head.needs_minor,
                  BELAY_ABI_MINOR);
        return error_hint(err, "install a newer Belay, or an older version of the plugin");
    }
    if (!head.name || !head.version || (head.step_count && !head.steps))
        return error_set(err, ERROR_PLUGIN, "the plugin's descriptor lacks its name, version or steps");
    if ((r = check_tables(&head, err)) < 0)
        return r;
    *ret = head;
    return 0;
}

/* ---- the descriptor ---------------------------------------------------------------------------------------------- */

static json_t *string_or_null(const char *s)
{
    return s ? wire_string(s, strlen(s)) : json_null();
}

static json_t *describe_choices(const belay_option *o)
{
    if (!o->choices)
        return NULL;
    json_t *choices = json_array();
    for (const char *const *c = o->choices; *c; c++)
        json_array_append_new(choices, string_or_null(*c));
    return choices;
}

static json_t *describe_option(const belay_step *s, uint32_t i)
{
    belay_option o = load_option(s, i);
    return json_pack("{s:o, s:I, s:I, s:o, s:o*, s:I, s:I, s:o, s:o}", "name", string_or_null(o.name), "type",
                     (json_int_t)o.type, "flags", (json_int_t)o.flags, "def", string_or_null(o.def), "choices",
                     describe_choices(&o), "min", (json_int_t)o.min, "max", (json_int_t)o.max, "doc",
                     string_or_null(o.doc), "example", string_or_null(o.example));
}

static json_t *describe_output(const belay_step *s, uint32_t i)
{
    belay_output o = load_output(s, i);
    return json_pack("{s:o, s:o, s:I, s:I}", "name", string_or_null(o.name), "doc", string_or_null(o.doc), "type",
                     (json_int_t)o.type, "flags", (json_int_t)o.flags);
}

static json_t *describe_metric(const belay_step *s, uint32_t i)
{
    belay_metric m = load_metric(s, i);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", string_or_null(m.name), "unit", string_or_null(m.unit), "doc",
                     string_or_null(m.doc), "warn", string_or_null(m.warn), "fail", string_or_null(m.fail));
}

static json_t *describe_table(const belay_step *s, const void *table, uint32_t count,
                              json_t *(*describe)(const belay_step *, uint32_t))
{
    json_t *array = json_array();
    for (uint32_t i = 0; table && i < count; i++)
        json_array_append_new(array, describe(s, i));
    return array;
}

static json_t *describe_phases(const belay_step *s)
{
    json_t *array = json_array();
    for (int i = 0; i < WORKER_PHASE_COUNT; i++)
        if (load_phase(s, (worker_phase)i))
            json_array_append_new(array, json_string(worker_phase_name((worker_phase)i)));
    return array;
}

static json_t *describe_step(const belay_plugin *p, uint32_t i)
{
    belay_step s = load_step(p, i);
    return json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "name", string_or_null(s.name), "doc",
                     string_or_null(s.doc), "flags", (json_int_t)s.flags, "timeout_ms",
                     (json_int_t)s.default_timeout_ms, "phases", describe_phases(&s), "options",
                     describe_table(&s, s.options, s.option_count, describe_option), "outputs",
                     describe_table(&s, s.outputs, s.output_count, describe_output), "metrics",
                     describe_table(&s, s.metrics, s.metric_count, describe_metric));
}

json_t *load_descriptor(const belay_plugin *p)
{
    json_t *steps = json_array();
    for (uint32_t i = 0; i < p->step_count; i++)
        json_array_append_new(steps, describe_step(p, i));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "type", "plugin", "name",
                     string_or_null(p->name), "version", string_or_null(p->version), "license",
                     string_or_null(p->license), "contact", string_or_null(p->contact), "doc", string_or_null(p->doc),
                     "built_minor", (json_int_t)p->built_minor, "needs_minor", (json_int_t)p->needs_minor,
                     "undo_format", (json_int_t)p->undo_format, "undo_format_oldest", (json_int_t)p->undo_format_oldest,
                     "steps", steps);
}
