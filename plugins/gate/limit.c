#include "limit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *read_value(const char *s, limit *ret)
{
    char *end = NULL;
    ret->value = strtod(s, &end);
    if (end == s || !isfinite(ret->value))
        return "it ends with no number";
    end += strspn(end, " ");
    const size_t n = strcspn(end, " ");
    if (n >= sizeof ret->unit || end[n + strspn(end + n, " ")])
        return "something follows its number";
    snprintf(ret->unit, sizeof ret->unit, "%.*s", (int)n, end);
    return NULL;
}

const char *limit_parse(const char *text, limit *ret)
{
    text += strspn(text, " ");
    const size_t step = strcspn(text, "."), name = strcspn(text, " <>=");
    if (step == 0 || step + 1 >= name)
        return "it does not begin with STEP.METRIC";
    const size_t metric = name - step - 1;
    if (step >= sizeof ret->step || metric >= sizeof ret->metric)
        return "its name is too long";
    *ret = (limit){.value = 0};
    snprintf(ret->step, sizeof ret->step, "%.*s", (int)step, text);
    snprintf(ret->metric, sizeof ret->metric, "%.*s", (int)metric, text + step + 1);
    const char *sign = text + name + strspn(text + name, " ");
    if (*sign != '<' && *sign != '>')
        return "it compares with none of > >= < <=";
    const size_t n = sign[1] == '=' ? 2 : 1;
    snprintf(ret->sign, sizeof ret->sign, "%.*s", (int)n, sign);
    return read_value(sign + n + strspn(sign + n, " "), ret);
}

bool limit_in(const limit *l, const char *unit, double *ret)
{
    static const struct {
        const char *unit, *written;
        double factor;
    } scales[] = {{"ms", "s", 1e3},      {"ms", "m", 6e4},        {"ms", "min", 6e4}, {"ms", "h", 3.6e6},
                  {"B", "kB", 1e3},      {"B", "MB", 1e6},        {"B", "GB", 1e9},   {"B", "KiB", 1024},
                  {"B", "MiB", 1048576}, {"B", "GiB", 1073741824}};
    const size_t n = strlen(unit), written = strlen(l->unit);
    const bool plain = strcmp(unit, "ms") != 0 && strcmp(unit, "B") != 0; /* a number without a unit will do */
    *ret = l->value;
    if (strcmp(l->unit, unit) == 0 || (!*l->unit && plain))
        return true;
    const bool rate =
        n > 2 && written > 2 && strcmp(unit + n - 2, "/h") == 0 && strcmp(l->unit + written - 2, "/h") == 0;
    const size_t cut = rate ? 2 : 0;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        if (strlen(scales[i].unit) == n - cut && strncmp(scales[i].unit, unit, n - cut) == 0 &&
            strlen(scales[i].written) == written - cut && strncmp(scales[i].written, l->unit, written - cut) == 0) {
            *ret = l->value * scales[i].factor;
            return true;
        }
    return false;
}

bool limit_holds(const limit *l, double bound, double value)
{
    const bool equal = l->sign[1] == '=' && !(value < bound || value > bound);
    return equal || (l->sign[0] == '>' ? value > bound : value < bound);
}

bool limit_is_about(const limit *l, const char *name)
{
    const size_t n = strlen(l->metric);
    return strncmp(name, l->metric, n) == 0 && (!name[n] || name[n] == '/');
}
