/* host.diagnose: what the machine itself says about a failure: who holds ports, what is full, who does not answer. */
#include "endpoint.h"
#include "host.h"
#include "listener.h"
#include "say/finding.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CONNECT_MS 400
#define PROC_MAX   65536

/* ---- an artifact in the making ----------------------------------------------------------------------------------- */

typedef struct page {
    char *text;
    size_t size;
    FILE *out; /* NULL: out of memory, and then the page is left out */
} page;

static void page_begin(page *p)
{
    *p = (page){0};
    p->out = open_memstream(&p->text, &p->size);
}

static void page_keep(page *p, belay_ctx *c, const belay_host *h, const char *name)
{
    if (p->out && fclose(p->out) == 0 && p->size)
        (void)h->keep(c, name, p->text, p->size);
    free(p->text);
}

/* ---- ports ------------------------------------------------------------------------------------------------------- */

static bool is_expected(belay_ctx *c, const belay_host *h, const char *program)
{
    for (const char *const *e = h->opt_list(c, "expected"); *e; e++)
        if (strcmp(*e, program) == 0)
            return true;
    return false;
}

static void look_at_port(belay_ctx *c, const belay_host *h, const listeners *all, const char *item)
{
    endpoint e;
    char who[LISTENER_TEXT];
    if (!endpoint_parse(item, &e))
        return;
    for (size_t i = 0; i < all->count; i++) {
        const listener *l = &all->items[i];
        if (l->port != e.number || is_expected(c, h, l->program))
            continue;
        /* Whose name cannot be told may be an expected program of another user, or one that is just ending. */
        finding(c, h, l->pid ? 94 : 40, "port %u is held by %s", e.number, listener_show(l, who));
        return;
    }
}

static void look_at_ports(belay_ctx *c, const belay_host *h)
{
    page p;
    char who[LISTENER_TEXT];
    listeners all = listeners_read(0);
    page_begin(&p);
    for (size_t i = 0; p.out && i < all.count; i++)
        fprintf(p.out, "%-39s %5u  %s\n", all.items[i].address, all.items[i].port, listener_show(&all.items[i], who));
    page_keep(&p, c, h, "ports.txt");
    for (const char *const *item = h->opt_list(c, "ports"); *item; item++)
        look_at_port(c, h, &all, *item);
    listeners_done(&all);
}

/* ---- who should answer ------------------------------------------------------------------------------------------- */

/* "redis=127.0.0.1:6379": name and address. */
static void reach(belay_ctx *c, const belay_host *h, const char *item, FILE *out)
{
    endpoint e;
    struct addrinfo *found = NULL;
    const char *equals = strchr(item, '='), *address = equals ? equals + 1 : item;
    if (!endpoint_parse(address, &e))
        return;
    const int name = equals ? (int)(equals - item) : (int)strlen(item);
    const int unknown = endpoint_find(&e, false, &found);
    int reason = ETIMEDOUT;
    for (const struct addrinfo *a = found; a && reason && !h->cancelled(c); a = a->ai_next)
        reason = endpoint_connect(a, CONNECT_MS);
    if (found)
        freeaddrinfo(found);
    const char *why = unknown ? gai_strerror(unknown) : reason ? strerror(reason) : "it answers";
    if (out)
        fprintf(out, "%-40s %s\n", item, why);
    if (unknown)
        finding(c, h, 88, "the host of %.*s (%s) is not known: %s", name, item, address, why);
    else if (reason)
        finding(c, h, 86, "%.*s does not answer at %s: %s", name, item, address, why);
}

static void look_who_answers(belay_ctx *c, const belay_host *h)
{
    page p;
    page_begin(&p);
    for (const char *const *item = h->opt_list(c, "reach"); *item && !h->cancelled(c); item++)
        reach(c, h, *item, p.out);
    page_keep(&p, c, h, "reach.txt");
}

/* ---- what is full ------------------------------------------------------------------------------------------------ */

/* Below the first share of what there is it explains much, below the second it is worth to know. */
static const struct shortage {
    double percent;
    int weight;
} shortages[] = {{1, 96}, {5, 45}};

static int weigh(double left, double all)
{
    for (size_t i = 0; all > 0 && i < sizeof shortages / sizeof *shortages; i++)
        if (100 * left / all < shortages[i].percent)
            return shortages[i].weight;
    return 0;
}

static void look_at_disk(belay_ctx *c, const belay_host *h, const char *path, FILE *out)
{
    struct statvfs fs;
    char left[HOST_SIZE_TEXT], all[HOST_SIZE_TEXT];
    if (statvfs(path, &fs) != 0) {
        finding(c, h, errno == ENOENT ? 70 : 60, "'%s' cannot be read: %s", path, strerror(errno));
        return;
    }
    const double unit = (double)fs.f_frsize, bytes = (double)fs.f_bavail * unit, room = (double)fs.f_blocks * unit;
    const int by_size = weigh(bytes, room), by_number = weigh((double)fs.f_favail, (double)fs.f_files);
    if (out)
        fprintf(out, "%-40s %s free of %s, room for %llu of %llu files\n", path, host_size(bytes, left),
                host_size(room, all), (unsigned long long)fs.f_favail, (unsigned long long)fs.f_files);
    if (by_size)
        finding(c, h, by_size, "the disk of '%s' is full: %s are free of %s", path, host_size(bytes, left),
                host_size(room, all));
    else if (by_number)
        finding(c, h, by_number, "the disk of '%s' is full: there is room for %llu more files", path,
                (unsigned long long)fs.f_favail);
}

static void look_at_disks(belay_ctx *c, const belay_host *h)
{
    page p;
    page_begin(&p);
    for (const char *const *path = h->opt_list(c, "paths"); *path; path++)
        look_at_disk(c, h, *path, p.out);
    page_keep(&p, c, h, "disks.txt");
}

/* More than so many processes for each processor that want to run: what is slow, or not ready in time, may only wait.
 */
#define OVERLOAD 4
#define LATE     "p9[0-9]|latency|slow|time|within|ready|health|answer"
static void look_at_load(belay_ctx *c, const belay_host *h)
{
    char *load = host_read("/proc/loadavg", PROC_MAX);
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const double wanting = load ? strtod(load, NULL) : 0;
    if (load)
        (void)h->keep(c, "load.txt", load, strlen(load));
    if (processors > 0 && wanting >= OVERLOAD * (double)processors)
        finding(c, h, finding_failure_says(c, h, LATE) ? 58 : 45,
                "the machine is overloaded: its load is %.0f with %ld processor%s", wanting, processors,
                processors == 1 ? "" : "s");
    free(load);
}

static void look_at_memory(belay_ctx *c, const belay_host *h)
{
    char left[HOST_SIZE_TEXT];
    char *memory = host_read("/proc/meminfo", PROC_MAX);
    double total = 0, available = 0;
    const char *at = memory ? strstr(memory, "MemTotal:") : NULL;
    if (at)
        (void)sscanf(at, "MemTotal: %lf", &total);
    if (at && (at = strstr(memory, "MemAvailable:")))
        (void)sscanf(at, "MemAvailable: %lf", &available);
    if (memory)
        (void)h->keep(c, "memory.txt", memory, strlen(memory));
    const int weight = at ? weigh(available, total) : 0;
    if (weight)
        finding(c, h, weight, "the machine has no memory left: %s are available", host_size(available * 1024, left));
    free(memory);
}

static belay_status check_list(belay_ctx *c, const belay_host *h, const char *option, bool named)
{
    endpoint e;
    for (const char *const *item = h->opt_list(c, option); *item; item++) {
        const char *equals = named ? strchr(*item, '=') : NULL;
        if (!endpoint_parse(equals ? equals + 1 : *item, &e))
            return say_option(c, h, BELAY_E_CONFIG, option, "write \"127.0.0.1:8001\" or \"8001\"",
                              "'%s' is no address and port", *item);
    }
    return BELAY_OK;
}

belay_status diagnose_prepare(belay_ctx *c, const belay_host *h)
{
    belay_status s = check_list(c, h, "ports", false);
    return s == BELAY_OK ? check_list(c, h, "reach", true) : s;
}

/* What takes no time comes first. */
belay_status diagnose_verify(belay_ctx *c, const belay_host *h)
{
    belay_status s = diagnose_prepare(c, h);
    if (s != BELAY_OK)
        return s;
    look_at_disks(c, h);
    look_at_load(c, h);
    look_at_memory(c, h);
    look_at_ports(c, h);
    look_who_answers(c, h);
    return h->cancelled(c) ? BELAY_E_CANCELLED : BELAY_OK;
}
