/* The engine's clock, which on another machine is not ours. */
#include "engine.h"

#include <string.h>

belay_status engine_now(engine *e, int64_t *ret_ns)
{
    guard_json *info = NULL;
    belay_status s = engine_get(e, &info, "/info");
    if (s == BELAY_OK)
        *ret_ns = engine_time(text_member(info, "SystemTime"));
    return s;
}

belay_status engine_clock_of(engine *e, int64_t ours_ns, int64_t *ret_ns)
{
    *ret_ns = ours_ns;
    if (strncmp(engine_host(e), "tcp:", 4) != 0)
        return BELAY_OK;
    int64_t theirs = 0;
    belay_status s = engine_now(e, &theirs);
    *ret_ns += theirs - call_now_ns(); /* ours is read after theirs: the answer's way makes it earlier, never later */
    return s;
}
