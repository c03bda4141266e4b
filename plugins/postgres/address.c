#include "address.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "say/say.h"

#define KEYWORD_MAX    48
#define CONTAINER_USER "postgres" /* the superuser of the official images */

const char *address_word(const PQconninfoOption *words, const char *keyword)
{
    for (const PQconninfoOption *w = words; w && w->keyword; w++)
        if (strcmp(w->keyword, keyword) == 0)
            return w->val;
    return NULL;
}

/* A name that can be shown: what a broken address has in the place of one may be part of a password. */
static bool take_name(const char *text, size_t n, char ret[KEYWORD_MAX])
{
    if (n == 0 || n >= KEYWORD_MAX ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-") < n)
        return false;
    snprintf(ret, KEYWORD_MAX, "%.*s", (int)n, text);
    return true;
}

static bool libpq_knows(const char *keyword)
{
    bool known = strcmp(keyword, "ssl") == 0; /* JDBC's, which libpq translates in URLs */
    PQconninfoOption *all = PQconndefaults();
    for (const PQconninfoOption *o = all; o && o->keyword && !known; o++)
        known = strcmp(o->keyword, keyword) == 0;
    PQconninfoFree(all);
    return known;
}

static const char *hint_for(const char *parameter)
{
    static const char of_a_driver[] = "remove it: it is for the application's own database driver";
    static const struct {
        const char *parameter, *hint;
    } hints[] = {
        {"schema", "remove it; if the schema matters here, write options=-csearch_path%3DNAME instead"},
        {"search_path", "write options=-csearch_path%3DNAME instead"},
        {"currentSchema", "write options=-csearch_path%3DNAME instead"},
        {"timezone", "write options=-ctimezone%3DNAME instead"},
        {"TimeZone", "write options=-ctimezone%3DNAME instead"},
        {"statement_timeout", "write options=-cstatement_timeout%3DTIME instead"},
        {"pgbouncer", "remove it, and give the address of the server itself instead of pgbouncer's"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strcmp(parameter, hints[i].parameter) == 0)
            return hints[i].hint;
    return of_a_driver;
}

static belay_status blame_parameter(belay_ctx *c, const belay_host *h, const char *name)
{
    return say_option(
        c, h, BELAY_E_CONFIG, "database", hint_for(name),
        "the database's address has the parameter \"%s\", which PostgreSQL's client library does not know", name);
}

/* Of the parameters behind '?', the first that libpq does not know. */
static bool find_unknown(const char *url, char ret[KEYWORD_MAX])
{
    const char *at = strchr(url, '?');
    while (at) {
        at++;
        if (take_name(at, strcspn(at, "=&"), ret) && !libpq_knows(ret))
            return true;
        at = strchr(at, '&');
    }
    return false;
}

static const char of_container[] = "docker://";

static bool is_known_scheme(const char *url)
{
    return strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0 ||
           strncmp(url, of_container, strlen(of_container)) == 0;
}

bool address_is_container(belay_ctx *c, const belay_host *h)
{
    const char *database = h->opt_str(c, "database");
    return database && strncmp(database, of_container, strlen(of_container)) == 0;
}

/* "postgresql+asyncpg" of "postgresql+asyncpg://..."; false when it is known, or key=value form. */
static bool take_scheme(const char *url, char ret[KEYWORD_MAX])
{
    const char *end = strstr(url, "://");
    return end && !is_known_scheme(url) && take_name(url, (size_t)(end - url), ret);
}

static belay_status blame_scheme(belay_ctx *c, const belay_host *h, const char *scheme)
{
    const char *hint = strncmp(scheme, "postgres", 8) == 0
                           ? "write postgresql://: what follows the + is for the application's own database driver"
                           : "write postgresql://user:password@host:port/name";
    return say_option(c, h, BELAY_E_CONFIG, "database", hint,
                      "the database's address has the scheme \"%s\", which PostgreSQL's client library does not know",
                      scheme);
}

/* libpq's messages quote the address, password and all, but for this one. */
static bool take_unknown_word(const char *message, char ret[KEYWORD_MAX])
{
    static const char begin[] = "invalid connection option \"";
    const char *name = strstr(message, begin);
    return name && take_name(name + strlen(begin), strcspn(name + strlen(begin), "\""), ret);
}

/* libpq's own default is the name of the user here, which means nothing in a container. */
static void set_default(PQconninfoOption *words, const char *keyword, const char *value)
{
    for (PQconninfoOption *w = words; w->keyword; w++)
        if (strcmp(w->keyword, keyword) == 0 && !w->val)
            w->val = strdup(value);
}

belay_status address_read(belay_ctx *c, const belay_host *h, PQconninfoOption **ret)
{
    const char *text = h->opt_str(c, "database");
    char name[KEYWORD_MAX], *why = NULL;
    if (take_scheme(text, name))
        return blame_scheme(c, h, name);
    if (is_known_scheme(text) && find_unknown(text, name))
        return blame_parameter(c, h, name);
    guard_heap char *as_url =
        address_is_container(c, h) ? heap_printf("postgresql://%s", text + strlen(of_container)) : NULL;
    *ret = PQconninfoParse(as_url ? as_url : text, &why);
    if (as_url)
        explicit_bzero(as_url, strlen(as_url));
    const bool named = !*ret && why && take_unknown_word(why, name);
    PQfreemem(why);
    if (*ret && as_url)
        set_default(*ret, "user", CONTAINER_USER);
    if (*ret)
        return BELAY_OK;
    if (named)
        return blame_parameter(c, h, name);
    return say_option(c, h, BELAY_E_CONFIG, "database",
                      "write postgresql://user:password@host:port/name, or docker://CONTAINER/name?user=USER, with "
                      "special characters percent-encoded",
                      "the database's address cannot be read");
}

belay_status address_blame(const char *message, const char **ret_hint)
{
    static const char tls[] = "sslrootcert names the file with the certificate authority; sslmode=verify-full also "
                              "compares the host's name, verify-ca does not";
    static const char login[] = "correct user, password or name in the database's address, or the server's pg_hba.conf";
    /* In order: the first that the message has. Connection errors have no SQLSTATE in libpq. */
    static const struct {
        const char *part;
        belay_status status;
        const char *hint;
    } causes[] = {
        {"server does not support SSL", BELAY_E_FAIL,
         "set ssl = on in the server's configuration, or a weaker sslmode (prefer, disable) in the address"},
        {"root certificate file", BELAY_E_FAIL, tls},
        {"certificate verify failed", BELAY_E_FAIL, tls},
        {"does not match host name", BELAY_E_FAIL, tls},
        {"no encryption", BELAY_E_FAIL,
         "the server's pg_hba.conf asks for TLS (hostssl): write sslmode=require in the address"},
        {"SSL encryption", BELAY_E_FAIL,
         "the server's pg_hba.conf refuses TLS for this user (hostnossl): write sslmode=disable in the address"},
        {"authentication failed", BELAY_E_FAIL, login},
        {"no password supplied", BELAY_E_FAIL, login},
        {"no such database", BELAY_E_FAIL,
         "a connection pooler does not offer that database: give the address of the server itself"},
        {"does not exist", BELAY_E_FAIL, login},
        {"pg_hba.conf", BELAY_E_FAIL, login},
        {"unsupported startup parameter", BELAY_E_FAIL,
         "a connection pooler refused it: give the address of the server itself"},
        {"session is read-only", BELAY_E_RETRY, "no server of the address is as target_session_attrs asks"},
        {"session is not read-only", BELAY_E_RETRY, "no server of the address is as target_session_attrs asks"},
        {"server is in hot standby mode", BELAY_E_RETRY, "no server of the address is as target_session_attrs asks"},
        {"server is not in hot standby mode", BELAY_E_RETRY,
         "no server of the address is as target_session_attrs asks"},
    };
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        if (strstr(message, causes[i].part)) {
            *ret_hint = causes[i].hint;
            return causes[i].status;
        }
    }
    if (strncmp(message, "invalid ", 8) == 0) { /* a word's value, before anything was connected to */
        *ret_hint = "correct that parameter of the database's address";
        return BELAY_E_CONFIG;
    }
    *ret_hint =
        "start the server, or correct host and port in the database's address; when an earlier step of this run "
        "starts it, let the address use an output of that step";
    return BELAY_E_RETRY;
}
