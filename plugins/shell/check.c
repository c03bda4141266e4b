#include "shell.h"

belay_status check_prepare(belay_ctx *c, const belay_host *h)
{
    belay_status s = sample_check(c, h);
    return s == BELAY_OK ? command_check(c, h, "argv") : s;
}

belay_status check_verify(belay_ctx *c, const belay_host *h)
{
    return sample_take(c, h);
}
