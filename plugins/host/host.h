/** @file host.h  What the files of this plugin share: one check each, and texts. */
#ifndef HOST_H
#define HOST_H

#include <belay/plugin.h>

#include <stddef.h>

#include "say/say.h"

#define HOST_SIZE_TEXT 32

belay_status disk_verify(belay_ctx *c, const belay_host *h);
belay_status memory_verify(belay_ctx *c, const belay_host *h);
belay_status env_prepare(belay_ctx *c, const belay_host *h);
belay_status env_verify(belay_ctx *c, const belay_host *h);
belay_status secret_prepare(belay_ctx *c, const belay_host *h);
belay_status secret_verify(belay_ctx *c, const belay_host *h);
belay_status port_verify(belay_ctx *c, const belay_host *h);
belay_status diagnose_prepare(belay_ctx *c, const belay_host *h);
belay_status diagnose_verify(belay_ctx *c, const belay_host *h);

/** "1.2 GB" into buf; returns buf. */
const char *host_size(double bytes, char buf[HOST_SIZE_TEXT]);

/** A text file of at most max bytes; NULL with errno (EFBIG when it is longer). The caller frees. */
char *host_read(const char *path, size_t max);
/** The same, with its size. */
char *host_read_sized(const char *path, size_t max, size_t *ret_size);

#endif
