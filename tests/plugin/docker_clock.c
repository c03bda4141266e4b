/* An engine on another machine: its clock is asked over a slow line, and a log is read from a time on that clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

#define AHEAD      3600   /* seconds, of the engine's clock */
#define LATENCY_US 600000 /* of a request, before the engine reads its clock, and of its answer */
#define BEGAN      1000000000

static const char *time_of_engine(void)
{
    static char answer[256];
    struct timespec now;
    usleep(LATENCY_US);
    clock_gettime(CLOCK_REALTIME, &now);
    time_t theirs = now.tv_sec + AHEAD;
    char seconds[32];
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", gmtime(&theirs));
    snprintf(answer, sizeof answer, KIT_WEB_OK("{\"SystemTime\":\"%s.%09ldZ\"}"), seconds, now.tv_nsec);
    usleep(LATENCY_US);
    return answer;
}

/* The log is the time from which on it was asked for. */
static const char *engine(const char *request)
{
    static char answer[256];
    if (strstr(request, "GET /version"))
        return KIT_WEB_OK("{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}");
    if (strstr(request, "/info "))
        return time_of_engine();
    if (strstr(request, "/containers/web/json"))
        return KIT_WEB_OK("{\"Config\":{\"Tty\":true}}");
    const char *since = strstr(request, "&since=");
    if (!since)
        return NULL;
    snprintf(answer, sizeof answer, KIT_WEB_OK("since %.*s\n"), (int)strcspn(since + 7, "& "), since + 7);
    return answer;
}

static void a_log_is_never_read_from_too_late_a_time_on(void **state)
{
    (void)state;
    int port = kit_web_start(engine);
    kit_step *s = kit_step_new("docker.logs");
    kit_set(s, "host", kit_path("tcp://127.0.0.1:%d", port));
    kit_set_list(s, "containers", "web", NULL);
    kit_set_list(s, "forbidden", "since", NULL);
    kit_set(s, "since", "step");
    kit_fact(s, "step.started_at", kit_path("%d.000", BEGAN));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    const char *quoted = strstr(kit_summary(s), "since ");
    assert_non_null(quoted);
    double since = strtod(quoted + strlen("since "), NULL) - AHEAD - BEGAN;
    if (since > 0 || since < -30) /* the answer's way, on a busy machine */
        fail_msg("the log is read from %g s after the step began", since);
    kit_step_free(s);
    kit_web_stop(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_never_read_from_too_late_a_time_on),
    };
    return cmocka_run_group_tests_name("the engine's clock", tests, NULL, NULL);
}
