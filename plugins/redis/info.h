/** @file info.h  redis.info: the server answers, and its INFO says what is expected. */
#ifndef REDIS_INFO_H
#define REDIS_INFO_H

#include <belay/plugin.h>

belay_status info_prepare(belay_ctx *c, const belay_host *h);
belay_status info_verify(belay_ctx *c, const belay_host *h);

#endif
