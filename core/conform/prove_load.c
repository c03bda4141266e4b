/* S1 and S2: what loading a plugin does. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "catalog/elf.h"
#include "conform/proof.h"

#define FILE_MAX ((size_t)256 * 1024 * 1024)

int prove_one_symbol(const char *file, char **ret_other, error **err)
{
    guard_mem char *bytes = NULL;
    size_t size = 0;
    int r = file_read(file, FILE_MAX, &bytes, &size, err);
    if (r == 0)
        *ret_other = elf_other_export(bytes, size);
    return r;
}

static const char *deed(const trace_call *call)
{
    switch (call->class) {
    case 'c': return "changes files";
    case 'n': return "opens or uses a socket";
    case 'p': return "begins a process or thread";
    case 'x': return "runs a program";
    default: return NULL;
    }
}

int prove_quiet_load(const catalog *c, const char *state_folder, const char *scratch, proof *p, error **err)
{
    guard_mem char *tracer = NULL, *pinned = NULL, *report = mem_printf("%s/report", scratch);
    const catalog_plugin *plugin = catalog_plugin_at(c, 0);
    json_t *descriptor = NULL;
    trace t = {0};
    int r = bench_find_tracer(&tracer, err);
    if (r == 0)
        r = catalog_pinned(state_folder, plugin->sha256, &pinned, err);
    const char *const watcher[] = {tracer, report, "0", NULL};
    if (r == 0)
        r = worker_describe_watched(pinned, plugin->sha256, watcher, &descriptor, err);
    json_decref(descriptor);
    guard(error) unread = NULL; /* then what was wrong before is told */
    if (r < 0 && trace_read(report, &t, &unread) == 0 && t.refused) {
        error_free(take(*err));
        trace_done(&t);
        return proof_untraced(p);
    }
    if (r == 0)
        r = trace_read(report, &t, err);
    for (size_t i = 0; r == 0 && i < t.count && p->verdict == CONFORM_PROVED; i++) {
        guard_mem char *shown = trace_show(&t.items[i]);
        if (deed(&t.items[i]))
            (void)proof_fails(p, "being loaded, it %s (%s). Do that in a phase, not in a constructor",
                              deed(&t.items[i]), shown);
    }
    trace_done(&t);
    return r;
}
