#include "pipeline/command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define MAX_COMPLAINT ((size_t)4096)
/** How often a program whose output has ended is asked whether it has, too. */
#define EXIT_POLL_MS 5
/** What a child exits with when posix_spawn() could not tell in time that there is no such program. */
#define NOT_STARTED 127

typedef struct program {
    const char *path; /**< looked up in PATH when it has no '/' */
    const char *const *argv;
    const char *folder;
    int64_t timeout_ms;
    size_t max;
} program;

typedef struct child {
    pid_t pid;
    int in;       /**< what it reads; -1: nothing */
    int out, err; /**< reading ends; -1: closed */
    text output, complaint;
    int64_t deadline; /**< of clock_steady_ms() */
    int status;
} child;

static void child_done(child *c)
{
    if (c->in >= 0)
        (void)close(c->in);
    if (c->out >= 0)
        (void)close(c->out);
    if (c->err >= 0)
        (void)close(c->err);
    if (c->output.items)
        mem_wipe_free(take(c->output.items), c->output.room);
    text_done(&c->complaint);
}
#define guard_child __attribute__((cleanup(child_done))) child

/** Everything as in a fresh shell: default signals, nothing blocked, a process group of its own. */
static int spawn(child *c, const program *p, const int out[2], const int err[2])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    if (c->in >= 0)
        posix_spawn_file_actions_adddup2(&files, c->in, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err[1], STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&files, p->folder);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    union {
        const char *const *borrowed;
        char *const *args; /* execve() takes them as if it changed them */
    } vector = {p->argv};
    int r = posix_spawnp(&c->pid, p->path, &files, &how, vector.args, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return r;
}

static int start(child *c, const program *p, error **err)
{
    int out[2], complaint[2];
    if (pipe2(out, O_CLOEXEC) < 0)
        return error_set(err, ERROR_IO, "make a pipe: %s", strerror(errno));
    guard_fd out_end = out[1];
    c->out = out[0];
    if (pipe2(complaint, O_CLOEXEC) < 0)
        return error_set(err, ERROR_IO, "make a pipe: %s", strerror(errno));
    guard_fd complaint_end = complaint[1];
    c->err = complaint[0];
    (void)fcntl(c->out, F_SETFL, O_NONBLOCK);
    (void)fcntl(c->err, F_SETFL, O_NONBLOCK);
    int r = spawn(c, p, out, complaint);
    return r ? error_set(err, ERROR_CONFIG, "'%s' cannot be started: %s", p->argv[0], strerror(r)) : 0;
}

/** Takes what is there, in turns, so that no flood outlasts the deadline; closes at the end of the stream. */
static void drain(int *fd, text *into)
{
    char bytes[4096];
    ssize_t n = 1;
    for (int turn = 0; n > 0 && turn < 64; turn++) {
        n = read(*fd, bytes, sizeof bytes);
        if (n > 0)
            text_add(into, bytes, (size_t)n);
    }
    explicit_bzero(bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        (void)close(*fd);
        *fd = -1;
    }
}

/** Follows both streams until the program has ended (something it left behind may hold them open). False: out
 *  of time, or too much. */
static bool follow(child *c)
{
    for (;;) {
        pid_t ended = waitpid(c->pid, &c->status, WNOHANG);
        if (c->out >= 0)
            drain(&c->out, &c->output);
        if (c->err >= 0)
            drain(&c->err, &c->complaint);
        if (ended != 0)
            return ended == c->pid;
        int64_t left = c->deadline - clock_steady_ms();
        if (left <= 0 || c->output.truncated)
            return false;
        struct pollfd on[] = {{.fd = c->out, .events = POLLIN}, {.fd = c->err, .events = POLLIN}};
        bool closed = c->out < 0 && c->err < 0;
        (void)poll(on, 2, (int)(closed && left > EXIT_POLL_MS ? EXIT_POLL_MS : left < 50 ? left : 50));
    }
}

static void kill_group(child *c)
{
    (void)kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
        ;
}

/** The first line of what it complained about, fit to be shown. */
static char *first_complaint(const child *c)
{
    const char *s = text_get(&c->complaint);
    s += strspn(s, " \t\r\n");
    size_t n = strcspn(s, "\r\n");
    char *line = mem_dup_n(s, n < 200 ? n : 200);
    for (char *p = line; *p; p++)
        if (iscntrl((unsigned char)*p))
            *p = ' ';
    return line;
}

static int judge(const child *c, const char *program, error **err)
{
    guard_mem char *said = first_complaint(c);
    const char *colon = *said ? ": " : "";
    if (c->output.truncated)
        return error_set(err, ERROR_CONFIG, "'%s' wrote more than %zu bytes", program, c->output.max);
    if (WIFSIGNALED(c->status))
        return error_set(err, ERROR_CONFIG, "'%s' was ended by signal %d%s%s", program, WTERMSIG(c->status), colon,
                         said);
    if (WEXITSTATUS(c->status) == NOT_STARTED && !*said)
        return error_set(err, ERROR_CONFIG, "'%s' cannot be started", program);
    if (WEXITSTATUS(c->status) != 0)
        return error_set(err, ERROR_CONFIG, "'%s' exited with %d%s%s", program, WEXITSTATUS(c->status), colon, said);
    return 0;
}

/** Runs it in a child that has its input. */
static int run(child *c, const program *p, char **ret, size_t *ret_size, error **err)
{
    const char *name = p->argv[0];
    c->output.max = p->max;
    c->complaint.max = MAX_COMPLAINT;
    c->deadline = clock_steady_ms() + p->timeout_ms;
    int r = start(c, p, err);
    if (r)
        return r;
    if (!follow(c)) {
        kill_group(c);
        if (c->output.truncated)
            return judge(c, name, err);
        guard_mem char *said = first_complaint(c);
        return error_set(err, ERROR_CONFIG, "'%s' did not end within %.1f s%s%s", name, (double)p->timeout_ms / 1000,
                         *said ? ": " : "", said);
    }
    r = judge(c, name, err);
    if (r)
        return r;
    *ret_size = c->output.count;
    *ret = text_take(&c->output);
    return 0;
}

int command_output(const char *const *argv, const char *folder, int64_t timeout_ms, size_t max, char **ret,
                   size_t *ret_size, error **err)
{
    const program p = {.path = argv[0], .argv = argv, .folder = folder, .timeout_ms = timeout_ms, .max = max};
    guard_child c = {.in = -1, .out = -1, .err = -1};
    return run(&c, &p, ret, ret_size, err);
}

/** A pipe that holds the input whole, so that nobody has to feed it. */
static int fill(int *ret, const char *input, size_t n, error **err)
{
    int ends[2];
    if (n > COMMAND_INPUT_MAX)
        return error_set(err, ERROR_CONFIG, "more than %d bytes are to be handed over", COMMAND_INPUT_MAX);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, ERROR_IO, "make a pipe: %s", strerror(errno));
    *ret = ends[0];
    guard_fd end = ends[1];
    return write(end, input, n) == (ssize_t)n ? 0 : error_set(err, ERROR_IO, "fill a pipe: %s", strerror(errno));
}

int command_answer(const char *path, const char *input, size_t n, int64_t timeout_ms, size_t max, char **ret,
                   size_t *ret_size, error **err)
{
    const char *slash = strrchr(path, '/');
    const char *const argv[] = {slash ? slash + 1 : path, NULL};
    const program p = {.path = path, .argv = argv, .folder = "/", .timeout_ms = timeout_ms, .max = max};
    guard_child c = {.in = -1, .out = -1, .err = -1};
    int r = fill(&c.in, input, n, err);
    return r < 0 ? r : run(&c, &p, ret, ret_size, err);
}
