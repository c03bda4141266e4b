#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROC_MAX  ((size_t)256 * 1024)
#define PATH_ROOM 4096

static double lesser(double a, double b)
{
    return b < a ? b : a;
}

/* The number after `key` at the beginning of a line, NaN when there is none. */
static double field(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, n) == 0)
            return strtod(line + n, NULL);
    }
    return NAN;
}

/* One file that holds one number; NaN when it is not there or says "max". */
static double number_in(const char *folder, const char *name)
{
    char path[PATH_ROOM + 64], *end = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = host_read(path, PROC_MAX);
    double value = text ? strtod(text, &end) : NAN;
    if (text && end == text)
        value = NAN;
    free(text);
    return value;
}

/* Where the two versions of control groups keep what we need. */
typedef struct cgroup_layout {
    const char *root, *limit, *usage, *reclaimable;
} cgroup_layout;

static const cgroup_layout unified = {"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "};
static const cgroup_layout legacy = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                     "total_inactive_file "};

/* What is left in one group: its limit, less what is in use and not given back on demand. */
static double left_in_group(const cgroup_layout *l, const char *folder)
{
    double limit = number_in(folder, l->limit), usage = number_in(folder, l->usage);
    char path[PATH_ROOM + 64];
    if (isnan(limit) || isnan(usage))
        return INFINITY;
    (void)snprintf(path, sizeof path, "%s/memory.stat", folder);
    char *stat = host_read(path, PROC_MAX);
    double reclaimable = stat ? field(stat, l->reclaimable) : 0;
    free(stat);
    double left = limit - usage + (isnan(reclaimable) ? 0 : reclaimable);
    return left < 0 ? 0 : left;
}

/* The least of the group and all above it. */
static double left_in_groups(const cgroup_layout *l, const char *group)
{
    char folder[PATH_ROOM];
    double least = INFINITY;
    int n = snprintf(folder, sizeof folder, "%s%s", l->root, group);
    if (n < 0 || (size_t)n >= sizeof folder)
        return INFINITY;
    for (;;) {
        least = lesser(least, left_in_group(l, folder));
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= strlen(l->root) || !slash)
            return least;
        *slash = '\0';
    }
}

/* Lines of /proc/self/cgroup: "0::/path" (version 2) and "4:memory:/path" (version 1). */
static double left_for_us(void)
{
    char *groups = host_read("/proc/self/cgroup", PROC_MAX), *next = groups;
    double least = INFINITY;
    for (char *line; (line = strsep(&next, "\n"));) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        if (strcmp(controllers, ":") == 0)
            least = lesser(least, left_in_groups(&unified, path));
        else if (strcmp(controllers, ":memory") == 0)
            least = lesser(least, left_in_groups(&legacy, path));
    }
    free(groups);
    return least;
}

belay_status memory_verify(belay_ctx *c, const belay_host *h)
{
    char has[HOST_SIZE_TEXT], wanted[HOST_SIZE_TEXT];
    char *meminfo = host_read("/proc/meminfo", PROC_MAX);
    if (!meminfo)
        return say(c, h, BELAY_E_RETRY, NULL, "read /proc/meminfo: %s", strerror(errno));
    double machine = field(meminfo, "MemAvailable:") * 1024, group = left_for_us();
    free(meminfo);
    if (isnan(machine))
        return say(c, h, BELAY_E_RETRY, NULL, "/proc/meminfo does not tell MemAvailable");
    double available = lesser(machine, group), needed = (double)h->opt_int(c, "min_available");
    belay_status s = h->measure(c, "available", available);
    if (s != BELAY_OK || available >= needed)
        return s;
    return say_option(c, h, BELAY_E_FAIL, "min_available",
                      group < machine ? "raise the memory limit of the control group that Belay runs in"
                                      : "stop what is not needed, or give the machine more memory",
                      "%s of memory are available%s, %s are needed", host_size(available, has),
                      group < machine ? " within the limit of our control group" : "", host_size(needed, wanted));
}
