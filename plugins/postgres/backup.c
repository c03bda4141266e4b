/*
 * A dump gets its final name only after it was proved: pg_dump exited 0, the file is on disk, and pg_restore read all
 * of it (its list alone would accept a truncated file). Until then it is NAME.partial, which nothing takes for a
 * backup.
 */
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "durable/durable.h"
#include "obstacles.h"
#include "say/option.h"
#include "say/say.h"
#include "server.h"
#include "tool.h"

/* Free room to ask for: a compressed dump is seldom larger than half of the database. */
#define ROOM_SHARE 0.5

static belay_status check_room(const server *s, const char *folder, double size)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) < 0)
        return server_say(s, BELAY_E_FAIL, "make the folder, or mend `to`", "%s: %s", folder, strerror(errno));
    double room = (double)fs.f_bavail * (double)fs.f_frsize;
    if (room < size * ROOM_SHARE)
        return server_say(s, BELAY_E_FAIL, "free some, or choose another folder with `to`",
                          "%s has %.0f MB free; a dump of %s (%.0f MB) may need %.0f MB", folder, room / 1e6,
                          s->database, size / 1e6, size * ROOM_SHARE / 1e6);
    return access(folder, W_OK) == 0
               ? BELAY_OK
               : server_say(s, BELAY_E_FAIL, NULL, "%s cannot be written: %s", folder, strerror(errno));
}

belay_status backup_prepare(belay_ctx *c, const belay_host *h)
{
    server s;
    double size = 0;
    char text[DURABLE_PATH + SERVER_WHERE + 128], where[SERVER_WHERE];
    if (h->pending(c, "database") || h->pending(c, "to"))
        return BELAY_OK;
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = server_size(&s, s.database, &size);
    if (status == BELAY_OK)
        status = check_room(&s, h->opt_str(c, "to"), size);
    if (status == BELAY_OK)
        status = tool_check_dump(&s);
    if (status == BELAY_OK && option_is(c, h, "prove", "restore"))
        status = obstacles_rights(&s);
    if (status == BELAY_OK) {
        snprintf(text, sizeof text, "dump database %s%s (%.0f MB) into %s", s.database, server_where(where), size / 1e6,
                 h->opt_str(c, "to"));
        h->plan(c, text, "nothing to undo: a proved dump stays, an unfinished one is removed");
    }
    server_close(&s);
    return status;
}

static belay_status dump(const server *s, int fd)
{
    const char *args[] = {"--format=custom", NULL};
    s->h->progress(s->c, 1, 3, "dumping");
    return tool_dump(s, args, fd, "pg_dump.log");
}

/* Into a database that is made, filled and compared as a restore would. */
static belay_status restore_into(server *s, int fd, const char *scratch)
{
    const char *restore_all[] = {"--exit-on-error", "--no-password", NULL};
    const tool restoring = {
        .program = "pg_restore", .args = restore_all, .database = scratch, .session = s, .in_fd = fd};
    belay_status status = server_drop(s, scratch);
    if (status == BELAY_OK)
        status = server_create_like(s, s->database, scratch);
    if (status == BELAY_OK && lseek(fd, 0, SEEK_SET) != 0)
        status = server_say(s, BELAY_E_RETRY, NULL, "the dump cannot be read back: %s", strerror(errno));
    if (status == BELAY_OK)
        status = tool_run(s->c, s->h, &restoring, NULL);
    return status == BELAY_OK ? server_complete_like(s, s->database, scratch, false) : status;
}

static belay_status prove_by_restoring(server *s, int fd)
{
    char name[SERVER_NAME];
    belay_status status = server_free_name(s, "proof", name);
    if (status == BELAY_OK)
        status = s->h->remember(s->c, "proof", name, NULL);
    if (status != BELAY_OK)
        return status;
    const char *scratch = s->h->recall(s->c, "proof"); /* an earlier try's, if there was one */
    status = restore_into(s, fd, scratch);
    if (status != BELAY_OK) {
        server_drop_quietly(s, scratch); /* rollback drops what this leaves */
        return status;
    }
    status = server_drop(s, scratch);
    /* a rollback needs no server for it then */
    return status == BELAY_OK ? s->h->remember(s->c, "proof_dropped", "yes", NULL) : status;
}

/* With an empty list of what to restore, pg_restore only begins the session that it would restore in: a server that
 * does not know one of its settings refuses it. */
static belay_status restore_nothing(server *s, int fd)
{
    const char *nothing[] = {"--exit-on-error", "--use-list=/dev/null", NULL};
    const tool beginning = {
        .program = "pg_restore", .args = nothing, .database = s->database, .session = s, .in_fd = fd};
    if (lseek(fd, 0, SEEK_SET) < 0)
        return server_say(s, BELAY_E_RETRY, NULL, "the dump cannot be read back: %s", strerror(errno));
    return tool_run(s->c, s->h, &beginning, NULL);
}

/* Reads the whole archive back, and restores it into a scratch database when asked to. */
static belay_status prove(server *s, int fd)
{
    const char *read_all[] = {"--file=/dev/null", NULL};
    const tool reading = {.program = "pg_restore", .args = read_all, .session = s, .in_fd = fd};
    s->h->progress(s->c, 2, 3, "reading it back");
    if (lseek(fd, 0, SEEK_SET) < 0)
        return server_say(s, BELAY_E_RETRY, NULL, "the dump cannot be read back: %s", strerror(errno));
    belay_status status = tool_run(s->c, s->h, &reading, NULL);
    if (status == BELAY_OK)
        status = restore_nothing(s, fd);
    if (status != BELAY_OK || !option_is(s->c, s->h, "prove", "restore"))
        return status;
    return prove_by_restoring(s, fd);
}

static belay_status publish(server *s, int fd, const char *partial, const char *path)
{
    char hex[DIGEST_TEXT];
    struct stat st;
    if (fstat(fd, &st) < 0 || !durable_publish(fd, partial, path, hex))
        return server_say(s, BELAY_E_RETRY, NULL, "%s cannot be made durable: %s", path, strerror(errno));
    belay_status status = s->h->output(s->c, "file", path);
    if (status == BELAY_OK)
        status = s->h->output(s->c, "sha256", hex);
    (void)s->h->measure(s->c, "size", (double)st.st_size);
    return status;
}

static belay_status make(server *s, const char *path, const char *partial)
{
    int fd = open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return server_say(s, BELAY_E_FAIL, NULL, "%s cannot be made: %s", partial, strerror(errno));
    belay_status status = dump(s, fd);
    if (status == BELAY_OK)
        status = prove(s, fd);
    if (status == BELAY_OK)
        status = publish(s, fd, partial, path);
    close(fd);
    if (status != BELAY_OK)
        unlink(partial);
    return status;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

belay_status backup_execute(belay_ctx *c, const belay_host *h)
{
    server s;
    struct timespec start;
    char path[DURABLE_PATH], partial[DURABLE_PATH + 8];
    clock_gettime(CLOCK_MONOTONIC, &start);
    belay_status status = server_open_alone(c, h, &s);
    if (status == BELAY_OK) {
        durable_name(c, h, h->opt_str(c, "to"), s.database, "dump", path);
        snprintf(partial, sizeof partial, "%s.partial", path);
        status = h->remember(c, "partial", partial, NULL);
    }
    if (status == BELAY_OK)
        status = h->remember(c, "file", path, NULL);
    if (status == BELAY_OK)
        status = make(&s, path, partial);
    if (status == BELAY_OK) {
        (void)h->measure(c, "duration", seconds_since(&start) * 1000);
        durable_retire(h->opt_str(c, "to"), s.database, "dump", h->opt_int(c, "keep"));
    }
    server_close(&s);
    return status;
}

belay_status backup_verify(belay_ctx *c, const belay_host *h)
{
    char summary[DURABLE_PATH + 64];
    const char *path = h->recall(c, "file");
    if (path && durable_holds(path))
        return BELAY_OK;
    snprintf(summary, sizeof summary, "the dump %s is not there, or is not what was written", path ? path : "");
    h->explain(c, summary, NULL, NULL);
    return BELAY_E_FAIL;
}

static belay_status remove_partial(belay_ctx *c, const belay_host *h)
{
    const char *partial = h->recall(c, "partial");
    if (!partial || (unlink(partial) < 0 && errno == ENOENT))
        return BELAY_NOTHING;
    return access(partial, F_OK) != 0
               ? BELAY_OK
               : say(c, h, BELAY_E_RETRY, NULL, "the unfinished dump %s cannot be removed", partial);
}

/* A proved dump stays: it is the second line if the rest of the rollback should fail. */
belay_status backup_rollback(belay_ctx *c, const belay_host *h)
{
    const char *scratch = h->recall(c, "proof_dropped") ? NULL : h->recall(c, "proof");
    belay_status status = scratch ? server_rollback_copy(c, h, scratch) : BELAY_NOTHING;
    if (status != BELAY_OK && status != BELAY_NOTHING)
        return status;
    if (h->recall(c, "file"))
        durable_mark_rolled_back(h->recall(c, "file"));
    belay_status removed = remove_partial(c, h);
    return removed == BELAY_NOTHING ? status : removed;
}
