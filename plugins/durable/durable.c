#include "durable/durable.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SUM         ".sha256"
#define ROLLED_BACK ".rolled-back"
#define STAMP       (sizeof "_YYYYmmdd_HHMMSS" - 1)

/* A database may be called "a/b". */
static const char *plain(const char *prefix, char buf[NAME_MAX + 1])
{
    snprintf(buf, NAME_MAX + 1, "%s", prefix);
    for (char *p = buf; *p; p++)
        if (*p == '/')
            *p = '_';
    return buf;
}

void durable_name(belay_ctx *c, const belay_host *h, const char *folder, const char *prefix, const char *suffix,
                  char path[DURABLE_PATH])
{
    const char *started = h->fact(c, "run.started_at"), *step = h->fact(c, "step.id");
    time_t at = started ? (time_t)strtoll(started, NULL, 10) : time(NULL);
    struct tm tm;
    char stamp[32], name[NAME_MAX + 1];
    gmtime_r(&at, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d_%H%M%S", &tm);
    snprintf(path, DURABLE_PATH, "%s/%s_%s_%s.%s", folder, plain(prefix, name), stamp, step ? step : "", suffix);
}

static bool sync_folder(const char *path)
{
    char folder[DURABLE_PATH];
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

static bool write_sum(const char *path, const char *hex)
{
    char sum[DURABLE_PATH + 8];
    snprintf(sum, sizeof sum, "%s.sha256", path);
    FILE *f = fopen(sum, "we");
    if (!f)
        return false;
    const char *name = strrchr(path, '/') + 1;
    bool good = fprintf(f, "%s  %s\n", hex, name) > 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    return (fclose(f) == 0) && good;
}

bool durable_publish(int fd, const char *partial, const char *path, char hex[DIGEST_TEXT])
{
    return fsync(fd) == 0 && digest_fd(fd, hex) && write_sum(path, hex) && rename(partial, path) == 0 &&
           sync_folder(path);
}

bool durable_holds(const char *path)
{
    char hex[DIGEST_TEXT], wanted[DIGEST_TEXT] = "", sum[DURABLE_PATH + 8];
    snprintf(sum, sizeof sum, "%s.sha256", path);
    FILE *f = fopen(sum, "re");
    bool read = f && fscanf(f, "%64s", wanted) == 1;
    if (f)
        fclose(f);
    return read && digest_file(path, hex) && strcmp(hex, wanted) == 0;
}

/* The "_YYYYmmdd_HHMMSS" in the name of such a file; after it comes "_STEP", or nothing. NULL: it is another's. */
static const char *stamp_of(const char *name, const char *prefix, const char *suffix)
{
    static const char shape[] = "_00000000_000000";
    size_t before = strlen(prefix), after = strlen(suffix), all = strlen(name);
    if (all < before + STAMP + 1 + after || strncmp(name, prefix, before) != 0)
        return NULL;
    const char *stamp = name + before, *dot = name + all - after - 1;
    if (*dot != '.' || strcmp(dot + 1, suffix) != 0)
        return NULL;
    for (size_t i = 0; i < STAMP; i++)
        if (shape[i] == '_' ? stamp[i] != '_' : !isdigit((unsigned char)stamp[i]))
            return NULL;
    return stamp + STAMP == dot || stamp[STAMP] == '_' ? stamp : NULL;
}

static bool has_beside(const char *folder, const char *name, const char *ending)
{
    char path[DURABLE_PATH + 300];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    return access(path, F_OK) == 0;
}

static void remove_backup(const char *folder, const char *name)
{
    static const char *const endings[] = {"", SUM, ROLLED_BACK};
    char path[DURABLE_PATH + 300];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(path, sizeof path, "%s/%s%s", folder, name, endings[i]);
        unlink(path);
    }
}

void durable_mark_rolled_back(const char *path)
{
    char mark[DURABLE_PATH + 16];
    snprintf(mark, sizeof mark, "%s" ROLLED_BACK, path);
    const int fd = access(path, F_OK) == 0 ? open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd >= 0)
        close(fd);
}

/* How many more runs are kept, and the stamp of the last one that was counted. */
typedef struct quota {
    int64_t left;
    char last[STAMP + 1];
} quota;

static bool is_kept(quota *q, const char *stamp)
{
    q->left -= strncmp(stamp, q->last, STAMP) != 0;
    snprintf(q->last, sizeof q->last, "%s", stamp);
    return q->left >= 0;
}

void durable_retire(const char *folder, const char *prefix, const char *suffix, int64_t keep)
{
    char name[NAME_MAX + 1];
    quota good = {.left = keep}, rolled_back = {.left = keep};
    struct dirent **names = NULL;
    int n = keep > 0 ? scandir(folder, &names, NULL, alphasort) : 0; /* the stamp sorts by time */
    for (int i = n - 1; i >= 0; i--) {
        const char *stamp = stamp_of(names[i]->d_name, plain(prefix, name), suffix);
        if (stamp && has_beside(folder, names[i]->d_name, SUM) &&
            !is_kept(has_beside(folder, names[i]->d_name, ROLLED_BACK) ? &rolled_back : &good, stamp))
            remove_backup(folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}
