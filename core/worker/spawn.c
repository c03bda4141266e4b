/* Starting belay-worker: which program, which environment, which descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/program.h"
#include "base/sha256.h"
#include "worker/host.h"
#include "worker/inside.h"

/* Above every descriptor that belay-worker is given, so that none of them replaces it in the child. */
#define PROGRAM_FD_MIN 64

/* The program, opened once: a package that is replaced while a run lives must not change the run. */
static int program_fd = -1;

/* What of Belay's own environment a plugin and its programs get. Everything else may hold secrets that are not theirs.
 */
static const struct {
    const char *name;
    bool of_user; /* not every service has it */
} passed[] = {
    {"PATH", false}, /* to find programs */
    {"HOME", true},
    {"USER", true},
    {"LOGNAME", true}, /* git, ssh, docker and libpq read their files and names by them */
    {"LANG", true},
    {"LC_ALL", true},
    {"LC_CTYPE", true},
    {"TZ", true},               /* how text and times are read and written */
    {"TMPDIR", false},          /* where the work folder is made, which then takes its place */
    {"XDG_RUNTIME_DIR", false}, /* the socket of a rootless engine */
    {"DOCKER_HOST", false},
    {"DOCKER_CONFIG", false},
    {"DOCKER_CERT_PATH", false},
    {"DOCKER_TLS_VERIFY", false},
    {"DOCKER_TLS", false},
    {"DOCKER_API_VERSION", false},
    {"DOCKER_CONTEXT", false}, /* which engine, and how it is reached */
    {"COMPOSE_FILE", false},
    {"COMPOSE_PATH_SEPARATOR", false},
    {"COMPOSE_PROFILES", false},
    {"COMPOSE_PROJECT_NAME", false},
    {"COMPOSE_ENV_FILES", false},
    {"COMPOSE_DISABLE_ENV_FILE", false}, /* which Compose project */
    {"SSH_AUTH_SOCK", false},            /* git and docker over ssh */
    {"HTTP_PROXY", false},
    {"HTTPS_PROXY", false},
    {"NO_PROXY", false},
    {"ALL_PROXY", false},
    {"http_proxy", false},
    {"https_proxy", false},
    {"no_proxy", false},
    {"all_proxy", false},
    {"SSL_CERT_FILE", false},
    {"SSL_CERT_DIR", false}, /* a company's own certificate authority */
};
#define PASSED (sizeof passed / sizeof *passed)

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* The store and its locks, and some sockets and pipes for each worker; one descriptor stands at PROGRAM_FD_MIN. */
#define OPEN_FILES_LEAST  128
#define OPEN_FILES_WANTED 1024

static int want_open_files(error **err)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= OPEN_FILES_WANTED)
        return 0;
    files.rlim_cur = files.rlim_max < OPEN_FILES_WANTED ? files.rlim_max : OPEN_FILES_WANTED;
    if (setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= OPEN_FILES_LEAST)
        return 0;
    (void)error_set(err, ERROR_IO, "this process may have only %llu files open; Belay needs %d",
                    (unsigned long long)files.rlim_cur, OPEN_FILES_LEAST);
    return error_hint(err, "raise the limit: ulimit -n %d, or LimitNOFILE= of the service", OPEN_FILES_WANTED);
}

/* own_program: from whose place belay-worker is searched; NULL: the running one. */
static int open_program(const char *own_program, error **err)
{
    guard_mem char *path = NULL;
    if (program_fd >= 0)
        return 0;
    int r = want_open_files(err);
    if (r < 0 || (r = program_find("belay-worker", own_program, &path, err)) < 0)
        return r;
    guard_fd fd = open(path, O_PATH | O_CLOEXEC);
    program_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PROGRAM_FD_MIN);
    if (program_fd < 0)
        return error_set(err, ERROR_IO, "open '%s': %s", path, strerror(errno));
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

int worker_init(error **err)
{
    return open_program(NULL, err);
}

int worker_init_beside(const char *program, error **err)
{
    guard_mem char *whole = realpath(program, NULL);
    if (!whole)
        return error_set(err, ERROR_NOT_FOUND, "find the program '%s': %s", program, strerror(errno));
    return open_program(whole, err);
}

static char **filtered_environment(bool bare)
{
    char **env = mem_array(PASSED + 2, sizeof *env);
    size_t n = 0;
    for (size_t i = 0; i < PASSED; i++) {
        const char *value = bare && passed[i].of_user ? NULL : getenv(passed[i].name);
        if (value)
            env[n++] = mem_printf("%s=%s", passed[i].name, value);
    }
    if (!getenv("PATH"))
        env[n++] = mem_printf("PATH=%s", default_path);
    return env;
}

static void free_environment(char **env)
{
    for (char **e = env; *e; e++)
        mem_wipe_free(*e, strlen(*e));
    free(env);
}

/* The file that is hashed is the file that is loaded: the descriptor goes to the worker. */
static int open_plugin(const char *path, const char *sha256, int *ret_fd, error **err)
{
    struct stat st;
    char hex[SHA256_TEXT];
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, ERROR_PLUGIN, "open the plugin '%s': %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(err, ERROR_PLUGIN, "the plugin '%s' is not a regular file", path);
    int r = sha256_file(fd, hex, err);
    if (r < 0)
        return error_wrap(err, "the plugin '%s'", path);
    if (strcmp(hex, sha256) != 0) {
        error_set(err, ERROR_PLUGIN, "the plugin '%s' is not the one that was recorded: its SHA-256 is %s, not %s",
                  path, hex, sha256);
        return error_hint(err, "somebody changed the file; put the recorded one back");
    }
    *ret_fd = fd;
    fd = -1;
    return 0;
}

static void init_handles(worker *w)
{
    uv_pipe_t *const pipes[] = {&w->talk, &w->control, &w->output};
    for (size_t i = 0; i < 3; i++) {
        uv_pipe_init(w->loop, pipes[i], 0);
        pipes[i]->data = w;
    }
    uv_timer_init(w->loop, &w->timer);
    w->timer.data = w->process.data = w;
    w->handles = 4;
}

/* What belay-worker is given besides its sockets. */
typedef struct gifts {
    int output, plugin, lease;
} gifts;

/* What is executed, and its arguments in a list that the caller frees. A watcher gets the path of belay-worker: the
 * descriptor is not handed on. */
static const char **make_arguments(const char *const *watcher, bool debugged, char *program, size_t room)
{
    size_t n = 0;
    while (watcher && watcher[n])
        n++;
    const char **argv = mem_array(n + 3, sizeof *argv);
    for (size_t i = 0; i < n; i++)
        argv[i] = watcher[i];
    guard_mem char *descriptor = mem_printf("/proc/self/fd/%d", program_fd);
    ssize_t length = watcher ? readlink(descriptor, program, room - 1) : -1;
    if (length > 0)
        program[length] = '\0';
    else
        snprintf(program, room, "%s", descriptor);
    argv[n] = watcher ? program : "belay-worker";
    argv[n + 1] = debugged ? INSIDE_DEBUGGED : NULL;
    return argv;
}

static int spawn_process(worker *w, const worker_request *request, const gifts *g, uv_exit_cb on_exit, error **err)
{
    const uv_stdio_flags both = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE;
    uv_stdio_container_t stdio[INSIDE_COUNT] = {
        [STDIN_FILENO] = {.flags = UV_IGNORE},
        [STDOUT_FILENO] = {.flags = UV_INHERIT_FD, .data.fd = g->output},
        [STDERR_FILENO] = {.flags = UV_IGNORE}, /* belay-worker makes it the same as 1 */
        [INSIDE_TALK] = {.flags = both, .data.stream = (uv_stream_t *)&w->talk},
        [INSIDE_CONTROL] = {.flags = both, .data.stream = (uv_stream_t *)&w->control},
        [INSIDE_PLUGIN] = {.flags = UV_INHERIT_FD, .data.fd = g->plugin},
        [INSIDE_LEASE] = {.flags = UV_INHERIT_FD, .data.fd = g->lease},
    };
    char program[PATH_MAX];
    const char *const *watcher = request->watcher;
    guard_mem const char **argv = make_arguments(watcher, request->debugged, program, sizeof program);
    char **env = filtered_environment(request->bare);
    uv_process_options_t options = {
        .exit_cb = on_exit,
        .file = watcher ? watcher[0] : program,
        .args = (char **)(uintptr_t)argv,
        .env = env,
        .flags = UV_PROCESS_DETACHED, /* a session of its own: no terminal, and no Ctrl-C of ours */
        .stdio_count = INSIDE_COUNT,
        .stdio = stdio,
    };
    int r = uv_spawn(w->loop, &w->process, &options);
    free_environment(env);
    w->handles++; /* also a process that did not start is a handle to be closed */
    return r < 0 ? error_set(err, ERROR_PLUGIN, "start belay-worker: %s", uv_strerror(r)) : 0;
}

int spawn_worker(worker *w, const worker_request *request, uv_exit_cb on_exit, error **err)
{
    guard_fd plugin = -1, none = -1;
    int output[2];
    int r = worker_init(err);
    if (r == 0)
        r = open_plugin(request->plugin, request->sha256, &plugin, err);
    if (r < 0)
        return r;
    if (!request->lease && (none = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
        return error_set(err, ERROR_IO, "open /dev/null: %s", strerror(errno));
    if (pipe2(output, O_CLOEXEC) < 0)
        return error_set(err, ERROR_IO, "make a pipe: %s", strerror(errno));
    guard_fd write_end = output[1];
    init_handles(w);
    r = uv_pipe_open(&w->output, output[0]);
    if (r < 0) {
        close(output[0]);
        return error_set(err, ERROR_IO, "open a pipe: %s", uv_strerror(r));
    }
    const gifts g = {.output = write_end, .plugin = plugin, .lease = request->lease ? request->lease : none};
    return spawn_process(w, request, &g, on_exit, err);
}
