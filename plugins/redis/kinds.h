/** @file kinds.h  The callbacks of this plugin's step kinds; redis.c has their tables. */
#ifndef REDIS_KINDS_H
#define REDIS_KINDS_H

#include <belay/plugin.h>

belay_status info_prepare(belay_ctx *c, const belay_host *h);
belay_status info_verify(belay_ctx *c, const belay_host *h);

belay_status hit_rate_prepare(belay_ctx *c, const belay_host *h);
belay_status hit_rate_verify(belay_ctx *c, const belay_host *h);

belay_status errors_prepare(belay_ctx *c, const belay_host *h);
belay_status errors_verify(belay_ctx *c, const belay_host *h);

belay_status diagnose_verify(belay_ctx *c, const belay_host *h);

#endif
