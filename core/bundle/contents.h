/** @file contents.h  Inside of core/bundle: the files of a bundle, before they are masked and packed. */
#ifndef BUNDLE_CONTENTS_H
#define BUNDLE_CONTENTS_H

#include "base/text.h"
#include "bundle/bundle.h"

/** A file: its bytes, or where they are read from. */
typedef struct content {
    char *name; /**< within the bundle's folder */
    text bytes;
    char *path; /**< NULL: bytes has them */
} content;

typedef struct contents {
    content *items;
    size_t count, room;
} contents;

/** Gathers all that a bundle holds but its manifest, sorted by name. */
int contents_gather(store *s, const store_run *run, contents *ret, error **err) CHECKED;
void contents_done(contents *c);

#endif
