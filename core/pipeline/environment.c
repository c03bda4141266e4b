#include "pipeline/environment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define MAX_FILE ((size_t)1024 * 1024)

typedef struct entry {
    char *name, *value;
} entry;

struct environment {
    entry *items;
    size_t count, room;
};

environment *environment_new(void)
{
    return mem_new(environment);
}

void environment_free(environment *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++) {
        free(e->items[i].name);
        mem_wipe_free(e->items[i].value, strlen(e->items[i].value));
    }
    free(e->items);
    free(e);
}

static void set(environment *e, char *name, char *value)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->items[i].name, name) == 0) {
            free(name);
            mem_wipe_free(e->items[i].value, strlen(e->items[i].value));
            e->items[i].value = value;
            return;
        }
    mem_reserve(e);
    e->items[e->count++] = (entry){name, value};
}

static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

static bool is_rest_blank(const char *s)
{
    s = skip_blanks(s);
    return *s == '\0' || *s == '#';
}

/** Reads a quoted value; NULL and *why when it is not closed, or something follows. */
static char *quoted(const char *s, const char **why)
{
    char quote = *s++;
    text out = {0};
    for (; *s && *s != quote; s++) {
        char c = *s;
        if (quote == '"' && c == '\\' && s[1] && strchr("nt\"\\$", s[1])) {
            s++;
            c = *s == 'n' ? '\n' : *s == 't' ? '\t' : *s;
        }
        text_add(&out, &c, 1);
    }
    *why = !*s ? "the quote is not closed on its line" : is_rest_blank(s + 1) ? NULL : "something follows the quote";
    if (!*why)
        return text_take(&out);
    mem_wipe_free(out.items, out.count);
    return NULL;
}

static char *unquoted(const char *s)
{
    size_t n = 0;
    while (s[n] && !(s[n] == '#' && (n == 0 || isspace((unsigned char)s[n - 1]))))
        n++;
    while (n > 0 && isspace((unsigned char)s[n - 1]))
        n--;
    return mem_dup_n(s, n);
}

/** Takes one line; gives what is wrong with it, or NULL. */
static const char *read_line(environment *e, const char *line)
{
    line = skip_blanks(line);
    if (is_rest_blank(line))
        return NULL;
    if (text_starts(line, "export") && (line[6] == ' ' || line[6] == '\t'))
        line = skip_blanks(line + 6);
    size_t n = 0;
    while (isalnum((unsigned char)line[n]) || line[n] == '_')
        n++;
    const char *equals = skip_blanks(line + n);
    if (n == 0 || isdigit((unsigned char)line[0]) || *equals != '=')
        return "it is not NAME=value";
    const char *value = skip_blanks(equals + 1);
    const char *why = NULL;
    char *taken = *value == '"' || *value == '\'' ? quoted(value, &why) : unquoted(value);
    if (taken)
        set(e, mem_dup_n(line, n), taken);
    return why;
}

int environment_read(environment *e, const char *path, error **err)
{
    char *bytes = NULL;
    size_t size = 0;
    int r = file_read(path, MAX_FILE, &bytes, &size, err);
    if (r)
        return r;
    unsigned line = 0;
    const char *why = memchr(bytes, '\0', size) ? "the file holds a NUL byte" : NULL;
    for (char *at = bytes; !why && *at;) {
        size_t n = strcspn(at, "\n");
        char *next = at + n + (at[n] == '\n');
        at[n] = '\0';
        if (n > 0 && at[n - 1] == '\r')
            at[n - 1] = '\0';
        line++;
        why = read_line(e, at);
        at = next;
    }
    mem_wipe_free(bytes, size);
    return why ? error_set(err, ERROR_CONFIG, "%s:%u: %s", path, line ? line : 1, why) : 0;
}

const char *environment_get(const environment *e, const char *name)
{
    const char *value = getenv(name);
    for (size_t i = 0; !value && i < e->count; i++)
        if (strcmp(e->items[i].name, name) == 0)
            value = e->items[i].value;
    return value;
}

char *environment_nearest(const environment *e, const char *name)
{
    nearest n = nearest_to(name);
    struct {
        char **items;
        size_t count, room;
    } names = {0}; /* copies: in the process's environment a name does not end with a NUL */
    for (char **at = environ; at && *at; at++) {
        mem_reserve(&names);
        names.items[names.count++] = mem_dup_n(*at, strcspn(*at, "="));
    }
    for (size_t i = 0; i < names.count; i++)
        nearest_offer(&n, names.items[i]);
    for (size_t i = 0; i < e->count; i++)
        nearest_offer(&n, e->items[i].name);
    char *best = mem_dup_or_null(nearest_get(&n));
    for (size_t i = 0; i < names.count; i++)
        free(names.items[i]);
    free(names.items);
    return best;
}
