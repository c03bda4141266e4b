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
