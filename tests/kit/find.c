#include "find.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "kit.h"
#include "worker/worker.h"

char *find_plugin(const char *kind)
{
    const char *build = getenv("BELAY_BUILD_DIR"), *plugin = getenv("PLUGIN");
    if (!build && plugin)
        return mem_dup(plugin);
    if (!build)
        fail_msg("PLUGIN does not say which plugin file to test: run the test by `make check` or ctest");
    int n = (int)strcspn(kind, ".");
    guard_mem char *path = mem_printf("%s/plugins/%.*s.so", build, n, kind);
    return access(path, F_OK) == 0 ? take(path) : mem_printf("%s/tests/plugins/%.*s.so", build, n, kind);
}

int find_worker(error **err)
{
    const char *program = getenv("BELAY");
    guard_mem char *found = NULL;
    if (getenv("BELAY_BUILD_DIR"))
        return 0;
    if (!program && kit_status_of("which", "belay", NULL) == 0) {
        found = mem_dup(kit_output_of("which", "belay", NULL));
        found[strcspn(found, "\n")] = '\0';
        program = found;
    }
    return program ? worker_init_beside(program, err) : 0;
}
