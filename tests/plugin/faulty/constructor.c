/* A plugin that acts as soon as it is loaded. */
#include <belay/plugin.h>

#include <unistd.h>

__attribute__((constructor)) static void act(void)
{
    unlink("/nonexistent/belay");
}

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return BELAY_OK;
}

static const belay_step steps[] = {
    {.name = "step", .doc = "Holds always.", .flags = BELAY_S_READ_ONLY, .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "constructor", .version = "1", .doc = "Cannot wait.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
