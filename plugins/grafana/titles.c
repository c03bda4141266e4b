#include "titles.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NEAREST 5

static const char *title_of(const json_t *object)
{
    const char *title = json_string_value(json_object_get(object, "title"));
    return title ? title : "";
}

json_t *titles_matching(const json_t *objects, const char *wanted)
{
    json_t *found = json_array(), *object;
    size_t i;
    for (int exactly = 1; exactly >= 0 && json_array_size(found) == 0; exactly--)
        json_array_foreach(objects, i, object)
            if ((exactly ? strcmp : strcasecmp)(title_of(object), wanted) == 0)
                json_array_append(found, object);
    return found;
}

/* How many of a's pairs of neighbouring letters are in b. */
static size_t pairs_in(const char *a, const char *b)
{
    size_t shared = 0;
    for (; a[0] && a[1]; a++)
        for (const char *p = b; p[0] && p[1]; p++)
            if (tolower((unsigned char)a[0]) == tolower((unsigned char)p[0]) &&
                tolower((unsigned char)a[1]) == tolower((unsigned char)p[1])) {
                shared++;
                break;
            }
    return shared;
}

/* From 0, nothing in common, to 1. */
static double likeness(const char *a, const char *b)
{
    size_t all = strlen(a) + strlen(b);
    return all > 2 ? (double)(pairs_in(a, b) + pairs_in(b, a)) / (double)(all - 2) : 0;
}

void titles_nearest(const json_t *objects, const char *wanted, char *buf, size_t size)
{
    const char *best[NEAREST] = {0};
    size_t count = 0, used = 0, i;
    json_t *object;
    json_array_foreach(objects, i, object) {
        const char *title = title_of(object);
        size_t at = count;
        while (at > 0 && likeness(title, wanted) > likeness(best[at - 1], wanted))
            at--;
        if (!*title || at == NEAREST)
            continue;
        count += count < NEAREST;
        memmove(&best[at + 1], &best[at], (count - at - 1) * sizeof *best);
        best[at] = title;
    }
    *buf = '\0';
    for (i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s'%s'", i ? ", " : "", best[i]);
}
