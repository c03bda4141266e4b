#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "say/measure.h"
#include "say/say.h"

/* What is kept of one target. */
typedef struct figures {
    double dns, connect, tls, first_byte, total; /* slowest */
    double *totals;                              /* each sample's */
} figures;

belay_status http_latency_prepare(belay_ctx *c, const belay_host *h)
{
    http_requests r;
    if (h->pending(c, "targets"))
        return BELAY_OK;
    belay_status s = http_requests_new(c, h, &r);
    http_requests_done(&r);
    return s;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void take_sample(figures *f, const transfer *t, size_t sample)
{
    double ready = t->tls_ms > 0 ? t->tls_ms : t->connect_ms;
    f->dns = larger(f->dns, t->dns_ms);
    f->connect = larger(f->connect, t->connect_ms - t->dns_ms);
    f->tls = larger(f->tls, t->tls_ms > 0 ? t->tls_ms - t->connect_ms : 0);
    f->first_byte = larger(f->first_byte, t->first_byte_ms - ready);
    f->total = larger(f->total, t->total_ms);
    f->totals[sample] = t->total_ms;
}

/* One request to each target; a bad answer ends the measuring: its time would say nothing. */
static belay_status one_round(belay_ctx *c, const belay_host *h, http_requests *r)
{
    transfer_done(r->items, r->count);
    for (size_t i = 0; i < r->count; i++)
        r->items[i].length = 0;
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < r->count && s == BELAY_OK; i++) {
        transfer *t = &r->items[i];
        s = transfer_run(c, h, t, 1); /* one after another, so that they do not slow each other down */
        if (s != BELAY_OK)
            return s;
        if (t->error[0])
            return say(c, h, BELAY_E_RETRY, NULL, "%s gave no answer: %s", r->targets[i].name, t->error);
        if (!http_status_is_good(c, h, t->status))
            return say(c, h, BELAY_E_FAIL, NULL, "%s answered HTTP %ld: %.200s", r->targets[i].name, t->status,
                       t->answer);
    }
    return s;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static belay_status report(belay_ctx *c, const belay_host *h, const char *target, figures *f, size_t samples)
{
    const struct {
        const char *metric;
        double value;
    } rows[] = {{"dns", f->dns},     {"connect", f->connect},
                {"tls", f->tls},     {"first_byte", f->first_byte},
                {"total", f->total}, {"median", median(f->totals, samples)}};
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && s == BELAY_OK; i++)
        s = measure_instance(c, h, rows[i].metric, target, rows[i].value);
    return s;
}

static belay_status sample(belay_ctx *c, const belay_host *h, http_requests *r, figures *f, size_t samples)
{
    size_t warm_up = (size_t)h->opt_int(c, "warm_up");
    for (size_t round = 0; round < warm_up + samples; round++) {
        belay_status s = one_round(c, h, r);
        if (s == BELAY_OK && round > 0)
            s = h->nap(c, (uint32_t)h->opt_int(c, "pause"));
        if (s != BELAY_OK)
            return s;
        for (size_t i = 0; i < r->count && round >= warm_up; i++)
            take_sample(&f[i], &r->items[i], round - warm_up);
        h->progress(c, round + 1, warm_up + samples, "rounds");
    }
    belay_status s = BELAY_OK;
    for (size_t i = 0; i < r->count && s == BELAY_OK; i++)
        s = report(c, h, r->targets[i].name, &f[i], samples);
    return s;
}

belay_status http_latency_verify(belay_ctx *c, const belay_host *h)
{
    size_t samples = (size_t)h->opt_int(c, "samples");
    http_requests r;
    belay_status s = http_requests_new(c, h, &r);
    figures *f = s == BELAY_OK ? calloc(r.count, sizeof *f) : NULL;
    double *totals = f ? calloc(r.count * samples, sizeof *totals) : NULL;
    if (s == BELAY_OK && !totals)
        s = say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    for (size_t i = 0; i < r.count && totals; i++)
        f[i].totals = totals + i * samples;
    if (s == BELAY_OK)
        s = sample(c, h, &r, f, samples);
    free(totals);
    free(f);
    http_requests_done(&r);
    return s;
}
