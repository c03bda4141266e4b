#include "catalog/descriptor.h"

#include <belay/plugin.h>

#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT_MS (5 * 60 * 1000)

/* Reading goes on after the first error, which is the one that is told: each member is then read in one line. */
typedef struct reader {
    const json_t *object;
    const char *what; /* of which table, for messages */
    error **err;
    int result;
} reader;

static reader below(const reader *r, const json_t *object, const char *what)
{
    return (reader){.object = object, .what = what, .err = r->err, .result = r->result};
}

static void wrong_type(reader *r, const char *member, const char *wanted)
{
    if (r->result == 0)
        r->result = error_set(r->err, ERROR_PLUGIN, "its descriptor is damaged: '%s' of a %s is no %s", member, r->what,
                              wanted);
}

static char *read_text_or_null(reader *r, const char *member)
{
    const json_t *value = json_object_get(r->object, member);
    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_string(value)) {
        wrong_type(r, member, "text");
        return NULL;
    }
    return mem_dup(json_string_value(value));
}

static char *read_text(reader *r, const char *member)
{
    char *value = read_text_or_null(r, member);
    return value ? value : mem_dup("");
}

static int64_t read_number(reader *r, const char *member)
{
    const json_t *value = json_object_get(r->object, member);
    if (value && !json_is_integer(value))
        wrong_type(r, member, "integer");
    return json_integer_value(value);
}

static uint32_t read_u32(reader *r, const char *member)
{
    int64_t value = read_number(r, member);
    if (value < 0 || value > UINT32_MAX)
        wrong_type(r, member, "32-bit number");
    return (uint32_t)value;
}

/* The elements of an array; NULL and 0 when it is missing. */
static const json_t *read_array(reader *r, const char *member, size_t *ret_count)
{
    const json_t *value = json_object_get(r->object, member);
    if (value && !json_is_array(value))
        wrong_type(r, member, "list");
    *ret_count = json_array_size(value);
    return value;
}

static char **read_texts(reader *r, const char *member)
{
    size_t count;
    const json_t *array = read_array(r, member, &count);
    if (!array)
        return NULL;
    char **texts = mem_array(count + 1, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        const char *item = json_string_value(json_array_get(array, i));
        if (!item)
            wrong_type(r, member, "list of texts");
        texts[i] = mem_dup(item ? item : "");
    }
    return texts;
}

static void read_option(reader *r, catalog_option *o)
{
    *o = (catalog_option){.name = read_text(r, "name"),
                          .doc = read_text(r, "doc"),
                          .def = read_text_or_null(r, "def"),
                          .example = read_text_or_null(r, "example"),
                          .type = read_u32(r, "type"),
                          .flags = read_u32(r, "flags"),
                          .min = read_number(r, "min"),
                          .max = read_number(r, "max"),
                          .choices = read_texts(r, "choices")};
}

static void read_output(reader *r, catalog_output *o)
{
    *o = (catalog_output){.name = read_text(r, "name"),
                          .doc = read_text(r, "doc"),
                          .type = read_u32(r, "type"),
                          .flags = read_u32(r, "flags")};
}

static void read_metric(reader *r, catalog_metric *m)
{
    *m = (catalog_metric){.name = read_text(r, "name"),
                          .unit = read_text(r, "unit"),
                          .doc = read_text(r, "doc"),
                          .warn = read_text_or_null(r, "warn"),
                          .fail = read_text_or_null(r, "fail")};
}

/* One table of a kind: count structs of T, each read by fn. */
#define READ_TABLE(r, member, what, T, fn, ret_items, ret_count)                                                       \
    do {                                                                                                               \
        size_t count_;                                                                                                 \
        const json_t *array_ = read_array(r, member, &count_);                                                         \
        T *items_ = mem_array(count_, sizeof *items_);                                                                 \
        for (size_t i_ = 0; i_ < count_; i_++) {                                                                       \
            reader each_ = below(r, json_array_get(array_, i_), what);                                                 \
            fn(&each_, &items_[i_]);                                                                                   \
            (r)->result = each_.result;                                                                                \
        }                                                                                                              \
        (ret_items) = items_;                                                                                          \
        (ret_count) = count_;                                                                                          \
    } while (0)

static void read_phases(reader *r, catalog_kind *k)
{
    const struct {
        const char *name;
        bool *has;
    } phases[] = {
        {"prepare", &k->has_prepare},   {"execute", &k->has_execute}, {"verify", &k->has_verify},
        {"rollback", &k->has_rollback}, {"discard", &k->has_discard},
    };
    size_t count;
    const json_t *array = read_array(r, "phases", &count);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(array, i));
        for (size_t p = 0; name && p < sizeof phases / sizeof *phases; p++)
            if (strcmp(name, phases[p].name) == 0)
                *phases[p].has = true;
    }
}

static void read_kind(reader *r, catalog_kind *k)
{
    k->step = read_text(r, "name");
    k->doc = read_text(r, "doc");
    k->flags = read_u32(r, "flags");
    k->timeout_ms = read_u32(r, "timeout_ms");
    if (k->timeout_ms == 0)
        k->timeout_ms = DEFAULT_TIMEOUT_MS;
    read_phases(r, k);
    READ_TABLE(r, "options", "step's option", catalog_option, read_option, k->options, k->option_count);
    READ_TABLE(r, "outputs", "step's output", catalog_output, read_output, k->outputs, k->output_count);
    READ_TABLE(r, "metrics", "step's metric", catalog_metric, read_metric, k->metrics, k->metric_count);
}

int descriptor_parse(const json_t *descriptor, const char *path, const char *sha256, catalog_plugin **ret, error **err)
{
    reader r = {.object = descriptor, .what = "plugin", .err = err};
    guard(catalog_plugin) p = mem_new(catalog_plugin);
    if (!json_is_object(descriptor))
        return error_set(err, ERROR_PLUGIN, "its descriptor is damaged: no JSON object");
    p->name = read_text(&r, "name");
    p->version = read_text(&r, "version");
    p->doc = read_text(&r, "doc");
    p->license = read_text(&r, "license");
    p->contact = read_text(&r, "contact");
    p->path = mem_dup(path);
    memcpy(p->sha256, sha256, strnlen(sha256, sizeof p->sha256 - 1));
    p->built_minor = read_u32(&r, "built_minor");
    p->needs_minor = read_u32(&r, "needs_minor");
    p->undo_format = read_u32(&r, "undo_format");
    p->undo_format_oldest = read_u32(&r, "undo_format_oldest");
    READ_TABLE(&r, "steps", "step", catalog_kind, read_kind, p->kinds, p->kind_count);
    for (size_t i = 0; i < p->kind_count; i++) {
        p->kinds[i].plugin = p;
        p->kinds[i].name = mem_printf("%s.%s", p->name, p->kinds[i].step);
    }
    if (r.result == 0)
        *ret = take(p);
    return r.result;
}

/* ---- letting go -------------------------------------------------------------------------------------------------- */

static void option_done(catalog_option *o)
{
    free(o->name);
    free(o->doc);
    free(o->def);
    free(o->example);
    for (char **c = o->choices; c && *c; c++)
        free(*c);
    free(o->choices);
}

static void output_done(catalog_output *o)
{
    free(o->name);
    free(o->doc);
}

static void metric_done(catalog_metric *m)
{
    free(m->name);
    free(m->unit);
    free(m->doc);
    free(m->warn);
    free(m->fail);
}

static void kind_done(catalog_kind *k)
{
    for (size_t i = 0; i < k->option_count; i++)
        option_done(&k->options[i]);
    for (size_t i = 0; i < k->output_count; i++)
        output_done(&k->outputs[i]);
    for (size_t i = 0; i < k->metric_count; i++)
        metric_done(&k->metrics[i]);
    free(k->options);
    free(k->outputs);
    free(k->metrics);
    free(k->name);
    free(k->step);
    free(k->doc);
}

void catalog_plugin_free(catalog_plugin *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->kind_count; i++)
        kind_done(&p->kinds[i]);
    free(p->kinds);
    free(p->name);
    free(p->version);
    free(p->doc);
    free(p->license);
    free(p->contact);
    free(p->path);
    free(p);
}
