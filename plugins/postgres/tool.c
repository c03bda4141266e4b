#include "tool.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64
#define TEXT_MAX  1024
/* Of a database's name, 63 bytes at most, each escaped. */
#define DBNAME_MAX (2 * 64 + 16)

/* libpq's environment variables for what a connection URL can say; see PostgreSQL's manual, "Environment Variables". */
static const struct {
    const char *keyword, *variable;
} variables[] = {{"host", "PGHOST"},
                 {"hostaddr", "PGHOSTADDR"},
                 {"port", "PGPORT"},
                 {"user", "PGUSER"},
                 {"password", "PGPASSWORD"},
                 {"sslmode", "PGSSLMODE"},
                 {"sslrootcert", "PGSSLROOTCERT"},
                 {"sslcert", "PGSSLCERT"},
                 {"sslkey", "PGSSLKEY"},
                 {"connect_timeout", "PGCONNECT_TIMEOUT"},
                 {"options", "PGOPTIONS"}};
#define VARIABLE_COUNT (sizeof variables / sizeof *variables)

typedef struct command {
    const char *argv[WORDS_MAX];
    size_t words;
    char env_text[VARIABLE_COUNT][TEXT_MAX];
    const char *env[VARIABLE_COUNT + 1];
    char user[TEXT_MAX], dbname[DBNAME_MAX];
} command;

static void add(command *m, const char *word)
{
    if (m->words + 1 < WORDS_MAX)
        m->argv[m->words++] = word;
}

static void take_connection(command *m, const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    size_t n = 0;
    for (const PQconninfoOption *o = options; o && o->keyword; o++) {
        if (o->val && strcmp(o->keyword, "user") == 0)
            snprintf(m->user, sizeof m->user, "%s", o->val);
        for (size_t i = 0; i < VARIABLE_COUNT; i++) {
            if (!o->val || strcmp(o->keyword, variables[i].keyword) != 0)
                continue;
            snprintf(m->env_text[n], TEXT_MAX, "%s=%s", variables[i].variable, o->val);
            m->env[n] = m->env_text[n];
            n++;
        }
    }
    PQconninfoFree(options);
}

/* As a connection string: a bare name that holds '=' or begins like a URL would be taken for one, which may lead to
 * another server. */
static const char *quote_dbname(command *m, const char *name)
{
    size_t n = (size_t)snprintf(m->dbname, sizeof m->dbname, "dbname='");
    for (; *name && n + 4 < sizeof m->dbname; name++) {
        if (*name == '\'' || *name == '\\')
            m->dbname[n++] = '\\';
        m->dbname[n++] = *name;
    }
    m->dbname[n++] = '\'';
    m->dbname[n] = '\0';
    return m->dbname;
}

static void compose(belay_ctx *c, const belay_host *h, const tool *t, command *m)
{
    const char *const *prefix = h->opt_list(c, "tool_prefix");
    bool elsewhere = *prefix != NULL;
    for (; *prefix; prefix++)
        add(m, *prefix);
    add(m, t->program);
    for (const char *const *arg = t->args; *arg; arg++)
        add(m, *arg);
    if (t->database) {
        take_connection(m, h->opt_str(c, "database"));
        add(m, "-w"); /* never ask for a password */
        if (elsewhere && m->user[0]) {
            add(m, "-U");
            add(m, m->user);
        }
        add(m, "-d");
        add(m, quote_dbname(m, t->database));
    }
}

/* What the programs print of a server that goes away; where they run in its container, they go with it. */
static bool lost_the_server(const char *text)
{
    return strstr(text, "server closed the connection") || strstr(text, "connection to server") ||
           strstr(text, "terminating connection");
}

static belay_status explain_exit(belay_ctx *c, const belay_host *h, const tool *t, const belay_run *io)
{
    char summary[1400];
    const char *text = *io->err ? io->err : io->out;
    /* `docker exec` passes the signal on as a status */
    const int ended_by = io->term_signal ? io->term_signal : io->exit_code > 128 ? io->exit_code - 128 : 0;
    size_t length = strlen(text) > 1000 ? 1000 : strlen(text);
    while (length && text[length - 1] == '\n')
        length--;
    if (ended_by)
        snprintf(summary, sizeof summary, "%s was ended by signal %d (SIG%s)%s%.*s", t->program, ended_by,
                 sigabbrev_np(ended_by) ? sigabbrev_np(ended_by) : "?", length ? ": " : "", (int)length, text);
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
    command *m = calloc(1, sizeof *m);
    if (!m)
        return BELAY_E_RETRY;
    if (!io)
        io = &own;
    compose(c, h, t, m);
    *io = (belay_run){.struct_size = sizeof *io,
                      .argv = m->argv,
                      .env = m->env,
                      .in_fd = t->in_fd,
                      .out_fd = t->out_fd,
                      .keep_as = t->keep_as};
    belay_status status = h->run(c, io);
    if (status == BELAY_OK && io->exit_code != 0)
        status = explain_exit(c, h, t, io);
    explicit_bzero(m, sizeof *m);
    free(m);
    return status;
}
