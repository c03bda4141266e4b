#include "values.h"

#include <math.h>
#include <string.h>

#include "say/measure.h"
#include "say/say.h"

static frames_reduce chosen_reduce(belay_ctx *c, const belay_host *h)
{
    static const char *const words[] = {"last", "max", "min", "mean"};
    const char *word = h->opt_str(c, "reduce");
    for (int i = 0; i < 4; i++)
        if (word && strcmp(word, words[i]) == 0)
            return (frames_reduce)i;
    return REDUCE_LAST;
}

belay_status values_measure(belay_ctx *c, const belay_host *h, const frames *f)
{
    size_t measured = 0;
    for (size_t i = 0; i < f->count; i++) {
        double value = frames_reduce_series(&f->series[i], chosen_reduce(c, h));
        if (isnan(value))
            continue;
        if (isinf(value))
            return say(c, h, BELAY_E_FAIL, "a division by zero in the expression?", "series %s is infinite",
                       f->series[i].name);
        belay_status s = measure_instance(c, h, "value", f->count > 1 ? f->series[i].name : NULL, value);
        if (s != BELAY_OK)
            return s;
        measured++;
    }
    if (measured == 0)
        return say(c, h, BELAY_NO_DATA, "is the data source scraping, and does the expression match any series?",
                   "the query gave %zu series and not one number", f->count);
    return BELAY_OK;
}
