#include "json_path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

typedef enum part_kind { PART_NAME, PART_INDEX, PART_MATCH } part_kind;

typedef struct part {
    part_kind kind;
    const char *name, *value; /* not terminated */
    size_t name_length, value_length;
    long index;
} part;

/* "0" or "-1" up to end. */
static bool read_index(const char *from, const char *end, long *ret)
{
    const char *digits = from + (*from == '-');
    if (digits == end)
        return false;
    for (const char *p = digits; p < end; p++)
        if (!isdigit((unsigned char)*p))
            return false;
    *ret = strtol(from, NULL, 10);
    return true;
}

/* What stands between brackets; *at is behind the opening one. */
static bool read_bracket(const char **at, part *ret)
{
    const char *from = *at, *end;
    if (*from == '"') {
        end = strchr(from + 1, '"');
        if (!end || end[1] != ']')
            return false;
        *ret = (part){.kind = PART_NAME, .name = from + 1, .name_length = (size_t)(end - from - 1)};
        *at = end + 2;
        return true;
    }
    end = strchr(from, ']');
    if (!end)
        return false;
    *at = end + 1;
    const char *equals = memchr(from, '=', (size_t)(end - from));
    if (equals && equals > from) {
        *ret = (part){PART_MATCH, from, equals + 1, (size_t)(equals - from), (size_t)(end - equals - 1), 0};
        return true;
    }
    *ret = (part){.kind = PART_INDEX};
    return read_index(from, end, &ret->index);
}

static bool next_part(const char *path, const char **at, part *ret)
{
    if (**at == '[') {
        (*at)++;
        return read_bracket(at, ret);
    }
    if (*at > path) {
        if (**at != '.')
            return false;
        (*at)++;
    }
    *ret = (part){.kind = PART_NAME, .name = *at, .name_length = strcspn(*at, ".[]")};
    *at += ret->name_length;
    return ret->name_length > 0;
}

bool json_path_is_valid(const char *path)
{
    part p;
    if (strcmp(path, ".") == 0)
        return true;
    const char *at = path;
    do {
        if (!next_part(path, &at, &p))
            return false;
    } while (*at);
    return true;
}

static const json_t *element_where(const json_t *list, const part *p)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *member = json_object_getn(one, p->name, p->name_length);
        guard_mem char *text = member ? json_path_text(member) : NULL;
        if (text && strlen(text) == p->value_length && memcmp(text, p->value, p->value_length) == 0)
            return one;
    }
    return NULL;
}

static const json_t *descend(const json_t *value, const part *p)
{
    long index = p->index;
    switch (p->kind) {
    case PART_NAME: return json_object_getn(value, p->name, p->name_length);
    case PART_MATCH: return element_where(value, p);
    case PART_INDEX: break;
    }
    if (index < 0)
        index += (long)json_array_size(value);
    return index < 0 ? NULL : json_array_get(value, (size_t)index);
}

const json_t *json_path_get(const json_t *document, const char *path)
{
    if (strcmp(path, ".") == 0)
        return document;
    const char *at = path;
    const json_t *value = document;
    do {
        part p;
        if (!next_part(path, &at, &p))
            return NULL;
        value = descend(value, &p);
    } while (value && *at);
    return value;
}

char *json_path_text(const json_t *value)
{
    if (json_is_string(value))
        return text_dup(json_string_value(value));
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    return text ? text : text_dup("?");
}
