#include <belay/plugin.h>

#include <string.h>

#include "base/text.h"
#include "catalog/catalog.h"

char *catalog_option_written(const catalog_option *o, const char *value)
{
    bool bare = o->type == BELAY_T_INT || o->type == BELAY_T_BOOL, list = o->type == BELAY_T_LIST;
    text out = {0};
    guard_mem char *copy = mem_dup(value);
    char *rest = copy, *item;
    const char *between = "";
    text_printf(&out, "%s = %s", o->name, list ? "[" : "");
    while ((item = list ? strsep(&rest, ",") : take(rest))) {
        text_printf(&out, bare ? "%s" : "%s\"", between);
        for (const char *c = item + strspn(item, " "); *c; c++)
            text_printf(&out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
        text_puts(&out, bare ? "" : "\"");
        between = ", ";
    }
    text_puts(&out, list ? "]" : "");
    return text_take(&out);
}
