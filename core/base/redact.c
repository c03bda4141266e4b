#include "base/redact.h"

#include <stdlib.h>
#include <string.h>

#include "base/redact_match.h"
#include "base/redact_url.h"

/* One text to look for: a value, or what base64 makes of it. How its characters may be written is known to
 * redact_match(). */
typedef struct pattern {
    char *bytes; /* neither begins nor ends with a line break */
    size_t n;
    bool hex; /* may be written in hexadecimal digits, too */
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
    int first[256]; /* by first byte: an index into patterns, or -1 */
};

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

/* ---- the forms of a value --------------------------------------------------------------------------------------- */

static bool known(const redactor *r, const char *bytes, size_t n)
{
    for (int i = r->first[(unsigned char)bytes[0]]; i >= 0; i = r->patterns.items[i].next)
        if (r->patterns.items[i].n == n && memcmp(r->patterns.items[i].bytes, bytes, n) == 0)
            return true;
    return false;
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

static void add_pattern(redactor *r, const char *bytes, size_t n, bool hex)
{
    while (n && is_break(bytes[n - 1]))
        n--;
    for (; n && is_break(*bytes); bytes++)
        n--;
    if (n < REDACT_SHORTEST || known(r, bytes, n))
        return;
    mem_reserve(&r->patterns);
    int *head = &r->first[(unsigned char)*bytes];
    r->patterns.items[r->patterns.count] = (pattern){.bytes = mem_dup_n(bytes, n), .n = n, .hex = hex, .next = *head};
    *head = (int)r->patterns.count++;
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
    add_pattern(r, form, to - from, false);
    mem_wipe_free(form, to - from);
}

static void add_forms(redactor *r, const char *value)
{
    if (strlen(value) < REDACT_SHORTEST)
        return;
    add_pattern(r, value, strlen(value), true);
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
        int high = *s == '%' ? redact_hex_digit(s[1]) : -1, low = high >= 0 ? redact_hex_digit(s[2]) : -1;
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
char *redactor_url_password(const char *url)
{
    const char *authority = strstr(url, "://");
    if (!authority)
        return NULL;
    authority += 3;
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#"));
    const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    if (!colon)
        return NULL;
    char *password = mem_dup_n(colon + 1, (size_t)(at - colon - 1));
    url_decode(password);
    return password;
}

static void add_url_password(redactor *r, const char *value)
{
    char *password = redactor_url_password(value);
    if (!password)
        return;
    add_forms(r, password);
    mem_wipe_free(password, strlen(password));
}

/* libpq's "host=db password='it\\'s'". */
static void add_conninfo_password(redactor *r, const char *value)
{
    const char *at = strstr(value, "password=");
    if (!at || (at > value && !strchr(" \t\n", at[-1])))
        return;
    at += strlen("password=");
    const bool quoted = *at == '\'';
    guard_text password = {0};
    for (at += quoted; *at && (quoted ? *at != '\'' : !strchr(" \t\n", *at)); at++) {
        if (*at == '\\' && at[1])
            at++;
        text_add(&password, at, 1);
    }
    add_forms(r, text_get(&password));
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
    add_conninfo_password(r, value);
    add_lines(r, value);
}

void redactor_add_all(redactor *r, const redactor *other)
{
    for (size_t i = 0; i < redactor_count(other); i++)
        redactor_add(r, redactor_value(other, i));
}

/* ---- the search -------------------------------------------------------------------------------------------------- */

static size_t longer(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t match_list(const redactor *r, unsigned char first, const char *s, size_t n, bool hex, bool *partial)
{
    size_t best = 0;
    for (int i = r->first[first]; i >= 0; i = r->patterns.items[i].next) {
        const pattern *p = &r->patterns.items[i];
        if (!hex)
            best = longer(best, redact_match(p->bytes, p->n, s, n, partial));
        else if (p->hex)
            best = longer(best, redact_match_hex(p->bytes, p->n, s, n, partial));
    }
    return best;
}

static size_t match_any(const redactor *r, const char *s, size_t n, bool *partial)
{
    size_t best = 0;
    for (size_t i = 0; i < r->patterns.count; i++)
        best = longer(best, redact_match(r->patterns.items[i].bytes, r->patterns.items[i].n, s, n, partial));
    return best;
}

/* Its first byte may be written as two digits, of which the second may be yet to come. */
static size_t match_hex(const redactor *r, const char *s, size_t n, bool *partial)
{
    const int high = redact_hex_digit(s[0]), low = n > 1 ? redact_hex_digit(s[1]) : 0;
    if (high < 0 || low < 0)
        return 0;
    if (n > 1)
        return match_list(r, (unsigned char)(high << 4 | low), s, n, true, partial);
    for (unsigned byte = (unsigned)high << 4, i = 0; i < 16; i++)
        (void)match_list(r, (unsigned char)(byte | i), s, n, true, partial);
    return 0;
}

static size_t match_longest(const redactor *r, const char *s, size_t n, bool *partial)
{
    if (redact_may_begin_any(s[0]))
        return match_any(r, s, n, partial);
    const unsigned char first = (unsigned char)s[0];
    size_t best = match_list(r, first, s, n, false, partial);
    if (first == '+')
        best = longer(best, match_list(r, ' ', s, n, false, partial));
    if (first >= 0xa0) /* Latin-1, of which UTF-8 makes two bytes */
        best = longer(best, match_list(r, first < 0xc0 ? 0xc2 : 0xc3, s, n, false, partial));
    return longer(best, match_hex(r, s, n, partial));
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

/* All of a text, or of what a stream held: what is known, then what looks like a password. */
static void mask_rest(const redactor *r, const text *held, const char *s, size_t n, text *out)
{
    guard_text known_masked = {0};
    text_add(&known_masked, text_get(held), held->count);
    if (redactor_is_empty(r))
        text_add(&known_masked, s, n);
    else
        mask(r, s, n, true, &known_masked);
    (void)redact_urls(text_get(&known_masked), known_masked.count, true, out);
}

char *redactor_mask(const redactor *r, const char *s)
{
    const text nothing = {0};
    text out = {0};
    mask_rest(r, &nothing, s, strlen(s), &out);
    return text_take(&out);
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static void forget(text *t, size_t n)
{
    t->count -= n;
    memmove(t->items, t->items + n, t->count);
}

void redact_stream_add(redact_stream *s, const char *bytes, size_t n, text *out)
{
    if (n == 0)
        return;
    if (redactor_is_empty(s->redactor)) {
        text_add(&s->masked, bytes, n);
    } else {
        text_add(&s->held, bytes, n);
        forget(&s->held, mask(s->redactor, s->held.items, s->held.count, false, &s->masked));
    }
    if (s->masked.count)
        forget(&s->masked, redact_urls(s->masked.items, s->masked.count, false, out));
}

void redact_stream_end(redact_stream *s, text *out)
{
    mask_rest(s->redactor, &s->masked, text_get(&s->held), s->held.count, out);
    text_done(&s->held);
    text_done(&s->masked);
}
