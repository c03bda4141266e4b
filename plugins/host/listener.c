#include "listener.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0a

void listeners_done(listeners *l)
{
    free(l->items);
    *l = (listeners){0};
}

static listener *add(listeners *l)
{
    if (l->count == l->room) {
        const size_t room = l->room ? 2 * l->room : 32;
        listener *items = realloc(l->items, room * sizeof *items);
        if (!items)
            return NULL;
        l->items = items;
        l->room = room;
    }
    l->items[l->count] = (listener){0};
    return &l->items[l->count++];
}

/* Words of 32 bits, each in the machine's order. */
static void show_address(const char *hex, char buf[LISTENER_ADDRESS])
{
    uint32_t words[4] = {0};
    const size_t n = strlen(hex) / 8;
    for (size_t i = 0; i < n && i < 4; i++)
        (void)sscanf(hex + 8 * i, "%8" SCNx32, &words[i]);
    if (!inet_ntop(n == 4 ? AF_INET6 : AF_INET, words, buf, LISTENER_ADDRESS))
        buf[0] = '\0';
}

/* proc_pid_net(5): "sl local_address rem_address st ... uid timeout inode", addresses as HEX:PORT. */
static void read_table(const char *table, unsigned port, listeners *ret)
{
    char line[512], address[33];
    FILE *file = fopen(table, "re");
    while (file && fgets(line, sizeof line, file)) {
        unsigned local_port = 0, state = 0, user = 0;
        unsigned long inode = 0;
        if (sscanf(line, " %*[^:]: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %u %*u %lu", address,
                   &local_port, &state, &user, &inode) != 5)
            continue;
        listener *l = state == STATE_LISTEN && (port == 0 || port == local_port) ? add(ret) : NULL;
        if (!l)
            continue;
        *l = (listener){.port = local_port, .inode = inode, .user = user};
        show_address(address, l->address);
    }
    if (file)
        fclose(file);
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

/* Writes the process to those of its sockets that listen; returns how many were new. */
static size_t claim(listeners *all, const char *pid)
{
    char path[300], target[64];
    size_t claimed = 0;
    (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        unsigned long inode = 0;
        if (n <= 0)
            continue;
        target[n] = '\0';
        for (size_t i = 0; sscanf(target, "socket:[%lu]", &inode) == 1 && i < all->count; i++) {
            if (all->items[i].inode != inode || all->items[i].pid)
                continue;
            all->items[i].pid = atoi(pid);
            program_of(pid, all->items[i].program, sizeof all->items[i].program);
            claimed++;
        }
    }
    if (folder)
        closedir(folder);
    return claimed;
}

listeners listeners_read(unsigned port)
{
    listeners all = {0};
    read_table("/proc/net/tcp", port, &all);
    read_table("/proc/net/tcp6", port, &all);
    size_t open = all.count;
    DIR *processes = open ? opendir("/proc") : NULL;
    for (struct dirent *entry; open && processes && (entry = readdir(processes));)
        if (isdigit((unsigned char)entry->d_name[0]))
            open -= claim(&all, entry->d_name);
    if (processes)
        closedir(processes);
    return all;
}

char *listener_show(const listener *l, char buf[LISTENER_TEXT])
{
    if (l->pid)
        (void)snprintf(buf, LISTENER_TEXT, "pid %d (%s)", l->pid, l->program);
    else
        (void)snprintf(buf, LISTENER_TEXT, "a process of user %u", l->user);
    return buf;
}

void listener_name(unsigned port, char *buf, size_t room)
{
    char who[LISTENER_TEXT] = "";
    listeners all = listeners_read(port);
    if (all.count)
        listener_show(&all.items[0], who);
    (void)snprintf(buf, room, "%s", who);
    listeners_done(&all);
}
