/* A plugin that is good but for a symbol that others could see: BELAY_TEST_SYMBOL, a function, or of each thread. */
#include <belay/plugin.h>

#ifdef BELAY_TEST_TLS
extern BELAY_EXPORT _Thread_local int helper;
BELAY_EXPORT _Thread_local int helper = BELAY_OK;
#define HELP helper
#else
BELAY_EXPORT int helper(void) __asm__(BELAY_TEST_SYMBOL);

BELAY_EXPORT int helper(void)
{
    return BELAY_OK;
}
#define HELP helper()
#endif

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return HELP;
}

static const belay_step steps[] = {
    {.name = "step", .doc = "Holds always.", .flags = BELAY_S_READ_ONLY, .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = BELAY_TEST_NAME, .version = "1", .doc = "Exports too much.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
