#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static void of_folder(const char *folder, cli_artifact_fn fn, void *user)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        guard_mem char *path = mem_printf("%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            fn(user, path);
        free(names[i]);
    }
    free(names);
}

void cli_artifacts(const store *s, const char *run, const char *step, cli_artifact_fn fn, void *user)
{
    guard_mem char *folder = mem_printf("%s/runs/%s", store_folder(s), run);
    struct dirent **names = NULL;
    int n = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.' && (!step || strcmp(step, names[i]->d_name) == 0)) {
            guard_mem char *path = mem_printf("%s/%s", folder, names[i]->d_name);
            of_folder(path, fn, user);
        }
        free(names[i]);
    }
    free(names);
}
