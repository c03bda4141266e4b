#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "guardian.h"
#include "kit.h"
#include "program.h"

#define SKIPPED           77
#define START_LIMIT_MS    (30 * 1000)
#define ENGINE_LIMIT_MS   (300 * 1000)
#define PORT_ATTEMPTS     5
#define POSTGRES_PASSWORD "kit-postgres"
#define REDIS_PASSWORD    "kit-redis"
#define BASE_IMAGE        "debian:bookworm-slim"

/* A server program: how it is started, as whom, and how one sees that it answers. */
typedef struct server {
    const char *const *argv;
    const char *log;
    const struct passwd *user; /* NULL: as we are */
    int port, end_signal;
    bool (*answers)(int port);
    bool apart; /* sees no network, and what it mounts nobody else sees */
} server;

static _Noreturn void skip_all(const char *why)
{
    fprintf(stderr, "skipped: %s\n", why);
    exit(SKIPPED);
}

/* ---- sockets ------------------------------------------------------------------------------------------------------
 */

static int connect_to(const void *address, socklen_t size, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 5};
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, address, size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Sends request and gives what is read until the peer closes, or until `enough` was seen; the caller frees. */
static char *ask(int fd, const char *request, const char *enough)
{
    guard_text reply = {.max = 64 * 1024};
    char buffer[4096];
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request)) {
        ssize_t n = 0;
        while (!strstr(text_get(&reply), enough) && (n = read(fd, buffer, sizeof buffer)) > 0)
            text_add(&reply, buffer, (size_t)n);
    }
    return text_take(&reply);
}

static int connect_to_port(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect_to(&address, sizeof address, AF_INET);
}

/* ---- starting a server --------------------------------------------------------------------------------------------
 */

static _Noreturn void become_server(const server *s)
{
    int null = open("/dev/null", O_RDONLY), log = open(s->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    close_range(3, ~0u, 0);
    setsid();
    if (s->apart &&
        (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0))
        _exit(126);
    if (s->user && (setgroups(0, NULL) != 0 || setgid(s->user->pw_gid) != 0 || setuid(s->user->pw_uid) != 0))
        _exit(126);
    /* After setuid, which clears it. The guardian stops the server in good order; this is for its own death. */
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    char *copy[64] = {0};
    for (size_t i = 0; i < 63 && s->argv[i]; i++)
        memcpy(&copy[i], &s->argv[i], sizeof *copy);
    execv(copy[0], copy);
    dprintf(STDERR_FILENO, "run '%s': %s\n", copy[0], strerror(errno));
    _exit(127);
}

/* True once it answers; false when it ended before (another program may have taken its port). */
static bool server_start(const server *s)
{
    pid_t pid = fork();
    if (pid == 0)
        become_server(s);
    if (pid < 0)
        fail_msg("fork for '%s': %s", s->argv[0], strerror(errno));
    guardian_process(pid, s->end_signal);
    for (int64_t until = clock_steady_ms() + START_LIMIT_MS; clock_steady_ms() < until;) {
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return false;
        if (s->answers(s->port))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    }
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return false;
}

static _Noreturn void did_not_start(const server *s)
{
    guard_mem char *log = kit_read(s->log);
    guard_mem char *why = mem_printf("%s did not start:\n%s", s->argv[0], log);
    skip_all(why);
}

/* ---- PostgreSQL ---------------------------------------------------------------------------------------------------
 */

/* An SSLRequest of the protocol: a server that accepts sessions answers with one letter; a starting one closes. */
static bool postgres_answers(int port)
{
    static const unsigned char request[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
    char letter = 0;
    guard_fd fd = connect_to_port(port);
    return fd >= 0 && send(fd, request, sizeof request, MSG_NOSIGNAL) == sizeof request && read(fd, &letter, 1) == 1 &&
           (letter == 'N' || letter == 'S');
}

/* The path of a program in PATH, or NULL. */
static const char *in_path(const char *name)
{
    const char *folders = getenv("PATH");
    for (const char *p = folders ? folders : ""; *p; p += strcspn(p, ":"), p += *p == ':') {
        guard_mem char *path = mem_printf("%.*s/%s", (int)strcspn(p, ":"), p, name);
        if (access(path, X_OK) == 0)
            return kit_path("%s", path);
    }
    return NULL;
}

/* Debian keeps the server's programs out of PATH; one that is there was put there for this test. */
static const char *postgres_program(const char *name)
{
    const char *chosen = in_path(name);
    if (chosen)
        return chosen;
    glob_t found = {0};
    guard_mem char *pattern = mem_printf("/usr/lib/postgresql/*/bin/%s", name);
    const char *path = NULL;
    if (glob(pattern, 0, NULL, &found) == 0)
        path = kit_path("%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    if (!path)
        skip_all("PostgreSQL's server programs are not installed (apt-get install postgresql-15)");
    return path;
}

/* PostgreSQL refuses to run as root. */
static const struct passwd *postgres_user(void)
{
    if (geteuid() != 0)
        return NULL;
    const struct passwd *user = getpwnam("postgres");
    if (!user)
        skip_all("there is no user 'postgres' to run a PostgreSQL server as");
    return user;
}

static void postgres_make_cluster(const char *folder, const struct passwd *user)
{
    const char *password_file = kit_path("%s/password", folder);
    kit_write(password_file, POSTGRES_PASSWORD "\n");
    if (user && (chown(folder, user->pw_uid, user->pw_gid) != 0 || chown(password_file, user->pw_uid, (gid_t)-1) != 0))
        fail_msg("give '%s' to postgres: %s", folder, strerror(errno));
    const char *initdb[] = {postgres_program("initdb"),
                            "-D",
                            kit_path("%s/data", folder),
                            "-U",
                            "postgres",
                            "-A",
                            "scram-sha-256",
                            "--no-sync",
                            "--no-instructions",
                            "-E",
                            "UTF8",
                            "--locale=C.UTF-8",
                            "--pwfile",
                            password_file,
                            NULL};
    const char *as_postgres[32] = {"/usr/sbin/runuser", "-u", "postgres", "--"};
    for (size_t i = 0; initdb[i]; i++)
        as_postgres[4 + i] = initdb[i];
    guard_mem char *output = NULL;
    int status = program_run(user ? as_postgres : initdb, START_LIMIT_MS, PROGRAM_INHERIT, &output);
    if (status != 0)
        fail_msg("initdb exited with %d: %s", status, output);
}

/* The arguments of a server of that folder, with the settings behind the usual ones. */
static void postgres_arguments(const char *folder, int port, const char *const *settings, const char *ret[64])
{
    static const char *const usual[] = {"listen_addresses=127.0.0.1",
                                        "unix_socket_directories=",
                                        "fsync=off",
                                        "full_page_writes=off",
                                        "shared_preload_libraries=pg_stat_statements",
                                        "max_connections=60",
                                        "shared_buffers=32MB",
                                        NULL};
    size_t n = 0;
    ret[n++] = postgres_program("postgres");
    ret[n++] = "-D", ret[n++] = kit_path("%s/data", folder);
    ret[n++] = "-p", ret[n++] = kit_path("%d", port);
    for (const char *const *s = usual; *s; s++)
        ret[n++] = "-c", ret[n++] = *s;
    for (const char *const *s = settings; s && *s && n < 60; s++)
        ret[n++] = "-c", ret[n++] = *s;
    ret[n] = NULL;
}

const char *kit_postgres_start(const char *const *settings)
{
    const struct passwd *user = postgres_user();
    const char *folder = kit_folder();
    postgres_make_cluster(folder, user);
    for (int attempt = 1;; attempt++) {
        const char *argv[64];
        int port = kit_free_port();
        postgres_arguments(folder, port, settings, argv);
        server s = {argv, kit_path("%s/log", folder), user, port, SIGQUIT, postgres_answers, false};
        kit_write(s.log, "");
        if (server_start(&s))
            return kit_path("postgresql://postgres:" POSTGRES_PASSWORD "@127.0.0.1:%d/", port);
        if (attempt == PORT_ATTEMPTS)
            did_not_start(&s);
    }
}

const char *kit_postgres_url(void)
{
    static const char *url;
    if (!url)
        url = kit_postgres_start(NULL);
    return url;
}

const char *kit_postgres_database(const char *name)
{
    return kit_path("%s%s", kit_postgres_url(), name);
}

/* ---- Redis --------------------------------------------------------------------------------------------------------
 */

static bool redis_answers(int port)
{
    guard_fd fd = connect_to_port(port);
    if (fd < 0)
        return false;
    guard_mem char *reply = ask(fd, "AUTH " REDIS_PASSWORD "\r\nPING\r\n", "+PONG");
    return text_starts(reply, "+OK") && strstr(reply, "+PONG");
}

const char *kit_redis_url(void)
{
    static const char *url;
    if (url)
        return url;
    const char *program = in_path("redis-server");
    if (!program)
        skip_all("the Redis server is not installed (apt-get install redis-server)");
    const char *folder = kit_folder();
    for (int attempt = 1;; attempt++) {
        int port = kit_free_port();
        const char *const argv[] = {
            program,  "--port", kit_path("%d", port), "--bind", "127.0.0.1", "--requirepass", REDIS_PASSWORD,
            "--save", "",       "--appendonly",       "no",     "--dir",     folder,          NULL};
        server s = {argv, kit_path("%s/log", folder), NULL, port, SIGTERM, redis_answers, false};
        if (server_start(&s)) {
            url = kit_path("redis://:" REDIS_PASSWORD "@127.0.0.1:%d/0", port);
            return url;
        }
        if (attempt == PORT_ATTEMPTS)
            did_not_start(&s);
    }
}

/* ---- Docker -------------------------------------------------------------------------------------------------------
 */

static bool engine_says_200(const char *host, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_starts(host, "unix://") || strlen(host + 7) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, host + 7, strlen(host + 7) + 1);
    guard_fd fd = connect_to(&address, sizeof address, AF_UNIX);
    if (fd < 0)
        return false;
    guard_mem char *request = mem_printf("GET %s HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n", path);
    guard_mem char *reply = ask(fd, request, "\r\n");
    return text_starts(reply, "HTTP/1.1 200");
}

static bool engine_is_ready(const char *host)
{
    return host && engine_says_200(host, "/_ping") && engine_says_200(host, "/images/" BASE_IMAGE "/json");
}

/* The address that testbed/engine printed. */
static const char *engine_from_testbed(void)
{
    const char *source = getenv("BELAY_SOURCE_DIR");
    if (!source)
        skip_all("no Docker Engine answers, and BELAY_SOURCE_DIR does not say where testbed/engine is");
    const char *argv[] = {kit_path("%s/testbed/engine", source), "up", NULL};
    guard_mem char *output = NULL;
    if (program_run(argv, ENGINE_LIMIT_MS, PROGRAM_INHERIT, &output) != 0)
        skip_all("no Docker Engine answers and testbed/engine cannot start one; see above");
    output[strcspn(output, "\n")] = '\0';
    return kit_path("%s", output);
}

const char *kit_docker_host(void)
{
    static const char *host;
    const char *usual = "unix:///var/run/docker.sock", *named = getenv("DOCKER_HOST");
    if (!host)
        host = engine_is_ready(named) ? kit_path("%s", named) : engine_is_ready(usual) ? usual : engine_from_testbed();
    return host;
}

static const char *own_engine;

static bool own_engine_answers(int port)
{
    (void)port;
    return engine_says_200(own_engine, "/_ping");
}

const char *kit_docker_own(void)
{
    if (own_engine)
        return own_engine;
    const char *program = in_path("dockerd");
    if (!program)
        skip_all("dockerd is not installed (apt-get install docker.io iptables)");
    if (geteuid() != 0)
        skip_all("only root can start a Docker Engine");
    const char *folder = kit_folder();
    own_engine = kit_path("unix://%s/docker.sock", folder);
    /* Apart, for --bridge=none takes docker0 away, whosever it is; and its mounts go with its processes. */
    const char *const argv[] = {program,
                                "--host",
                                own_engine,
                                "--data-root",
                                kit_path("%s/data", folder),
                                "--exec-root",
                                kit_path("%s/exec", folder),
                                "--pidfile",
                                kit_path("%s/pid", folder),
                                "--bridge=none",
                                "--iptables=false",
                                "--ip6tables=false",
                                NULL};
    server s = {argv, kit_path("%s/log", folder), NULL, 0, SIGTERM, own_engine_answers, true};
    kit_write(s.log, "");
    if (!server_start(&s))
        did_not_start(&s);
    return own_engine;
}
