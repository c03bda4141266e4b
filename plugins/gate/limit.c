#include "limit.h"

#include <stdio.h>
#include <string.h>

#include "threshold/threshold.h"

static bool begins_with_comparison(const char *s)
{
    return strchr("<>", *s) || strncmp(s, "==", 2) == 0 || strncmp(s, "!=", 2) == 0 || strncmp(s, "outside ", 8) == 0;
}

const char *limit_parse(const char *text, limit *ret, char buf[256])
{
    text += strspn(text, " ");
    const size_t step = strcspn(text, "."), name = strcspn(text, " <>=!");
    if (step == 0 || step + 1 >= name)
        return "it does not begin with STEP.METRIC";
    const size_t metric = name - step - 1;
    if (step >= sizeof ret->step || metric >= sizeof ret->metric)
        return "its name is too long";
    *ret = (limit){.threshold = text + name + strspn(text + name, " ")};
    snprintf(ret->step, sizeof ret->step, "%.*s", (int)step, text);
    snprintf(ret->metric, sizeof ret->metric, "%.*s", (int)metric, text + step + 1);
    if (!*ret->threshold || !begins_with_comparison(ret->threshold))
        return "it compares with none of > >= < <= == != outside";
    return threshold_is_one(ret->threshold, buf) ? NULL : buf;
}

bool limit_is_about(const limit *l, const char *name)
{
    const size_t n = strlen(l->metric);
    return strncmp(name, l->metric, n) == 0 && (!name[n] || name[n] == '/');
}
