/* shell.diagnose: what the failed step's own output says: the tests that failed with their reasons, or an error line.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clues/clues.h"
#include "say/finding.h"
#include "shell.h"

#define READ_MAX    (256 << 10) /* of each file its end: there a program says what is wrong */
#define TESTS_TOLD  3
#define QUOTE_WIDTH 200
#define FAILED_TEST 78
#define OUTPUT_LESS 5 /* an output has lines of what went well, too */

/* One output being read. */
typedef struct reading {
    belay_ctx *c;
    const belay_host *h;
    char test[160]; /* the TAP test that failed last, until its reason has come */
    int told;
    const clue *clue;
    char line[QUOTE_WIDTH + 1]; /* that gives it */
} reading;

static void tell_test(reading *r, const char *why)
{
    if (r->test[0] && r->told++ < TESTS_TOLD)
        finding(r->c, r->h, FAILED_TEST, "test '%s' failed%s%.*s", r->test, *why ? ": " : "", QUOTE_WIDTH, why);
    r->test[0] = '\0';
}

/* TAP: "not ok 6 - costs add up", then lines "# why". pytest: "E       AssertionError: why". */
static void take_line(reading *r, const char *line)
{
    if (strncmp(line, "not ok", 6) == 0) {
        tell_test(r, "");
        const char *name = line + 6 + strspn(line + 6, " 0123456789-");
        if (!strstr(line, "# TODO") && !strstr(line, "# SKIP"))
            (void)snprintf(r->test, sizeof r->test, "%s", *name ? name : line);
        return;
    }
    if (r->test[0] && line[0] == '#') {
        tell_test(r, line + 1 + strspn(line + 1, " "));
        return;
    }
    if (strncmp(line, "ok ", 3) == 0)
        tell_test(r, "");
    const char *said = strncmp(line, "E  ", 3) == 0 ? line + 1 + strspn(line + 1, " ") : line;
    const clue *found = clues_find(said);
    if (!found || (r->clue && found->weight < r->clue->weight))
        return;
    r->clue = found;
    (void)snprintf(r->line, sizeof r->line, "%s", said);
}

static void take_text(reading *r, char *text)
{
    for (char *line; (line = strsep(&text, "\n"));)
        take_line(r, line);
    tell_test(r, "");
    if (r->told == 0 && r->clue)
        finding(r->c, r->h, r->clue->weight - OUTPUT_LESS, "its output says: %s%s\"%s\"",
                r->clue->meaning ? r->clue->meaning : "", r->clue->meaning ? ", " : "", r->line);
}

static void read_file(belay_ctx *c, const belay_host *h, int folder, const char *name)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text = fd >= 0 ? calloc(1, READ_MAX + 1) : NULL;
    if (text && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        pread(fd, text, READ_MAX, st.st_size > READ_MAX ? st.st_size - READ_MAX : 0) > 0) {
        reading r = {.c = c, .h = h};
        take_text(&r, text);
    }
    free(text);
    if (fd >= 0)
        close(fd);
}

belay_status diagnose_verify(belay_ctx *c, const belay_host *h)
{
    const char *path = h->fact(c, "failure.artifacts");
    DIR *folder = path ? opendir(path) : NULL;
    if (!folder)
        return path && errno != ENOENT ? say(c, h, BELAY_E_RETRY, NULL, "read '%s': %s", path, strerror(errno))
                                       : BELAY_NOTHING;
    for (struct dirent *entry; (entry = readdir(folder)) && !h->cancelled(c);) {
        const char *end = strrchr(entry->d_name, '.');
        if (end && strcmp(end, ".log") == 0)
            read_file(c, h, dirfd(folder), entry->d_name);
    }
    closedir(folder);
    return BELAY_OK;
}
