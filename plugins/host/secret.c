#include "host.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What examples and documentation put where a secret belongs; found alone, in any case. */
static const char *const placeholders[] = {
    "admin",  "changeit", "changeme",    "change-me", "change_me",   "default",    "dummy",      "example",
    "fixme",  "foobar",   "guest",       "letmein",   "none",        "null",       "pass",       "passw0rd",
    "passwd", "password", "placeholder", "postgres",  "qwerty",      "redis",      "replaceme",  "replace-me",
    "root",   "sample",   "secret",      "secretkey", "secret-key",  "test",       "testing",    "tbd",
    "temp",   "todo",     "undefined",   "user",      "your-secret", "yoursecret", "replace_me", "secret_key",
};

/* Beginnings that betray a text somebody meant to replace. */
static const char *const beginnings[] = {"changeme", "change-me", "change_me", "change this", "replace",
                                         "your-",    "your_",     "insert-",   "insert_",     "todo",
                                         "example-", "example_",  "<",         "${"};

static bool is_one_letter(const char *s)
{
    return *s && s[strspn(s, (char[]){*s, '\0'})] == '\0';
}

static bool is_counted(const char *s)
{
    static const char *const runs[] = {"01234567890123456789", "12345678901234567890", "abcdefghijklmnopqrstuvwxyz"};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        if (strncasecmp(runs[i], s, strlen(s)) == 0)
            return true;
    return false;
}

static bool is_placeholder(const char *s, const char *const *more)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
        if (strcasecmp(s, placeholders[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncasecmp(s, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    for (; *more; more++)
        if (strcasecmp(s, *more) == 0)
            return true;
    return is_one_letter(s) || is_counted(s);
}

/* Why the value is no usable secret, or NULL. Says nothing of the value itself. */
static const char *fault(belay_ctx *c, const belay_host *h, const char *value, char buf[64])
{
    int64_t shortest = h->opt_int(c, "min_length");
    if (!value[strspn(value, " \t\r\n")])
        return "is empty";
    if (strchr(" \t\r\n", value[0]) || strchr(" \t\r\n", value[strlen(value) - 1]))
        return "begins or ends with white space";
    if (is_placeholder(value, h->opt_list(c, "forbidden")))
        return "is a well-known placeholder";
    if ((int64_t)strlen(value) < shortest) {
        (void)snprintf(buf, 64, "is shorter than %lld characters", (long long)shortest);
        return buf;
    }
    return NULL;
}

static size_t length_of(const char *const *list)
{
    size_t n = 0;
    while (list[n])
        n++;
    return n;
}

belay_status secret_verify(belay_ctx *c, const belay_host *h)
{
    const char *const *values = h->opt_list(c, "values"), *const *names = h->opt_list(c, "names");
    size_t count = length_of(values), named = length_of(names), bad = 0, size = 0;
    char *text = NULL, buf[64];
    if (count == 0)
        return say_option(c, h, BELAY_E_CONFIG, "values", NULL, "no value is given");
    if (named && named != count)
        return say_option(c, h, BELAY_E_CONFIG, "names", "give one name for each value, in the same order",
                          "there are %zu values and %zu names", count, named);
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return BELAY_E_RETRY;
    for (size_t i = 0; i < count; i++) {
        const char *why = fault(c, h, values[i], buf);
        if (why && named)
            fprintf(out, "%s%s %s", bad++ ? "; " : "", names[i], why);
        else if (why)
            fprintf(out, "%svalue %zu %s", bad++ ? "; " : "", i + 1, why);
    }
    fclose(out);
    belay_status s = BELAY_OK;
    if (bad)
        s = say_option(c, h, BELAY_E_FAIL, "values", "put real secrets there, for example from: openssl rand -hex 32",
                       "%zu of %zu secrets cannot be used: %s", bad, count, text);
    free(text);
    return s;
}

belay_status secret_prepare(belay_ctx *c, const belay_host *h)
{
    return h->pending(c, "values") ? BELAY_OK : secret_verify(c, h);
}
