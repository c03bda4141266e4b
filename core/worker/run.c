/* host->run: a program as a child of the plugin's process, in a process group of its own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/call.h"
#include "worker/capture.h"
#include "worker/execute.h"
#include "worker/inside.h"
#include "worker/kept_output.h"

/* From SIGTERM to SIGKILL. */
#define TERM_GRACE_MS 2000
/* A program may leave something behind that holds its output open; what it wrote itself is there by then. */
#define DRAIN_MS 250

typedef struct stream {
    int fd; /* -1 once at its end, or when it is not captured */
    capture kept;
    capture_lines lines;
} stream;

typedef enum reason { RAN, TIMED_OUT, CANCELLED } reason;

typedef struct program {
    belay_ctx *c;
    belay_run *io;
    pid_t pid;
    int exit_fd; /* pidfd */
    int in;      /* our end of its standard input, or -1 */
    const char *in_at;
    size_t in_left;
    stream out, err;
    kept_output artifact;
    reason reason;
    bool exited, watch_cancel;
    int64_t limit_ms; /* when the next measure is taken: TERM, then KILL, then giving up the drain */
    int measures;     /* how many were taken */
} program;

/* ---- the start --------------------------------------------------------------------------------------------------- */

/* The program's own descriptors, and what of them we keep. */
typedef struct plumbing {
    int in[2], out[2], err[2], failed[2];
} plumbing;

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
    pair[0] = pair[1] = -1;
}

static void plumbing_done(plumbing *p)
{
    close_pair(p->in);
    close_pair(p->out);
    close_pair(p->err);
    close_pair(p->failed);
}

static int lay_pipes(plumbing *p, const belay_run *io)
{
    bool ok = pipe2(p->err, O_CLOEXEC) == 0 && pipe2(p->failed, O_CLOEXEC) == 0;
    if (ok && io->out_fd == 0)
        ok = pipe2(p->out, O_CLOEXEC) == 0;
    if (ok && io->in_fd == 0 && io->stdin_text)
        ok = pipe2(p->in, O_CLOEXEC) == 0;
    else if (ok && io->in_fd == 0)
        ok = (p->in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;
    return ok ? 0 : -1;
}

/* Where scripts and shells put no descriptor of their own: below are 9, 10 to 20, 200 and 255, which they like. */
#define LEASE_FD_MIN 640

/* The lease goes to each program, and from there to all that it starts and leaves behind. Without room so high up, it
 * stays where it is. Another user's program, which a plugin that gave up root runs, could unlock it: it gets none. */
static void hand_on_lease(void)
{
    struct stat st;
    const bool is_lease = fstat(INSIDE_LEASE, &st) == 0 && S_ISREG(st.st_mode) && /* else there is no run to guard */
                          st.st_uid == geteuid();
    if (is_lease && fcntl(INSIDE_LEASE, F_DUPFD, LEASE_FD_MIN) < 0)
        (void)fcntl(INSIDE_LEASE, F_SETFD, 0);
}

/* In the child: only what is safe after fork in a process that may have threads. */
static _Noreturn void become_program(const belay_run *io, const plumbing *p, char *const *argv, char **env)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    bool ok = dup2(io->in_fd > 0 ? io->in_fd : p->in[0], STDIN_FILENO) >= 0 &&
              dup2(io->out_fd > 0 ? io->out_fd : p->out[1], STDOUT_FILENO) >= 0 && dup2(p->err[1], STDERR_FILENO) >= 0;
    (void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    hand_on_lease();
    if (ok && (!io->cwd || chdir(io->cwd) == 0))
        execute_program(argv, env);
    int reason = errno;
    ssize_t n = write(p->failed[1], &reason, sizeof reason);
    (void)n;
    _exit(127);
}

static bool same_name(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return strncmp(a, b, n) == 0 && b[n] == '=';
}

/* Ours, with what io adds or replaces. The strings are borrowed. */
static char **make_environment(const belay_run *io)
{
    size_t ours = 0, theirs = 0, n = 0;
    while (environ[ours])
        ours++;
    while (io->env && io->env[theirs])
        theirs++;
    char **env = mem_array(ours + theirs + 1, sizeof *env);
    for (size_t i = 0; i < ours; i++) {
        bool replaced = false;
        for (size_t k = 0; k < theirs; k++)
            replaced = replaced || same_name(environ[i], io->env[k]);
        if (!replaced)
            env[n++] = environ[i];
    }
    if (theirs)
        memcpy(env + n, io->env, theirs * sizeof *env); /* execve takes them as char *, and changes nothing */
    return env;
}

static int fork_program(program *p, plumbing *pipes)
{
    guard_mem char **env = make_environment(p->io);
    char *const *argv;
    memcpy(&argv, &p->io->argv, sizeof argv);
    p->pid = fork();
    if (p->pid == 0)
        become_program(p->io, pipes, argv, env);
    if (p->pid < 0)
        return -1;
    setpgid(p->pid, p->pid); /* the child does so too; whoever is first */
    close(pipes->failed[1]);
    pipes->failed[1] = -1;
    int reason = 0;
    ssize_t n;
    do
        n = read(pipes->failed[0], &reason, sizeof reason);
    while (n < 0 && errno == EINTR);
    if (n != sizeof reason)
        return 0;
    waitpid(p->pid, NULL, 0);
    errno = reason;
    return -1;
}

static int keep_end(int pair[2], int ours)
{
    int fd = pair[ours];
    pair[ours] = -1;
    if (fd >= 0)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

/* The program of "#!/bin/sh" in the first line of a script, without its arguments, into buffer; false: it has no such
 * line. */
static bool interpreter_of(const program *p, char *buffer, size_t room)
{
    const char *cwd = p->io->cwd, *name = p->io->argv[0];
    guard_mem char *path = mem_printf("%s%s%s", *name != '/' && cwd ? cwd : "", *name != '/' && cwd ? "/" : "", name);
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, buffer, room - 1) : -1;
    if (n < 3 || memcmp(buffer, "#!", 2) != 0)
        return false;
    buffer[n] = '\0';
    buffer[strcspn(buffer, "\n")] = '\0';
    memmove(buffer, buffer + 2, strlen(buffer + 2) + 1);
    memmove(buffer, buffer + strspn(buffer, " \t"), strlen(buffer + strspn(buffer, " \t")) + 1);
    buffer[strcspn(buffer, " \t")] = '\0';
    return true;
}

/* The script is there; what is missing is the program that its first line names. */
static bool explain_interpreter(const program *p)
{
    char interpreter[256];
    const char *name = p->io->argv[0];
    if (!interpreter_of(p, interpreter, sizeof interpreter))
        return false;
    const size_t n = strlen(interpreter);
    const bool crlf = n && interpreter[n - 1] == '\r';
    if (crlf)
        interpreter[n - 1] = '\0';
    if (!crlf && access(interpreter, F_OK) == 0)
        return false;
    if (crlf)
        call_explain(p->c, "convert its line ends, for example with: sed -i 's/\\r$//' FILE",
                     "cannot run '%s': it has Windows line ends (CRLF), so that its first line names the interpreter "
                     "\"%s\\r\"",
                     name, interpreter);
    else
        call_explain(p->c, "install it, or correct the first line of the script",
                     "cannot run '%s': the interpreter \"%s\" that its first line names is not there", name,
                     interpreter);
    return true;
}

static void explain_failure(const program *p, int reason)
{
    const char *name = p->io->argv[0], *cwd = p->io->cwd;
    bool searched = !strchr(name, '/') && (reason == ENOENT || reason == EACCES);
    if (reason == ENOENT && explain_interpreter(p))
        return;
    if (cwd && access(cwd, X_OK) < 0)
        call_explain(p->c, NULL, "cannot run '%s' in the folder '%s': %s", name, cwd, strerror(errno));
    else if (searched)
        call_explain(p->c, "install it, or give its full path", "cannot run '%s': no folder of PATH has it", name);
    else
        call_explain(p->c, NULL, "cannot run '%s': %s", name, strerror(reason));
}

static belay_status start(program *p)
{
    plumbing pipes = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    int r = lay_pipes(&pipes, p->io);
    if (r == 0)
        r = fork_program(p, &pipes);
    if (r == 0 && (p->exit_fd = pidfd_open(p->pid, 0)) < 0) { /* nothing would tell of its end */
        const int why = errno;
        kill(-p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
        errno = why;
        r = -1;
    }
    if (r < 0) {
        explain_failure(p, errno);
        plumbing_done(&pipes);
        return BELAY_E_FAIL;
    }
    p->out.fd = keep_end(pipes.out, 0);
    p->err.fd = keep_end(pipes.err, 0);
    p->in = keep_end(pipes.in, 1);
    plumbing_done(&pipes);
    return BELAY_OK;
}

/* ---- its streams ------------------------------------------------------------------------------------------------- */

static void take_line(void *user, const char *line, size_t n)
{
    program *p = user;
    if (p->io->on_line)
        p->io->on_line(p->io->user, line);
    kept_output_add(&p->artifact, line, n);
    kept_output_add(&p->artifact, "\n", 1);
}

static void read_stream(program *p, stream *s)
{
    char buffer[64 * 1024];
    ssize_t n = read(s->fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close(s->fd);
        s->fd = -1;
        return;
    }
    capture_add(&s->kept, buffer, (size_t)n);
    if (p->io->on_line || p->io->keep_as)
        capture_lines_add(&s->lines, buffer, (size_t)n);
    kept_output_flush(&p->artifact);
}

static void feed(program *p)
{
    ssize_t n = p->in_left ? write(p->in, p->in_at, p->in_left) : 0;
    if (n > 0) {
        p->in_at += n;
        p->in_left -= (size_t)n;
    }
    bool wait = p->in_left && (n >= 0 || errno == EAGAIN || errno == EINTR);
    if (!wait) {
        close(p->in);
        p->in = -1;
    }
}

/* ---- to its end -------------------------------------------------------------------------------------------------- */

static void note_exit(program *p)
{
    int status;
    if (p->exited || waitpid(p->pid, &status, WNOHANG) != p->pid)
        return;
    p->exited = true;
    p->io->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    p->io->term_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    p->limit_ms = clock_steady_ms() + DRAIN_MS;
}

/* Asks the group to end, then ends it. */
static void stop(program *p, reason reason)
{
    if (p->reason == RAN)
        p->reason = reason;
    kill(-p->pid, p->measures++ == 0 ? SIGTERM : SIGKILL);
    p->limit_ms = clock_steady_ms() + TERM_GRACE_MS;
}

static int wait_ms(const program *p)
{
    int64_t left = p->limit_ms - clock_steady_ms();
    return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

static void watch_once(program *p)
{
    struct pollfd fds[] = {
        {.fd = p->out.fd, .events = POLLIN},
        {.fd = p->err.fd, .events = POLLIN},
        {.fd = p->in, .events = POLLOUT},
        {.fd = p->exited ? -1 : p->exit_fd, .events = POLLIN},
        {.fd = p->watch_cancel ? INSIDE_CONTROL : -1, .events = POLLIN},
    };
    int ready = poll(fds, sizeof fds / sizeof *fds, wait_ms(p));
    if (ready < 0)
        return;
    if (fds[0].revents)
        read_stream(p, &p->out);
    if (fds[1].revents)
        read_stream(p, &p->err);
    if (fds[2].revents)
        feed(p);
    if (fds[3].revents)
        note_exit(p);
    if (fds[4].revents) {
        p->watch_cancel = false;
        stop(p, CANCELLED);
    }
    if (!p->exited && wait_ms(p) == 0)
        stop(p, TIMED_OUT);
}

static void watch(program *p)
{
    bool drained = false;
    while (!p->exited || !drained) {
        watch_once(p);
        drained = (p->out.fd < 0 && p->err.fd < 0) || (p->exited && wait_ms(p) == 0);
    }
    if (p->reason != RAN)
        kill(-p->pid, SIGKILL); /* of a program that was stopped, nothing stays */
}

static const char *hand_over(stream *s, uint64_t *ret_length)
{
    *ret_length = s->kept.length;
    capture_lines_end(&s->lines);
    if (s->fd >= 0)
        close(s->fd);
    return capture_take(&s->kept); /* lives as long as the process: the plugin may hold it until it returns */
}

static void finish(program *p)
{
    p->io->out = hand_over(&p->out, &p->io->out_len);
    p->io->err = hand_over(&p->err, &p->io->err_len);
    kept_output_end(&p->artifact);
    if (p->in >= 0)
        close(p->in);
    close(p->exit_fd);
}

static belay_status judge(const program *p, int64_t allowed_ms)
{
    if (p->reason == CANCELLED) {
        call_explain(p->c, NULL, "'%s' was stopped, because the step was cancelled", p->io->argv[0]);
        return BELAY_E_CANCELLED;
    }
    if (p->reason == TIMED_OUT) {
        call_explain(p->c, "give the step a longer timeout, if this is how long it takes",
                     "'%s' did not end within %.1f s and was stopped", p->io->argv[0], (double)allowed_ms / 1000.0);
        return BELAY_E_RETRY;
    }
    return BELAY_OK;
}

/* Of plugin interface 1.0, whose last member is err_len. A plugin that was built then keeps working when the struct has
 * grown: what is new in it is not touched. */
#define RUN_SIZE_1_0 (offsetof(belay_run, err_len) + sizeof((belay_run *)0)->err_len)

static belay_status check(belay_ctx *c, const belay_run *io)
{
    if (io->struct_size < RUN_SIZE_1_0 || io->flags) {
        call_explain(c, "this is a defect of the plugin: report it to its author",
                     "run() was called with struct_size %u and flags %u; it takes sizeof(belay_run), %zu, and 0",
                     io->struct_size, io->flags, RUN_SIZE_1_0);
        return BELAY_E_UNSUPPORTED;
    }
    if (!io->argv || !io->argv[0]) {
        call_explain(c, NULL, "run() was called without a program");
        return BELAY_E_CONFIG;
    }
    for (const char *const *arg = io->argv; *arg; arg++) {
        if (!redactor_finds(c->secrets, *arg, strlen(*arg)))
            continue;
        call_explain(c, "every user of the machine can read arguments: hand it over by environment, file or stdin",
                     "an argument of '%s' holds a secret", io->argv[0]);
        return BELAY_E_HOST;
    }
    return BELAY_OK;
}

belay_status call_run(belay_ctx *c, belay_run *io)
{
    io->exit_code = -1;
    io->term_signal = 0;
    io->out = io->err = "";
    io->out_len = io->err_len = 0;
    belay_status status = check(c, io);
    if (status != BELAY_OK)
        return status;
    if (call_is_cancelled(c))
        return BELAY_E_CANCELLED;
    if (++c->runs == c->fail_run) {
        call_explain(c, NULL, "'%s' could not be started: the check made it fail", io->argv[0]);
        return BELAY_E_FAIL;
    }
    int64_t allowed = call_time_left_ms(c);
    if (io->timeout_ms && io->timeout_ms < allowed)
        allowed = io->timeout_ms;
    program p = {
        .c = c, .io = io, .exit_fd = -1, .in = -1, .watch_cancel = true, .artifact = {.c = c, .name = io->keep_as}};
    p.out.lines = p.err.lines = (capture_lines){.line = take_line, .user = &p};
    p.in_at = io->stdin_text;
    p.in_left = io->stdin_text ? strlen(io->stdin_text) : 0;
    p.limit_ms = clock_steady_ms() + allowed;
    status = start(&p);
    if (status != BELAY_OK)
        return status;
    watch(&p);
    finish(&p);
    return judge(&p, allowed);
}
