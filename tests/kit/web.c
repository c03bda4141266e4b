#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

#define SERVERS_MAX 16

static struct {
    int port;
    pid_t pid;
} servers[SERVERS_MAX];

static int listen_on_loopback(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
        perror("test web server");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static void answer_one(int fd, kit_web_answer answer)
{
    char request[65536];
    size_t used = 0;
    for (;;) {
        ssize_t n = read(fd, request + used, sizeof request - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
        request[used] = '\0';
        const char *head = strstr(request, "\r\n\r\n");
        const char *length = strcasestr(request, "content-length:");
        if (head && strlen(head + 4) >= (length ? strtoul(length + 15, NULL, 10) : 0))
            break;
    }
    const char *text = used ? answer(request) : NULL;
    if (text && write(fd, text, strlen(text)) < 0)
        perror("test web server");
}

int kit_web_start(kit_web_answer answer)
{
    int port, fd = listen_on_loopback(&port);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        for (;;) {
            int connection = accept(fd, NULL, NULL);
            if (connection >= 0)
                answer_one(connection, answer);
            close(connection);
        }
    }
    close(fd);
    for (int i = 0; i < SERVERS_MAX; i++) {
        if (!servers[i].pid) {
            servers[i].pid = pid;
            servers[i].port = port;
            break;
        }
    }
    return port;
}

void kit_web_stop(int port)
{
    for (int i = 0; i < SERVERS_MAX; i++) {
        if (servers[i].pid && servers[i].port == port) {
            kill(servers[i].pid, SIGKILL);
            waitpid(servers[i].pid, NULL, 0);
            servers[i].pid = 0;
        }
    }
}
