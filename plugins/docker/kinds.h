/** @file kinds.h  The callbacks of this plugin's step kinds; each kind has a .c file of its own. */
#ifndef DOCKER_KINDS_H
#define DOCKER_KINDS_H

#include <belay/plugin.h>

#define KIND_PHASE(kind, phase) belay_status kind##_##phase(belay_ctx *ctx, const belay_host *host)

KIND_PHASE(info, verify);

KIND_PHASE(prune, prepare);
KIND_PHASE(prune, execute);

KIND_PHASE(compose_config, prepare);
KIND_PHASE(compose_config, verify);

KIND_PHASE(build, prepare);
KIND_PHASE(build, execute);
KIND_PHASE(build, verify);
KIND_PHASE(build, rollback);
KIND_PHASE(build, discard);

KIND_PHASE(tag, prepare);
KIND_PHASE(tag, execute);
KIND_PHASE(tag, verify);
KIND_PHASE(tag, rollback);
KIND_PHASE(tag, discard);

KIND_PHASE(image_size, prepare);
KIND_PHASE(image_size, verify);

KIND_PHASE(stop, prepare);
KIND_PHASE(stop, execute);
KIND_PHASE(stop, verify);
KIND_PHASE(stop, rollback);

KIND_PHASE(up, prepare);
KIND_PHASE(up, execute);
KIND_PHASE(up, verify);
KIND_PHASE(up, rollback);
KIND_PHASE(up, discard);

KIND_PHASE(volume_backup, prepare);
KIND_PHASE(volume_backup, execute);
KIND_PHASE(volume_backup, verify);
KIND_PHASE(volume_backup, rollback);

KIND_PHASE(logs, prepare);
KIND_PHASE(logs, verify);

KIND_PHASE(stats, prepare);
KIND_PHASE(stats, verify);

KIND_PHASE(diagnose, verify);

#endif
