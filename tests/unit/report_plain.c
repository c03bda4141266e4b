/* Plain lines: what stands in a log after each kind of end, and readers that are slow or gone. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "report/story.h"
#include "report_events.h"

static report_sink plain(FILE *out)
{
    setenv("LC_ALL", "C", 1); /* no characters beyond ASCII */
    return report_plain(out, false);
}

static report_sink verbose(FILE *out)
{
    setenv("LC_ALL", "C", 1);
    return report_plain(out, true);
}

#define HEAD                                                                                                           \
    "temponest v1.8.0 to staging, where v1.7.0 is\n"                                                                   \
    "run 20261123-184512-k7f2, 2026-11-23 18:45:12 UTC, /opt/staging.cfg\n"                                            \
    "\n"
#define STEPS                                                                                                          \
    "18:45:20  checked 4 steps, nothing is touched yet\n"                                                              \
    "18:45:20  preflight\n"                                                                                            \
    "18:45:20    passed        disk    host.disk              12 ms\n"                                                 \
    "                free 20.1 GB, bad if < 10GB\n"                                                                    \
    "18:45:20  build\n"                                                                                                \
    "18:45:20    warned        images  Build the images      42.1 s\n"                                                 \
    "                warned: size 456.0 MB, bad if > 400MB\n"                                                          \
    "18:45:20    passed        tags    docker.tag            300 ms\n"                                                 \
    "18:45:20  migrate\n"
#define FAILURE                                                                                                        \
    "18:45:20    failed        apply   postgres.migrate       2.3 s\n"                                                 \
    "                execute: 008_bad.sql:12: 42601 syntax error at or near \"TABEL\"\n"                               \
    "                do: mend the file and run again\n"                                                                \
    "18:45:20  rolling back\n"                                                                                         \
    "            because migrate/apply failed\n"
#define FAILED_FIELDS                                                                                                  \
    "  failed       migrate/apply, execute: 008_bad.sql:12: 42601 syntax error at or near \"TABEL\"\n"                 \
    "  do           mend the file and run again\n"                                                                     \
    "  warned       build/images: size 456.0 MB, bad if > 400MB\n"

static void a_committed_run_ends_with_its_figures(void **state)
{
    (void)state;
    guard_mem char *got = events_written(plain, events_committed);
    events_same(got,
                HEAD STEPS "18:45:20    passed        apply   postgres.migrate       2.3 s\n"
                           "\n"
                           "v1.8.0 is live on staging.  4 steps passed in 1 min 52 s, 1 measurement within its limit.\n"
                           "  warned       build/images: size 456.0 MB, bad if > 400MB\n"
                           "  commit       ab12cd3\n"
                           "  next         belay discard --keep 1\n");
}

static void a_rollback_is_told_with_its_cause_and_what_was_undone(void **state)
{
    (void)state;
    guard_mem char *got = events_written(plain, events_rolled_back);
    events_same(got,
                HEAD STEPS FAILURE "18:45:20    undone        apply   postgres.migrate       1.2 s\n"
                                   "18:45:20    undone        tags    docker.tag             40 ms\n"
                                   "18:45:20  bringing v1.7.0 back\n"
                                   "18:45:20    passed        up      docker.up              6.0 s\n"
                                   "\n"
                                   "v1.7.0 is back on staging, proved healthy 8.4 s after the failure.\n" FAILED_FIELDS
                                   "  undone       apply, tags\n"
                                   "  evidence     /var/lib/belay/runs/20261123-184512-k7f2\n"
                                   "  next         belay logs 20261123-184512-k7f2 apply\n"
                                   "               belay show 20261123-184512-k7f2\n");
}

/* Where the rows went that were written since the snapshot must not scroll by. */
static void the_summary_says_again_what_a_rollback_warned_of(void **state)
{
    (void)state;
    const char *events[64] = {NULL};
    size_t n = 0;
    for (; events_rolled_back[n + 1]; n++)
        events[n] = events_rolled_back[n];
    events[n] = "{\"type\": \"log\", \"step\": \"apply\", \"phase\": \"rollback\", \"level\": 2,"
                " \"line\": \"kept as app_broken\"}";
    events[n + 1] = events_rolled_back[n];
    guard_mem char *got = events_written(plain, events);
    if (!strstr(got, "  warning      apply: kept as app_broken\n"))
        fail_msg("%s", got);
}

static void a_rollback_that_proved_nothing_does_not_speak_of_health(void **state)
{
    (void)state;
    static const char *const events[] = {
        "{\"type\":\"run.start\",\"pipeline\":\"shop\",\"environment\":\"staging\",\"version\":\"v2\",\"previous\":"
        "\"v1\"}",
        "{\"type\":\"run.end\",\"state\":\"rolled back\",\"exit_status\":10,\"failed_ms\":1}",
        NULL,
    };
    guard_mem char *got = events_written(plain, events);
    assert_non_null(strstr(got, "v1 is back on staging; nothing proved it healthy.\n"));
    assert_null(strstr(got, "proved healthy"));
}

static void a_diagnosis_ends_the_failure_and_is_told_again_with_it(void **state)
{
    (void)state;
    guard_mem char *got = events_written(plain, events_diagnosed);
    events_same(
        got, HEAD STEPS
        "18:45:20    failed        apply   postgres.migrate       2.3 s\n"
        "                execute: 008_bad.sql:12: 42601 syntax error at or near \"TABEL\"\n"
        "                do: mend the file and run again\n"
        "18:45:20  rolling back\n"
        "            because step 'apply' failed in execute\n"
        "            found: port 8001 is held by pid 812 (nginx)\n"
        "            found: web exited with status 3\n"
        "\n"
        "staging needs a person: it could not be undone; it was rolled back because step 'apply' failed in execute.\n"
        "  failed       migrate/apply, execute: 008_bad.sql:12: 42601 syntax error at or near \"TABEL\"\n"
        "  do           mend the file and run again\n"
        "  found        port 8001 is held by pid 812 (nginx)\n"
        "               web exited with status 3\n"
        "  warned       build/images: size 456.0 MB, bad if > 400MB\n");
}

static void a_run_that_needs_a_person_says_what_is_left_and_how_to_go_on(void **state)
{
    (void)state;
    guard_mem char *got = events_written(plain, events_needs_person);
    events_same(got, HEAD STEPS FAILURE "18:45:20    not undone    apply   postgres.migrate       10 ms\n"
                                        "                rollback: the server does not answer\n"
                                        "                do: start PostgreSQL\n"
                                        "\n"
                                        "staging needs a person: migrate/apply could not be undone.\n" FAILED_FIELDS
                                        "  not undone   migrate/apply, rollback: the server does not answer\n"
                                        "  do           start PostgreSQL\n"
                                        "  next         belay rollback 20261123-184512-k7f2\n");
}

static void a_refused_run_says_that_nothing_was_touched(void **state)
{
    (void)state;
    guard_mem char *got = events_written(plain, events_refused);
    events_same(got, HEAD "18:45:20  preflight\n"
                          "18:45:20    failed        disk    host.disk               1 ms\n"
                          "                prepare, option 'path': no such path '/srv'\n"
                          "                do: mount it\n"
                          "\n"
                          "Nothing was touched on staging: the run was refused.\n"
                          "  failed       preflight/disk, prepare: no such path '/srv'\n"
                          "  do           mount it\n");
}

static void one_obstacle_of_many_steps_is_told_once_and_what_was_stopped_is_no_error(void **state)
{
    (void)state;
    guard_mem char *got = events_written(plain, events_one_obstacle);
    events_same(strstr(got, "Nothing"), "Nothing was touched on staging: the run was refused.\n"
                                        "  failed       preflight/disk, prepare: no connection\n"
                                        "  do           start the server\n"
                                        "  failed       build/images, prepare: the same\n");
    assert_non_null(strstr(got, "    stopped       tags "));
}

static void a_plan_says_what_changes_and_how_it_is_undone(void **state)
{
    (void)state;
    guard_mem char *got = events_written(plain, events_plan);
    events_same(got, "plan of temponest v1.8.0 to staging, where v1.7.0 is\n"
                     "run 20261123-184512-k7f2, 2026-11-23 18:45:12 UTC, /opt/staging.cfg\n"
                     "\n"
                     "preflight\n"
                     "  . disk  host.disk\n"
                     "      waits for lead\n"
                     "build\n"
                     "  . images  docker.build\n"
                     "      Build the images\n"
                     "      builds agents and scheduler\n"
                     "      undo: gives the tags back\n"
                     "      known later: commit\n"
                     "  - tags  docker.tag  skipped\n"
                     "migrate\n"
                     "  . apply  postgres.migrate\n"
                     "      applies 008_more.sql\n"
                     "      cannot be undone\n"
                     "when a step fails, before the undo\n"
                     "  . who  host.diagnose\n"
                     "on rollback, after the undo\n"
                     "  . up  docker.up\n"
                     "\n"
                     "4 steps: 2 change something, 2 only check. Nothing was touched.\n"
                     "Cannot be undone: apply.\n");
}

static void only_a_verbose_report_shows_ordinary_log_lines(void **state)
{
    (void)state;
    guard_mem char *brief = events_written(plain, events_committed);
    guard_mem char *full = events_written(verbose, events_committed);
    assert_null(strstr(brief, "COPY"));
    assert_non_null(strstr(full, "images: Step 4/9 : COPY . /app\n"));
}

static void first_deploys_and_cancelled_runs_have_words_of_their_own(void **state)
{
    (void)state;
    static const char *const events[] = {
        "{\"type\":\"run.start\",\"pipeline\":\"shop\",\"version\":\"v1\",\"environment\":\"test\",\"stages\":[]}",
        "{\"type\":\"run.state\",\"state\":\"rolling back\",\"reason\":\"because a person cancelled\"}",
        "{\"type\":\"run.end\",\"state\":\"rolled back\",\"reason\":\"a person cancelled\",\"duration_ms\":5}", NULL};
    guard_mem char *got = events_written(plain, events);
    events_same(got, "shop v1 to test, its first deploy\n"
                     "run 20261123-184512-k7f2, 2026-11-23 18:45:20 UTC\n"
                     "\n"
                     "18:45:20  rolling back\n"
                     "            because a person cancelled\n"
                     "\n"
                     "test is as it was before; there is no earlier version to bring back.\n"
                     "  why          a person cancelled\n");
}

static void a_second_try_is_told_with_the_reason_for_it(void **state)
{
    (void)state;
#define PING "\"stage\":\"check\",\"step\":\"ping\",\"kind\":\"http.health\",\"phase\":\"execute\""
    static const char *const events[] = {"{\"type\":\"phase.start\"," PING ",\"attempt\":1}",
                                         "{\"type\":\"phase.end\"," PING
                                         ",\"attempt\":1,\"verdict\":\"error\",\"summary\":\"connection refused\"}",
                                         "{\"type\":\"phase.start\"," PING ",\"attempt\":2}", NULL};
    guard_mem char *got = events_written(plain, events);
    events_same(got, "18:45:20  check\n"
                     "              ping, execute: connection refused; try 2\n");
}

static void a_long_step_is_said_to_be_alive(void **state)
{
    (void)state;
    guard(view) v = view_new();
    guard_text out = {0};
    const style look = {0};
    story t = story_new(look, true, false);
    for (const char *const *e = events_committed; *e && !strstr(*e, "\"log\""); e++) {
        json_t *event = events_parse(*e);
        guard_text ignored = {0};
        view_apply(v, event, 1000);
        story_tell(&t, v, event, &ignored);
        json_decref(event);
    }
    story_tell_running(&t, v, 1000 + 72000, &out);
    assert_non_null(strstr(text_get(&out), "  running       images  Build the images  1 min 12 s  3 of 7 agents\n"));
}

static void a_reader_that_is_gone_is_forgotten(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    FILE *out = fdopen(ends[1], "w");
    report_sink sinks[] = {report_plain(out, true), report_json(out)};
    close(ends[0]);
    for (size_t i = 0; i < 2; i++) {
        events_feed(&sinks[i], events_rolled_back);
        sinks[i].free(sinks[i].user);
    }
    fclose(out);
}

static void a_reader_that_does_not_read_holds_nothing_up_and_misses_nothing(void **state)
{
    (void)state;
    enum { EVENTS = 20000 };
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    FILE *out = fdopen(ends[1], "w");
    report_sink sink = report_json(out);
    alarm(30); /* instead of hanging for good */
    for (int i = 0; i < EVENTS; i++)
        events_feed_one(&sink, "{\"type\":\"note\",\"text\":\"as long as an ordinary line of a log is, or so\"}");
    alarm(0);
    size_t lines = 0;
    char bytes[65536];
    struct pollfd ready = {.fd = ends[0], .events = POLLIN};
    while (poll(&ready, 1, 0) == 1) {
        ssize_t n = read(ends[0], bytes, sizeof bytes);
        for (ssize_t i = 0; i < n; i++)
            lines += bytes[i] == '\n';
        sink.tick(sink.user);
    }
    assert_int_equal(lines, EVENTS);
    sink.free(sink.user);
    fclose(out);
    close(ends[0]);
}

static void what_exceeds_the_memory_is_dropped_and_counted(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    FILE *out = fdopen(ends[1], "w");
    report_sink sink = report_json(out);
    guard_mem char *filler = mem_array(65536, 1);
    memset(filler, 'x', 65535);
    guard_mem char *note = mem_printf("{\"type\":\"note\",\"text\":\"%s\"}", filler);
    for (int i = 0; i < 300; i++) /* 19 MB, more than the 16 MiB that may wait */
        events_feed_one(&sink, note);
    text all = {0};
    char bytes[65536];
    struct pollfd ready = {.fd = ends[0], .events = POLLIN};
    bool told = false;
    while (poll(&ready, 1, 0) == 1) {
        ssize_t n = read(ends[0], bytes, sizeof bytes);
        text_add(&all, bytes, (size_t)n);
        sink.tick(sink.user);
        if (!told && all.count > 1 << 20) { /* there is room again */
            events_feed_one(&sink, "{\"type\":\"note\",\"text\":\"last\"}");
            told = true;
        }
    }
    assert_non_null(strstr(text_get(&all), "events were dropped here: the reader was too slow"));
    assert_non_null(strstr(text_get(&all), "\"last\""));
    text_done(&all);
    sink.free(sink.user);
    fclose(out);
    close(ends[0]);
}

static report_sink json(FILE *out)
{
    return report_json(out);
}

static void json_lines_are_the_events_themselves(void **state)
{
    (void)state;
    guard_mem char *got = events_written(json, events_rolled_back);
    json_t *want = events_array(events_rolled_back);
    size_t i = 0;
    for (char *line = strtok(got, "\n"); line; line = strtok(NULL, "\n"), i++) {
        json_t *event = json_loads(line, 0, NULL);
        assert_true(json_equal(event, json_array_get(want, i)));
        json_decref(event);
    }
    assert_int_equal(i, json_array_size(want));
    json_decref(want);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_committed_run_ends_with_its_figures),
        cmocka_unit_test(a_rollback_is_told_with_its_cause_and_what_was_undone),
        cmocka_unit_test(the_summary_says_again_what_a_rollback_warned_of),
        cmocka_unit_test(a_rollback_that_proved_nothing_does_not_speak_of_health),
        cmocka_unit_test(a_diagnosis_ends_the_failure_and_is_told_again_with_it),
        cmocka_unit_test(a_run_that_needs_a_person_says_what_is_left_and_how_to_go_on),
        cmocka_unit_test(a_refused_run_says_that_nothing_was_touched),
        cmocka_unit_test(one_obstacle_of_many_steps_is_told_once_and_what_was_stopped_is_no_error),
        cmocka_unit_test(a_plan_says_what_changes_and_how_it_is_undone),
        cmocka_unit_test(only_a_verbose_report_shows_ordinary_log_lines),
        cmocka_unit_test(first_deploys_and_cancelled_runs_have_words_of_their_own),
        cmocka_unit_test(a_second_try_is_told_with_the_reason_for_it),
        cmocka_unit_test(a_long_step_is_said_to_be_alive),
        cmocka_unit_test(a_reader_that_is_gone_is_forgotten),
        cmocka_unit_test(a_reader_that_does_not_read_holds_nothing_up_and_misses_nothing),
        cmocka_unit_test(what_exceeds_the_memory_is_dropped_and_counted),
        cmocka_unit_test(json_lines_are_the_events_themselves),
    };
    return cmocka_run_group_tests_name("report_plain", tests, NULL, NULL);
}
