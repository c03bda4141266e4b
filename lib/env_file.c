#include "env_file.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Defaults within defaults; nobody writes more. */
#define DEPTH_MAX 16

/* ---- text that grows, and is wiped ------------------------------------------------------------------------------- */

typedef struct growing {
    char *s;
    size_t n, room;
} growing;

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void wipe(char *s, size_t n)
{
    if (s)
        explicit_bzero(s, n);
    free(s);
}

static void add(growing *g, const char *s, size_t n)
{
    if (g->n + n + 1 > g->room) {
        const size_t room = 2 * (g->n + n) + 32;
        char *grown = must(malloc(room));
        if (g->s)
            memcpy(grown, g->s, g->n);
        wipe(g->s, g->room);
        g->s = grown;
        g->room = room;
    }
    memcpy(g->s + g->n, s, n);
    g->n += n;
    g->s[g->n] = '\0';
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static void add_owned(env_table *t, char *name, char *value)
{
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : 32;
        t->entries = must(reallocarray(t->entries, t->room, sizeof *t->entries));
    }
    t->entries[t->count++] = (env_entry){name, value};
}

void env_add(env_table *t, const char *name, const char *value)
{
    char *copy = must(strdup(name));
    add_owned(t, copy, must(strdup(value)));
}

const char *env_get(const env_table *t, const char *name)
{
    for (size_t i = t->count; i-- > 0;)
        if (strcmp(t->entries[i].name, name) == 0)
            return t->entries[i].value;
    return NULL;
}

void env_done(env_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->entries[i].name);
        wipe(t->entries[i].value, strlen(t->entries[i].value));
    }
    free(t->entries);
    free(t->unset);
    *t = (env_table){0};
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

typedef struct parser {
    const char *at;
    size_t line;
    const char *why;
    env_table *table;
    env_lookup lookup;
    void *user;
} parser;

static size_t variable_length(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && (isalpha((unsigned char)s[i]) || s[i] == '_' || (i > 0 && isdigit((unsigned char)s[i]))))
        i++;
    return i;
}

static const char *value_of(const parser *p, const char *name)
{
    const char *value = p->lookup ? p->lookup(p->user, name) : NULL;
    return value ? value : env_get(p->table, name);
}

static void note_unset(parser *p, const char *name)
{
    if (p->table->unset)
        return;
    p->table->unset = must(strdup(name));
    p->table->unset_line = p->line;
}

static void expand(parser *p, const char *s, size_t n, int depth, growing *out);

/* NAME, and what stands behind it in the braces: "", ":-default" ... */
static void put_variable(parser *p, const char *name, size_t length, const char *rest, size_t n, int depth,
                         growing *out)
{
    char *key = must(strndup(name, length));
    const char *value = value_of(p, key);
    const bool colon = n && rest[0] == ':';
    const char form = n > (size_t)colon ? rest[colon] : '\0';
    const bool counts = value && (!colon || *value);
    const char *word = rest + colon + 1;
    const size_t word_length = form ? n - (size_t)colon - 1 : 0;
    if (n && (!form || !strchr("-+?", form)))
        p->why = "what stands between ${ and } is no variable";
    else if (form == '?' && !counts)
        p->why = "a variable that it requires is not set";
    else if ((form == '-' && !counts) || (form == '+' && counts))
        expand(p, word, word_length, depth + 1, out);
    else if (form != '+' && value)
        add(out, value, strlen(value));
    else if (!form)
        note_unset(p, key);
    free(key);
}

/* The length of what stands between the braces; n: they are not closed. */
static size_t inside_braces(const char *s, size_t n)
{
    int open = 1;
    for (size_t i = 0; i < n; i++) {
        open += i + 1 < n && s[i] == '$' && s[i + 1] == '{';
        open -= s[i] == '}';
        if (open == 0)
            return i;
    }
    return n;
}

/* Behind a '$'; gives how much of s it took. */
static size_t expand_one(parser *p, const char *s, size_t n, int depth, growing *out)
{
    if (n && s[0] == '$') {
        add(out, "$", 1);
        return 1;
    }
    if (n && s[0] == '{') {
        const size_t inside = inside_braces(s + 1, n - 1), length = variable_length(s + 1, inside);
        if (inside == n - 1 || length == 0)
            p->why = "what stands between ${ and } is no variable";
        else
            put_variable(p, s + 1, length, s + 1 + length, inside - length, depth, out);
        return inside + 2 < n ? inside + 2 : n;
    }
    const size_t length = variable_length(s, n);
    if (length == 0)
        p->why = "a '$' without a variable: write \"$$\", or put the value in single quotes";
    else
        put_variable(p, s, length, "", 0, depth, out);
    return length;
}

static void expand(parser *p, const char *s, size_t n, int depth, growing *out)
{
    if (depth > DEPTH_MAX)
        p->why = "defaults within defaults, too deep";
    for (size_t i = 0; i < n && !p->why;) {
        const char *dollar = memchr(s + i, '$', n - i);
        const size_t plain = dollar ? (size_t)(dollar - s) - i : n - i;
        add(out, s + i, plain);
        i += plain + (dollar != NULL);
        if (dollar)
            i += expand_one(p, s + i, n - i, depth, out);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void skip_blanks(parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
        p->at++;
}

static void skip_comment(parser *p)
{
    if (*p->at == '#')
        p->at += strcspn(p->at, "\n");
}

/* Up to the closing quote; an escaped one stays without its backslash, other backslashes stay. */
static void take_quoted(parser *p, growing *out)
{
    const char quote = *p->at++;
    const size_t first_line = p->line;
    while (*p->at && *p->at != quote) {
        const size_t n = p->at[0] == '\\' && p->at[1] ? 2 : 1;
        const bool is_escaped_quote = n == 2 && p->at[1] == quote;
        p->line += p->at[n - 1] == '\n';
        add(out, p->at + is_escaped_quote, n - is_escaped_quote);
        p->at += n;
    }
    if (!*p->at) {
        p->why = "a quote is not closed";
        p->line = first_line;
        return;
    }
    p->at++;
    skip_blanks(p);
    skip_comment(p);
    if (*p->at && *p->at != '\n')
        p->why = "something follows the closing quote";
}

/* Escapes of double quotes; "\$" becomes "$$", which is not expanded. */
static void unescape(const growing *raw, growing *out)
{
    static const char names[] = "abfnrtv\"\\", values[] = "\a\b\f\n\r\t\v\"\\";
    add(out, "", 0);
    for (size_t i = 0; i < raw->n; i++) {
        const char next = raw->s[i] == '\\' && i + 1 < raw->n ? raw->s[i + 1] : '\0';
        const char *known = next ? strchr(names, next) : NULL;
        if (known)
            add(out, values + (known - names), 1);
        else if (next == '$')
            add(out, "$$", 2);
        else
            add(out, raw->s + i, 1);
        i += known || next == '$';
    }
}

static void take_plain(parser *p, growing *out)
{
    const char *end = p->at + strcspn(p->at, "\n");
    size_t n = (size_t)(end - p->at);
    for (size_t i = 0; i + 1 < n; i++)
        if (p->at[i] == ' ' && p->at[i + 1] == '#')
            n = i;
    while (n && isspace((unsigned char)p->at[n - 1]))
        n--;
    expand(p, p->at, n, 0, out);
    p->at = end;
}

/* The caller frees. */
static char *take_value(parser *p)
{
    growing raw = {0}, plain = {0}, out = {0};
    add(&out, "", 0);
    if (*p->at == '\'') {
        take_quoted(p, &out);
    } else if (*p->at == '"') {
        add(&raw, "", 0);
        take_quoted(p, &raw);
        unescape(&raw, &plain);
        if (!p->why)
            expand(p, plain.s, plain.n, 0, &out);
    } else {
        take_plain(p, &out);
    }
    wipe(raw.s, raw.room);
    wipe(plain.s, plain.room);
    return out.s;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static bool is_name_letter(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_' || letter == '.' || letter == '-';
}

static void take_entry(parser *p)
{
    if (strncmp(p->at, "export ", 7) == 0 || strncmp(p->at, "export\t", 7) == 0) {
        p->at += 7;
        skip_blanks(p);
    }
    const char *name = p->at;
    while (is_name_letter(*p->at))
        p->at++;
    const size_t length = (size_t)(p->at - name);
    skip_blanks(p);
    if (length == 0 || *p->at != '=') {
        p->why = length == 0 ? "no name before '='" : "no '=' after the name";
        return;
    }
    p->at++;
    skip_blanks(p);
    char *value = take_value(p);
    add_owned(p->table, must(strndup(name, length)), value);
}

static const char *skip_mark(const char *bytes, size_t size, const char **ret_why)
{
    const bool wide = size >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
    if (wide)
        *ret_why = "the file is UTF-16: save it as UTF-8";
    else if (strlen(bytes) != size)
        *ret_why = "the file holds a NUL byte";
    return strncmp(bytes, "\xef\xbb\xbf", 3) == 0 ? bytes + 3 : bytes;
}

size_t env_parse(const char *bytes, size_t size, env_lookup lookup, void *user, env_table *ret, const char **ret_why)
{
    env_table table = {0};
    parser p = {.line = 1, .table = &table, .lookup = lookup, .user = user};
    p.at = skip_mark(bytes, size, &p.why);
    while (!p.why) {
        skip_blanks(&p);
        skip_comment(&p);
        if (!*p.at)
            break;
        if (*p.at != '\n') {
            take_entry(&p);
            continue;
        }
        p.at++;
        p.line++;
    }
    if (!p.why) {
        *ret = table;
        return 0;
    }
    env_done(&table);
    *ret_why = p.why;
    return p.line;
}
