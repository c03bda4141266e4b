/* tls: are the certificates of our servers good, and for how long? */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certificate.h"

#define TARGETS_TOLD 1500 /* characters; of many bad targets the first are named */

static const belay_option options[] = {
    {.name = "targets",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc = "Servers, as HOST:PORT; an IPv6 address in brackets.",
     .example = "shop.example.com:443"},
    {.name = "server_name",
     .type = BELAY_T_STRING,
     .doc = "The name that is asked for (SNI), and that the certificates must be for; otherwise each target's host.",
     .example = "shop.example.com"},
    {.name = "ca_file",
     .type = BELAY_T_PATH,
     .doc = "Certificates of the authorities to trust, in PEM, instead of the system's.",
     .example = "/etc/ssl/company-ca.pem"},
    {.name = "connect_timeout",
     .type = BELAY_T_DURATION,
     .def = "5s",
     .min = 1,
     .max = 300 * 1000,
     .doc = "For each target: finding its address, connecting, shaking hands."},
};

static const belay_metric metrics[] = {
    {.name = "days_left",
     .unit = "",
     .doc = "Days until a certificate of the chain ends, for each target.",
     .warn = "< 30",
     .fail = "< 7"},
};

/* Of all targets. */
typedef struct summary {
    belay_status worst; /* BELAY_OK: all are good */
    size_t bad, all;
    char text[TARGETS_TOLD];
} summary;

static belay_status config_error(belay_ctx *c, const belay_host *h, const char *what, const char *detail,
                                 const char *option)
{
    char why[WHY_MAX + 64];
    snprintf(why, sizeof why, "%s: %s", what, detail);
    h->explain(c, why, NULL, option);
    return BELAY_E_CONFIG;
}

/* Before anything is deployed: what is wrong in the pipeline file is told now. */
static belay_status prepare(belay_ctx *c, const belay_host *h)
{
    const char *const *targets = h->opt_list(c, "targets");
    char why[WHY_MAX];
    target t;
    for (size_t i = 0; !h->pending(c, "targets") && targets[i]; i++)
        if (!target_parse(targets[i], &t))
            return config_error(c, h, "this is no HOST:PORT", targets[i], "targets");
    if (!h->pending(c, "targets") && !targets[0])
        return config_error(c, h, "there is no target", "the list is empty", "targets");
    if (h->pending(c, "ca_file"))
        return BELAY_OK;
    SSL_CTX *trust = trust_new(h->opt_str(c, "ca_file"), why);
    if (!trust)
        return config_error(c, h, "the authorities cannot be read", why, "ca_file");
    SSL_CTX_free(trust);
    return BELAY_OK;
}

/* "Bad" outweighs "not there yet", and that "could not tell": it will not mend itself by waiting. */
static int weight(belay_status status)
{
    return status == BELAY_OK ? 0 : status == BELAY_NOT_YET ? 2 : status == BELAY_E_FAIL ? 3 : 1;
}

static void note(summary *s, const target *t, belay_status status, const char *why)
{
    size_t n = strlen(s->text);
    s->all++;
    if (status == BELAY_OK)
        return;
    s->bad++;
    if (weight(status) > weight(s->worst))
        s->worst = status;
    snprintf(s->text + n, sizeof s->text - n, "%s%s: %s", n ? "; " : "", t->text, why);
}

/* A negative status ends the step; what is wrong with the target is noted. */
static belay_status look_at(belay_ctx *c, const belay_host *h, SSL_CTX *trust, const target *t, summary *s)
{
    const char *name = h->opt_str(c, "server_name");
    char metric[HOST_MAX + 32];
    waiting w = {.c = c, .h = h, .until_ms = clock_ms() + h->opt_int(c, "connect_timeout")};
    finding f = {0};
    int fd = -1;
    belay_status status = dial(&w, t, &fd);
    if (status == BELAY_OK) {
        status = certificate_look(&w, trust, fd, name ? name : t->host, !name && t->is_address, &f);
        close(fd);
    }
    if (status == BELAY_E_CANCELLED || status == BELAY_E_HOST)
        return status;
    if (status == BELAY_OK && *f.says)
        note(s, t, BELAY_E_FAIL, f.says);
    else
        note(s, t, status, w.why);
    snprintf(metric, sizeof metric, "days_left/%s", t->text);
    return f.seen ? h->measure(c, metric, f.days_left) : BELAY_OK;
}

static belay_status conclude(belay_ctx *c, const belay_host *h, const summary *s)
{
    char why[TARGETS_TOLD + 64];
    if (s->worst == BELAY_OK)
        return BELAY_OK;
    snprintf(why, sizeof why, "%zu of %zu bad: %s", s->bad, s->all, s->text);
    h->explain(c, why, s->worst == BELAY_E_FAIL ? "see what certificate the server is configured with" : NULL,
               "targets");
    return s->worst;
}

/* One sample: every target once. */
static belay_status verify(belay_ctx *c, const belay_host *h)
{
    const char *const *targets = h->opt_list(c, "targets");
    char why[WHY_MAX];
    summary s = {0};
    SSL_CTX *trust = trust_new(h->opt_str(c, "ca_file"), why);
    if (!trust)
        return config_error(c, h, "the authorities cannot be read", why, "ca_file");
    belay_status status = BELAY_OK;
    for (size_t i = 0; status == BELAY_OK && targets[i]; i++) {
        target t;
        status = target_parse(targets[i], &t) ? look_at(c, h, trust, &t, &s)
                                              : config_error(c, h, "this is no HOST:PORT", targets[i], "targets");
        h->progress(c, i + 1, 0, targets[i]);
    }
    SSL_CTX_free(trust);
    if (status == BELAY_OK && s.all == 0)
        return config_error(c, h, "there is no target", "the list is empty", "targets");
    return status == BELAY_OK ? conclude(c, h, &s) : status;
}

static const belay_step steps[] = {
    {.name = "certificate",
     .doc = "Checks TLS certificates: who vouches for them, whom they are for, and how long they last.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, options),
     BELAY_TABLE(metric, metrics),
     .prepare = prepare,
     .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "tls", .version = "0.1.0", .doc = "TLS certificates.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
