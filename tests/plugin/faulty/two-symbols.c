/* A plugin that is good but for a function that others could see. */
#include <belay/plugin.h>

BELAY_EXPORT int helper(void);

BELAY_EXPORT int helper(void)
{
    return BELAY_OK;
}

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return helper();
}

static const belay_step steps[] = {
    {.name = "step", .doc = "Holds always.", .flags = BELAY_S_READ_ONLY, .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "two-symbols", .version = "1", .doc = "Exports too much.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
