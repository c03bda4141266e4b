/* Needs a function that nobody has. */
#include <belay/plugin.h>

const belay_plugin *from_a_library_that_is_gone(void);

const belay_plugin *belay_plugin_v1(void)
{
    return from_a_library_that_is_gone();
}
