#include "usage.h"

#include <math.h>

#include "text/text.h"

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* Control groups of version 1 name the reclaimable part total_inactive_file, those of version 2 inactive_file, which
 * in version 1 leaves the groups below out. */
static double without_cache(const json_t *memory)
{
    const json_t *stats = json_object_get(memory, "stats");
    double all = number(memory, "usage");
    const char *cache = json_object_get(stats, "total_inactive_file") ? "total_inactive_file" : "inactive_file";
    double reclaimable = number(stats, cache);
    return reclaimable < all ? all - reclaimable : all;
}

bool usage_read(const json_t *stats, usage *ret)
{
    const json_t *cpu = json_object_get(stats, "cpu_stats"), *memory = json_object_get(stats, "memory_stats");
    const json_t *cpu_usage = json_object_get(cpu, "cpu_usage");
    *ret = (usage){.cpu_ns = number(cpu_usage, "total_usage"),
                   .system_ns = number(cpu, "system_cpu_usage"),
                   .cpus = number(cpu, "online_cpus"),
                   .memory = without_cache(memory),
                   .limit = number(memory, "limit")};
    if (ret->cpus <= 0)
        ret->cpus = (double)json_array_size(json_object_get(cpu_usage, "percpu_usage"));
    return ret->system_ns > 0 && ret->limit > 0;
}

double usage_cpu(const usage *from, const usage *to)
{
    double used = to->cpu_ns - from->cpu_ns, passed = to->system_ns - from->system_ns;
    return used >= 0 && passed > 0 ? 100 * used / passed * to->cpus : NAN;
}
