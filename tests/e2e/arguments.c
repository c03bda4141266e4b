/*
 * Watches what every process of this machine has on its command line, for as long as a test runs: no secret may ever be
 * there, for everybody can read it. Containers' processes are among them.
 *
 *     arguments FOLDER    FOLDER holds the secrets, a file each; it may come later
 *
 * Ends on SIGTERM or SIGINT, or with its parent: 0 when it saw none, 1 when it saw one, which it names.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SECRETS    32
#define SECRET_MIN 12 /* bytes; shorter ones would be found by chance */
#define NAP_MS     20
#define READ_AGAIN 50 /* looks, after which the folder is read again */

typedef struct secret {
    char name[256], text[256];
    size_t length;
    bool seen;
} secret;

static secret secrets[SECRETS];
static size_t count;
static volatile sig_atomic_t ended;

static void end(int sig)
{
    (void)sig;
    ended = 1;
}

/* Reads at most size bytes of a file below a folder; 0 when it cannot be read. */
static size_t read_below(int folder, const char *name, char *buf, size_t size)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 0;
    if (fd < 0)
        return 0;
    while (n < size && (got = read(fd, buf + n, size - n)) > 0)
        n += (size_t)got;
    close(fd);
    return n;
}

static void add_secret(int folder, const char *name)
{
    secret s = {0};
    s.length = read_below(folder, name, s.text, sizeof s.text);
    while (s.length > 0 && s.text[s.length - 1] == '\n')
        s.length--;
    for (size_t i = 0; i < count; i++)
        if (secrets[i].length == s.length && memcmp(secrets[i].text, s.text, s.length) == 0)
            return;
    if (count == SECRETS || s.length < SECRET_MIN)
        return;
    snprintf(s.name, sizeof s.name, "%s", name);
    secrets[count++] = s;
}

static void read_secrets(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry = NULL;
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            add_secret(dirfd(folder), entry->d_name);
    if (folder)
        closedir(folder);
}

/* Tells the secret's name and the process's, never a value. */
static void look_at(int proc, const char *pid)
{
    static char line[256 * 1024];
    char path[300], name[64] = "";
    snprintf(path, sizeof path, "%s/cmdline", pid);
    size_t n = read_below(proc, path, line, sizeof line);
    for (size_t i = 0; i < count; i++) {
        if (secrets[i].seen || !memmem(line, n, secrets[i].text, secrets[i].length))
            continue;
        secrets[i].seen = true;
        snprintf(path, sizeof path, "%s/comm", pid);
        read_below(proc, path, name, sizeof name - 1);
        name[strcspn(name, "\n")] = '\0';
        printf("the secret %s is among the arguments of the process %s (%s)\n", secrets[i].name, pid, name);
        fflush(stdout);
    }
}

static void look_at_all(DIR *proc)
{
    const struct dirent *entry = NULL;
    rewinddir(proc);
    while ((entry = readdir(proc)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            look_at(dirfd(proc), entry->d_name);
}

int main(int argc, char **argv)
{
    DIR *proc = opendir("/proc");
    if (argc != 2 || !proc) {
        fprintf(stderr, "usage: arguments FOLDER, where /proc can be read\n");
        return 2;
    }
    const struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (nice(5) < 0)
        perror("nice");
    unsigned long looks = 0;
    for (; !ended; looks++) {
        if (looks % READ_AGAIN == 0)
            read_secrets(argv[1]);
        look_at_all(proc);
        nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000 * 1000}, NULL);
    }
    closedir(proc);
    bool seen = count == 0; /* nothing to look for proves nothing */
    for (size_t i = 0; i < count; i++)
        seen |= secrets[i].seen;
    printf("looked %lu times at the arguments of all processes, for %zu secrets\n", looks, count);
    return seen;
}
