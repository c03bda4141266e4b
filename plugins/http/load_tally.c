#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

#define REST "others"

bool load_tally_begin(load_tally *t, size_t requests)
{
    *t = (load_tally){.count = requests};
    t->all.latency = histogram_new();
    t->second.latency = histogram_new();
    t->each = text_grow(NULL, requests, sizeof *t->each);
    bool good = t->all.latency && t->second.latency;
    for (size_t i = 0; i < requests; i++) {
        t->each[i] = (load_figures){.latency = histogram_new()};
        good = good && t->each[i].latency;
    }
    text_add(&t->series, "second,started,ended,errors,p50_ms,p95_ms,p99_ms,max_ms,in_flight\n");
    return good;
}

void load_tally_done(load_tally *t)
{
    for (size_t i = 0; i < t->count; i++)
        histogram_free(t->each[i].latency);
    free(t->each);
    histogram_free(t->all.latency);
    histogram_free(t->second.latency);
    text_clear(&t->series);
}

void load_tally_answer(load_tally *t, size_t request, uint64_t us)
{
    load_figures *const all[] = {&t->all, &t->second, &t->each[request]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        all[i]->ended++;
        histogram_add(all[i]->latency, us);
    }
}

void load_tally_error(load_tally *t, size_t request, const char *kind, uint64_t count, bool answered)
{
    load_figures *const all[] = {&t->all, &t->second, request == LOAD_NO_REQUEST ? NULL : &t->each[request]};
    size_t i = 0;
    for (size_t n = 0; n < sizeof all / sizeof *all && all[n]; n++) {
        all[n]->errors += count;
        all[n]->ended += answered ? 0 : count;
    }
    while (i < LOAD_KINDS - 1 && t->kinds[i].name[0] && strcmp(t->kinds[i].name, kind) != 0)
        i++;
    if (!t->kinds[i].name[0])
        snprintf(t->kinds[i].name, sizeof t->kinds[i].name, "%s", i < LOAD_KINDS - 1 ? kind : REST);
    t->kinds[i].count += count;
}

static double ms(uint64_t us)
{
    return (double)us / 1000.0;
}

void load_tally_second(load_tally *t, unsigned second, unsigned in_flight)
{
    const histogram *l = t->second.latency;
    text_add(&t->series, "%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.3f,%.3f,%.3f,%.3f,%u\n", second, t->started,
             t->second.ended, t->second.errors, ms(histogram_percentile(l, 50)), ms(histogram_percentile(l, 95)),
             ms(histogram_percentile(l, 99)), ms(histogram_max(l)), in_flight);
    histogram_clear(t->second.latency);
    t->second.ended = t->second.errors = t->started = 0;
}

char *load_tally_errors(const load_tally *t)
{
    guard_text out = {0};
    for (size_t i = 0; i < LOAD_KINDS && t->kinds[i].name[0]; i++)
        text_add(&out, "%s%" PRIu64 " %s", i ? ", " : "", t->kinds[i].count, t->kinds[i].name);
    return out.s ? take(out.s) : text_dup("none");
}
