/** @file kinds.h  The callbacks of this plugin's step kinds. */
#ifndef GRAFANA_KINDS_H
#define GRAFANA_KINDS_H

#include <belay/plugin.h>

belay_status query_prepare(belay_ctx *c, const belay_host *h);
belay_status query_verify(belay_ctx *c, const belay_host *h);

belay_status panel_prepare(belay_ctx *c, const belay_host *h);
belay_status panel_verify(belay_ctx *c, const belay_host *h);

belay_status alerts_prepare(belay_ctx *c, const belay_host *h);
belay_status alerts_verify(belay_ctx *c, const belay_host *h);

belay_status annotate_prepare(belay_ctx *c, const belay_host *h);
belay_status annotate_execute(belay_ctx *c, const belay_host *h);
belay_status annotate_verify(belay_ctx *c, const belay_host *h);
belay_status annotate_rollback(belay_ctx *c, const belay_host *h);

#endif
