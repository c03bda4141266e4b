#include "values.h"

#include <math.h>
#include <string.h>

#include "say/measure.h"
#include "say/say.h"
#include "text/text.h"

static frames_reduce chosen_reduce(belay_ctx *c, const belay_host *h)
{
    static const char *const words[] = {"last", "max", "min", "mean"};
    const char *word = h->opt_str(c, "reduce");
    for (int i = 0; i < 4; i++)
        if (word && strcmp(word, words[i]) == 0)
            return (frames_reduce)i;
    return REDUCE_LAST;
}

/* A series without a number beside one that has some is not judged: that is told. */
static void tell_unjudged(belay_ctx *c, const belay_host *h, const frames *f)
{
    size_t without = 0;
    guard_text names = {0};
    for (size_t i = 0; i < f->count; i++)
        if (!frames_has_number(&f->series[i]) && without++ < 5)
            text_add(&names, "%s%s", names.length ? ", " : "", f->series[i].name);
    if (without && without < f->count)
        say_log(c, h, 2, "%zu of %zu series have no number and are not judged: %s%s", without, f->count,
                text_of(&names), without > 5 ? ", ..." : "");
}

belay_status values_measure(belay_ctx *c, const belay_host *h, const frames *f)
{
    size_t measured = 0;
    tell_unjudged(c, h, f);
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
