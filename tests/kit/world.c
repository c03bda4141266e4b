#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/tree.h"
#include "guardian.h"
#include "kit.h"
#include "program.h"

#define PROGRAM_LIMIT_MS (120 * 1000)
#define ARGUMENTS        64
#define FILE_LIMIT       (64u << 20)

/* What lives until the program ends. */
typedef struct kept {
    struct kept *next;
    char *text;
} kept;
static kept *all_kept;

static void free_kept(void)
{
    while (all_kept) {
        kept *k = all_kept;
        all_kept = k->next;
        free(k->text);
        free(k);
    }
}

const char *program_keep(char *owned)
{
    if (!all_kept)
        atexit(free_kept);
    kept *k = mem_new(kept);
    *k = (kept){.next = all_kept, .text = owned};
    all_kept = k;
    return owned;
}

static void must(int result, error *err)
{
    if (result == 0)
        return;
    guard_mem char *message = error_text(err);
    error_free(err);
    fail_msg("%s", message);
}

/* ---- folders and files ------------------------------------------------------------------------------------------- */

/* Others may pass through, as the servers do that run as users of their own; the folders in it are private. */
static const char *root_folder(void)
{
    static const char *root;
    if (root)
        return root;
    const char *base = getenv("TMPDIR");
    char *path = mem_printf("%s/belay-kit-XXXXXX", base && *base == '/' ? base : "/tmp");
    if (!mkdtemp(path) || chmod(path, 0711) != 0)
        fail_msg("make a folder like '%s': %s", path, strerror(errno));
    guardian_folder(path);
    root = program_keep(path);
    return root;
}

const char *kit_folder(void)
{
    char *path = mem_printf("%s/XXXXXX", root_folder());
    if (!mkdtemp(path))
        fail_msg("make a folder like '%s': %s", path, strerror(errno));
    return program_keep(path);
}

const char *kit_path(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *path = mem_vprintf(fmt, ap);
    va_end(ap);
    return program_keep(path);
}

void kit_write(const char *path, const char *content)
{
    error *err = NULL;
    guard_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        fail_msg("open '%s' for writing: %s", path, strerror(errno));
    must(file_write_all(fd, content, strlen(content), &err), err);
}

char *kit_read(const char *path)
{
    error *err = NULL;
    char *content = NULL;
    must(file_read(path, FILE_LIMIT, &content, NULL, &err), err);
    return content;
}

const char *kit_digest(const char *folder)
{
    error *err = NULL;
    text out = {0};
    must(tree_digest(folder, &out, &err), err);
    return program_keep(text_take(&out));
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static _Noreturn void become_program(const char *const *argv, int out, int err_fd)
{
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(out >= 0 ? out : null, STDOUT_FILENO);
    if (err_fd >= 0 || err_fd == PROGRAM_SILENT)
        dup2(err_fd >= 0 ? err_fd : null, STDERR_FILENO);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    /* execvp promises not to change them; its type is older than const. */
    char *copy[ARGUMENTS + 1] = {0};
    for (size_t i = 0; i < ARGUMENTS && argv[i]; i++)
        memcpy(&copy[i], &argv[i], sizeof *copy);
    execvp(copy[0], copy);
    dprintf(STDERR_FILENO, "kit: run '%s': %s\n", copy[0], strerror(errno));
    _exit(127);
}

/* Reads fd to its end; false when that takes longer than the limit. */
static bool drain(int fd, int64_t until, text *output)
{
    char buffer[16 * 1024];
    for (;;) {
        int64_t left = until - clock_steady_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return false;
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        text_add(output, buffer, (size_t)n);
    }
}

int program_run(const char *const *argv, int limit_ms, int err_fd, char **ret_output)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail_msg("make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        become_program(argv, ends[1], err_fd);
    close(ends[1]);
    guard_fd from = ends[0];
    guard_text output = {0};
    if (pid < 0)
        fail_msg("fork for '%s': %s", argv[0], strerror(errno));
    bool ended = drain(from, clock_steady_ms() + limit_ms, &output);
    if (!ended)
        kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!ended)
        fail_msg("'%s' did not end within %d s", argv[0], limit_ms / 1000);
    *ret_output = text_take(&output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void collect(const char *argv[ARGUMENTS + 1], const char *program, va_list ap)
{
    size_t n = 0;
    for (const char *arg = program; arg; arg = va_arg(ap, const char *)) {
        if (n == ARGUMENTS)
            fail_msg("'%s' is given more than %d arguments", program, ARGUMENTS);
        argv[n++] = arg;
    }
    argv[n] = NULL;
}

const char *kit_output_of(const char *program, ...)
{
    const char *argv[ARGUMENTS + 1] = {0};
    va_list ap;
    va_start(ap, program);
    collect(argv, program, ap);
    va_end(ap);
    char *output = NULL;
    int status = program_run(argv, PROGRAM_LIMIT_MS, PROGRAM_INHERIT, &output);
    const char *result = program_keep(output);
    if (status != 0)
        fail_msg("'%s %s' exited with %d: %s", program, argv[1] ? argv[1] : "", status, result);
    return result;
}

int kit_status_of(const char *program, ...)
{
    const char *argv[ARGUMENTS + 1] = {0};
    va_list ap;
    va_start(ap, program);
    collect(argv, program, ap);
    va_end(ap);
    guard_mem char *output = NULL;
    return program_run(argv, PROGRAM_LIMIT_MS, PROGRAM_SILENT, &output);
}

int kit_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    guard_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        fail_msg("find a free port: %s", strerror(errno));
    return ntohs(address.sin_port);
}
