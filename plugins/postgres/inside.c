#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say/say.h"

static bool by_port(const server *s, const container *k, inside_way *ret)
{
    (void)s;
    if (!k->published[0])
        return false;
    snprintf(ret->host, sizeof ret->host, "%s", k->published);
    snprintf(ret->port, sizeof ret->port, "%d", k->published_port);
    snprintf(ret->name, sizeof ret->name, "its published port %s:%d", k->published, k->published_port);
    return true;
}

static bool by_address(const server *s, const container *k, inside_way *ret)
{
    (void)s;
    if (!k->address[0])
        return false;
    snprintf(ret->host, sizeof ret->host, "%s", k->name);
    snprintf(ret->hostaddr, sizeof ret->hostaddr, "%s", k->address);
    snprintf(ret->port, sizeof ret->port, "%d", k->port);
    snprintf(ret->name, sizeof ret->name, "its address %s:%d", k->address, k->port);
    return true;
}

/* The folders in which Debian, the official images and PostgreSQL itself put the socket. It stays open: each session of
 * the call connects through it. */
static bool by_socket(const server *s, const container *k, inside_way *ret)
{
    static const char *const folders[] = {"var/run/postgresql", "run/postgresql", "tmp"};
    (void)s;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char name[32];
        struct stat st;
        const int folder = container_folder(k, folders[i]);
        snprintf(name, sizeof name, ".s.PGSQL.%d", k->port);
        if (folder >= 0 && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode)) {
            snprintf(ret->host, sizeof ret->host, "/proc/self/fd/%d", folder);
            snprintf(ret->port, sizeof ret->port, "%d", k->port);
            snprintf(ret->name, sizeof ret->name, "its socket in /%s", folders[i]);
            return true;
        }
        if (folder >= 0)
            close(folder);
    }
    return false;
}

/* The call's; each call is a process of its own. */
static container_tunnel tunnel = {.folder = -1, .control = -1, .pid = -1};

bool inside_leave(void)
{
    const bool there = tunnel.pid > 0;
    container_tunnel_close(&tunnel);
    return there;
}

static bool by_tunnel(const server *s, const container *k, inside_way *ret)
{
    char name[32];
    snprintf(name, sizeof name, ".s.PGSQL.%d", k->port);
    (void)inside_leave();
    (void)unlink(name); /* of an earlier one; the work folder is where we are */
    if (!container_tunnel_open(s->c, s->h, k, name, &tunnel)) {
        say_log(s->c, s->h, 1, "no tunnel by docker exec: %s", strerror(errno));
        return false;
    }
    snprintf(ret->host, sizeof ret->host, "/proc/self/fd/%d", tunnel.folder);
    snprintf(ret->port, sizeof ret->port, "%d", k->port);
    snprintf(ret->name, sizeof ret->name, "a tunnel by docker exec");
    return true;
}

bool inside_way_of(const server *s, const container *k, bool with_password, size_t index, inside_way *ret)
{
    typedef bool way(const server *s, const container *k, inside_way *ret);
    static way *const with[INSIDE_WAYS] = {by_port, by_address, by_socket, by_tunnel};
    static way *const without[INSIDE_WAYS] = {by_socket, by_port, by_address, by_tunnel};
    return (with_password ? with : without)[index](s, k, ret);
}

bool inside_goes_on(const server *s, belay_status status, bool with_password)
{
    const char *why = PQerrorMessage(s->conn);
    if (status == BELAY_E_CANCELLED)
        return false;
    const bool of_login = PQconnectionNeedsPassword(s->conn) || strstr(why, "authentication failed") ||
                          strstr(why, "no password supplied") || strstr(why, "pg_hba.conf");
    return of_login ? !with_password : status == BELAY_E_RETRY;
}
