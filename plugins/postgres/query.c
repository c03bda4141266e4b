/* postgres.query: one value or a number of rows, asked in a transaction that cannot write. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "decimal.h"
#include "kinds.h"
#include "say/say.h"
#include "server.h"

static belay_status check_expectation(belay_ctx *c, const belay_host *h)
{
    bool has_range = h->opt_str(c, "min") || h->opt_str(c, "max");
    if (h->opt_str(c, "expect") && has_range) {
        h->explain(c, "expect compares text, min and max compare numbers: choose one", NULL, "expect");
        return BELAY_E_CONFIG;
    }
    static const char *const numbers[] = {"min", "max"};
    for (size_t i = 0; i < 2; i++) {
        const char *text = h->opt_str(c, numbers[i]);
        if (text && !decimal_is(text))
            return say_option(c, h, BELAY_E_CONFIG, numbers[i], "write digits, as in \"0.5\"", "invalid number \"%s\"",
                              text);
    }
    return BELAY_OK;
}

belay_status query_prepare(belay_ctx *c, const belay_host *h)
{
    return check_expectation(c, h);
}

static belay_status judge_text(const server *s, const PGresult *r, const char *expected)
{
    const char *value = PQgetisnull(r, 0, 0) ? "NULL" : PQgetvalue(r, 0, 0);
    if (strcmp(value, expected) == 0)
        return BELAY_OK;
    return server_say(s, BELAY_E_FAIL, NULL, "the query gave '%.200s', expected '%s'", value, expected);
}

/* "NaN" and "Infinity" are what PostgreSQL writes for those of its number types. */
static belay_status judge_infinite(const server *s, const char *text, const char *min, const char *max)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    size_t word = 0;
    while (word < 3 && strcasecmp(text, words[word]) != 0)
        word++;
    if (word == 3)
        return server_say(s, BELAY_E_FAIL, "give one number from the query, or use expect",
                          "the query gave '%.200s', which is not a number", text);
    if ((word == 1 && max) || (word == 2 && min))
        return server_say(s, BELAY_E_FAIL, NULL, "the query gave %s, %s", text,
                          word == 1 ? "more than max" : "less than min");
    return server_say(s, BELAY_NO_DATA, "let the query leave such values out, or compare them with expect",
                      "the query gave %s: min and max compare finite numbers only", text);
}

/* As text, so that digits that a double does not hold count, too. */
static belay_status judge_number(const server *s, const PGresult *r, const char *min, const char *max)
{
    const char *text = PQgetvalue(r, 0, 0);
    if (PQgetisnull(r, 0, 0))
        return server_say(s, BELAY_NO_DATA, NULL, "the query gave NULL: there is nothing to compare");
    if (!decimal_is(text))
        return judge_infinite(s, text, min, max);
    (void)s->h->measure(s->c, "value", strtod(text, NULL));
    if (min && decimal_compare(text, min) < 0)
        return server_say(s, BELAY_E_FAIL, NULL, "the query gave %s, less than %s", text, min);
    if (max && decimal_compare(text, max) > 0)
        return server_say(s, BELAY_E_FAIL, NULL, "the query gave %s, more than %s", text, max);
    return BELAY_OK;
}

static belay_status judge(const server *s, const PGresult *r)
{
    const char *expect = s->h->opt_str(s->c, "expect");
    const char *min = s->h->opt_str(s->c, "min"), *max = s->h->opt_str(s->c, "max");
    int64_t rows = PQntuples(r), wanted = s->h->opt_int(s->c, "min_rows");
    (void)s->h->measure(s->c, "rows", (double)rows);
    if (rows < wanted)
        return server_say(s, BELAY_E_FAIL, NULL, "the query gave %lld rows, wanted are at least %lld", (long long)rows,
                          (long long)wanted);
    if (!expect && !min && !max)
        return BELAY_OK;
    if (rows == 0 || PQnfields(r) == 0)
        return server_say(s, BELAY_NO_DATA, NULL, "the query gave no row: there is nothing to compare");
    (void)s->h->output(s->c, "value", PQgetvalue(r, 0, 0));
    return expect ? judge_text(s, r, expect) : judge_number(s, r, min, max);
}

static belay_status ask_read_only(server *s, PGresult **r)
{
    belay_status status = server_do(s, "BEGIN READ ONLY");
    if (status == BELAY_OK)
        status = server_do(s, "SET LOCAL statement_timeout = %lld", (long long)s->h->opt_int(s->c, "query_timeout"));
    if (status == BELAY_OK)
        status = server_ask(s, r, s->h->opt_str(s->c, "sql"), 0, NULL);
    return status;
}

belay_status query_verify(belay_ctx *c, const belay_host *h)
{
    server s;
    PGresult *r = NULL;
    belay_status status = server_open_target(c, h, &s);
    if (status == BELAY_OK)
        status = ask_read_only(&s, &r);
    if (status == BELAY_OK)
        status = judge(&s, r);
    PQclear(r);
    server_close(&s);
    return status;
}
