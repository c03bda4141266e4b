#include "container.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say/say.h"

/* What `docker inspect` prints: one line of state, then a line for each published port and each address. */
#define FORMAT                                                                                                         \
    "{{.Id}} {{.State.Status}} {{.State.Pid}} {{.State.ExitCode}} {{.HostConfig.NetworkMode}}{{println}}"              \
    "{{range $p, $b := .NetworkSettings.Ports}}{{range $b}}port {{$p}} [{{.HostIp}}] {{.HostPort}}{{println}}{{end}}"  \
    "{{end}}{{range .NetworkSettings.Networks}}address [{{.IPAddress}}]{{println}}{{end}}"

bool container_is_name(const char *name)
{
    size_t n = strlen(name);
    if (n < 1 || n >= CONTAINER_NAME || !isalnum((unsigned char)name[0]))
        return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
            return false;
    return true;
}

static belay_status explain(belay_ctx *c, const belay_host *h, const char *option, const char *name, const char *said)
{
    if (strcasestr(said, "no such container") || strcasestr(said, "no such object"))
        return say_option(
            c, h, BELAY_E_FAIL, option,
            "`docker ps` lists the containers that run; when an earlier step of this run makes it, let the "
            "address use an output of that step",
            "there is no container %s", name);
    return say(c, h, BELAY_E_RETRY,
               "`docker ps` must work for the user who runs belay: is dockerd running? Else set DOCKER_HOST",
               "Docker cannot be asked for the container %s: %.400s", name, said);
}

static belay_status ask_docker(belay_ctx *c, const belay_host *h, const char *const *argv, belay_run *io)
{
    *io = (belay_run){.struct_size = sizeof *io, .argv = argv};
    return h->run(c, io);
}

/* ---- where the engine is ----------------------------------------------------------------------------------------- */

/* The host of "tcp://host:port" or "ssh://user@host:port"; false of an engine on this machine. */
static bool engine_host(const char *address, char ret[CONTAINER_PLACE])
{
    const char *host = strstr(address, "://");
    if (!host || strncmp(address, "unix:", 5) == 0)
        return false;
    host += 3;
    const size_t all = strcspn(host, "/\n");
    const char *at = memchr(host, '@', all);
    if (at)
        host = at + 1;
    const bool literal = host[0] == '[';
    host += literal;
    snprintf(ret, CONTAINER_PLACE, "%.*s", (int)strcspn(host, literal ? "]\n" : ":/\n"), host);
    return true;
}

/* The engine that `docker` talks with: of the environment, else of its current context. */
static bool engine_is_elsewhere(belay_ctx *c, const belay_host *h, char ret_host[CONTAINER_PLACE])
{
    static const char *const argv[] = {"docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}", NULL};
    const char *host = getenv("DOCKER_HOST");
    belay_run io;
    if (host && *host)
        return engine_host(host, ret_host);
    return ask_docker(c, h, argv, &io) == BELAY_OK && io.exit_code == 0 && engine_host(io.out, ret_host);
}

/* ---- what it says of the container -------------------------------------------------------------------------------
 */

/* Whether process `pid` of this machine is the container's: an engine in a virtual machine counts its own. */
static bool is_here(int pid, const char *id)
{
    static const char *const places[] = {"cgroup", "mountinfo"};
    bool found = false;
    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        char path[64], *line = NULL;
        size_t room = 0;
        snprintf(path, sizeof path, "/proc/%d/%s", pid, places[i]);
        FILE *file = fopen(path, "re");
        while (file && !found && getline(&line, &room, file) > 0)
            found = strstr(line, id) != NULL;
        free(line);
        if (file)
            fclose(file);
    }
    return found;
}

/* A line "port 5432/tcp [127.0.0.1] 18032" of the wanted port. */
static void take_port(const char *line, const char *elsewhere, container *k)
{
    char wanted[32], host[CONTAINER_PLACE] = "";
    snprintf(wanted, sizeof wanted, "port %d/tcp [", k->port);
    const size_t n = strlen(wanted);
    const char *end = strchr(line, ']');
    if (strncmp(line, wanted, n) != 0 || !end || k->published[0])
        return;
    snprintf(host, sizeof host, "%.*s", (int)(end - line - (int)n), line + n);
    const bool any = !host[0] || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    if (elsewhere && !any && strncmp(host, "127.", 4) == 0)
        return; /* on that machine's loopback */
    if (any)
        snprintf(host, sizeof host, "%s", elsewhere ? elsewhere : strcmp(host, "::") == 0 ? "::1" : "127.0.0.1");
    memcpy(k->published, host, sizeof k->published);
    k->published_port = atoi(end + 1);
}

static void take_address(const char *line, container *k)
{
    static const char begin[] = "address [";
    const size_t n = sizeof begin - 1;
    if (strncmp(line, begin, n) == 0 && line[n] != ']' && !k->address[0])
        snprintf(k->address, sizeof k->address, "%.*s", (int)strcspn(line + n, "]"), line + n);
}

static belay_status not_running(belay_ctx *c, const belay_host *h, const char *name, const char *state, int exit_code)
{
    const bool ended = strcmp(state, "exited") == 0 || strcmp(state, "restarting") == 0;
    char hint[2 * CONTAINER_NAME + 64], status[32] = "";
    snprintf(hint, sizeof hint, "`docker logs %s` tells why; `docker start %s` starts it", name, name);
    if (ended)
        snprintf(status, sizeof status, ", exit status %d", exit_code);
    return say(c, h, BELAY_E_RETRY, hint, "the container %s does not run: it is %s%s", name, state, status);
}

static belay_status read_answer(belay_ctx *c, const belay_host *h, char *answer, const char *elsewhere, container *k)
{
    char id[80] = "", state[32] = "", network[CONTAINER_PLACE] = "", *rest = answer;
    int exit_code = 0;
    if (sscanf(strsep(&rest, "\n"), "%79s %31s %d %d %255s", id, state, &k->pid, &exit_code, network) < 4)
        return say(c, h, BELAY_E_RETRY, NULL, "`docker inspect %s` printed something unexpected", k->name);
    if (strcmp(state, "running") != 0)
        return not_running(c, h, k->name, state, exit_code);
    if (elsewhere || !is_here(k->pid, id))
        k->pid = 0;
    for (const char *line; (line = strsep(&rest, "\n"));) {
        take_port(line, elsewhere, k);
        if (k->pid)
            take_address(line, k);
    }
    if (k->pid && strcmp(network, "host") == 0)
        snprintf(k->address, sizeof k->address, "127.0.0.1");
    return BELAY_OK;
}

belay_status container_find(belay_ctx *c, const belay_host *h, const char *option, const char *name, int port,
                            container *ret)
{
    const char *const argv[] = {"docker", "container", "inspect", "--format", FORMAT, name, NULL};
    char elsewhere[CONTAINER_PLACE];
    belay_run io;
    *ret = (container){.port = port};
    if (!container_is_name(name))
        return say_option(c, h, BELAY_E_CONFIG, option, "write docker://CONTAINER/...",
                          "the address names no container: a name has letters, digits, '_', '.' and '-'");
    snprintf(ret->name, sizeof ret->name, "%s", name);
    belay_status status = ask_docker(c, h, argv, &io);
    if (status != BELAY_OK)
        return status;
    if (io.exit_code != 0)
        return explain(c, h, option, name, *io.err ? io.err : io.out);
    char *answer = strdup(io.out);
    if (!answer)
        return say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    const bool remote = engine_is_elsewhere(c, h, elsewhere);
    status = read_answer(c, h, answer, remote ? elsewhere : NULL, ret);
    free(answer);
    return status;
}

int container_folder(const container *k, const char *path)
{
    char root[64];
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    if (!k->pid)
        return -1;
    snprintf(root, sizeof root, "/proc/%d/root", k->pid);
    const int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return -1;
    const int folder = (int)syscall(SYS_openat2, top, path, &how, sizeof how);
    close(top);
    return folder;
}
