/**
 * @file tarball.h
 * A tar as the engine sends it, kept as .tar.zst. The bytes of the tar are not touched, so that owners, modes, links
 * and extended attributes come back as they were.
 */
#ifndef DOCKER_TARBALL_H
#define DOCKER_TARBALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "durable/digest.h"

#define TARBALL_WHY 256

typedef struct tarball_facts {
    int64_t entries, bytes;   /**< files, folders ..., and the bytes of the whole tar */
    char sha256[DIGEST_TEXT]; /**< of the tar, uncompressed */
} tarball_facts;

/** Writes into fd, which stays the caller's. */
typedef struct tarball_writer tarball_writer;
tarball_writer *tarball_write_begin(int fd, char why[TARBALL_WHY]);
bool tarball_write(tarball_writer *w, const void *bytes, size_t n, char why[TARBALL_WHY]);
/** Frees. *ret: bytes and sha256. false when writing failed, or the tar had no end: it then was cut off. */
bool tarball_write_end(tarball_writer *w, tarball_facts *ret, char why[TARBALL_WHY]);
/** Reads all of it, down to the last byte of the last file; false when it is no whole archive. */
bool tarball_prove(int fd, tarball_facts *ret, char why[TARBALL_WHY]);

/** Reads the tar's bytes from fd, which stays the caller's. */
typedef struct tarball_reader tarball_reader;
tarball_reader *tarball_read_begin(int fd, char why[TARBALL_WHY]);
/** At most n bytes; 0 at the end, -1 when it cannot be read. */
long tarball_read(tarball_reader *r, void *bytes, size_t n);
void tarball_read_end(tarball_reader *r);

#endif
