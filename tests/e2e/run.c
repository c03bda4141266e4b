#include "run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "program.h"

#define ARGUMENTS_MAX 60
#define LIMIT_MS      120000

const char *belay_state(void)
{
    static const char *folder;
    if (!folder) {
        folder = kit_folder();
        setenv("BELAY_STATE_DIR", folder, 1);
    }
    return folder;
}

outcome belay(const char *argument, ...)
{
    const char *argv[ARGUMENTS_MAX + 2] = {kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR")), argument};
    va_list ap;
    va_start(ap, argument);
    for (int i = 2; i < ARGUMENTS_MAX && argv[i - 1]; i++)
        argv[i] = va_arg(ap, const char *);
    va_end(ap);

    (void)belay_state();
    const char *errors = kit_path("%s/stderr", kit_folder());
    int fd = open(errors, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char *out = NULL;
    outcome o = {.status = program_run(argv, LIMIT_MS, fd, &out)};
    close(fd);
    o.out = program_keep(out);
    o.err = program_keep(kit_read(errors));
    return o;
}

void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("expected \"%s\" in:\n%s", part, text);
}

void assert_holds_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("did not expect \"%s\" in:\n%s", part, text);
}
