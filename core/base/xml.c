#include "base/xml.h"

#include "base/clean.h"

/* True for what XML 1.0 cannot hold, not even escaped (controls, U+FFFE and U+FFFF), and for what would reorder or
 * control what a reader sees. */
static bool is_forbidden(uint32_t c)
{
    return c == 0xfffe || c == 0xffff || (clean_is_unsafe(c) && c != '\t' && c != '\n' && c != '\r');
}

static const char *entity(char c, bool attribute)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\r': return "&#13;";
    case '\n': return attribute ? "&#10;" : NULL; /* else a reader makes it a blank */
    case '\t': return attribute ? "&#9;" : NULL;
    default: return NULL;
    }
}

void xml_escape(text *out, const char *s, bool attribute)
{
    while (*s) {
        const char *e = entity(*s, attribute);
        uint32_t c = 0;
        const size_t n = clean_decode(s, &c);
        if (is_forbidden(c) || (n == 1 && c > 0x7f)) /* a byte that begins no character */
            text_puts(out, "?");
        else if (e)
            text_puts(out, e);
        else
            text_add(out, s, n);
        s += n;
    }
}

void xml_attribute(text *out, const char *name, const char *value)
{
    text_printf(out, " %s=\"", name);
    xml_escape(out, value, true);
    text_puts(out, "\"");
}
