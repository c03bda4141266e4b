#include "base/program.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* A folder that is no absolute path is beside the running program. */
static char *look_in(const char *folder, const char *own_folder, const char *name)
{
    char *path = mem_printf("%s%s/%s", folder[0] == '/' ? "" : own_folder, folder, name);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static int find_running(char own[PATH_MAX + 1], error **err)
{
    ssize_t n = readlink("/proc/self/exe", own, PATH_MAX);
    if (n < 0)
        return error_set(err, ERROR_IO, "find the running program by /proc/self/exe: %s", strerror(errno));
    own[n] = '\0';
    return 0;
}

int program_find(const char *name, const char *beside, char **ret, error **err)
{
    /* Relative to that program's folder; the last but one serves the test programs of a build tree. */
    static const char *const places[] = {".", "../libexec/belay", "../bin", BELAY_LIBEXEC_FOLDER};
    char own[PATH_MAX + 1];
    int r = beside ? 0 : find_running(own, err);
    if (r < 0)
        return r;
    guard_mem char *folder = mem_dup(beside ? beside : own);
    char *end = strrchr(folder, '/');
    if (!end)
        return error_set(err, ERROR_NOT_FOUND, "find %s beside '%s': that is not a whole path", name, folder);
    end[1] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = look_in(places[i], folder, name);
        if (path) {
            *ret = path;
            return 0;
        }
    }
    (void)error_set(err, ERROR_NOT_FOUND, "the program %s is neither beside %s nor in " BELAY_LIBEXEC_FOLDER, name,
                    folder);
    return error_hint(err, "install Belay again, whole");
}

char *program_path(const char *name)
{
    const char *path = getenv("PATH");
    guard_mem char *copy = mem_dup(path ? path : "/usr/bin:/bin");
    char *rest = copy, *folder;
    while ((folder = strsep(&rest, ":"))) {
        char *file = mem_printf("%s/%s", folder, name);
        if (access(file, X_OK) == 0)
            return file;
        free(file);
    }
    return NULL;
}

bool program_in_path(const char *name)
{
    guard_mem char *file = program_path(name);
    return file != NULL;
}
