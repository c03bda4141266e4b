/** @file unpack.h  Inside of core/bundle: a bundle, read again. */
#ifndef BUNDLE_UNPACK_H
#define BUNDLE_UNPACK_H

#include <jansson.h>

#include "base/mem.h"
#include "base/sha256.h"

typedef struct unpacked_file {
    char *name; /**< without the bundle's folder */
    char hex[SHA256_TEXT];
    char *text; /**< NULL: of an artifact, a log or a page, which is only hashed */
    size_t size;
} unpacked_file;

typedef struct unpacked {
    unpacked_file *items;
    size_t count, room;
} unpacked;

/** Reads a whole bundle. ERROR_USAGE: it is none. */
int unpack(const char *path, unpacked *ret, error **err) CHECKED;
void unpacked_done(unpacked *u);
/** NULL: it has no such file. */
const unpacked_file *unpacked_find(const unpacked *u, const char *name);

#endif
