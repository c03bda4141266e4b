/* Hangs as soon as it is loaded. */
#include <belay/plugin.h>

#include <stddef.h>
#include <unistd.h>

__attribute__((constructor)) static void hang(void)
{
    for (;;)
        pause();
}

const belay_plugin *belay_plugin_v1(void)
{
    return NULL;
}
