#include "base/xml.h"

#include <string.h>

/* True for what XML 1.0 cannot hold, not even escaped: controls, U+FFFE and U+FFFF. s is valid UTF-8. */
static bool is_forbidden(const char *s)
{
    unsigned char c = (unsigned char)*s;
    bool noncharacter = strncmp(s, "\xef\xbf\xbe", 3) == 0 || strncmp(s, "\xef\xbf\xbf", 3) == 0;
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f || noncharacter;
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
    for (; *s; s++) {
        const char *e = entity(*s, attribute);
        if (is_forbidden(s)) {
            text_puts(out, "?");
            s += *s == '\xef' ? 2 : 0;
        } else if (e) {
            text_puts(out, e);
        } else {
            text_add(out, s, 1);
        }
    }
}

void xml_attribute(text *out, const char *name, const char *value)
{
    text_printf(out, " %s=\"", name);
    xml_escape(out, value, true);
    text_puts(out, "\"");
}
