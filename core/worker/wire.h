/**
 * @file wire.h
 * Messages between the core and a worker: a 4-byte big-endian length (1 to 1 MiB), then one JSON object in UTF-8.
 * docs/PROTOCOL.md lists the messages. Both sides use this file.
 */
#ifndef WORKER_WIRE_H
#define WORKER_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

#define WIRE_PROTOCOL 1
#define WIRE_MAX      ((size_t)1024 * 1024)
/** With this exit status a plugin's process ends when a host function, or libcrypto, finds no memory. */
#define WIRE_EXHAUSTED 113

/** A frame ready to be sent; may hold secrets. */
typedef struct wire_frame {
    char *bytes;
    size_t size;
} wire_frame;
/** ERROR_PLUGIN when the message is longer than a frame may be. */
int wire_encode(const json_t *message, wire_frame *ret, error **err) CHECKED;
/** Wipes and frees. */
void wire_frame_done(wire_frame *frame);

/** Makes frames of a stream of bytes. Zero it to begin. */
typedef struct wire_reader {
    char *items;
    size_t start, count, room; /**< what is not yet read: items[start .. count) */
} wire_reader;
void wire_reader_add(wire_reader *r, const char *bytes, size_t n);
/** 1 and a message, which the caller decrefs; 0 when more bytes are needed; ERROR_PLUGIN for a bad frame. What was read
 * is wiped. */
int wire_reader_next(wire_reader *r, json_t **ret, error **err) CHECKED;
void wire_reader_done(wire_reader *r);

/** Blocking, for the worker's side. */
int wire_send(int fd, const json_t *message, error **err) CHECKED;
/** Waits for one message, for as long as it takes; ERROR_IO when the peer is gone. */
int wire_receive(int fd, wire_reader *r, json_t **ret, error **err) CHECKED;

/** A JSON string of n bytes; what is not UTF-8 is replaced by U+FFFD, NUL too. */
json_t *wire_string(const char *s, size_t n);
/** True when s can go into a message as it is. */
bool wire_is_text(const char *s, size_t n);
/** A JSON string of n bytes in base64, and the bytes of one, which the caller frees. */
json_t *wire_base64(const char *bytes, size_t n);
char *wire_unbase64(const char *s, size_t *ret_size);

/** Members of a message; NULL or fallback when missing or of another type. Borrowed. */
const char *wire_get_text(const json_t *message, const char *name);
json_int_t wire_get_int(const json_t *message, const char *name, json_int_t fallback);

static inline void wire_json_free(json_t *value)
{
    json_decref(value);
}
GUARD(json_t, wire_json_free)

#endif
