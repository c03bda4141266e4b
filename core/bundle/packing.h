/** @file packing.h  Inside of core/bundle: a tar being written, compressed with Zstandard. */
#ifndef BUNDLE_PACKING_H
#define BUNDLE_PACKING_H

#include <stdint.h>

#include "base/mem.h"

typedef struct packing packing;

/** Begins an archive at fd (borrowed). All its files have owner 0, mode 0644 and this time. */
int packing_new(int fd, int64_t time_ms, packing **ret, error **err) CHECKED;
/** Adds a file. */
int packing_add(packing *p, const char *name, const void *bytes, size_t n, error **err) CHECKED;
/** Writes what is left of it. */
int packing_close(packing *p, error **err) CHECKED;
void packing_free(packing *p);
GUARD(packing, packing_free)

#endif
