/* Its tables have more to say than a message may hold. */
#include <belay/plugin.h>

#include <string.h>

static char doc[1100 * 1024];
static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,
    .name = "huge_tables",
    .version = "1",
    .doc = doc,
};

const belay_plugin *belay_plugin_v1(void)
{
    memset(doc, 'x', sizeof doc - 1);
    return &plugin;
}
