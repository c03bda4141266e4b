#include "worker/execute.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void execute_program(char *const *argv, char *const *env)
{
    char path[PATH_MAX];
    const char *name = argv[0], *list = getenv("PATH");
    int reason = ENOENT;
    if (strchr(name, '/'))
        (void)execve(name, argv, env);
    if (strchr(name, '/') || !*name)
        return;
    for (const char *at = list ? list : ""; *at && (reason == ENOENT || reason == EACCES); at += *at == ':') {
        size_t n = strcspn(at, ":"), length = strlen(name);
        if (n > 0 && n + 1 + length < sizeof path) {
            memcpy(path, at, n);
            path[n] = '/';
            memcpy(path + n + 1, name, length + 1);
            (void)execve(path, argv, env);
            if (errno != ENOENT && errno != ENOTDIR)
                reason = errno;
        }
        at += n;
    }
    errno = reason;
}
