#include "window/window.h"

#include <stdio.h>

#include "say/say.h"

#define SLICE_MS 1000

char *window_text(int64_t ms, char buf[WINDOW_TEXT])
{
    if (ms < 120000)
        snprintf(buf, WINDOW_TEXT, "%.4g s", (double)ms / 1000);
    else
        snprintf(buf, WINDOW_TEXT, "%.4g min", (double)ms / 60000);
    return buf;
}

belay_status window_check(belay_ctx *c, const belay_host *h, int64_t ms)
{
    char wanted[WINDOW_TEXT], has[WINDOW_TEXT];
    int64_t left = h->time_left_ms(c);
    if (ms + WINDOW_SPARE_MS <= left)
        return BELAY_OK;
    return say_option(c, h, BELAY_E_CONFIG, "window", "raise the step's timeout, or shorten what it waits for",
                      "%s of measuring and %d s for the rest do not fit into the %s that the step may take",
                      window_text(ms, wanted), WINDOW_SPARE_MS / 1000, window_text(left, has));
}

belay_status window_wait(belay_ctx *c, const belay_host *h, int64_t ms, const char *what)
{
    for (int64_t done = 0; done < ms;) {
        int64_t slice = ms - done < SLICE_MS ? ms - done : SLICE_MS;
        belay_status s = h->nap(c, (uint32_t)slice);
        if (s != BELAY_OK)
            return s;
        done += slice;
        h->progress(c, (uint64_t)done, (uint64_t)ms, what);
    }
    return BELAY_OK;
}
