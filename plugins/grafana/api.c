#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say/say.h"
#include "transfer/transfer.h"

belay_status api_check(belay_ctx *c, const belay_host *h)
{
    transfer_target target;
    const char *url = h->opt_str(c, "url");
    return url ? transfer_target_parse(c, h, "url", url, &target) : BELAY_OK;
}

static belay_status explain_status(belay_ctx *c, const belay_host *h, const transfer *t, const char *path)
{
    json_t *answer = json_loads(t->answer, 0, NULL);
    const char *message = json_string_value(json_object_get(answer, "message"));
    belay_status status = t->status == 401 || t->status == 403 || t->status == 404 ? BELAY_E_FAIL : BELAY_E_RETRY;
    const char *hint = t->status == 401   ? "check the service account's token"
                       : t->status == 403 ? "give the service account the permission that this request needs"
                                          : NULL;
    say(c, h, status, hint, "Grafana answered HTTP %ld to %s: %.300s", t->status, path, message ? message : t->answer);
    json_decref(answer);
    return status;
}

/* Turns a finished transfer into JSON or an explained status. */
static belay_status read_answer(belay_ctx *c, const belay_host *h, const transfer *t, const char *path, int may_fail,
                                json_t **answer)
{
    if (t->error[0])
        return say(c, h, BELAY_E_RETRY, NULL, "no answer from Grafana to %s: %s", path, t->error);
    json_error_t why;
    json_t *parsed = json_loads(t->answer, 0, &why);
    int good = t->status == 200 || t->status == 207;
    if (!good && !(may_fail && (t->status == 400 || t->status == 500) && json_object_get(parsed, "results"))) {
        json_decref(parsed);
        return explain_status(c, h, t, path);
    }
    if (!parsed)
        return say(c, h, BELAY_E_RETRY, "does `url` lead to Grafana, and not to a login page before it?",
                   "Grafana's answer to %s is no JSON: %s", path, why.text);
    *answer = parsed;
    return BELAY_OK;
}

belay_status api_call(belay_ctx *c, const belay_host *h, const char *method, const char *path, const json_t *body,
                      int may_fail, json_t **answer)
{
    char url[2048];
    const char *base = h->opt_str(c, "url");
    size_t length = strlen(base);
    while (length && base[length - 1] == '/')
        length--;
    if (snprintf(url, sizeof url, "%.*s%s", (int)length, base, path) >= (int)sizeof url)
        return say_option(c, h, BELAY_E_CONFIG, "url", NULL, "the address is too long");
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    transfer t = {.method = method,
                  .url = url,
                  .body = text,
                  .bearer = h->opt_str(c, "token"),
                  .ca_file = h->opt_str(c, "ca_file"),
                  .timeout_ms = (long)h->opt_int(c, "request_timeout")};
    belay_status s = transfer_run(c, h, &t, 1);
    if (s == BELAY_OK)
        s = read_answer(c, h, &t, path, may_fail, answer);
    transfer_done(&t, 1);
    free(text);
    return s;
}
