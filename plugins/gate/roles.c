#include <stdio.h>
#include <string.h>

#include "gate.h"

bool role_parse(const char *item, role *ret)
{
    const size_t n = strcspn(item, "=");
    if (n == 0 || n >= sizeof ret->name || memchr(item, ' ', n))
        return false;
    snprintf(ret->name, sizeof ret->name, "%.*s", (int)n, item);
    ret->people = item[n] ? item + n + 1 : "";
    return !item[n] || ret->people[strspn(ret->people, " ")];
}

bool role_has(const role *r, const char *person)
{
    const size_t length = strlen(person);
    if (!*r->people)
        return true;
    for (const char *p = r->people + strspn(r->people, " "); *p; p += strspn(p, " ")) {
        const size_t n = strcspn(p, " ");
        if (n == length && strncmp(p, person, n) == 0)
            return true;
        p += n;
    }
    return false;
}
