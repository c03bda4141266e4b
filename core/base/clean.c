#include "base/clean.h"

#include <string.h>

#define SEQUENCE_MAX 64 /* bytes of a colour sequence; a longer one is none */

static const struct {
    uint32_t first, last;
} unsafe[] = {
    {0x00, 0x1f}, {0x7f, 0x9f}, {0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
};

bool clean_is_unsafe(uint32_t c)
{
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        if (c >= unsafe[i].first && c <= unsafe[i].last)
            return true;
    return false;
}

static size_t length_by_lead(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 ? 2 : 0;
}

size_t clean_decode(const char *s, uint32_t *ret)
{
    unsigned char lead = (unsigned char)*s;
    size_t n = lead >= 0xf8 ? 0 : length_by_lead(lead);
    uint32_t c = n == 1 ? lead : lead & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        c = c << 6 | ((unsigned char)s[i] & 0x3f);
    }
    *ret = n ? c : 0xfffd;
    return n ? n : 1;
}

/* Bytes of the colour sequence at s; 0: none. *partial: it may be one once more is there. */
static size_t colour(const char *s, size_t n, bool *partial)
{
    size_t at = 1;
    if (n > 1 && s[1] != '[')
        return 0;
    for (at = n > 1 ? 2 : 1; at < n && strchr("0123456789;:", s[at]) && s[at];)
        at++;
    *partial = at == n && n < SEQUENCE_MAX;
    return at < n && s[at] == 'm' ? at + 1 : 0;
}

/* What a control character is shown as. */
static void add_control(text *out, char c, char next)
{
    if (c == '\n' || c == '\t')
        text_add(out, &c, 1);
    else if (c != '\r' || next != '\n')
        text_puts(out, c == '\r' ? " " : "?");
}

/* A character that begins with a byte beyond ASCII; gives its length. */
static size_t add_character(text *out, const char *s, size_t n)
{
    char whole[5] = "";
    uint32_t c = 0;
    memcpy(whole, s, n < 4 ? n : 4);
    size_t length = clean_decode(whole, &c);
    if (clean_is_unsafe(c) || length == 1) /* one byte beyond ASCII is no character */
        text_puts(out, "?");
    else
        text_add(out, s, length);
    return length;
}

size_t clean_add(text *out, const char *s, size_t n, bool final)
{
    size_t at = 0;
    while (at < n) {
        const unsigned char c = (unsigned char)s[at];
        const size_t left = n - at;
        bool partial = c >= 0xc0 && length_by_lead(c) > left;
        size_t skip = c == '\033' ? colour(s + at, left, &partial) : 0;
        partial |= c == '\r' && left == 1;
        if (partial && !final)
            return at;
        if (skip) {
            at += skip;
        } else if (c >= 0x80) {
            at += add_character(out, s + at, left);
        } else {
            if (c < 0x20 || c == 0x7f)
                add_control(out, (char)c, left > 1 ? s[at + 1] : '\0');
            else
                text_add(out, s + at, 1);
            at++;
        }
    }
    return n;
}

void clean_text(text *out, const char *s)
{
    (void)clean_add(out, s, strlen(s), true);
}

void clean_json(text *out, const char *json)
{
    while (*json) {
        uint32_t c = 0;
        size_t n = clean_decode(json, &c);
        if (clean_is_unsafe(c) && c != '\n' && c != '\t')
            text_printf(out, "\\u%04x", (unsigned)c);
        else
            text_add(out, json, n);
        json += n;
    }
}
