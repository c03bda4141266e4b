/** @file kinds.h  The callbacks of this plugin's step kinds; postgres.c has their tables. */
#ifndef POSTGRES_KINDS_H
#define POSTGRES_KINDS_H

#include <belay/plugin.h>

belay_status backup_prepare(belay_ctx *c, const belay_host *h);
belay_status backup_execute(belay_ctx *c, const belay_host *h);
belay_status backup_verify(belay_ctx *c, const belay_host *h);
belay_status backup_rollback(belay_ctx *c, const belay_host *h);

belay_status snapshot_prepare(belay_ctx *c, const belay_host *h);
belay_status snapshot_execute(belay_ctx *c, const belay_host *h);
belay_status snapshot_verify(belay_ctx *c, const belay_host *h);
belay_status snapshot_rollback(belay_ctx *c, const belay_host *h);
belay_status snapshot_discard(belay_ctx *c, const belay_host *h);

belay_status restore_prepare(belay_ctx *c, const belay_host *h);
belay_status restore_execute(belay_ctx *c, const belay_host *h);
belay_status restore_verify(belay_ctx *c, const belay_host *h);
belay_status restore_rollback(belay_ctx *c, const belay_host *h);
belay_status restore_discard(belay_ctx *c, const belay_host *h);

belay_status query_prepare(belay_ctx *c, const belay_host *h);
belay_status query_verify(belay_ctx *c, const belay_host *h);

belay_status sessions_prepare(belay_ctx *c, const belay_host *h);
belay_status sessions_verify(belay_ctx *c, const belay_host *h);

belay_status slow_queries_prepare(belay_ctx *c, const belay_host *h);
belay_status slow_queries_verify(belay_ctx *c, const belay_host *h);

belay_status locks_prepare(belay_ctx *c, const belay_host *h);
belay_status locks_verify(belay_ctx *c, const belay_host *h);

belay_status diagnose_verify(belay_ctx *c, const belay_host *h);

belay_status migrations_verify(belay_ctx *c, const belay_host *h);

belay_status trial_prepare(belay_ctx *c, const belay_host *h);
belay_status trial_execute(belay_ctx *c, const belay_host *h);
belay_status trial_verify(belay_ctx *c, const belay_host *h);
belay_status trial_rollback(belay_ctx *c, const belay_host *h);

belay_status migrate_prepare(belay_ctx *c, const belay_host *h);
belay_status migrate_execute(belay_ctx *c, const belay_host *h);
belay_status migrate_verify(belay_ctx *c, const belay_host *h);
belay_status migrate_rollback(belay_ctx *c, const belay_host *h);

#endif
