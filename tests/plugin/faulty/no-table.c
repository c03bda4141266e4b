/* A plugin that counts a metric, and has no table of metrics. */
#include <belay/plugin.h>

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    return h->measure(c, "size", 1);
}

static const belay_step steps[] = {
    {.name = "step", .doc = "Measures.", .flags = BELAY_S_READ_ONLY, .metric_count = 1, .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = BELAY_TEST_NAME, .version = "1", .doc = "Counts too much.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
