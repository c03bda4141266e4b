/*
 * The first line is a secret, the rest is what a program prints. The secret, in each form in which tools write it, is
 * put into the text, and the text is written in arbitrary pieces: the secret never comes out, and the cuts make no
 * difference.
 */
#include <ctype.h>

#include "base/redact.h"
#include "base/redact_shape.h"
#include "fuzz.h"

/* ---- forms, written anew: those of redact.c are under test ------------------------------------------------------- */

static void add_percent(text *to, const char *s, size_t n, bool all)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (!all && (isalnum(c) || strchr("-._~", c)))
            text_add(to, s + i, 1);
        else
            text_printf(to, i % 2 ? "%%%02x" : "%%%02X", c);
    }
}

static void add_base64(text *to, const char *s, size_t n, const char *last_two)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t bit = 0; bit < 8 * n; bit += 6) {
        unsigned at = 0;
        for (size_t k = bit; k < bit + 6; k++)
            at = at * 2 + (k < 8 * n ? (unsigned)((unsigned char)s[k / 8] >> (7 - k % 8)) & 1 : 0);
        text_add(to, at < 62 ? &letters[at] : &last_two[at - 62], 1);
    }
}

/* Each byte that is no letter or digit by its number, between two texts. */
static void add_escaped(text *to, const char *s, size_t n, const char *before, const char *after, bool decimal)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (isalnum(c) || c >= 0x80)
            text_add(to, s + i, 1);
        else if (decimal)
            text_printf(to, "%s%u%s", before, c, after);
        else
            text_printf(to, "%s%02x%s", before, c, after);
    }
}

typedef enum form {
    PLAIN,
    WRAPPED,
    URL,
    URL_ALL,
    BASE64,
    BASE64_URL,
    BASE64_BEHIND,
    HEX,
    XML,
    JSON,
    JSON_TWICE,
    C_ESCAPES,
    SQL,
    FORMS
} form;

/* Appends the form. *ret_from, *ret_to: which part of it must not come out; at the edges of base64 text up to three
 * characters hang on what stands beside the secret. */
static void add_form(text *to, form f, const char *secret, size_t n, size_t *ret_from, size_t *ret_to)
{
    size_t begin = to->count;
    guard_text behind = {0};
    text_printf(&behind, "x%s", secret);
    switch (f) {
    case WRAPPED: text_printf(to, "%.*s\r\n%s", (int)(n / 2), secret, secret + n / 2); break;
    case URL: add_percent(to, secret, n, false); break;
    case URL_ALL: add_percent(to, secret, n, true); break;
    case BASE64: add_base64(to, secret, n, "+/"); break;
    case BASE64_URL: add_base64(to, secret, n, "-_"); break;
    case BASE64_BEHIND: add_base64(to, behind.items, behind.count, "+/"); break;
    case HEX:
        for (size_t i = 0; i < n; i++)
            text_printf(to, i % 2 ? "%02x" : "%02X", (unsigned char)secret[i]);
        break;
    case XML: add_escaped(to, secret, n, "&#", ";", true); break;
    case JSON: add_escaped(to, secret, n, "\\u00", "", false); break;
    case JSON_TWICE: add_escaped(to, secret, n, "\\\\u00", "", false); break;
    case C_ESCAPES: add_escaped(to, secret, n, "\\x", "", false); break;
    case SQL:
        for (size_t i = 0; i < n; i++)
            text_printf(to, secret[i] == '\'' ? "''" : "%c", secret[i]);
        break;
    default: text_add(to, secret, n);
    }
    bool base64 = f == BASE64 || f == BASE64_URL || f == BASE64_BEHIND;
    *ret_from = begin + (f == BASE64_BEHIND ? 2 : 0);
    *ret_to = to->count - (base64 ? 1 : 0);
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

/* A secret that is part of the mask itself comes out with each mask. Else no match begins in front of one or ends
 * behind it: what stands between two masks is looked at. */
static void check_masked(const redactor *r, const char *out, size_t n)
{
    for (const char *end = out + n; out < end;) {
        const char *mask = memmem(out, (size_t)(end - out), REDACT_MASK, strlen(REDACT_MASK));
        size_t piece = (size_t)((mask ? mask : end) - out);
        MUST(!redactor_finds(r, out, piece));
        out += piece + (mask ? strlen(REDACT_MASK) : 0);
    }
}

static void redact_in_pieces(const redactor *r, const text *in, fuzz_cuts *cuts, bool bytewise, text *out)
{
    redact_stream s = {.redactor = r};
    for (size_t at = 0; at < in->count;) {
        size_t n = bytewise ? 1 : fuzz_piece(cuts, in->count - at);
        redact_stream_add(&s, in->items + at, n, out);
        at += n;
    }
    redact_stream_end(&s, out);
}

static bool same(const text *a, const text *b)
{
    return a->count == b->count && (a->count == 0 || memcmp(a->items, b->items, a->count) == 0);
}

static size_t newlines(const text *t)
{
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++)
        count += t->items[i] == '\n';
    return count;
}

static void check_form(const redactor *r, form f, const char *secret, const char *rest, size_t size, fuzz_cuts *cuts)
{
    guard_text in = {0}, whole = {0}, bytes = {0}, pieces = {0};
    size_t from, to, before = size ? fuzz_below(cuts, size + 1) : 0;
    text_add(&in, rest, before);
    add_form(&in, f, secret, strlen(secret), &from, &to);
    text_add(&in, rest + before, size - before);
    redact_stream s = {.redactor = r};
    redact_stream_add(&s, in.items, in.count, &whole);
    redact_stream_end(&s, &whole);
    redact_in_pieces(r, &in, cuts, true, &bytes);
    redact_in_pieces(r, &in, cuts, false, &pieces);
    MUST(same(&whole, &bytes) && same(&whole, &pieces));
    MUST(newlines(&in) == newlines(&whole));
    check_masked(r, whole.items, whole.count);
    /* It may stand within a row's contents, which are masked as one. */
    MUST(memmem(whole.items, whole.count, REDACT_MASK, strlen(REDACT_MASK)) ||
         memmem(whole.items, whole.count, REDACT_ROW, strlen(REDACT_ROW)));
    /* One that holds the mask may arise anew of a mask and what follows it. */
    bool elsewhere = memmem(in.items + from, to - from, REDACT_MASK, strlen(REDACT_MASK)) ||
                     memmem(REDACT_MASK, strlen(REDACT_MASK), in.items + from, to - from) ||
                     memmem(rest, size, in.items + from, to - from);
    if (!elsewhere && to - from >= REDACT_SHORTEST)
        MUST(!memmem(whole.items, whole.count, in.items + from, to - from));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, '\n', size);
    size_t n = end ? (size_t)(end - bytes) : 0;
    if (n < 2 * (size_t)REDACT_SHORTEST || n > 200 || memchr(bytes, '\0', n) || memchr(bytes, '\r', n))
        return 0;
    guard_mem char *secret = mem_dup_n((const char *)bytes, n);
    guard(redactor) r = redactor_new();
    fuzz_cuts cuts = fuzz_cuts_of(bytes, size);
    redactor_add(r, secret);
    MUST(redactor_count(r) == 1 && redactor_finds(r, secret, n));
    size_t rest = size - n - 1; /* written byte by byte, a long text takes long and shows no more */
    for (form f = 0; f < FORMS; f++)
        check_form(r, f, secret, (const char *)end + 1, rest < 600 ? rest : 600, &cuts);
    return 0;
}
