#include "histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALF_BITS 10
#define HALF      (1u << HALF_BITS) /* counters for each doubling */
#define DOUBLINGS 22                /* 2048 << 21 is above HISTOGRAM_MAX */
#define COUNTERS  ((DOUBLINGS + 1) * HALF)

struct histogram {
    uint64_t count, max;
    uint64_t counters[COUNTERS];
};

histogram *histogram_new(void)
{
    return calloc(1, sizeof(histogram));
}

void histogram_free(histogram *h)
{
    free(h);
}

void histogram_clear(histogram *h)
{
    memset(h, 0, sizeof *h);
}

/* How often the value is to be halved until it is below 2048. */
static unsigned shift_of(uint64_t value)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll(value | 1);
    return bits > HALF_BITS + 1 ? bits - HALF_BITS - 1 : 0;
}

static unsigned index_of(uint64_t value)
{
    unsigned shift = shift_of(value);
    return shift * HALF + (unsigned)(value >> shift);
}

/* The greatest value that has this counter. */
static uint64_t highest_of(unsigned index)
{
    unsigned shift = index < 2 * HALF ? 0 : index / HALF - 1;
    uint64_t base = index - (uint64_t)shift * HALF;
    return ((base + 1) << shift) - 1;
}

void histogram_add(histogram *h, uint64_t us)
{
    uint64_t value = us < HISTOGRAM_MAX ? us : HISTOGRAM_MAX;
    h->counters[index_of(value)]++;
    h->count++;
    if (value > h->max)
        h->max = value;
}

uint64_t histogram_count(const histogram *h)
{
    return h->count;
}

uint64_t histogram_max(const histogram *h)
{
    return h->max;
}

uint64_t histogram_percentile(const histogram *h, double percent)
{
    uint64_t wanted = (uint64_t)ceil(percent / 100.0 * (double)h->count), seen = 0;
    if (wanted == 0)
        wanted = 1;
    for (unsigned i = 0; i < COUNTERS && h->count; i++) {
        seen += h->counters[i];
        if (seen >= wanted) {
            uint64_t value = highest_of(i);
            return value < h->max ? value : h->max;
        }
    }
    return 0;
}
