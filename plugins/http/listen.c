#include <regex.h>
#include <string.h>

#include "flow_answer.h"
#include "json_path.h"
#include "kinds.h"
#include "receiver.h"
#include "say/say.h"
#include "signature.h"
#include "text/text.h"

/* A delivery being held against the step's options; each thing that is not so is a line of `wrong`. */
typedef struct judging {
    belay_ctx *c;
    const belay_host *h;
    const delivery *delivery;
    flow_answer answer;
    text wrong;
} judging;

/* Splits "NAME<sep>VALUE" at its first separator; the caller frees. False when there is none. */
static bool split(const char *item, const char *separator, char **name, const char **value)
{
    const char *at = strstr(item, separator);
    if (!at || at == item)
        return false;
    *name = text_printf("%.*s", (int)(at - item), item);
    *value = at + strlen(separator);
    return true;
}

static belay_status check_items(belay_ctx *c, const belay_host *h, const char *option, const char *separator)
{
    for (const char *const *item = h->opt_list(c, option); *item; item++) {
        guard_mem char *name = NULL;
        const char *value = NULL;
        bool is_json = strcmp(option, "json") == 0;
        if (!split(*item, separator, &name, &value) || (is_json && !json_path_is_valid(name)))
            return say_option(c, h, BELAY_E_CONFIG, option, NULL, "'%s' is not written \"%s%sVALUE\"", *item,
                              is_json ? "PATH" : "NAME", separator);
    }
    return BELAY_OK;
}

static belay_status check_body(belay_ctx *c, const belay_host *h)
{
    const char *pattern = h->opt_str(c, "body");
    char why[128];
    regex_t regex;
    int code = pattern ? regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) : 0;
    if (pattern && code == 0)
        regfree(&regex);
    if (code == 0)
        return BELAY_OK;
    regerror(code, NULL, why, sizeof why);
    return say_option(c, h, BELAY_E_CONFIG, "body", NULL, "'%s' is no extended regular expression: %s", pattern, why);
}

belay_status http_listen_prepare(belay_ctx *c, const belay_host *h)
{
    const char *listen = h->opt_str(c, "listen");
    if (listen && !receiver_is_address(listen))
        return say_option(c, h, BELAY_E_CONFIG, "listen", NULL, "'%s' is not written \"ADDRESS:PORT\"", listen);
    if (!h->opt_str(c, "signature_header") != !h->opt_str(c, "signature_key") && !h->pending(c, "signature_key"))
        return say_option(c, h, BELAY_E_CONFIG, "signature_key", NULL,
                          "signature_header and signature_key belong together");
    belay_status s = check_items(c, h, "headers", ": ");
    if (s == BELAY_OK)
        s = check_items(c, h, "json", "=");
    return s == BELAY_OK ? check_body(c, h) : s;
}

static void judge_signature(judging *j)
{
    const char *header = j->h->opt_str(j->c, "signature_header");
    if (!header)
        return;
    guard_mem char *came = flow_answer_header(&j->answer, header);
    const char *prefix = j->h->opt_str(j->c, "signature_prefix");
    if (!came || !signature_matches("sha256", "hex", j->h->opt_str(j->c, "signature_key"), prefix ? prefix : "",
                                    j->delivery->body, j->delivery->length, came))
        text_add(&j->wrong, "expected in %s the signature of the body by the key, came %s\n", header,
                 came ? came : "nothing");
}

static void judge_headers(judging *j)
{
    for (const char *const *item = j->h->opt_list(j->c, "headers"); *item; item++) {
        guard_mem char *name = NULL;
        const char *wanted = NULL;
        guard_mem char *came = split(*item, ": ", &name, &wanted) ? flow_answer_header(&j->answer, name) : NULL;
        if (!came || strcmp(came, wanted) != 0)
            text_add(&j->wrong, "expected the header '%s', came %s\n", *item, came ? came : "nothing");
    }
}

static void judge_json(judging *j)
{
    for (const char *const *item = j->h->opt_list(j->c, "json"); *item; item++) {
        guard_mem char *path = NULL;
        const char *wanted = NULL;
        const json_t *value =
            split(*item, "=", &path, &wanted) && j->answer.json ? json_path_get(j->answer.json, path) : NULL;
        guard_mem char *came = value ? json_path_text(value) : NULL;
        if (!came || strcmp(came, wanted) != 0)
            text_add(&j->wrong, "expected '%s' in the body's JSON, came %s\n", *item, came ? came : "nothing");
    }
}

static void judge_body(judging *j)
{
    const char *pattern = j->h->opt_str(j->c, "body");
    regex_t regex;
    if (!pattern || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return;
    if (regexec(&regex, j->delivery->body, 0, NULL, 0) != 0)
        text_add(&j->wrong, "expected a body that matches '%s'\n", pattern);
    regfree(&regex);
}

/* One delivery; BELAY_E_FAIL when it is not as it should be. */
static belay_status judge(belay_ctx *c, const belay_host *h, const delivery *d)
{
    judging j = {.c = c, .h = h, .delivery = d, .answer = {.head = d->head, .body = d->body, .length = d->length}};
    flow_answer_parse(&j.answer);
    judge_signature(&j);
    judge_headers(&j);
    judge_json(&j);
    judge_body(&j);
    flow_answer_done(&j.answer);
    guard_mem char *kept = text_printf("%s %s\r\n%s\r\n%s\n", d->method, d->path, d->head, d->body);
    (void)h->keep(c, "deliveries.txt", kept, strlen(kept));
    belay_status s = BELAY_OK;
    if (j.wrong.length)
        s = say(c, h, BELAY_E_FAIL, "deliveries.txt, kept with the step, has it whole",
                "the delivery to %s: %swhole: %.300s", d->path, text_of(&j.wrong), d->body);
    text_clear(&j.wrong);
    return s;
}

static belay_status take_all(belay_ctx *c, const belay_host *h, receiver *r)
{
    const char *path = h->opt_str(c, "path");
    int64_t count = h->opt_int(c, "count");
    long limit = (long)h->opt_int(c, "limit");
    for (int64_t n = 0; n < count; n++) {
        const delivery *d = NULL;
        h->progress(c, (uint64_t)n, (uint64_t)count, "deliveries");
        belay_status s = receiver_wait(r, c, h, path, limit, &d);
        if (s == BELAY_NOT_YET) {
            guard_mem char *rest = receiver_rest(r);
            return say(c, h, BELAY_E_FAIL, NULL, "%lld of %lld deliveries to %s came within %ld ms; besides, %s came",
                       (long long)n, (long long)count, path, limit, rest);
        }
        if (s == BELAY_OK)
            s = judge(c, h, d);
        if (s != BELAY_OK)
            return s;
    }
    return h->measure(c, "deliveries", (double)count);
}

belay_status http_listen_verify(belay_ctx *c, const belay_host *h)
{
    guard_mem char *why = NULL;
    belay_status checked = http_listen_prepare(c, h); /* what was known later is known now */
    if (checked != BELAY_OK)
        return checked;
    receiver *r = receiver_open(h->opt_str(c, "listen"), NULL, &why);
    if (!r)
        return say_option(c, h, BELAY_E_RETRY, "listen", NULL, "%s", why);
    say_log(c, h, 1, "listening on %s%s", receiver_url(r), h->opt_str(c, "path"));
    belay_status s = take_all(c, h, r);
    receiver_close(r);
    return s;
}
