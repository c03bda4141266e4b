/**
 * @file kit.h
 * Fixtures for tests: a step driven phase by phase through the real worker, a folder world, servers of the test's own.
 * The tests of Belay's own plugins use it; it is installed as <belay/testkit.h>, with libbelay-testkit, for those of
 * others (docs/TESTKIT.md).
 *
 * Every fixture cleans up after itself in its _free(); a test that fails midway is cleaned up by the group's teardown.
 * A fixture whose server cannot be had prints why and ends the test program with status 77 (skipped).
 */
#ifndef TESTS_KIT_H
#define TESTS_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <belay/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one step ---------------------------------------------------------------------------------------------------- */

/** A step of a kind ("docker.build"), with its own undo journal; each phase runs in a fresh worker process. */
typedef struct kit_step kit_step;

/** The plugin is the file that $PLUGIN names, as `make check` sets it, or one of Belay's build tree; the program is
 * $BELAY, or else the `belay` in $PATH. Fails the test when there is no such kind. */
kit_step *kit_step_new(const char *kind);
/** The same of a plugin file. kind: "build" is enough. */
kit_step *kit_step_of(const char *file, const char *kind);
void kit_step_free(kit_step *s);

/** Sets an option, as text: "30s", "true", "8". For lists: items end with NULL. Fails the test when the kind has no
 * such option. Checked by the schema at the next phase. */
void kit_set(kit_step *s, const char *option, const char *value);
void kit_set_list(kit_step *s, const char *option, ...) __attribute__((sentinel));
/** Leaves the option pending, as one that depends on a later output. */
void kit_set_pending(kit_step *s, const char *option);
/** Overrides a fact ("pipeline.version"). */
void kit_fact(kit_step *s, const char *name, const char *value);

typedef enum kit_phase { KIT_PREPARE, KIT_EXECUTE, KIT_VERIFY, KIT_ROLLBACK, KIT_DISCARD } kit_phase;

/** Runs one phase; returns its status. A crash, a hang beyond the limit or a broken protocol is KIT_BROKEN. */
#define KIT_BROKEN (-100)
belay_status kit_run(kit_step *s, kit_phase phase);
/** verify, repeated each 200 ms while NOT_YET, for at most seconds. */
belay_status kit_verify_until(kit_step *s, int seconds);
/** Runs the phase and kills it (SIGKILL) once its n-th remember() is durable and before that returns (n from 1), or
 * after ms when n is 0. */
belay_status kit_run_killed(kit_step *s, kit_phase phase, int n, int ms);
/** Runs the phase and cancels it after ms. */
belay_status kit_run_cancelled(kit_step *s, kit_phase phase, int ms);

/** The time limit of each phase from now on, and its grace time after that; without it the kind's limit, at most two
 * minutes, and five seconds. */
void kit_limit(kit_step *s, int ms);

/** How the last phase's process ended: "returned", or in the words of worker_end_name(). */
const char *kit_end(const kit_step *s);
/** Of the last phase: what explain() said (never NULL), all log lines, the plan() lines, all masked artifacts. */
const char *kit_summary(const kit_step *s);
const char *kit_hint(const kit_step *s);
const char *kit_option_to_blame(const kit_step *s);
const char *kit_log(const kit_step *s);
const char *kit_plan(const kit_step *s);
/** An artifact's text over all phases, or NULL. */
const char *kit_artifact(const kit_step *s, const char *name);
/** Latest output or undo value, or NULL. */
const char *kit_output(const kit_step *s, const char *name);
const char *kit_undo(const kit_step *s, const char *key);
/** Latest measurement; NaN when there is none. */
double kit_measured(const kit_step *s, const char *name);

/* ---- worlds ------------------------------------------------------------------------------------------------------ */

/** A new private folder, removed at the end of the program; borrowed. */
const char *kit_folder(void);
/** "folder/name", formatted; freed at the end of the program. */
const char *kit_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void kit_write(const char *path, const char *text);
/** A whole file; the caller frees. */
char *kit_read(const char *path);
/** Runs a program (NULL-terminated), fails the test unless it exits 0; gives its output, freed at the end. */
const char *kit_output_of(const char *program, ...) __attribute__((sentinel));
/** The same, without failing: gives the exit status. */
int kit_status_of(const char *program, ...) __attribute__((sentinel));
/** What a folder holds, as text: a line for each entry, with kind, mode, and a digest or target. The same text before
 * and after means that nothing has changed but times and owners. Freed at the end. */
const char *kit_digest(const char *folder);
/** A TCP port on 127.0.0.1 that is free now. */
int kit_free_port(void);

/* ---- servers of the test's own, on loopback; started on first use, stopped (by pid) at the end of the program ---- */

/** A PostgreSQL 15 cluster with pg_stat_statements, superuser "postgres": "postgresql://postgres:...@127.0.0.1:PORT/".
 */
const char *kit_postgres_url(void);
/** A further cluster of its own each time, with settings ("name=value", NULL-terminated; may be NULL) of its own. */
const char *kit_postgres_start(const char *const *settings);
/** kit_postgres_url() with a database name appended. */
const char *kit_postgres_database(const char *name);
/** A Redis with the password "kit-redis": "redis://:kit-redis@127.0.0.1:PORT/0". */
const char *kit_redis_url(void);
/** A Docker Engine: the one at $DOCKER_HOST or the default socket when it answers, else one started by testbed/engine.
 *  "unix:///...". The base image debian:bookworm-slim is there. */
const char *kit_docker_host(void);
/** An empty Docker Engine of the test program's own, without networks, for what must never meet anybody else's things.
 *  Root only. */
const char *kit_docker_own(void);

/* ---- an HTTP server of the test's own, on loopback ----------------------------------------------------------------
 */

/** What to answer to a request, which holds head and body; the answer is whole ("HTTP/1.1 200 OK\r\n..."), NULL closes
 * the connection unanswered. Runs in the server's process: static variables keep their values from request to request,
 * and the test does not see them. */
typedef const char *(*kit_web_answer)(const char *request);
/** Starts it; gives its port on 127.0.0.1. It ends with kit_web_stop() or with the test program. */
int kit_web_start(kit_web_answer answer);
void kit_web_stop(int port);

#define KIT_WEB_OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

#ifdef __cplusplus
}
#endif
#endif
