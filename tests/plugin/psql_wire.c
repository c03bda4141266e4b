/* The messages are those of "Message Formats" in PostgreSQL's manual: a letter, a length that counts itself, a body. */
#include "psql_wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

#define LIMIT_S 20

static int listen_on(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Debian's psql is a script that looks for the program; many runs are faster without it. */
static const char *psql_program(void)
{
    glob_t found;
    const char *path = "psql";
    if (glob("/usr/lib/postgresql/*/bin/psql", 0, NULL, &found) == 0)
        path = kit_path("%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return path;
}

static pid_t start_psql(const char *path, int port)
{
    const char *program = psql_program();
    char text[16];
    snprintf(text, sizeof text, "%d", port);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("PGSSLMODE", "disable", 1);
    setenv("PGGSSENCMODE", "disable", 1);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execlp(program, program, "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", text, "-U", "x", "-d", "x", "-f",
           path, (char *)NULL);
    _exit(127);
}

static void put(int fd, char type, const void *body, uint32_t length)
{
    char head[5] = {type};
    uint32_t all = htonl(length + 4);
    memcpy(head + 1, &all, 4);
    (void)send(fd, head, sizeof head, MSG_NOSIGNAL | MSG_MORE);
    (void)send(fd, body, length, MSG_NOSIGNAL);
}

static void put_ready(int fd, const char *tag)
{
    if (tag)
        put(fd, 'C', tag, (uint32_t)strlen(tag) + 1);
    put(fd, 'Z', "I", 1);
}

static bool get(int fd, void *to, size_t length)
{
    return length == 0 || recv(fd, to, length, MSG_WAITALL) == (ssize_t)length;
}

/* The body of a message; the caller frees. */
static char *get_body(int fd, uint32_t *length)
{
    uint32_t all = 0;
    if (!get(fd, &all, 4) || ntohl(all) < 4)
        return NULL;
    *length = ntohl(all) - 4;
    char *body = heap_grow(NULL, *length + 1, 1);
    body[*length] = '\0';
    if (get(fd, body, *length))
        return body;
    free(body);
    return NULL;
}

static void greet(int fd)
{
    static const char *const parameters[] = {"server_version\0"
                                             "15.0",
                                             "client_encoding\0"
                                             "UTF8",
                                             "standard_conforming_strings\0"
                                             "on"};
    uint32_t length = 0;
    free(get_body(fd, &length));
    put(fd, 'R', "\0\0\0\0", 4);
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        size_t name = strlen(parameters[i]) + 1;
        put(fd, 'S', parameters[i], (uint32_t)(name + strlen(parameters[i] + name) + 1));
    }
    put(fd, 'K', "\0\0\0\1\0\0\0\1", 8);
    put_ready(fd, NULL);
}

static void add(wire_log *log, const char *text, size_t length, int is_data)
{
    heap_reserve(log);
    log->items[log->count++] = (wire_message){heap_dup_n(text, length), length, is_data};
}

static void add_data(wire_log *log, const char *text, size_t length)
{
    wire_message *last = &log->items[log->count - 1];
    last->text = heap_grow(last->text, last->length + length + 1, 1);
    memcpy(last->text + last->length, text, length);
    last->length += length;
    last->text[last->length] = '\0';
}

static bool is_copy(const char *query)
{
    return strncasecmp(query, "copy ", 5) == 0 && !strcasestr(query, "(select") &&
           (strcasestr(query, "from stdin") || strcasestr(query, "from stdout"));
}

/* Answers one message; false at the end. */
static bool answer(int fd, wire_log *log)
{
    char type = 0;
    uint32_t length = 0;
    if (!get(fd, &type, 1) || type == 'X')
        return false;
    char *body = get_body(fd, &length);
    if (!body)
        return false;
    if (type == 'Q') {
        add(log, body, strlen(body), 0);
        if (is_copy(body)) {
            add(log, "", 0, 1);
            put(fd, 'G', "\0\0\1\0\0", 5);
        } else if (strcmp(body, ";") == 0) {
            put(fd, 'I', "", 0);
            put_ready(fd, NULL);
        } else {
            put_ready(fd, "SET");
        }
    } else if (type == 'd') {
        add_data(log, body, length);
    } else if (type == 'c') {
        put_ready(fd, "COPY 1");
    }
    free(body);
    return true;
}

void psql_wire(const char *path, wire_log *ret)
{
    *ret = (wire_log){0};
    int port = 0, status = 0, listener = listen_on(&port);
    struct timeval limit = {.tv_sec = LIMIT_S};
    (void)setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    pid_t psql = start_psql(path, port);
    int fd = accept(listener, NULL, NULL);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        greet(fd);
        while (answer(fd, ret))
            ;
        close(fd);
    } else {
        kill(psql, SIGKILL);
    }
    close(listener);
    waitpid(psql, &status, 0);
    if (fd < 0)
        fail_msg("psql did not connect to the test's server");
}

void wire_log_done(wire_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        free(log->items[i].text);
    free(log->items);
    *log = (wire_log){0};
}
