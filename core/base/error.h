/**
 * @file error.h
 * Errors as a chain: what failed, wrapped by what was being done, innermost last; each link may say what to do.
 *
 * A function that can fail takes `error **err`, which is never NULL and points to NULL. It returns 0, or -code with
 * *err set. Outputs are named ret_x and are written on success only.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#define CHECKED      __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

typedef enum error_code {
    ERROR_NONE,
    ERROR_USAGE,     /**< the command line */
    ERROR_CONFIG,    /**< a pipeline file or option */
    ERROR_IO,        /**< the operating system said no */
    ERROR_NOT_FOUND, /**< what was named does not exist */
    ERROR_PLUGIN,    /**< a plugin is unusable, or a worker misbehaved */
    ERROR_STORE,     /**< the store cannot be read or written */
    ERROR_LOCKED,    /**< a live run, or something that a dead one started, holds the environment */
    ERROR_REFUSED,   /**< a rule forbids it in the present state */
} error_code;

typedef struct error error;

/** Starts a chain, or replaces it; returns -code, so that a caller can `return error_set(...)`. */
int error_set(error **err, error_code code, const char *fmt, ...) PRINTF(3, 4);
/** Puts "what we were doing" around *err, keeping its code; returns -code. */
int error_wrap(error **err, const char *fmt, ...) PRINTF(2, 3);
/** Says what to do about *err; returns -code. */
int error_hint(error **err, const char *fmt, ...) PRINTF(2, 3);

error_code error_get_code(const error *err);
/** "outer: inner: innermost"; the caller frees. */
char *error_text(const error *err);
/** The innermost hint, or NULL; borrowed. */
const char *error_get_hint(const error *err);
/** The whole chain; NULL is fine. */
void error_free(error *err);

#endif
