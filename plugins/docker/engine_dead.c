/*
 * An engine that does not answer is waited for by the first step of a rollback that finds it so, in each of its tries;
 * the other steps of the run only ask once. Each runs in a process of its own, so a file tells them: one for each user,
 * beside the work folders, which a later run overwrites.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define KNOWN_S  600
#define NOTE_MAX 512

static const char *fact(const call *c, const char *name)
{
    const char *value = c->host->fact(c->ctx, name);
    return value ? value : "";
}

static char *file_of(const call *c)
{
    const char *work = fact(c, "work.dir"), *slash = strrchr(work, '/');
    return text_printf("%.*s/belay-engine-%u", slash ? (int)(slash - work) : 4, slash ? work : "/tmp",
                       (unsigned)geteuid());
}

static long long now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

/* "RUN STEP ADDRESS": who found which engine dead. The caller frees. */
static char *finding(const engine *e, const char *step)
{
    const call *c = engine_call(e);
    return text_printf("%s %s %s", fact(c, "run.id"), step, engine_address(e)->host);
}

bool engine_known_dead(const engine *e)
{
    const call *c = engine_call(e);
    guard_mem char *file = file_of(c);
    char note[NOTE_MAX] = "", run[NOTE_MAX], step[NOTE_MAX];
    long long at = 0;
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && S_ISREG(st.st_mode)
                    ? read(fd, note, sizeof note - 1)
                    : 0;
    if (fd >= 0)
        close(fd);
    if (n <= 0 || sscanf(note, "%18lld %511s %511s", &at, run, step) != 3 || now_s() < at || now_s() - at > KNOWN_S)
        return false;
    guard_mem char *same = finding(e, step);
    const char *said = strchr(note, ' ') + 1;
    return strcmp(said, same) == 0 && strcmp(step, fact(c, "step.id")) != 0;
}

void engine_note_dead(const engine *e, bool dead)
{
    const call *c = engine_call(e);
    guard_mem char *file = file_of(c);
    struct stat st;
    if (lstat(file, &st) == 0 && st.st_uid == geteuid())
        unlink(file);
    if (!dead)
        return;
    guard_mem char *what = finding(e, fact(c, "step.id"));
    guard_mem char *note = text_printf("%lld %s", now_s(), what);
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return; /* then the next step waits as well */
    if (strlen(note) >= NOTE_MAX || write(fd, note, strlen(note)) < 0)
        unlink(file);
    close(fd);
}
