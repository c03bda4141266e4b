#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "worker/inside.h"
#include "worker/wire.h"

/* A program that just ended may leave helpers that are about to end too. */
#define SETTLE_MS  250
#define OPEN_FILES 1024

typedef struct supervisor {
    pid_t self, plugin;
    int children; /* signalfd of SIGCHLD */
    int cancel;   /* write end; closing it cancels the call; -1 once closed */
    int status;   /* of the plugin process, as waitpid gives it */
    bool ended, killed;
    inside_manner manner;
    char folder[256];
    int folder_lock;
    sigset_t old_mask;
} supervisor;

static void limit_resources(void)
{
    struct rlimit files;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* a core file would hold secrets */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < OPEN_FILES ? files.rlim_max : OPEN_FILES;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    umask(077);
}

/* The private work folder is the current directory and TMPDIR, so that what programs leave in either is removed. */
static int enter_work_folder(supervisor *s)
{
    const char *base = getenv("TMPDIR");
    snprintf(s->folder, sizeof s->folder, "%s/" INSIDE_FOLDER "XXXXXX", base && base[0] == '/' ? base : "/tmp");
    if (!mkdtemp(s->folder))
        return -1;
    /* For as long as this process lives; a folder without a lock is a killed one's (leftovers.c). */
    s->folder_lock = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder_lock < 0 || flock(s->folder_lock, LOCK_EX | LOCK_NB) < 0)
        return -1;
    return chdir(s->folder) < 0 || setenv("TMPDIR", s->folder, 1) < 0 ? -1 : 0;
}

/* A folder that cannot be removed is litter, no failure of the step: nobody is told. */
static void leave_work_folder(const supervisor *s)
{
    guard(error) err = NULL;
    if (chdir("/") < 0 || file_remove_tree(s->folder, &err) < 0)
        return;
}

/* Where the machine's memory ends, the kernel takes a step that can be rolled back before the core that does it. */
static void offer_first(void)
{
    static const char score[] = "500"; /* of 1000: proc(5), oom_score_adj */
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, score, sizeof score - 1);
    (void)n; /* a kernel without it chooses by size */
    if (fd >= 0)
        close(fd);
}

/* The plugin's process: dies with the supervisor, and holds nothing of it but the conversation. */
static _Noreturn void become_plugin(supervisor *s, int cancel)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (s->manner == INSIDE_ALONE)
        prctl(PR_SET_DUMPABLE, 0); /* no other process of this user may read its memory */
    if (getppid() != s->self)
        _exit(EXIT_FAILURE); /* the supervisor died before PDEATHSIG was set */
    offer_first();
    close(s->cancel);
    close(s->children);
    close(s->folder_lock);
    dup3(cancel, INSIDE_CONTROL, O_CLOEXEC);
    close(cancel);
    fcntl(INSIDE_TALK, F_SETFD, FD_CLOEXEC);
    fcntl(INSIDE_PLUGIN, F_SETFD, FD_CLOEXEC);
    sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
    inside_call(s->manner == INSIDE_IS_DEBUGGED);
}

static int start_plugin(supervisor *s)
{
    int cancel[2];
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigemptyset(&s->old_mask); /* what whoever started Belay has blocked is no business of a plugin's */
    sigprocmask(SIG_SETMASK, &chld, NULL);
    s->children = signalfd(-1, &chld, SFD_CLOEXEC);
    if (s->children < 0 || pipe2(cancel, O_CLOEXEC) < 0)
        return -1;
    s->cancel = cancel[1];
    s->plugin = fork();
    if (s->plugin == 0)
        become_plugin(s, cancel[0]);
    close(cancel[0]);
    close(INSIDE_TALK); /* now its end tells the core that the plugin's process is gone */
    close(INSIDE_PLUGIN);
    return s->plugin < 0 ? -1 : 0;
}

static void cancel_call(supervisor *s)
{
    if (s->cancel >= 0)
        close(s->cancel);
    s->cancel = -1;
}

static void kill_call(supervisor *s)
{
    if (s->ended || s->killed)
        return;
    s->killed = true;
    if (kill(-s->plugin, SIGKILL) < 0)
        kill(s->plugin, SIGKILL); /* before its setpgid */
}

/* False once the core is gone. */
static bool obey(supervisor *s)
{
    char order;
    ssize_t n = recv(INSIDE_CONTROL, &order, 1, 0);
    if (n < 0 && errno == EINTR)
        return true;
    if (n == 1 && order == INSIDE_CANCEL)
        cancel_call(s);
    else
        kill_call(s);
    return n == 1;
}

static void note_children(supervisor *s)
{
    struct signalfd_siginfo info;
    int status;
    ssize_t n = read(s->children, &info, sizeof info);
    (void)n;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == s->plugin) {
            s->status = status;
            s->ended = true;
        }
    }
}

static void watch(supervisor *s)
{
    struct pollfd fds[] = {{.fd = s->children, .events = POLLIN}, {.fd = INSIDE_CONTROL, .events = POLLIN}};
    while (!s->ended) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            kill_call(s);
        if (fds[1].revents && !obey(s))
            fds[1].fd = -1;
        if (fds[0].revents)
            note_children(s);
    }
}

/* Now that all others are gone, this is their end, which the core waits for. */
static void leave_streams(void)
{
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    close(INSIDE_LEASE);
}

static void report(const supervisor *s, const inside_sweep *sweep)
{
    guard(error) err = NULL;
    bool signalled = WIFSIGNALED(s->status);
    guard(json_t) message = json_pack(
        "{s:s, s:i, s:i, s:b, s:o, s:i, s:i}", "type", "ended", "exit", signalled ? -1 : WEXITSTATUS(s->status),
        "signal", signalled ? WTERMSIG(s->status) : 0, "killed", s->killed, "stray",
        wire_string(sweep->first, strlen(sweep->first)), "strays", sweep->found, "left", sweep->left);
    if (wire_send(INSIDE_CONTROL, message, &err) < 0)
        return; /* the core is gone: nobody to tell */
}

static int fail(const char *what, const char *hint)
{
    guard(error) err = NULL;
    guard_mem char *text = mem_printf("belay-worker cannot %s: %s", what, strerror(errno));
    guard(json_t) message =
        json_pack("{s:s, s:o, s:s*}", "type", "problem", "text", wire_string(text, strlen(text)), "hint", hint);
    return wire_send(INSIDE_CONTROL, message, &err) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int inside_supervise(inside_manner manner)
{
    supervisor s = {.self = getpid(), .cancel = -1, .manner = manner};
    prctl(PR_SET_NAME, "belay-worker");
    signal(SIGPIPE, SIG_IGN); /* also the plugin's: a peer that went away is an error, not a death */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that must not grow any further */
    if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0 || close_range(INSIDE_COUNT, ~0U, 0) < 0 ||
        fcntl(INSIDE_CONTROL, F_SETFD, FD_CLOEXEC) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail("set up its process", "Linux 5.9 or newer is needed");
    limit_resources();
    if (enter_work_folder(&s) < 0)
        return fail("make its work folder", "see that TMPDIR, or else /tmp, is a folder that can be written");
    if (start_plugin(&s) < 0) {
        int r = fail("start the plugin's process", NULL);
        leave_work_folder(&s);
        return r;
    }
    watch(&s);
    inside_sweep sweep = inside_sweep_children(s.killed ? 0 : SETTLE_MS);
    leave_streams();
    report(&s, &sweep);
    leave_work_folder(&s);
    return EXIT_SUCCESS;
}
