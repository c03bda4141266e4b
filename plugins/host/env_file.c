#include "env_file.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct cursor {
    char *at;
    size_t line;
    const char *why;
} cursor;

static void skip_blanks(cursor *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
        p->at++;
}

static bool is_name_letter(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_' || letter == '.' || letter == '-';
}

static void skip_comment(cursor *p)
{
    if (*p->at == '#')
        p->at += strcspn(p->at, "\n");
}

static char unescaped(char letter)
{
    switch (letter) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return letter;
    }
}

/* The value is unquoted where it stands: it only becomes shorter. */
static const char *quoted_value(cursor *p)
{
    char quote = *p->at++, *value = p->at, *end = value;
    size_t first_line = p->line;
    while (*p->at && *p->at != quote) {
        if (*p->at == '\n')
            p->line++;
        if (quote == '"' && *p->at == '\\' && p->at[1]) {
            p->at++;
            *end++ = unescaped(*p->at++);
        } else {
            *end++ = *p->at++;
        }
    }
    if (!*p->at) {
        p->why = "a quote is not closed";
        p->line = first_line;
        return NULL;
    }
    p->at++;
    skip_blanks(p);
    skip_comment(p);
    if (*p->at && *p->at != '\n') {
        p->why = "something follows the closing quote";
        return NULL;
    }
    *end = '\0';
    return value;
}

/* To the end of the line, or to a '#' after a blank. Leaves the cursor at the line's end, which the NUL must not hide.
 */
static const char *plain_value(cursor *p)
{
    char *value = p->at, *end = value + strcspn(value, "\n");
    p->at = end;
    for (char *hash = value; (hash = memchr(hash, '#', (size_t)(end - hash))); hash++)
        if (hash == value || hash[-1] == ' ' || hash[-1] == '\t') {
            end = hash;
            break;
        }
    while (end > value && strchr(" \t\r", end[-1]))
        end--;
    if (*p->at)
        *p->at++ = '\0';
    p->line++;
    *end = '\0';
    return value;
}

static bool read_entry(cursor *p, env_entry *ret)
{
    if (strncmp(p->at, "export ", 7) == 0) {
        p->at += 7;
        skip_blanks(p);
    }
    char *name = p->at;
    while (is_name_letter(*p->at))
        p->at++;
    char *name_end = p->at;
    skip_blanks(p);
    if (name_end == name || *p->at != '=') {
        p->why = name_end == name ? "no name before '='" : "no '=' after the name";
        return false;
    }
    p->at++;
    *name_end = '\0';
    skip_blanks(p);
    const char *value = *p->at == '"' || *p->at == '\'' ? quoted_value(p) : plain_value(p);
    *ret = (env_entry){.name = name, .value = value};
    return value;
}

size_t env_parse(char *text, env_table *ret, const char **ret_why)
{
    env_table t = {0};
    size_t room = 0;
    cursor p = {.at = text, .line = 1};
    for (;;) {
        skip_blanks(&p);
        skip_comment(&p);
        if (!*p.at)
            break;
        if (*p.at == '\n') {
            p.at++;
            p.line++;
            continue;
        }
        if (t.count == room) {
            room = room ? 2 * room : 32;
            env_entry *grown = reallocarray(t.entries, room, sizeof *grown);
            if (!grown)
                p.why = "out of memory";
            else
                t.entries = grown;
        }
        if (p.why || !read_entry(&p, &t.entries[t.count])) {
            free(t.entries);
            *ret_why = p.why;
            return p.line;
        }
        t.count++;
    }
    *ret = t;
    return 0;
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
    free(t->entries);
    *t = (env_table){0};
}
