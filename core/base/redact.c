#include "base/redact.h"

#include <stdlib.h>
#include <string.h>

/* One way in which a value may be written. Line breaks are left out: they are skipped where text is searched, and
 * percent- encoding is undone there, since what of a value is encoded depends on who encodes. */
typedef struct pattern {
    char *bytes;
    size_t n;
    int next; /* the next pattern that begins with the same byte, or -1 */
} pattern;

struct redactor {
    struct {
        char **items;
        size_t count, room;
    } values;
    struct {
        pattern *items;
        size_t count, room;
    } patterns;
    size_t longest;
    int first[256]; /* by first byte: an index into patterns, or -1 */
};

/* Line breaks that may stand between two bytes of a value: base64 is wrapped, a key is printed line by line. */
#define BREAK_MAX 4

redactor *redactor_new(void)
{
    redactor *r = mem_new(redactor);
    for (size_t i = 0; i < 256; i++)
        r->first[i] = -1;
    return r;
}

void redactor_free(redactor *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->values.count; i++)
        mem_wipe_free(r->values.items[i], strlen(r->values.items[i]));
    for (size_t i = 0; i < r->patterns.count; i++)
        mem_wipe_free(r->patterns.items[i].bytes, r->patterns.items[i].n);
    free(r->values.items);
    free(r->patterns.items);
    free(r);
}

bool redactor_is_empty(const redactor *r)
{
    return !r || r->patterns.count == 0;
}

size_t redactor_count(const redactor *r)
{
    return r ? r->values.count : 0;
}

const char *redactor_value(const redactor *r, size_t i)
{
    return r->values.items[i];
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- the forms of a value --------------------------------------------------------------------------------------- */

static bool known(const redactor *r, const char *bytes, size_t n)
{
    for (int i = r->first[(unsigned char)bytes[0]]; i >= 0; i = r->patterns.items[i].next)
        if (r->patterns.items[i].n == n && memcmp(r->patterns.items[i].bytes, bytes, n) == 0)
            return true;
    return false;
}

static void add_pattern(redactor *r, const char *bytes, size_t n)
{
    char *copy = mem_array(n + 1, 1);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != '\n' && bytes[i] != '\r')
            copy[kept++] = bytes[i];
    if (kept < REDACT_SHORTEST || known(r, copy, kept)) {
        mem_wipe_free(copy, n);
        return;
    }
    mem_reserve(&r->patterns);
    int *head = &r->first[(unsigned char)copy[0]];
    r->patterns.items[r->patterns.count] = (pattern){.bytes = copy, .n = kept, .next = *head};
    *head = (int)r->patterns.count++;
    if (kept > r->longest)
        r->longest = kept;
}

static size_t json_escape(unsigned char c, bool slash, char out[7])
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    const char *p = c ? strchr(plain, c) : NULL;
    if (p || (slash && c == '/')) {
        out[0] = '\\';
        out[1] = p ? letter[p - plain] : '/';
        return 2;
    }
    if (c < 0x20) {
        memcpy(out, "\\u00", 4);
        out[4] = hex[c >> 4];
        out[5] = hex[c & 15];
        return 6;
    }
    out[0] = (char)c;
    return 1;
}

static void add_json_form(redactor *r, const char *value, bool slash)
{
    size_t n = strlen(value);
    char *form = mem_array(6 * n + 8, 1);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += json_escape((unsigned char)value[i], slash, form + k);
    add_pattern(r, form, k);
    mem_wipe_free(form, 6 * n);
}

/* The characters of the base64 text that depend on the value alone, when `before` bytes (0 to 2) of something else
 * precede it in its group of three. */
static void add_base64_form(redactor *r, const char *value, size_t before, const char *last_two)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(value), bits = 8 * (before + n);
    size_t from = before ? before + 1 : 0, to = bits / 6;
    if (to <= from)
        return;
    char *form = mem_array(to - from, 1);
    for (size_t i = from; i < to; i++) {
        unsigned six = 0;
        for (size_t bit = 6 * i; bit < 6 * i + 6; bit++) {
            unsigned char byte = (unsigned char)value[bit / 8 - before];
            six = six << 1 | ((unsigned)byte >> (7 - bit % 8) & 1);
        }
        form[i - from] = six < 62 ? letters[six] : last_two[six - 62];
    }
    add_pattern(r, form, to - from);
    mem_wipe_free(form, to - from);
}

static void add_forms(redactor *r, const char *value)
{
    if (strlen(value) < REDACT_SHORTEST)
        return;
    add_pattern(r, value, strlen(value));
    add_json_form(r, value, false);
    add_json_form(r, value, true);
    for (size_t before = 0; before < 3; before++) {
        add_base64_form(r, value, before, "+/");
        add_base64_form(r, value, before, "-_");
    }
}

/* ---- values that hold values ------------------------------------------------------------------------------------- */

static void url_decode(char *s)
{
    char *to = s;
    for (; *s; s++) {
        int high = *s == '%' ? hex_digit(s[1]) : -1, low = high >= 0 ? hex_digit(s[2]) : -1;
        if (low >= 0) {
            *to++ = (char)(high * 16 + low);
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

/* scheme://user:password@host: the authority ends at the first '/', '?' or '#', its user part at the last '@'. */
static void add_url_password(redactor *r, const char *value)
{
    const char *authority = strstr(value, "://");
    if (!authority)
        return;
    authority += 3;
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#"));
    if (!at)
        return;
    const char *colon = memchr(authority, ':', (size_t)(at - authority));
    if (!colon)
        return;
    size_t n = (size_t)(at - colon - 1);
    char *password = mem_dup_n(colon + 1, n);
    add_forms(r, password);
    url_decode(password);
    add_forms(r, password);
    mem_wipe_free(password, n);
}

/* A key in PEM form may be shown with something before each line. Its first and last lines are no secret. */
static void add_lines(redactor *r, const char *value)
{
    static const size_t shortest_line = 12;
    if (!strchr(value, '\n'))
        return;
    while (*value) {
        size_t n = strcspn(value, "\r\n");
        if (n >= shortest_line && !text_starts(value, "-----")) {
            char *line = mem_dup_n(value, n);
            add_forms(r, line);
            mem_wipe_free(line, n);
        }
        value += n + strspn(value + n, "\r\n");
    }
}

void redactor_add(redactor *r, const char *value)
{
    if (strlen(value) < REDACT_SHORTEST)
        return;
    for (size_t i = 0; i < r->values.count; i++)
        if (strcmp(r->values.items[i], value) == 0)
            return;
    mem_reserve(&r->values);
    r->values.items[r->values.count++] = mem_dup(value);
    add_forms(r, value);
    add_url_password(r, value);
    add_lines(r, value);
}

void redactor_add_all(redactor *r, const redactor *other)
{
    for (size_t i = 0; i < redactor_count(other); i++)
        redactor_add(r, redactor_value(other, i));
}

/* ---- the search -------------------------------------------------------------------------------------------------- */

/* One byte of a value at the beginning of s: as it is, or, when decoding, also percent-encoded (RFC 3986, 2.1) or '+'
 * for a space. Gives its length, 0 when it is another byte; *partial: it may be this one once more of s is there. */
static size_t match_byte(char wanted, const char *s, size_t n, bool decode, bool *partial)
{
    if (decode && s[0] == '%') {
        int high = n > 1 ? hex_digit(s[1]) : 0, low = n > 2 ? hex_digit(s[2]) : 0;
        if (high >= 0 && low >= 0 && n < 3)
            *partial = true;
        else if (high >= 0 && low >= 0 && (char)(high * 16 + low) == wanted)
            return 3;
    }
    return s[0] == wanted || (decode && s[0] == '+' && wanted == ' ') ? 1 : 0;
}

/* How many bytes of s the pattern covers; 0: none. *partial: it may match once more of s is there. */
static size_t match(const pattern *p, const char *s, size_t n, bool decode, bool *partial)
{
    size_t at = 0, breaks = 0;
    for (size_t k = 0; k < p->n;) {
        if (at == n) {
            *partial = true;
            return 0;
        }
        size_t length = match_byte(p->bytes[k], s + at, n - at, decode, partial);
        if (length) {
            at += length;
            k++;
            breaks = 0;
        } else if (k > 0 && breaks < BREAK_MAX && (s[at] == '\n' || s[at] == '\r')) {
            at++;
            breaks++;
        } else {
            return 0;
        }
    }
    return at;
}

static size_t match_list(const redactor *r, char first, const char *s, size_t n, bool decode, bool *partial)
{
    size_t best = 0;
    for (int i = r->first[(unsigned char)first]; i >= 0; i = r->patterns.items[i].next) {
        size_t covered = match(&r->patterns.items[i], s, n, decode, partial);
        if (covered > best)
            best = covered;
    }
    return best;
}

static size_t longer(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t match_longest(const redactor *r, const char *s, size_t n, bool *partial)
{
    size_t best = match_list(r, s[0], s, n, false, partial);
    best = longer(best, match_list(r, s[0], s, n, true, partial));
    if (s[0] == '+')
        best = longer(best, match_list(r, ' ', s, n, true, partial));
    if (s[0] != '%')
        return best;
    int high = n > 1 ? hex_digit(s[1]) : 0, low = n > 2 ? hex_digit(s[2]) : 0;
    if (high >= 0 && low >= 0 && n < 3)
        *partial = true;
    else if (high >= 0 && low >= 0)
        best = longer(best, match_list(r, (char)(high * 16 + low), s, n, true, partial));
    return best;
}

/* The mask for a stretch of text. Its line breaks stay, so that whoever counts lines still can. */
static void add_mask(text *out, const char *s, size_t n)
{
    text_puts(out, REDACT_MASK);
    for (size_t i = 0; i < n; i++)
        if (s[i] == '\n')
            text_add(out, "\n", 1);
}

/* Appends s, masked, to out. Matches that overlap become one. Unless `final`, stops where a value may begin that goes
 * on after s; gives how much of s was dealt with. */
static size_t mask(const redactor *r, const char *s, size_t n, bool final, text *out)
{
    size_t plain = 0;              /* begin of what is not yet written */
    size_t covered = 0, cover = 0; /* the stretch [cover, covered) is to be masked */
    size_t at = 0;
    for (; at < n; at++) {
        bool partial = false;
        size_t length = match_longest(r, s + at, n - at, &partial);
        if (partial && !final)
            break;
        if (at == covered && covered > cover) {
            add_mask(out, s + cover, covered - cover);
            plain = cover = covered;
        }
        if (length && at >= covered) {
            text_add(out, s + plain, at - plain);
            cover = plain = at;
        }
        if (length && at + length > covered)
            covered = at + length;
    }
    if (at < covered && !final)
        return cover;
    if (covered > cover) {
        add_mask(out, s + cover, covered - cover);
        plain = covered;
    }
    text_add(out, s + plain, at - plain);
    return at;
}

bool redactor_finds(const redactor *r, const char *s, size_t n)
{
    bool partial = false;
    if (redactor_is_empty(r))
        return false;
    for (size_t i = 0; i < n; i++)
        if (match_longest(r, s + i, n - i, &partial))
            return true;
    return false;
}

char *redactor_mask(const redactor *r, const char *s)
{
    if (redactor_is_empty(r))
        return mem_dup(s);
    text out = {0};
    mask(r, s, strlen(s), true, &out);
    return text_take(&out);
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

void redact_stream_add(redact_stream *s, const char *bytes, size_t n, text *out)
{
    if (redactor_is_empty(s->redactor)) {
        text_add(out, bytes, n);
        return;
    }
    text_add(&s->held, bytes, n);
    size_t shown = mask(s->redactor, s->held.items, s->held.count, false, out);
    s->held.count -= shown;
    memmove(s->held.items, s->held.items + shown, s->held.count);
}

void redact_stream_end(redact_stream *s, text *out)
{
    if (s->held.count)
        mask(s->redactor, s->held.items, s->held.count, true, out);
    text_done(&s->held);
}
