/*
 * A dump is never read into the database that is there: psql would report errors and exit 0, and half of the old would
 * remain. It goes into a fresh one, with errors fatal; only a whole one is swapped in.
 */
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "durable/digest.h"
#include "server.h"
#include "tool.h"

/* The first bytes of pg_dump's custom format. */
#define ARCHIVE_MAGIC "PGDMP"

static belay_status check_sum(const server *s, int fd)
{
    char hex[DIGEST_TEXT];
    const char *wanted = s->h->opt_str(s->c, "sha256");
    if (!wanted || (digest_fd(fd, hex) && strcmp(hex, wanted) == 0))
        return BELAY_OK;
    return server_say(s, BELAY_E_FAIL, "take another backup",
                      "the dump's SHA-256 is not %s: it was damaged or replaced", wanted);
}

static belay_status open_dump(const server *s, int *fd)
{
    const char *path = s->h->opt_str(s->c, "file");
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return server_say(s, BELAY_E_FAIL, NULL, "%s: %s", path, strerror(errno));
    return check_sum(s, *fd);
}

belay_status restore_prepare(belay_ctx *c, const belay_host *h)
{
    server s;
    int fd = -1;
    char text[512];
    if (h->pending(c, "database") || h->pending(c, "file") || h->pending(c, "sha256")) {
        h->plan(c, "restore a dump into a fresh database and swap it in", "swap the old database back by renaming");
        return BELAY_OK;
    }
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = open_dump(&s, &fd);
    if (status == BELAY_OK)
        status = tool_check(&s);
    if (status == BELAY_OK) {
        snprintf(text, sizeof text, "restore %.300s into a fresh database and swap it in as %s", h->opt_str(c, "file"),
                 s.database);
        h->plan(c, text, "swap the old database back by renaming");
    }
    if (fd >= 0)
        close(fd);
    server_close(&s);
    return status;
}

static belay_status fill(const server *s, int fd, const char *fresh)
{
    char magic[sizeof ARCHIVE_MAGIC] = "";
    const char *archive[] = {"--exit-on-error", "--no-password", NULL};
    const char *script[] = {"-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", NULL};
    bool custom = pread(fd, magic, sizeof magic - 1, 0) == sizeof magic - 1 && strcmp(magic, ARCHIVE_MAGIC) == 0;
    const tool t = {.program = custom ? "pg_restore" : "psql",
                    .args = custom ? archive : script,
                    .database = fresh,
                    .session = s,
                    .in_fd = fd,
                    .keep_as = "restore.log"};
    return tool_run(s->c, s->h, &t, NULL);
}

/* The number of tables in a database, asked over a connection to it. */
static belay_status count_tables(const server *s, const char *fresh, int *ret)
{
    const char *args[] = {"-X",
                          "-q",
                          "-A",
                          "-t",
                          "-c",
                          "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                          " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
                          NULL};
    const tool t = {.program = "psql", .args = args, .database = fresh, .session = s};
    belay_run io;
    belay_status status = tool_run(s->c, s->h, &t, &io);
    *ret = status == BELAY_OK ? atoi(io.out) : 0;
    return status;
}

static belay_status check(const server *s, const char *fresh)
{
    int tables = 0;
    int64_t wanted = s->h->opt_int(s->c, "min_tables");
    belay_status status = count_tables(s, fresh, &tables);
    if (status != BELAY_OK)
        return status;
    (void)s->h->measure(s->c, "tables", tables);
    if (tables < wanted)
        return server_say(s, BELAY_E_FAIL, "is it the right dump?",
                          "the restored database has %d tables, wanted are %lld", tables, (long long)wanted);
    return BELAY_OK;
}

static belay_status remember_all(server *s, const char *fresh, const char *aside)
{
    const struct {
        const char *key, *value;
    } facts[] = {{"fresh", fresh}, {"aside", aside}, {"database", s->database}};
    belay_status status = BELAY_OK;
    for (size_t i = 0; i < sizeof facts / sizeof *facts && status == BELAY_OK; i++)
        status = s->h->remember(s->c, facts[i].key, facts[i].value, NULL);
    return status;
}

/* From now on a missing `aside` is one that was lost, or that is swapped back. */
static belay_status remember_swap(const server *s)
{
    return s->h->remember(s->c, "swapped", "yes", NULL);
}

static belay_status restore(server *s, int fd)
{
    char fresh[SERVER_NAME], aside[SERVER_NAME];
    bool swapped = false;
    server_derive(s, "restored", fresh);
    server_derive(s, "replaced", aside);
    belay_status status = server_exists(s, aside, &swapped);
    if (status == BELAY_OK && swapped && !s->h->recall(s->c, "aside"))
        return server_say(s, BELAY_E_FAIL, "drop it, if nobody needs it", "a database %s is there already", aside);
    if (status == BELAY_OK && swapped) /* an earlier try was cut short after the swap */
        return remember_swap(s);
    if (status != BELAY_OK)
        return status;
    status = remember_all(s, fresh, aside);
    if (status == BELAY_OK)
        status = server_drop(s, fresh);
    if (status == BELAY_OK)
        status = server_create_like(s, s->database, fresh);
    if (status == BELAY_OK)
        status = fill(s, fd, fresh);
    if (status == BELAY_OK)
        status = check(s, fresh);
    if (status == BELAY_OK) {
        status = server_swap(s, s->database, aside, fresh);
        return status == BELAY_OK ? remember_swap(s) : status;
    }
    server_drop_quietly(s, fresh); /* what was explained stands */
    return status;
}

belay_status restore_execute(belay_ctx *c, const belay_host *h)
{
    server s;
    int fd = -1;
    belay_status status = server_open_alone(c, h, &s);
    if (status == BELAY_OK)
        status = open_dump(&s, &fd);
    if (status == BELAY_OK)
        status = restore(&s, fd);
    if (status == BELAY_OK)
        status = h->output(c, "aside", h->recall(c, "aside"));
    if (fd >= 0)
        close(fd);
    server_close(&s);
    return status;
}

belay_status restore_verify(belay_ctx *c, const belay_host *h)
{
    server s;
    bool is_there = false, aside_is_there = false;
    const char *name = h->recall(c, "database"), *aside = h->recall(c, "aside");
    if (!name || !aside)
        return BELAY_E_FAIL;
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = server_exists(&s, name, &is_there);
    if (status == BELAY_OK)
        status = server_exists(&s, aside, &aside_is_there);
    if (status == BELAY_OK && (!is_there || !aside_is_there))
        status =
            server_say(&s, BELAY_E_FAIL, NULL, "%s was not swapped in: %s is not there", name, is_there ? aside : name);
    server_close(&s);
    return status;
}

/* After a swap `fresh` is there only once it was swapped out again. */
static belay_status without_aside(server *s, const char *name, const char *aside, const char *fresh)
{
    bool back = false;
    belay_status status = server_exists(s, fresh, &back);
    if (status != BELAY_OK || back)
        return status == BELAY_OK ? BELAY_NOTHING : status;
    return server_say(s, BELAY_E_FAIL,
                      "find out who dropped or renamed it; restore a backup of it with postgres.restore, or go on with "
                      "the restored one",
                      "%s was replaced by the restored dump and stays so: %s, which it was set aside as, is gone", name,
                      aside);
}

static belay_status swap_back(server *s, const char *name, const char *aside, const char *fresh)
{
    bool swapped = false;
    belay_status status = server_exists(s, aside, &swapped);
    if (status != BELAY_OK)
        return status;
    if (swapped)
        return server_swap(s, name, fresh, aside);
    if (s->h->recall(s->c, "swapped"))
        return without_aside(s, name, aside, fresh);
    status = server_admit(s, name); /* the swap may have been cut short */
    return status == BELAY_OK ? server_drop(s, fresh) : status;
}

belay_status restore_rollback(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    const char *name = h->recall(c, "database"), *aside = h->recall(c, "aside"), *fresh = h->recall(c, "fresh");
    if (!name || !aside || !fresh)
        return BELAY_NOTHING;
    belay_status status = server_wait(c, h);
    if (status == BELAY_OK)
        status = server_open_alone(c, h, &s);
    if (status == BELAY_OK)
        status = swap_back(&s, name, aside, fresh);
    server_close(&s);
    return status;
}

belay_status restore_discard(belay_ctx *c, const belay_host *h)
{
    server s;
    const char *aside = h->recall(c, "aside"), *fresh = h->recall(c, "fresh");
    if (!aside || !fresh)
        return BELAY_NOTHING;
    belay_status status = server_open_alone(c, h, &s);
    if (status == BELAY_OK)
        status = server_drop(&s, aside);
    if (status == BELAY_OK)
        status = server_drop(&s, fresh);
    server_close(&s);
    return status;
}
