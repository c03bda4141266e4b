/*
 * A dump gets its final name only after it was proved: pg_dump exited 0, the file is on disk, and pg_restore read all
 * of it (its list alone would accept a truncated file). Until then it is NAME.partial, which nothing takes for a
 * backup.
 */
#include "kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"
#include "server.h"
#include "tool.h"

#define PATH_MAX_TEXT 4096

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

/* A client older than the server refuses to dump; found out before anything is touched. */
static belay_status check_client(const server *s)
{
    const char *args[] = {"--version", NULL};
    const tool t = {.program = "pg_dump", .args = args};
    belay_run io;
    belay_status status = tool_run(s->c, s->h, &t, &io);
    if (status != BELAY_OK)
        return status;
    const char *digits = strpbrk(io.out, "0123456789");
    int client = digits ? atoi(digits) : 0, server = PQserverVersion(s->conn) / 10000;
    if (client < server)
        return server_say(s, BELAY_E_FAIL, "use a newer pg_dump, or the server's own by tool_prefix",
                          "pg_dump is of version %d, the server of version %d", client, server);
    return BELAY_OK;
}

belay_status backup_prepare(belay_ctx *c, const belay_host *h)
{
    server s;
    double size = 0;
    char text[PATH_MAX_TEXT + 128];
    if (h->pending(c, "database") || h->pending(c, "to"))
        return BELAY_OK;
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = server_size(&s, s.database, &size);
    if (status == BELAY_OK)
        status = check_room(&s, h->opt_str(c, "to"), size);
    if (status == BELAY_OK)
        status = check_client(&s);
    if (status == BELAY_OK) {
        snprintf(text, sizeof text, "dump database %s (%.0f MB) into %s", s.database, size / 1e6, h->opt_str(c, "to"));
        h->plan(c, text, "nothing to undo: a proved dump stays, an unfinished one is removed");
    }
    server_close(&s);
    return status;
}

/* How the names of a database's dumps begin. A '/' in it leads to no other folder. */
static const char *dump_prefix(const server *s, char buf[SERVER_NAME])
{
    snprintf(buf, SERVER_NAME, "%s", s->database);
    for (char *p = buf; *p; p++)
        if (*p == '/')
            *p = '_';
    return buf;
}

/* to/DATABASE_YYYYmmdd_HHMMSS.dump, of the run's start, so that a second try means the same file. */
static void name_file(const server *s, char path[PATH_MAX_TEXT])
{
    const char *started = s->h->fact(s->c, "run.started_at");
    time_t at = started ? (time_t)strtoll(started, NULL, 10) : time(NULL);
    struct tm tm;
    char stamp[32], name[SERVER_NAME];
    gmtime_r(&at, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d_%H%M%S", &tm);
    snprintf(path, PATH_MAX_TEXT, "%s/%s_%s.dump", s->h->opt_str(s->c, "to"), dump_prefix(s, name), stamp);
}

static belay_status dump(const server *s, int fd)
{
    const char *args[] = {"--format=custom", "--no-password", NULL};
    const tool t = {
        .program = "pg_dump", .args = args, .database = s->database, .out_fd = fd, .keep_as = "pg_dump.log"};
    s->h->progress(s->c, 1, 3, "dumping");
    return tool_run(s->c, s->h, &t, NULL);
}

/* Reads the whole archive back, and restores it into a scratch database when asked to. */
static belay_status prove(server *s, int fd)
{
    const char *read_all[] = {"--file=/dev/null", NULL};
    const tool reading = {.program = "pg_restore", .args = read_all, .in_fd = fd};
    s->h->progress(s->c, 2, 3, "reading it back");
    if (lseek(fd, 0, SEEK_SET) < 0)
        return server_say(s, BELAY_E_RETRY, NULL, "the dump cannot be read back: %s", strerror(errno));
    belay_status status = tool_run(s->c, s->h, &reading, NULL);
    if (status != BELAY_OK || strcmp(s->h->opt_str(s->c, "prove"), "restore") != 0)
        return status;

    char scratch[SERVER_NAME];
    const char *restore_all[] = {"--exit-on-error", "--no-password", NULL};
    server_derive(s, "proof", scratch);
    const tool restoring = {.program = "pg_restore", .args = restore_all, .database = scratch, .in_fd = fd};
    status = server_drop(s, scratch);
    if (status == BELAY_OK)
        status = server_create_like(s, s->database, scratch);
    if (status == BELAY_OK && lseek(fd, 0, SEEK_SET) == 0)
        status = tool_run(s->c, s->h, &restoring, NULL);
    belay_status dropped = server_drop(s, scratch);
    return status == BELAY_OK ? dropped : status;
}

static bool sync_folder(const char *path)
{
    char folder[PATH_MAX_TEXT];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Beside the dump, in the form that sha256sum reads. */
static bool write_sum(const char *path, const char *hex)
{
    char sum[PATH_MAX_TEXT + 8];
    snprintf(sum, sizeof sum, "%s.sha256", path);
    FILE *f = fopen(sum, "we");
    if (!f)
        return false;
    const char *name = strrchr(path, '/') + 1;
    bool good = fprintf(f, "%s  %s\n", hex, name) > 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    return (fclose(f) == 0) && good;
}

static belay_status publish(server *s, int fd, const char *partial, const char *path)
{
    char hex[DIGEST_TEXT];
    struct stat st;
    if (fsync(fd) < 0 || fstat(fd, &st) < 0 || !digest_fd(fd, hex) || !write_sum(path, hex) ||
        rename(partial, path) < 0 || !sync_folder(path))
        return server_say(s, BELAY_E_RETRY, NULL, "%s cannot be made durable: %s", path, strerror(errno));
    (void)s->h->output(s->c, "file", path);
    (void)s->h->output(s->c, "sha256", hex);
    (void)s->h->measure(s->c, "size", (double)st.st_size);
    return BELAY_OK;
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

static int is_dump(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 5 && strcmp(entry->d_name + n - 5, ".dump") == 0;
}

/* Removes all but the newest `keep` dumps of this database that have a sum beside them: only those count as backups. */
static void retire(const server *s)
{
    int64_t keep = s->h->opt_int(s->c, "keep");
    const char *folder = s->h->opt_str(s->c, "to");
    struct dirent **names = NULL;
    int n = keep > 0 ? scandir(folder, &names, is_dump, alphasort) : 0;
    for (int i = n - 1; i >= 0; i--) {
        char path[PATH_MAX_TEXT + 300], sum[PATH_MAX_TEXT + 308];
        char name[SERVER_NAME];
        size_t prefix = strlen(dump_prefix(s, name));
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        snprintf(sum, sizeof sum, "%s.sha256", path);
        bool ours = strncmp(names[i]->d_name, name, prefix) == 0 &&
                    strlen(names[i]->d_name) == prefix + sizeof "_20260101_000000.dump" - 1;
        if (ours && access(sum, F_OK) == 0 && keep-- <= 0) {
            unlink(path);
            unlink(sum);
        }
        free(names[i]);
    }
    free(names);
}

belay_status backup_execute(belay_ctx *c, const belay_host *h)
{
    server s;
    struct timespec start;
    char path[PATH_MAX_TEXT], partial[PATH_MAX_TEXT + 8];
    clock_gettime(CLOCK_MONOTONIC, &start);
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK) {
        name_file(&s, path);
        snprintf(partial, sizeof partial, "%s.partial", path);
        status = h->remember(c, "partial", partial, NULL);
    }
    if (status == BELAY_OK)
        status = h->remember(c, "file", path, NULL);
    if (status == BELAY_OK)
        status = make(&s, path, partial);
    if (status == BELAY_OK) {
        (void)h->measure(c, "duration", seconds_since(&start) * 1000);
        retire(&s);
    }
    server_close(&s);
    return status;
}

belay_status backup_verify(belay_ctx *c, const belay_host *h)
{
    char hex[DIGEST_TEXT], wanted[DIGEST_TEXT] = "", sum[PATH_MAX_TEXT + 8], summary[PATH_MAX_TEXT + 64];
    const char *path = h->recall(c, "file");
    snprintf(sum, sizeof sum, "%s.sha256", path ? path : "");
    FILE *f = fopen(sum, "re");
    bool read = f && fscanf(f, "%64s", wanted) == 1;
    if (f)
        fclose(f);
    if (read && digest_file(path, hex) && strcmp(hex, wanted) == 0)
        return BELAY_OK;
    snprintf(summary, sizeof summary, "the dump %s is not there, or is not what was written", path ? path : "");
    h->explain(c, summary, NULL, NULL);
    return BELAY_E_FAIL;
}

/* A proved dump stays: it is the second line if the rest of the rollback should fail. */
belay_status backup_rollback(belay_ctx *c, const belay_host *h)
{
    const char *partial = h->recall(c, "partial");
    if (!partial || (unlink(partial) < 0 && errno == ENOENT))
        return BELAY_NOTHING;
    if (access(partial, F_OK) == 0) {
        h->explain(c, "the unfinished dump cannot be removed", NULL, NULL);
        return BELAY_E_RETRY;
    }
    return BELAY_OK;
}
