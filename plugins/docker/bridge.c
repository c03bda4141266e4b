#include "bridge.h"

#include <dirent.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "containers.h"

/* Adds the interface of a message when it is an engine's end of a pair that stands on the bridge. */
static void add_port(json_t *ports, struct nlmsghdr *message, unsigned bridge)
{
    struct ifinfomsg *link = NLMSG_DATA(message);
    const size_t size = IFLA_PAYLOAD(message);
    const char *name = "";
    unsigned master = 0;
    for (size_t at = 0; at + sizeof(struct rtattr) <= size;) {
        struct rtattr *a = (void *)((char *)IFLA_RTA(link) + at);
        if (a->rta_len < sizeof *a || a->rta_len > size - at)
            break;
        if (a->rta_type == IFLA_IFNAME)
            name = RTA_DATA(a);
        else if (a->rta_type == IFLA_MASTER)
            memcpy(&master, RTA_DATA(a), sizeof master);
        at += RTA_ALIGN(a->rta_len);
    }
    if (master == bridge && strncmp(name, "veth", 4) == 0)
        json_object_set_new(ports, name, json_integer(link->ifi_index));
}

/* False at the end of the list. */
static bool add_ports(json_t *ports, char *answer, size_t size, unsigned bridge)
{
    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= size;) {
        struct nlmsghdr *message = (void *)(answer + at);
        if (message->nlmsg_len < sizeof *message || message->nlmsg_len > size - at ||
            message->nlmsg_type != RTM_NEWLINK)
            return false;
        add_port(ports, message, bridge);
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
    return true;
}

/* The kernel is asked by netlink, for /sys may show another network than the one that this process is in. name ->
 * index; the caller decrefs. */
static json_t *ports_of(unsigned bridge)
{
    json_t *ports = json_object();
    const struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } ask = {.header = {sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}};
    _Alignas(struct nlmsghdr) char answer[32768];
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ssize_t n = fd < 0 ? -1 : send(fd, &ask, sizeof ask, 0);
    do
        n = n > 0 ? recv(fd, answer, sizeof answer, 0) : n;
    while (n > 0 && add_ports(ports, answer, (size_t)n, bridge));
    if (fd >= 0)
        close(fd);
    return ports;
}

static long read_number(const char *folder, const char *interface, const char *what)
{
    guard_mem char *path = text_printf("%s/%s/%s", folder, interface, what);
    FILE *file = fopen(path, "re");
    char line[32] = "";
    if (!file)
        return -1;
    bool good = fgets(line, sizeof line, file);
    fclose(file);
    return good ? strtol(line, NULL, 10) : -1;
}

/* Takes out the other end of each interface that the container's process has. Only root sees that. */
static void take_out(json_t *ports, json_int_t pid)
{
    guard_mem char *path = text_printf("/proc/%lld/root/sys/class/net", (long long)pid);
    DIR *folder = opendir(path);
    for (const struct dirent *one; folder && (one = readdir(folder));) {
        const long other = read_number(path, one->d_name, "iflink");
        const char *port;
        json_t *index;
        void *next;
        json_object_foreach_safe(ports, next, port, index) {
            if (json_integer_value(index) == other)
                json_object_del(ports, port);
        }
    }
    if (folder)
        closedir(folder);
}

/* 0 when it is not in the network that this process is in. */
static unsigned bridge_of(const json_t *network)
{
    const char *given = text_member(json_object_get(network, "Options"), "com.docker.network.bridge.name");
    guard_mem char *name = *given ? text_dup(given) : text_printf("br-%.12s", text_member(network, "Id"));
    return strcmp(text_member(network, "Driver"), "bridge") == 0 ? if_nametoindex(name) : 0;
}

/* Leaves those that no container has the other end of. */
static belay_status leave_orphans(engine *e, const json_t *network, json_t *ports)
{
    const char *id;
    json_t *unused;
    json_object_foreach(json_object_get(network, "Containers"), id, unused) {
        guard_json *inspected = NULL;
        belay_status s = engine_get(e, &inspected, "/containers/%s/json", id);
        if (s != BELAY_OK)
            return s;
        take_out(ports, json_integer_value(json_object_get(json_object_get(inspected, "State"), "Pid")));
    }
    return BELAY_OK;
}

static belay_status check_network(engine *e, const char *id)
{
    guard_json *network = NULL;
    belay_status s = engine_get(e, &network, "/networks/%s", id);
    const unsigned bridge = s == BELAY_OK ? bridge_of(network) : 0;
    if (!bridge)
        return s;
    guard_json *ports = ports_of(bridge);
    const size_t there = json_object_size(ports), known = json_object_size(json_object_get(network, "Containers"));
    if (there <= known)
        return BELAY_OK;
    s = leave_orphans(e, network, ports);
    if (s != BELAY_OK)
        return s;
    const bool found = json_object_size(ports) == there - known;
    const char *port = json_object_iter_key(json_object_iter(ports));
    guard_mem char *hint =
        found ? text_printf("an engine that died left it behind: ip link delete %s", port)
              : text_dup("an engine that died left it behind: as root, this step names it; or restart the machine");
    return call_fail(engine_call(e), BELAY_NOT_YET, hint,
                     "the network %s has %zu interfaces for %zu containers: %s answers in a container's place",
                     text_member(network, "Name"), there, known, found ? port : "one of them");
}

belay_status bridge_check(engine *e, const char *project)
{
    if (strncmp(engine_host(e), "unix://", 7) != 0)
        return BELAY_OK;
    guard_mem char *label = text_printf(LABEL_PROJECT "=%s", project), *filter = engine_filter("label", label);
    guard_json *networks = NULL;
    belay_status s = engine_get(e, &networks, "/networks?%s", filter);
    size_t i;
    json_t *one;
    json_array_foreach(networks, i, one)
        if (s == BELAY_OK)
            s = check_network(e, text_member(one, "Id"));
    return s;
}
