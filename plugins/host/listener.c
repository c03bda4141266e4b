#include "listener.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0a

typedef struct listener {
    unsigned long inode;
    unsigned user;
} listener;

/* proc_pid_net(5): "sl local_address rem_address st ... uid timeout inode", addresses as HEX:PORT. */
static bool find_in(const char *table, unsigned port, listener *ret)
{
    char line[512];
    bool found = false;
    FILE *file = fopen(table, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        unsigned local_port = 0, state = 0, user = 0;
        unsigned long inode = 0;
        if (sscanf(line, " %*[^:]: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %u %*u %lu", &local_port,
                   &state, &user, &inode) != 4)
            continue;
        found = state == STATE_LISTEN && local_port == port;
        if (found)
            *ret = (listener){.inode = inode, .user = user};
    }
    if (file)
        fclose(file);
    return found;
}

static bool holds_socket(const char *pid, unsigned long inode)
{
    char path[300], target[64], wanted[64];
    (void)snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *folder = opendir(path);
    bool found = false;
    for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        found = strcmp(target, wanted) == 0;
    }
    if (folder)
        closedir(folder);
    return found;
}

static void program_of(const char *pid, char *buf, size_t room)
{
    char path[300];
    buf[0] = '\0';
    (void)snprintf(path, sizeof path, "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    if (file && fgets(buf, (int)room, file))
        buf[strcspn(buf, "\n")] = '\0';
    if (file)
        fclose(file);
}

void listener_name(unsigned port, char *buf, size_t room)
{
    listener l = {0};
    buf[0] = '\0';
    if (!find_in("/proc/net/tcp", port, &l) && !find_in("/proc/net/tcp6", port, &l))
        return;
    (void)snprintf(buf, room, "a process of user %u", l.user);
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !holds_socket(entry->d_name, l.inode))
            continue;
        char program[64];
        program_of(entry->d_name, program, sizeof program);
        (void)snprintf(buf, room, "pid %.20s (%s)", entry->d_name, program);
        break;
    }
    if (processes)
        closedir(processes);
}
