#include "tool.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "say/say.h"
#include "words.h"

typedef struct command {
    struct {
        const char **items;
        size_t count, room;
    } argv;
    const char *env[4];
    char *dbname, *service_file; /* owned */
    char *password_env, *file_env, *program;
} command;

static void add(command *m, const char *word)
{
    heap_reserve(&m->argv);
    m->argv.items[m->argv.count++] = word;
}

static void command_done(command *m)
{
    if (m->service_file)
        (void)unlink(m->service_file);
    if (m->password_env)
        explicit_bzero(m->password_env, strlen(m->password_env));
    free(m->password_env);
    free(m->file_env);
    free(m->service_file);
    free(m->dbname);
    free(m->program);
    free(m->argv.items);
}

/* The words for a program that connects from here. */
static belay_status take_words(command *m, const server *s)
{
    size_t n = 0;
    belay_status status = words_write(s, &m->service_file);
    if (status != BELAY_OK)
        return status;
    while (m->env[n])
        n++;
    m->env[n++] = m->file_env = heap_printf("PGSERVICEFILE=%s", m->service_file);
    m->env[n++] = "PGSERVICE=" WORDS_SERVICE;
    return BELAY_OK;
}

/* A program behind a prefix may see neither the file nor the environment: then it connects by the local socket, as one
 * in the database's container always does. */
static belay_status take_connection(command *m, const tool *t, bool elsewhere, bool inside)
{
    const server *s = t->session;
    belay_status status = inside ? BELAY_OK : take_words(m, s);
    if (status != BELAY_OK)
        return status;
    add(m, "-w"); /* never ask for a password */
    if (inside) {
        add(m, "-p");
        add(m, server_container_port());
    }
    if (elsewhere || inside) {
        add(m, "-U");
        add(m, PQuser(s->conn));
    }
    add(m, "-d");
    add(m, m->dbname = words_local(s, t->database, elsewhere || inside));
    return BELAY_OK;
}

static void take_password(command *m, const tool *t)
{
    const char *password = t->database ? PQpass(t->session->conn) : NULL;
    if (password && *password)
        m->env[0] = m->password_env = heap_printf("PGPASSWORD=%s", password);
}

static void enter_container(command *m)
{
    add(m, "docker");
    add(m, "exec");
    add(m, "-i");
    if (m->password_env) { /* the value comes from docker's environment, not from its arguments */
        add(m, "-e");
        add(m, "PGPASSWORD");
    }
    add(m, server_container());
}

/* Where client programs of several versions are installed, the one in PATH is the newest; a dump is best made and
 * restored by the server's own version. The places are Debian's and the PostgreSQL project's for RPM. */
static const char *of_servers_version(command *m, const tool *t)
{
    static const char *const places[] = {"/usr/lib/postgresql/", "/usr/pgsql-"};
    if (!t->session || strncmp(t->program, "pg_", 3) != 0)
        return t->program;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        free(m->program);
        m->program = heap_printf("%s%d/bin/%s", places[i], PQserverVersion(t->session->conn) / 10000, t->program);
        if (access(m->program, X_OK) == 0)
            return m->program;
    }
    return t->program;
}

static belay_status compose(belay_ctx *c, const belay_host *h, const tool *t, command *m)
{
    const char *const *prefix = h->opt_list(c, "tool_prefix");
    const bool elsewhere = *prefix != NULL, inside = !elsewhere && server_container();
    take_password(m, t);
    for (; *prefix; prefix++)
        add(m, *prefix);
    if (inside)
        enter_container(m);
    add(m, elsewhere || inside ? t->program : of_servers_version(m, t));
    for (const char *const *arg = t->args; *arg; arg++)
        add(m, *arg);
    belay_status status = t->database ? take_connection(m, t, elsewhere, inside) : BELAY_OK;
    add(m, NULL);
    return status;
}

/* What the programs print of a server that goes away; where they run in its container, they go with it. */
static bool lost_the_server(const char *text)
{
    static const char *const signs[] = {"server closed the connection",
                                        "connection to server",
                                        "terminating connection",
                                        "is not running",
                                        "is restarting",
                                        "No such container",
                                        "Cannot connect to the Docker",
                                        "error during connect"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(text, signs[i]))
            return true;
    return false;
}

/* `docker exec` of what is not in the container. */
static bool is_missing(const belay_run *io, const char *text)
{
    return (io->exit_code == 126 || io->exit_code == 127) && strstr(text, "exec") && server_container();
}

static belay_status explain_exit(belay_ctx *c, const belay_host *h, const tool *t, const belay_run *io)
{
    char summary[1400];
    const char *text = *io->err ? io->err : io->out;
    /* `docker exec` passes the signal on as a status */
    const int ended_by = io->term_signal ? io->term_signal : io->exit_code > 128 ? io->exit_code - 128 : 0;
    if (is_missing(io, text))
        return say(c, h, BELAY_E_FAIL,
                   "write a postgresql:// address instead: then the programs of this machine are used",
                   "the container %s has no program %s: %.300s", server_container(), t->program, text);
    size_t length = strlen(text) > 1000 ? 1000 : strlen(text);
    while (length && text[length - 1] == '\n')
        length--;
    if (ended_by && sigabbrev_np(ended_by)) /* ssh as tool_prefix ends with 255, which is no signal */
        snprintf(summary, sizeof summary, "%s was ended by signal %d (SIG%s)%s%.*s", t->program, ended_by,
                 sigabbrev_np(ended_by), length ? ": " : "", (int)length, text);
    else
        snprintf(summary, sizeof summary, "%s ended with status %d: %.*s", t->program, io->exit_code, (int)length,
                 text);
    h->explain(c, summary, NULL, NULL);
    if (h->cancelled(c))
        return BELAY_E_CANCELLED;
    return ended_by || lost_the_server(text) ? BELAY_E_RETRY : BELAY_E_FAIL;
}

belay_status tool_run(belay_ctx *c, const belay_host *h, const tool *t, belay_run *io)
{
    belay_run own = {0};
    command m = {0};
    if (!io)
        io = &own;
    belay_status status = compose(c, h, t, &m);
    if (status == BELAY_OK) {
        *io = (belay_run){.struct_size = sizeof *io,
                          .argv = m.argv.items,
                          .env = m.env,
                          .in_fd = t->in_fd,
                          .out_fd = t->out_fd,
                          .keep_as = t->keep_as};
        status = h->run(c, io);
    }
    if (status == BELAY_OK && io->exit_code != 0)
        status = explain_exit(c, h, t, io);
    command_done(&m);
    return status;
}

/* ---- the same server ---------------------------------------------------------------------------------------------
 */

/* To the microsecond: no two servers have it in common, a standby and its primary neither. */
#define IDENTITY                                                                                                       \
    "pg_catalog.to_char(pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
#define ANOTHER_HINT                                                                                                   \
    "give `database` the address of one server, not of a load balancer; with tool_prefix, that of the server in there"

static belay_status identify(const server *s, char identity[64])
{
    server session = *s;
    return server_text(&session, identity, 64, "SELECT " IDENTITY, 0, NULL);
}

belay_status tool_same_server(const server *s, char **ret_sql)
{
    char identity[64];
    *ret_sql = NULL;
    belay_status status = identify(s, identity);
    if (status == BELAY_OK)
        *ret_sql =
            heap_printf("SELECT CASE WHEN " IDENTITY " = '%s' THEN 1 ELSE"
                        " ('psql is connected to another server than Belay, started at ' || " IDENTITY ")::integer END",
                        identity);
    return status;
}

belay_status tool_check(const server *s)
{
    char identity[64];
    const char *const args[] = {"-X", "-q", "-A", "-t", "-c", "SELECT " IDENTITY, NULL};
    const tool t = {.program = "psql", .args = args, .database = s->database, .session = s};
    belay_run io = {0};
    belay_status status = identify(s, identity);
    if (status == BELAY_OK)
        status = tool_run(s->c, s->h, &t, &io);
    if (status == BELAY_OK && strncmp(io.out, identity, strlen(identity)) != 0)
        status = say_option(s->c, s->h, BELAY_E_FAIL, "database", ANOTHER_HINT,
                            "psql is connected to another server than Belay: one that started at %.26s UTC, not at %s "
                            "UTC; pg_dump and pg_restore would be, too",
                            io.out, identity);
    return status;
}

/* The first version whose pg_restore begins with a setting that no older server knows (transaction_timeout). */
#define SETS_NEW_TIMEOUT 17

/* A client older than the server refuses to dump; what a newer one dumps, its pg_restore may be unable to restore. */
static belay_status check_client(const server *s, const char *program)
{
    char hint[256];
    const char *args[] = {"--version", NULL};
    const tool t = {.program = program, .args = args, .session = s};
    belay_run io = {0};
    belay_status status = tool_run(s->c, s->h, &t, &io);
    if (status != BELAY_OK)
        return status;
    const char *digits = strpbrk(io.out, "0123456789");
    int client = digits ? atoi(digits) : 0, server = PQserverVersion(s->conn) / 10000;
    snprintf(hint, sizeof hint,
             "install the client programs of version %d beside it (Debian: postgresql-client-%d), or use the server's "
             "own: database = \"docker://CONTAINER/NAME\", or tool_prefix",
             server, server);
    if (client < server)
        return server_say(s, BELAY_E_FAIL, hint, "%s is of version %d, the server of version %d", program, client,
                          server);
    if (client >= SETS_NEW_TIMEOUT && server < SETS_NEW_TIMEOUT)
        return server_say(
            s, BELAY_E_FAIL, hint,
            "%s is of version %d, the server of version %d: pg_restore %d cannot restore into it, because "
            "it sets transaction_timeout, which is new in version %d",
            program, client, server, client, SETS_NEW_TIMEOUT);
    return BELAY_OK;
}

belay_status tool_check_dump(const server *s)
{
    belay_status status = check_client(s, "pg_dump");
    return status == BELAY_OK ? tool_check(s) : status;
}

belay_status tool_check_restore(const server *s)
{
    belay_status status = check_client(s, "pg_restore");
    return status == BELAY_OK ? tool_check(s) : status;
}

/* The snapshot's name means nothing to another server; it lasts as long as the transaction of `reader`. */
static belay_status export_snapshot(server *reader, char name[64])
{
    belay_status status = server_do(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (status == BELAY_OK)
        status = server_do(reader, "SET LOCAL idle_in_transaction_session_timeout = 0");
    return status == BELAY_OK ? server_text(reader, name, 64, "SELECT pg_export_snapshot()", 0, NULL) : status;
}

static belay_status dump_snapshot(const server *s, const tool *t)
{
    belay_run io = {0};
    belay_status status = tool_run(s->c, s->h, t, &io);
    if (status < 0 && io.err &&
        (strstr(io.err, "invalid snapshot identifier") ||
         (strstr(io.err, "snapshot \"") && strstr(io.err, "does not exist"))))
        status = say_option(s->c, s->h, BELAY_E_FAIL, "database", ANOTHER_HINT,
                            "pg_dump is connected to another server than Belay: %.300s", io.err);
    return status;
}

belay_status tool_dump(const server *s, const char *const *args, int out_fd, const char *keep_as)
{
    server reader = {0};
    char name[64], word[96];
    struct {
        const char **items;
        size_t count, room;
    } all = {0};
    belay_status status = server_open_other(s->c, s->h, s->database, &reader);
    if (status == BELAY_OK)
        status = export_snapshot(&reader, name);
    snprintf(word, sizeof word, "--snapshot=%s", status == BELAY_OK ? name : "");
    for (;; args++) {
        heap_reserve(&all);
        all.items[all.count++] = *args ? *args : word;
        if (!*args)
            break;
    }
    heap_reserve(&all);
    all.items[all.count] = NULL;
    const tool t = {.program = "pg_dump",
                    .args = all.items,
                    .database = s->database,
                    .session = &reader,
                    .out_fd = out_fd,
                    .keep_as = keep_as};
    if (status == BELAY_OK)
        status = dump_snapshot(s, &t);
    free(all.items);
    server_close(&reader);
    return status;
}
