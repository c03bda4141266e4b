/* Crashes while it describes itself. */
#include <belay/plugin.h>

#include <stdlib.h>

const belay_plugin *belay_plugin_v1(void)
{
    abort();
}
