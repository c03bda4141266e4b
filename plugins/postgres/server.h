/**
 * @file server.h
 * Databases as a whole, seen from beside them: a connection to the server's maintenance database, which copies, renames
 * and drops the one that the option `database` names.
 */
#ifndef POSTGRES_SERVER_H
#define POSTGRES_SERVER_H

#include <belay/plugin.h>

#include <libpq-fe.h>
#include <stdbool.h>

/** PostgreSQL's NAMEDATALEN: names have at most 63 bytes. */
#define SERVER_NAME 64

/** In a comment of a question that each session asks: postgres.slow_queries leaves such statements out. */
#define SERVER_OWN "belay.own"

typedef struct server {
    belay_ctx *c;
    const belay_host *h;
    PGconn *conn;
    char database[SERVER_NAME]; /**< the one that the URL names */
    char user[SERVER_NAME];
    bool explained; /**< a failure has been explained, which stands: server_say() adds nothing */
    bool counted;   /**< among the call's open sessions */
    void (*waiting)(void *user, int64_t ms); /**< called each 100 ms while an answer is awaited; may be NULL */
    void *waiting_user;
} server;

/** Explains status by the formatted summary and returns it; hint may be NULL. */
belay_status server_say(const server *s, belay_status status, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/** Connects by the option `database`; all sessions of a call reach one server. server_close() in any case. E_CONFIG for
 * a bad URL, E_RETRY without a server, E_FAIL when it refuses the user or the password; explained. */
belay_status server_open(belay_ctx *c, const belay_host *h, server *ret);
/** The same for those who make, rename or drop databases: first ends what a killed call of the same step left running
 * on the server, which would finish it later, and then is alone until server_close(). */
belay_status server_open_alone(belay_ctx *c, const belay_host *h, server *ret);
/** server_open(), but connected to the database that the option names. */
belay_status server_open_target(belay_ctx *c, const belay_host *h, server *ret);
/** The same, but connected to another database of that server. */
belay_status server_open_other(belay_ctx *c, const belay_host *h, const char *database, server *ret);
/** Before a rollback connects: waits for a server that has just died and comes back, 10 s when it does not answer, and
 * as long as the call's time permits when it says that it is starting. OK also when it did not come; E_CANCELLED. */
belay_status server_wait(belay_ctx *c, const belay_host *h);
/** The container that the call's sessions lead into, or NULL. */
const char *server_container(void);
/** The server's port in there, as text. */
const char *server_container_port(void);
/** For a line of the plan: " in the container X (reached by Y)", or "" for a server that is in none. */
#define SERVER_WHERE 1024
char *server_where(char buf[SERVER_WHERE]);
/** Waits until s->conn, which PQconnectStart...() made, is connected, for at most limit_ms; explained when not. */
belay_status server_connect(server *s, int64_t limit_ms);
void server_close(server *s);
/** The session's standard_conforming_strings: a backslash in '...' is an ordinary character. */
bool server_standard_strings(const server *s);
/** After a PQsend...(): waits until a result can be read without blocking. A cancelled call asks the server to stop,
 * and waits for that. */
void server_await(server *s);
/** In COPY, waits once, cancellable like server_await(): for the next piece of data, or until data that is to be sent
 * can be. Zero *state before the first call. */
typedef struct server_copying {
    bool asked; /**< the server was asked to stop */
    int64_t waited_ms;
} server_copying;
void server_await_data(server *s, server_copying *state);
void server_await_room(server *s, server_copying *state);

/** Sends one statement with text parameters and waits, cancellable. On BELAY_OK *ret (may be NULL) is the caller's to
 * clear. */
belay_status server_ask(server *s, PGresult **ret, const char *sql, int count, const char *const *parameters);
/** Sends a formatted statement; names must be quoted with server_name(). */
belay_status server_do(server *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** The first column of the first row as text, "" when there is none, into buf. */
belay_status server_text(server *s, char *buf, size_t size, const char *sql, int count, const char *const *parameters);

/** name as an SQL identifier, quoted, into buf; returns buf. */
#define SERVER_QUOTED (2 * SERVER_NAME + 3)
char *server_name(const char *name, char buf[SERVER_QUOTED]);
/** "BASE_WORD_RUN", cut to what a name may have; BASE gives way. */
void server_derive(const server *s, const char *word, char ret[SERVER_NAME]);

belay_status server_exists(server *s, const char *name, bool *ret);
/** Bytes on disk. */
belay_status server_size(server *s, const char *name, double *ret);
/** "3 sessions: psql (pid 812, user app) ..." of others that are connected to name, "" when there are none. */
belay_status server_sessions(server *s, const char *name, char *buf, size_t size);
/** BELAY_E_RETRY, explained, when the user sees only `what`, for want of the right to read all statistics. */
belay_status server_explain_blind(const server *s, const char *what);
/** The same when the server hides from the user what sessions of others on name are and do; those whose application or
 * user matches `allow`, an extended regular expression that may be NULL, may hide it. */
belay_status server_sees_sessions(server *s, const char *name, const char *allow);
/** A copy by TEMPLATE, with owner, settings and privileges; nobody may be connected to from. */
belay_status server_copy(server *s, const char *from, const char *to);
/** A new database like `like` (owner, encoding, locale, settings, privileges), empty. */
belay_status server_create_like(server *s, const char *like, const char *name);
/** Drops it with whoever is connected; a missing one is fine. */
belay_status server_drop(server *s, const char *name);
/** The same, where a failure has been explained already, which stands. */
void server_drop_quietly(server *s, const char *name);
/** A rollback that only has to drop a copy which its step made: connects and drops it; BELAY_NOTHING when it is gone.
 */
belay_status server_rollback_copy(belay_ctx *c, const belay_host *h, const char *name);
/** In one transaction: `name` becomes `aside`, `replacement` becomes `name`. Ends the sessions on both first and keeps
 * new ones out until it is done; afterwards both may be connected to, and after a failure `name` may. Who was killed in
 * between calls it again, or server_admit(). */
belay_status server_swap(server *s, const char *name, const char *aside, const char *replacement);
/** Lets sessions in that server_swap() kept out. */
belay_status server_admit(server *s, const char *name);

#endif
