#include "host.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env_file.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* ---- types of values --------------------------------------------------------------------------------------------- */

/* "scheme://" and something after it. schemes: NULL-terminated; NULL: any. */
static bool is_url(const char *s, const char *const *schemes)
{
    const char *end = strstr(s, "://");
    if (!end || end == s || !isalpha((unsigned char)*s) || strpbrk(s, " \t\n"))
        return false;
    for (const char *p = s; p < end; p++)
        if (!isalnum((unsigned char)*p) && !strchr("+-.", *p))
            return false;
    bool known = !schemes;
    for (; schemes && *schemes; schemes++)
        known |= strlen(*schemes) == (size_t)(end - s) && strncmp(s, *schemes, (size_t)(end - s)) == 0;
    return known && end[3] != '\0';
}

static bool is_any_url(const char *s)
{
    return is_url(s, NULL);
}

static bool is_postgres_url(const char *s)
{
    /* SQLAlchemy names its driver after a '+'. */
    static const char *const schemes[] = {"postgresql",          "postgres", "postgresql+asyncpg", "postgresql+psycopg",
                                          "postgresql+psycopg2", NULL};
    return is_url(s, schemes);
}

static bool is_redis_url(const char *s)
{
    static const char *const schemes[] = {"redis", "rediss", "redis+socket", "unix", NULL};
    return is_url(s, schemes);
}

static bool is_http_url(const char *s)
{
    static const char *const schemes[] = {"http", "https", NULL};
    return is_url(s, schemes) && strstr(s, "://")[3] != '/';
}

static bool is_integer(const char *s)
{
    s += *s == '-' || *s == '+';
    return *s && s[strspn(s, "0123456789")] == '\0';
}

static bool is_boolean(const char *s)
{
    static const char *const words[] = {"true", "false", "1", "0", "yes", "no", "on", "off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(s, words[i]) == 0)
            return true;
    return false;
}

static bool is_path(const char *s)
{
    return *s == '/' && access(s, F_OK) == 0;
}

static bool is_nonempty(const char *s)
{
    return s[strspn(s, " \t")] != '\0';
}

static bool is_port(const char *s)
{
    return *s && strlen(s) <= 5 && s[strspn(s, "0123456789")] == '\0' && atoi(s) >= 1 && atoi(s) <= 65535;
}

static bool is_set(const char *s)
{
    (void)s;
    return true;
}

typedef struct value_type {
    const char *name, *wants;
    bool (*holds)(const char *value);
} value_type;

static const value_type types[] = {
    {"url", "is no URL", is_any_url},
    {"postgres_url", "is no postgresql:// URL", is_postgres_url},
    {"redis_url", "is no redis:// URL", is_redis_url},
    {"http_url", "is no http:// or https:// URL", is_http_url},
    {"integer", "is no integer", is_integer},
    {"boolean", "is no boolean (true, false, 1, 0, yes, no, on, off)", is_boolean},
    {"path", "is no absolute path of something that exists", is_path},
    {"nonempty", "is empty", is_nonempty},
    {"port", "is no port (1 to 65535)", is_port},
};
static const value_type any = {"", "", is_set};

static const value_type *find_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

/* ---- the check --------------------------------------------------------------------------------------------------- */

/* One item of `require`: "NAME" or "NAME=type". The caller frees *ret_name. */
static belay_status parse_requirement(belay_ctx *c, const belay_host *h, const char *item, char **ret_name,
                                      const value_type **ret_type)
{
    const char *equals = strchr(item, '=');
    const value_type *type = equals ? find_type(equals + 1) : &any;
    if (!type)
        return say_option(c, h, BELAY_E_CONFIG, "require",
                          "types: url postgres_url redis_url http_url integer boolean path nonempty port",
                          "'%s' asks for a type that is not known", item);
    if (!*item || equals == item)
        return say_option(c, h, BELAY_E_CONFIG, "require", "write \"NAME\" or \"NAME=type\"", "'%s' has no name", item);
    *ret_name = strndup(item, equals ? (size_t)(equals - item) : strlen(item));
    *ret_type = type;
    return *ret_name ? BELAY_OK : BELAY_E_RETRY;
}

/* Says every requirement that does not hold. Names only: a value may be a password. */
static belay_status check_all(belay_ctx *c, const belay_host *h, const env_table *t, FILE *out, size_t *bad,
                              size_t *all)
{
    for (const char *const *item = h->opt_list(c, "require"); *item; item++) {
        char *name = NULL;
        const value_type *type = NULL;
        belay_status s = parse_requirement(c, h, *item, &name, &type);
        if (s != BELAY_OK)
            return s;
        const char *value = env_get(t, name);
        const char *why = !value ? "is not set" : type->holds(value) ? NULL : type->wants;
        if (why)
            fprintf(out, "%s%s %s", (*bad)++ ? "; " : "", name, why);
        (*all)++;
        free(name);
    }
    return BELAY_OK;
}

static belay_status judge(belay_ctx *c, const belay_host *h, const env_table *t, const char *where)
{
    char *text = NULL;
    size_t size = 0, bad = 0, all = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return BELAY_E_RETRY;
    belay_status s = check_all(c, h, t, out, &bad, &all);
    fclose(out);
    if (s == BELAY_OK && bad)
        s = say_option(c, h, BELAY_E_FAIL, "require", "set them as the release's documentation says",
                       "%zu of %zu names in %s are not as required: %s", bad, all, where, text);
    else if (s == BELAY_OK)
        say_log(c, h, 1, "all %zu names in %s are as required", all, where);
    free(text);
    return s;
}

/* The text of the file; none of `values`. The caller frees. */
static belay_status read_source(belay_ctx *c, const belay_host *h, char **ret, size_t *ret_size)
{
    const char *path = h->opt_str(c, "file");
    const char *const *values = h->opt_list(c, "values");
    if (!path == !*values)
        return say_option(c, h, BELAY_E_CONFIG, "file", NULL, "give either file or values");
    if (!path)
        return BELAY_OK;
    struct stat st;
    char *text = host_read_sized(path, FILE_MAX, ret_size);
    if (!text)
        return say_option(c, h, errno == ENOENT ? BELAY_E_FAIL : BELAY_E_RETRY, "file", NULL, "read '%s': %s", path,
                          strerror(errno));
    if (stat(path, &st) == 0 && st.st_mode & S_IROTH)
        say_log(c, h, 2, "every user may read '%s' (mode %04o); chmod o-r if it holds secrets", path,
                (unsigned)(st.st_mode & 07777));
    *ret = text;
    return BELAY_OK;
}

/* Entries of `values`: "NAME=value" as it is, without the quoting of files. */
static belay_status read_values(belay_ctx *c, const belay_host *h, env_table *ret)
{
    const char *const *values = h->opt_list(c, "values");
    for (size_t i = 0; values[i]; i++) {
        const char *equals = strchr(values[i], '=');
        if (!equals || equals == values[i])
            return say_option(c, h, BELAY_E_CONFIG, "values", "write \"NAME=value\"", "item %zu has no name", i + 1);
        char *name = strndup(values[i], (size_t)(equals - values[i]));
        if (!name)
            return BELAY_E_RETRY;
        env_add(ret, name, equals + 1);
        free(name);
    }
    return BELAY_OK;
}

static const char *from_environment(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

static belay_status read_file(belay_ctx *c, const belay_host *h, const char *path, const char *text, size_t size,
                              env_table *ret)
{
    const char *why = NULL;
    size_t bad_line = env_parse(text, size, from_environment, NULL, ret, &why);
    if (bad_line)
        return say_option(c, h, BELAY_E_FAIL, "file", "write NAME=value, with quotes closed", "'%s', line %zu: %s",
                          path, bad_line, why);
    if (ret->unset)
        say_log(c, h, 2, "'%s', line %zu: the variable %s is not set, and comes to nothing", path, ret->unset_line,
                ret->unset);
    return BELAY_OK;
}

belay_status env_verify(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "file");
    char *text = NULL, where[300] = "values";
    size_t size = 0;
    env_table t = {0};
    belay_status s = read_source(c, h, &text, &size);
    if (path)
        (void)snprintf(where, sizeof where, "'%s'", path);
    if (s == BELAY_OK)
        s = path ? read_file(c, h, path, text, size, &t) : read_values(c, h, &t);
    if (s == BELAY_OK)
        s = judge(c, h, &t, where);
    env_done(&t);
    free(text);
    return s;
}

/* What can be told early is told early, with nothing touched. */
belay_status env_prepare(belay_ctx *c, const belay_host *h)
{
    if (h->pending(c, "file") || h->pending(c, "values") || h->pending(c, "require"))
        return BELAY_OK;
    return env_verify(c, h);
}
