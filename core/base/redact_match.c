#include "base/redact_match.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define AHEAD     5  /* a step covers at most the 4 bytes of a UTF-8 character */
#define FRONT     32 /* places in the text at which the same byte of the value may be expected */
#define ESCAPES   32 /* backslashes in a row */
#define REENCODED 8  /* times that '&' or '%' may have been encoded again */

/* The value is followed through the text at all places at once: `''` may be one quote of it, or two. */
typedef struct matcher {
    const char *value;
    size_t length;
    const char *s;
    size_t n;
    bool *partial;
    size_t expected; /* places in all fronts */
    struct {
        size_t at[FRONT], count;
    } fronts[AHEAD]; /* [k % AHEAD]: where byte k of the value is expected */
} matcher;

int redact_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool redact_may_begin_any(char c)
{
    return c == '%' || c == '&' || c == '\\';
}

/* Byte k of the value is expected at this place. */
static void expect(matcher *m, size_t k, size_t at)
{
    size_t *count = &m->fronts[k % AHEAD].count;
    size_t *places = m->fronts[k % AHEAD].at;
    for (size_t i = 0; i < *count; i++)
        if (places[i] == at)
            return;
    if (*count == FRONT)
        return;
    places[(*count)++] = at;
    m->expected++;
}

/* The character of the value at k, and its length in UTF-8; a byte that is not UTF-8 stands for itself. */
static uint32_t character_at(const matcher *m, size_t k, size_t *ret_length)
{
    const unsigned char *s = (const unsigned char *)m->value + k;
    const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 1;
    uint32_t c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
    *ret_length = 1;
    if (n > m->length - k)
        return s[0];
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return s[0];
        c = c << 6 | (s[i] & 0x3f);
    }
    *ret_length = n;
    return c;
}

/* The text has said: this character, up to `end`. */
static void expect_character(matcher *m, size_t k, uint32_t c, size_t end)
{
    size_t length = 1;
    if (character_at(m, k, &length) == c)
        expect(m, k + length, end);
}

/* Digits of a base at `from`, at least `least` and at most `most`; *ret_end is behind them. False: too few, or the text
 * ends where another may follow. */
static bool number(matcher *m, size_t from, unsigned base, size_t least, size_t most, uint32_t *ret, size_t *ret_end)
{
    size_t at = from;
    for (*ret = 0; at < m->n && at - from < most; at++) {
        int digit = redact_hex_digit(m->s[at]);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        *ret = *ret * base + (unsigned)digit;
    }
    *ret_end = at;
    if (at == m->n && at - from < most)
        *m->partial = true;
    return at - from >= least;
}

static bool next_is(matcher *m, size_t at, const char *word)
{
    size_t n = strlen(word), left = m->n - at;
    if (memcmp(m->s + at, word, n < left ? n : left) != 0)
        return false;
    if (left < n)
        *m->partial = true;
    return left >= n;
}

/* "%26", and "%2526": encoded twice. */
static void percent(matcher *m, size_t k, size_t at)
{
    uint32_t byte = 0;
    size_t end = 0;
    if (m->value[k] == '%' && next_is(m, at, "%%"))
        expect(m, k + 1, at + 2);
    at++;
    for (size_t i = 0; i < REENCODED; i++, at += 2) {
        if (number(m, at, 16, 2, 2, &byte, &end) && (char)byte == m->value[k])
            expect(m, k + 1, end);
        if (!next_is(m, at, "25"))
            return;
    }
}

static const struct {
    const char *name;
    uint32_t c;
} entities[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"nbsp;", 0xa0}};

static void numeric_entity(matcher *m, size_t k, size_t at)
{
    uint32_t c = 0;
    size_t end = 0;
    const bool hex = at < m->n && (m->s[at] | 0x20) == 'x';
    if (!number(m, hex ? at + 1 : at, hex ? 16 : 10, 1, 9, &c, &end))
        return;
    if (end == m->n)
        *m->partial = true;
    else if (m->s[end] == ';')
        expect_character(m, k, c, end + 1);
}

/* "&amp;", "&#38;", "&#x26;", and "&amp;amp;": encoded twice. */
static void entity(matcher *m, size_t k, size_t at)
{
    at++;
    for (size_t times = 0; times < REENCODED; times++, at += strlen("amp;")) {
        if (next_is(m, at, "#"))
            numeric_entity(m, k, at + 1);
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (next_is(m, at, entities[i].name))
                expect_character(m, k, entities[i].c, at + strlen(entities[i].name));
        if (!next_is(m, at, "amp;"))
            return;
    }
}

/* "\u0026" behind the u; a character beyond 16 bits comes as two ("\ud83d\ude00"). */
static void unicode_escape(matcher *m, size_t k, size_t at)
{
    uint32_t c = 0, low = 0;
    size_t end = 0;
    if (next_is(m, at, "{")) {
        if (number(m, at + 1, 16, 1, 8, &c, &end) && next_is(m, end, "}"))
            expect_character(m, k, c, end + 1);
        return;
    }
    if (!number(m, at, 16, 4, 4, &c, &end))
        return;
    if (c >= 0xd800 && c < 0xdc00) {
        for (at = end; at < m->n && at - end < ESCAPES && m->s[at] == '\\';)
            at++;
        if (!next_is(m, at, "u") || !number(m, at + 1, 16, 4, 4, &low, &end))
            return;
        c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
    }
    expect_character(m, k, c, end);
}

/* A byte or a character by number: C, Python, Java, git. at is behind the backslashes. */
static void numbered_escape(matcher *m, size_t k, size_t at)
{
    uint32_t c = 0;
    size_t end = 0;
    const char kind = m->s[at];
    if (kind == 'u') {
        unicode_escape(m, k, at + 1);
    } else if (kind == 'U' && number(m, at + 1, 16, 8, 8, &c, &end)) {
        expect_character(m, k, c, end);
    } else if (kind == 'x' && number(m, at + 1, 16, 2, 2, &c, &end)) {
        if ((char)c == m->value[k])
            expect(m, k + 1, end);
        expect_character(m, k, c, end);
    } else if (kind >= '0' && kind <= '7' && number(m, at, 8, 1, 3, &c, &end) && (char)c == m->value[k]) {
        expect(m, k + 1, end);
    }
}

/* A backslash, or several when what was escaped is escaped again. */
static void escape(matcher *m, size_t k, size_t at)
{
    static const char letters[] = "abefnrtv", meant[] = "\a\b\033\f\n\r\t\v";
    size_t run = 0;
    while (at + run < m->n && run < ESCAPES && m->s[at + run] == '\\')
        run++;
    if (at + run == m->n)
        *m->partial = true;
    for (size_t all = 2; m->value[k] == '\\' && all <= run; all *= 2)
        expect(m, k + 1, at + all);
    if (at + run == m->n || run == ESCAPES)
        return;
    at += run;
    const char c = m->s[at];
    const char *letter = c ? strchr(letters, c) : NULL;
    const bool itself = !isalnum((unsigned char)c) && c == m->value[k];
    if (itself || (letter && meant[letter - letters] == m->value[k]))
        expect(m, k + 1, at + 1);
    numbered_escape(m, k, at);
}

/* Characters that are doubled (SQL, CSV, Compose), or for which a shell's quotes are left and begun again. */
static void doubled(matcher *m, size_t k, size_t at)
{
    static const struct {
        char c;
        const char *written;
    } ways[] = {{'\'', "''"}, {'\'', "'\\''"}, {'\'', "'\"'\"'"}, {'"', "\"\""}, {'$', "$$"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].c == m->value[k] && next_is(m, at, ways[i].written))
            expect(m, k + 1, at + strlen(ways[i].written));
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

static void step(matcher *m, size_t k, size_t at)
{
    for (size_t i = 0; k > 0 && i < REDACT_BREAKS && at < m->n && is_break(m->s[at]); i++)
        at++;
    if (is_break(m->value[k]))
        expect(m, k + 1, at); /* those of the text were skipped */
    if (at == m->n) {
        *m->partial = true;
        return;
    }
    const char c = m->s[at], wanted = m->value[k];
    if (c == wanted || (c == '+' && wanted == ' '))
        expect(m, k + 1, at + 1);
    switch (c) {
    case '%': percent(m, k, at); break;
    case '&': entity(m, k, at); break;
    case '\\': escape(m, k, at); break;
    case '\'':
    case '"':
    case '$': doubled(m, k, at); break;
    default:
        if ((unsigned char)c >= 0x80 && c != wanted)
            expect_character(m, k, (unsigned char)c, at + 1); /* Latin-1 */
    }
}

/* A text that begins with another character than these can only be the value's character itself. */
static bool may_be_encoded(char c)
{
    return redact_may_begin_any(c) || is_break(c) || (unsigned char)c >= 0x80 || c == '\'' || c == '"' || c == '$' ||
           c == '+';
}

/* Follows the value from byte k on, which is expected at `at`, whatever it is written in. */
static size_t match_encoded(matcher *m, size_t k, size_t at)
{
    m->expected = 0;
    for (size_t i = 0; i < AHEAD; i++)
        m->fronts[i].count = 0;
    expect(m, k, at);
    for (; k < m->length && m->expected; k++) {
        const size_t now = k % AHEAD, count = m->fronts[now].count;
        for (size_t i = 0; i < count; i++)
            step(m, k, m->fronts[now].at[i]);
        m->expected -= count;
        m->fronts[now].count = 0;
    }
    size_t longest = 0;
    for (size_t i = 0; m->expected && i < m->fronts[m->length % AHEAD].count; i++)
        if (m->fronts[m->length % AHEAD].at[i] > longest)
            longest = m->fronts[m->length % AHEAD].at[i];
    return longest;
}

size_t redact_match(const char *value, size_t length, const char *s, size_t n, bool *partial)
{
    size_t at = 0;
    for (; at < length; at++) {
        if (at == n || may_be_encoded(s[at]) || is_break(value[at])) {
            matcher m;
            m.value = value;
            m.length = length;
            m.s = s;
            m.n = n;
            m.partial = partial;
            return match_encoded(&m, at, at);
        }
        if (s[at] != value[at])
            return 0;
    }
    return at;
}

size_t redact_match_hex(const char *value, size_t length, const char *s, size_t n, bool *partial)
{
    size_t at = 0;
    for (size_t k = 0; k < length; k++, at += 2) {
        for (size_t i = 0; k > 0 && i < REDACT_BREAKS && at < n && is_break(s[at]); i++)
            at++;
        if (k > 0 && at < n && (s[at] == ':' || s[at] == '-' || s[at] == ' '))
            at++;
        const unsigned char byte = (unsigned char)value[k];
        if ((at < n && redact_hex_digit(s[at]) != byte >> 4) ||
            (at + 1 < n && redact_hex_digit(s[at + 1]) != (byte & 15)))
            return 0;
        if (at + 1 >= n) {
            *partial = true;
            return 0;
        }
    }
    return at;
}
