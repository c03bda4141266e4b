/* Runs a fuzz target over the files of a folder: an ordinary test where there is no libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay(const char *path)
{
    guard(error) err = NULL;
    guard_mem char *bytes = NULL;
    size_t size = 0;
    if (file_read(path, (size_t)16 * 1024 * 1024, &bytes, &size, &err)) {
        guard_mem char *why = error_text(err);
        (void)fprintf(stderr, "%s\n", why);
        return 1;
    }
    uint8_t *exact = mem_array(size, 1); /* no NUL behind it, so that a reader that goes too far is seen */
    memcpy(exact, bytes, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    int count = 0, failed = 0;
    if (!folder) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        guard_mem char *path = mem_printf("%s/%s", argv[1], entry->d_name);
        failed += replay(path);
        count++;
    }
    (void)closedir(folder);
    printf("%d inputs\n", count);
    return count == 0 || failed > 0;
}
