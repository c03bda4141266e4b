/**
 * @file logread.h
 * A container's log, line by line. The engine sends the two streams of a container without a terminal in frames: 8
 * bytes (stream, three zeros, length big-endian), then as many bytes. See ContainerAttach in the Engine API.
 */
#ifndef DOCKER_LOGREAD_H
#define DOCKER_LOGREAD_H

#include "engine.h"

/** Longer lines are cut, and counted. */
#define LOGREAD_LINE_MAX (1 << 20)

/** One line as a terminal shows it (text_plain()), without its end. false: no more lines, please. */
typedef bool (*logread_fn)(void *user, const char *line);

/** Takes frames (or, of a terminal, plain bytes) as they come and gives lines. Zero it, set fn, user and tty. */
typedef struct logread {
    logread_fn fn;
    void *user;
    bool tty, ended;
    unsigned char head[8];
    size_t head_length;
    uint32_t left; /**< bytes of the current frame still to come */
    int stream;    /**< of the current frame: 0, 1 or 2 */
    text line[3];  /**< unfinished line of each stream */
    bool over[3];  /**< it is longer than LOGREAD_LINE_MAX */
    size_t cut;    /**< lines given that were longer */
} logread;
bool logread_feed(logread *r, const char *bytes, size_t n);
/** Gives what is left without a line end, and releases. */
void logread_end(logread *r);

/** Reads the log of a container (id or name). since_ns: nanoseconds since 1970, 0: all; tail: so many last lines, 0:
 * all. ret_cut: how many of the lines given were cut; may be NULL. */
belay_status logread_container(engine *e, const char *container, int64_t since_ns, int tail, logread_fn fn, void *user,
                               size_t *ret_cut) __attribute__((warn_unused_result));
/** Appends the last lines, each after "\n  | ", or nothing when they cannot be read. */
void logread_tail(engine *e, const char *container, int lines, text *to);

#endif
