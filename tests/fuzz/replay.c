/* Runs a fuzz target over the files of a folder: an ordinary test where there is no libFuzzer. Uses nothing of Belay: a
 * target's own libraries may have names in common with it. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "fuzz.h"

static int replay(const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &st) != 0) {
        (void)fprintf(stderr, "open '%s': %s\n", path, strerror(errno));
        return 1;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *exact = malloc(size ? size : 1); /* no NUL behind it, so that a reader that goes too far is seen */
    bool whole = exact && fread(exact, 1, size, file) == size;
    (void)fclose(file);
    (void)printf("%s\n", path);
    (void)fflush(stdout); /* of a target that aborts, the last line names the input */
    if (whole)
        (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return !whole;
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
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        failed += replay(path);
        count++;
    }
    (void)closedir(folder);
    printf("%d inputs\n", count);
    return count == 0 || failed > 0;
}
