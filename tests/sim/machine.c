/* The machine that this program, or the module with a planted fault, is linked with. */
#include "sim.h"

__attribute__((visibility("default"))) const sim_machine *sim_machine_get(void)
{
    static const sim_machine linked = {machine_size, machine_init, machine_restore, machine_handle};
    return &linked;
}
