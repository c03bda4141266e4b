#include "cli/schema.h"

#include <belay/plugin.h>

#include <inttypes.h>
#include <string.h>

#include "base/units.h"

const char *schema_type_name(uint32_t type)
{
    static const char *const names[] = {"?", "text", "integer", "bool", "duration", "size", "enum", "path", "list"};
    return type < sizeof names / sizeof *names ? names[type] : "?";
}

const char *schema_nature(const catalog_kind *k)
{
    if (k->flags & BELAY_S_WAITS)
        return "A check that waits, for people or for a time: it changes nothing.";
    if (k->flags & BELAY_S_READ_ONLY)
        return "A check: it changes nothing.";
    if (k->flags & BELAY_S_IRREVERSIBLE)
        return "A change that cannot be undone; `belay plan` says so.";
    return "A change; undone by its rollback.";
}

/* A limit as a user may write it, in the largest unit that it is whole in. */
static char *limit(const catalog_option *o, int64_t value)
{
    static const struct {
        uint32_t type;
        int64_t size;
        const char *unit;
    } units[] = {
        {BELAY_T_DURATION, INT64_C(86400000), "d"},
        {BELAY_T_DURATION, 3600000, "h"},
        {BELAY_T_DURATION, 60000, "m"},
        {BELAY_T_DURATION, 1000, "s"},
        {BELAY_T_DURATION, 1, "ms"},
        {BELAY_T_SIZE, 1 << 30, "GiB"},
        {BELAY_T_SIZE, 1000000000, "GB"},
        {BELAY_T_SIZE, 1 << 20, "MiB"},
        {BELAY_T_SIZE, 1000000, "MB"},
        {BELAY_T_SIZE, 1 << 10, "KiB"},
        {BELAY_T_SIZE, 1000, "kB"},
        {BELAY_T_SIZE, 1, "B"},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].type == o->type && value >= units[i].size && value % units[i].size == 0)
            return mem_printf("%" PRId64 "%s", value / units[i].size, units[i].unit);
    return mem_printf("%" PRId64 "%s", value, o->type == BELAY_T_DURATION ? "s" : o->type == BELAY_T_SIZE ? "B" : "");
}

char *schema_limits(const catalog_option *o)
{
    bool has = o->type == BELAY_T_INT || o->type == BELAY_T_DURATION || o->type == BELAY_T_SIZE;
    if (!has || o->min >= o->max)
        return NULL;
    guard_mem char *least = limit(o, o->min);
    guard_mem char *most = limit(o, o->max);
    /* What nobody can reach is no limit. */
    return o->max >= INT64_MAX / 2 ? mem_printf("at least %s", least) : mem_printf("%s to %s", least, most);
}

char *schema_type(const catalog_option *o)
{
    guard_mem char *limits = schema_limits(o);
    return mem_printf("%s%s%s%s%s%s", schema_type_name(o->type), o->flags & BELAY_F_REQUIRED ? ", required" : "",
                      o->flags & BELAY_F_SECRET ? ", secret" : "", o->flags & BELAY_F_DEPRECATED ? ", deprecated" : "",
                      limits ? ", " : "", limits ? limits : "");
}

char *schema_option_example(const catalog_option *o)
{
    return o->example ? catalog_option_written(o, o->example) : NULL;
}

/* What stands for a value that no example is given of. */
static const char *stand_in(const catalog_option *o)
{
    if (o->flags & BELAY_F_SECRET)
        return "${secret:NAME}";
    switch (o->type) {
    case BELAY_T_INT: return "1";
    case BELAY_T_BOOL: return "true";
    case BELAY_T_DURATION: return "30s";
    case BELAY_T_SIZE: return "1GB";
    case BELAY_T_ENUM: return o->choices[0];
    default: return "...";
    }
}

char *schema_step_example(const catalog_kind *k)
{
    text out = {0};
    text_printf(&out, "{ id = \"%s\"; use = \"%s\";", k->step, k->name);
    for (size_t i = 0; i < k->option_count; i++) {
        const catalog_option *o = &k->options[i];
        if (!(o->flags & BELAY_F_REQUIRED))
            continue;
        guard_mem char *written = catalog_option_written(o, o->example ? o->example : stand_in(o));
        text_printf(&out, " %s;", written);
    }
    text_puts(&out, " }");
    return text_take(&out);
}
