#include "world_lives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALONE_MS 8000

void lives_adopt(void)
{
    (void)kit_folder(); /* the kit's guardian is no child of ours: it starts before we adopt orphans */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bed lives_world(const char *of_b)
{
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", of_b));
    return b;
}

int lives_with(bed *b, const char *library, const char *verb)
{
    setenv("LD_PRELOAD", kit_path("%s/tests/preload/%s.so", getenv("BELAY_BUILD_DIR"), library), 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    const int status = strcmp(verb, "run") == 0 ? bed_run(b) : bed_belay(b, verb, NULL);
    unsetenv("LD_PRELOAD");
    return status;
}

void lives_assert_alone(const bed *b, const char *story)
{
    for (int waited = 0; waited < ALONE_MS; waited += 2) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0 && errno == ECHILD)
            return;
        (void)usleep(pid == 0 ? 2000 : 0);
    }
    fail_msg("%s: something still runs\n%s", story, bed_events(b));
}

static const char *recorded_state(bed *b)
{
    static const char *const states[] = {"committed", "rolled back", "refused"};
    if (bed_belay(b, "show", "latest", NULL) != 0)
        return "none";
    for (size_t i = 0; i < 3; i++)
        if (strstr(bed_events(b), kit_path("\"state\": \"%s\"", states[i])))
            return states[i];
    return "open";
}

void lives_assert_whole(bed *b, const char *story)
{
    const char *state = recorded_state(b);
    if (strcmp(state, "committed") == 0) {
        const char *first = bed_file(b, "a"), *second = bed_file(b, "b");
        if (!first || !second || strcmp(first, "new") != 0 || strcmp(second, "new") != 0)
            fail_msg("%s: committed, but the world is not the new one", story);
        return;
    }
    const char *const at_rest[] = {"rolled back", "refused", "none"};
    bool ended = false;
    for (size_t i = 0; i < 3; i++)
        ended = ended || strcmp(state, at_rest[i]) == 0;
    if (!ended)
        fail_msg("%s: the run has not ended\n%s", story, bed_events(b));
    bed_assert_untouched(b);
}
