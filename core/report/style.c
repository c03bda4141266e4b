#include "report/style.h"

#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

bool style_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}; /* in the order of setlocale(3) */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        for (; *value; value++)
            if (strncasecmp(value, "utf-8", 5) == 0 || strncasecmp(value, "utf8", 4) == 0)
                return true;
        return false;
    }
    return false;
}

void style_add(text *out, const style *s, style_ink ink, const char *fmt, ...)
{
    static const char *const codes[] = {
        [INK_PLAIN] = "",         [INK_BOLD] = "\033[1m",    [INK_DIM] = "\033[2m",
        [INK_GREEN] = "\033[32m", [INK_YELLOW] = "\033[33m", [INK_RED] = "\033[31m",
    };
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *what = mem_vprintf(fmt, ap);
    va_end(ap);
    bool coloured = s->colour && ink != INK_PLAIN && *what;
    if (coloured)
        text_puts(out, codes[ink]);
    text_puts(out, what);
    if (coloured)
        text_puts(out, "\033[0m");
}
