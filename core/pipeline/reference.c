#include "pipeline/reference.h"

#include <string.h>

#include "base/mem.h"

/** How a reference of each kind begins, and whether it names an output too. */
static const struct form {
    const char *prefix;
    reference_kind kind;
} forms[] = {
    {"vars.", REF_VARS}, {"pipeline.", REF_PIPELINE}, {"env:", REF_ENV}, {"secret:", REF_SECRET}, {"steps.", REF_STEPS},
};

static bool is_name(const char *s, size_t n)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (n == 0 || n >= REFERENCE_NAME)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!memchr(allowed, s[i], sizeof allowed - 1))
            return false;
    return true;
}

static bool take_name(char into[REFERENCE_NAME], const char *s, size_t n)
{
    if (!is_name(s, n))
        return false;
    memcpy(into, s, n);
    into[n] = '\0';
    return true;
}

/** Reads what stands between the braces. */
static reference_kind parse_inside(const char *s, size_t n, reference *ret)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t skip = strlen(forms[i].prefix);
        if (n <= skip || strncmp(s, forms[i].prefix, skip) != 0)
            continue;
        const char *name = s + skip;
        size_t length = n - skip;
        if (forms[i].kind == REF_STEPS) {
            const char *dot = memchr(name, '.', length);
            if (!dot || !take_name(ret->output, dot + 1, length - (size_t)(dot + 1 - name)))
                return REF_BAD;
            length = (size_t)(dot - name);
        }
        return take_name(ret->name, name, length) ? forms[i].kind : REF_BAD;
    }
    return REF_BAD;
}

bool reference_next(const char **rest, reference *ret)
{
    const char *s = *rest;
    if (!*s)
        return false;
    *ret = (reference){.begin = s};
    if (text_starts(s, "$${")) {
        ret->begin = s + 1;
        ret->length = 2;
        *rest = s + 3;
        return true;
    }
    if (!text_starts(s, "${")) {
        const char *end = s + 1;
        while (*end && !text_starts(end, "$${") && !text_starts(end, "${"))
            end++;
        ret->length = (size_t)(end - s);
        *rest = end;
        return true;
    }
    const char *close = strchr(s, '}');
    ret->kind = close ? parse_inside(s + 2, (size_t)(close - s - 2), ret) : REF_BAD;
    ret->length = close ? (size_t)(close + 1 - s) : strlen(s);
    *rest = s + ret->length;
    return true;
}

unsigned template_kinds(const char *template)
{
    unsigned kinds = 0;
    reference r;
    while (reference_next(&template, &r))
        kinds |= (unsigned)r.kind;
    return kinds;
}

void template_add_text(text *out, const char *plain, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* Looks at what is there already: "$" and "{" may come from two pieces. */
        if (plain[i] == '{' && out->count > 0 && out->items[out->count - 1] == '$')
            text_add(out, "$", 1);
        text_add(out, plain + i, 1);
    }
}

bool template_add_piece(text *out, const reference *piece)
{
    if (piece->kind == REF_TEXT) {
        template_add_text(out, piece->begin, piece->length);
        return true;
    }
    if (out->count > 0 && out->items[out->count - 1] == '$')
        return false;
    text_add(out, piece->begin, piece->length);
    return true;
}

char *template_plain(const char *template)
{
    text out = {0};
    reference r;
    while (reference_next(&template, &r))
        text_add(&out, r.begin, r.length);
    return text_take(&out);
}

char *template_of(const char *plain)
{
    text out = {0};
    template_add_text(&out, plain, strlen(plain));
    return text_take(&out);
}
