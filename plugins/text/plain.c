#include "text.h"

#include <string.h>

#define ESCAPE '\033'
#define BELL   '\a'

/* How many bytes from s on are bytes within low..high. */
static size_t span(const char *s, size_t n, unsigned char low, unsigned char high)
{
    size_t at = 0;
    while (at < n && (unsigned char)s[at] >= low && (unsigned char)s[at] <= high)
        at++;
    return at;
}

/* "ESC [ 31 m": parameters and one final byte. (The standard knows intermediate bytes, too, but no log has them, and a
 * space is one.) */
static size_t control_sequence(const char *s, size_t n)
{
    size_t at = 2;
    at += span(s + at, n - at, '0', '?');
    return at < n && (unsigned char)s[at] >= '@' && (unsigned char)s[at] <= '~' ? at + 1 : 0;
}

/* "ESC ] 8 ; ; URL ESC \": an operating system command, a link for example; it ends with BEL or "ESC \". */
static size_t command_string(const char *s, size_t n)
{
    for (size_t at = 2; at < n; at++) {
        if (s[at] == BELL)
            return at + 1;
        if (s[at] == ESCAPE)
            return at + 1 < n && s[at + 1] == '\\' ? at + 2 : 0;
    }
    return 0;
}

/* The length of the escape sequence that begins at s; 0 when it is none, or is not complete. */
static size_t sequence(const char *s, size_t n)
{
    if (n < 2)
        return 0;
    if (s[1] == '[')
        return control_sequence(s, n);
    if (s[1] == ']')
        return command_string(s, n);
    return n > 2 && strchr("()*+", s[1]) && span(s + 2, 1, '0', '~') ? 3 : 0; /* a character set */
}

static bool is_invisible(char c)
{
    return c == '\0' || c == ESCAPE || c == '\016' || c == '\017'; /* the last two switch character sets */
}

size_t text_plain(char *s, size_t n)
{
    size_t kept = 0;
    for (size_t at = 0; at < n;) {
        const size_t length = s[at] == ESCAPE ? sequence(s + at, n - at) : 0;
        if (length == 0 && !is_invisible(s[at]))
            s[kept++] = s[at];
        at += length ? length : 1;
    }
    return kept;
}
