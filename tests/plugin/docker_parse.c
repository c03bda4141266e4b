/* What the plugin reads from others: logs in frames, build logs, Dockerfiles, references, sizes, times, states. */
#include "kit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "docker/buildlog.h"
#include "docker/judge.h"
#include "docker/logread.h"
#include "docker/tags.h"
#include "docker/usage.h"

/* ---- log frames ---- */

static bool collect(void *user, const char *line)
{
    text_add(user, "%s;", line);
    return true;
}

/* Two streams, a line over two frames, an empty line, a line without end. */
static const char frames[] = "\1\0\0\0\0\0\0\6one\ntw"
                             "\2\0\0\0\0\0\0\4err\n"
                             "\1\0\0\0\0\0\0\6o\r\n\nth";

static void frames_become_lines_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < sizeof frames; piece++) {
        guard_text lines = {0};
        logread r = {.fn = collect, .user = &lines};
        for (size_t at = 0; at < sizeof frames - 1; at += piece)
            logread_feed(&r, frames + at, sizeof frames - 1 - at < piece ? sizeof frames - 1 - at : piece);
        logread_end(&r);
        assert_string_equal(text_of(&lines), "one;err;two;;th;");
    }
}

static void a_terminals_log_has_no_frames_and_long_lines_are_cut(void **state)
{
    (void)state;
    guard_text lines = {0}, giant = {0};
    for (int i = 0; i < LOGREAD_LINE_MAX + 1; i++)
        text_add_bytes(&giant, "x", 1);
    logread r = {.fn = collect, .user = &lines, .tty = true};
    logread_feed(&r, "a\nb", 3);
    logread_feed(&r, giant.s, giant.length);
    logread_feed(&r, "\nc\n", 3);
    logread_end(&r);
    assert_int_equal(lines.length, 2 + LOGREAD_LINE_MAX + 1 + 2);
    assert_string_equal(lines.s + lines.length - 3, ";c;");
    assert_int_equal(r.cut, 1);
}

static void lines_are_given_as_a_terminal_shows_them(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *line;
        size_t n;
    } cases[] = {
#define CASE(bytes, line) {bytes, line, sizeof bytes - 1}
        CASE("\033[31mERROR\033[0m: x\r", "ERROR: x"),
        CASE("\033[1;38;2;1;2;3mE\033(B\033[mRROR", "ERROR"),
        CASE("\033]8;;http://x/\033\\link\033]8;;\aed", "linked"),
        CASE("a\0b FATAL", "ab FATAL"),
        CASE("\033[31 FATAL", "[31 FATAL"), /* what is no whole sequence hides nothing */
        CASE("\033]0; FATAL", "]0; FATAL"),
        CASE("\033FATAL\033", "FATAL"),
        CASE("\033[", "["),
        CASE("\033(", "("),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_text lines = {0};
        logread r = {.fn = collect, .user = &lines, .tty = true};
        for (size_t at = 0; at < cases[i].n; at++)
            logread_feed(&r, cases[i].bytes + at, 1);
        logread_end(&r);
        guard_mem char *expected = text_printf("%s;", cases[i].line);
        assert_string_equal(text_of(&lines), expected);
    }
}

/* ---- builds ---- */

/* Reads a log to its end; how many steps began. */
static size_t read_build(buildlog *b, const char *const *lines)
{
    size_t begun = 0;
    const char *step = NULL;
    for (buildlog_init(b); *lines; lines++)
        begun += buildlog_line(b, *lines, &step);
    return begun;
}

static void a_build_log_tells_progress_and_the_culprit(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "#1 [agents internal] load build definition from Dockerfile",
        "#4 [agents 1/3] FROM docker.io/library/debian",
        "#9 [web builder 2/5] RUN make",
        "#9 0.120 compiling",
        "#9 12.5 main.c:3: error",
        "#4 CACHED",
        "#2 [agents internal] load build context",
        "#2 ERROR: transport is closing",
        "#9 ERROR: process \"/bin/sh -c make \xe9\" did not complete successfully: exit code: 2",
        "failed to solve: process \"/bin/sh -c make \xe9\" did not complete successfully: exit code: 2",
        NULL,
    };
    buildlog b;
    const size_t begun = read_build(&b, lines);
    uint64_t done, all;
    buildlog_progress(&b, &done, &all);
    assert_int_equal(begun, 2);
    assert_int_equal(done, 3);
    assert_int_equal(all, 8);
    assert_string_equal(buildlog_culprit(&b), "9");
    assert_string_equal(text_member(b.steps, "9"), "[web builder 2/5] RUN make");
    assert_int_equal(json_array_size(json_object_get(b.lines, "9")), 2);
    buildlog_done(&b);
}

/* A Dockerfile that cannot be read stops the build without a step's error; what its sibling says is no cause. */
static void a_step_that_was_cut_off_is_not_the_culprit(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "#1 [two internal] load build definition from Dockerfile",
        "#1 ERROR: rpc error: code = Unavailable desc = transport is closing",
        "failed to solve: dockerfile parse error line 2: unknown instruction: COPYY",
        NULL,
    };
    buildlog b;
    read_build(&b, lines);
    assert_null(buildlog_culprit(&b));
    assert_string_equal(b.reason, lines[2]);
    buildlog_done(&b);
}

static void an_instruction_is_found_in_its_dockerfile(void **state)
{
    (void)state;
    static const char dockerfile[] =
        "# syntax\nFROM debian\n\nRUN  a && \\\n   # why\n   b\nRUN twice\nCOPY x y\nrun twice\n";
    assert_int_equal(buildlog_find(dockerfile, "RUN a && b"), 4);
    assert_int_equal(buildlog_find(dockerfile, "RUN a &&    b"), 4);
    assert_int_equal(buildlog_find(dockerfile, "COPY x y"), 8);
    assert_int_equal(buildlog_find(dockerfile, "RUN twice"), 0);
    assert_int_equal(buildlog_find(dockerfile, "RUN c"), 0);
    assert_int_equal(buildlog_find("", ""), 0);
}

/* ---- words ---- */

static void references_are_split_at_the_tag_not_at_a_port(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *repository, *tag;
    } cases[] = {
        {"app", "app", "latest"},
        {"app:v1", "app", "v1"},
        {"host:5000/a/app", "host:5000/a/app", "latest"},
        {"host:5000/a/app:v1.8.0", "host:5000/a/app", "v1.8.0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *repository = NULL, *tag = NULL;
        tags_split(cases[i].reference, &repository, &tag);
        assert_string_equal(repository, cases[i].repository);
        assert_string_equal(tag, cases[i].tag);
    }
}

static void sizes_need_their_unit(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        int64_t bytes;
    } cases[] = {{"500MB", 500000000},
                 {"64KiB", 65536},
                 {"1.5GB", 1500000000},
                 {"7B", 7},
                 {"500", -1},
                 {"-1MB", -1},
                 {"", -1},
                 {"MB", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *s = cases[i].written;
        assert_int_equal(text_read_size(&s), cases[i].bytes);
    }
}

static void times_of_the_engine_are_read_to_the_nanosecond(void **state)
{
    (void)state;
    assert_int_equal(engine_time("1970-01-02T00:00:00Z"), INT64_C(86400000000000));
    assert_int_equal(engine_time("2026-11-23T19:18:15.195968117Z") % 1000000000, 195968117);
    assert_int_equal(engine_time("2026-11-23T19:18:15.5+02:00"), engine_time("2026-11-23T17:18:15.5Z"));
    assert_int_equal(engine_time("0001-01-01T00:00:00Z"), 0);
    assert_int_equal(engine_time("soon"), 0);
}

static void api_versions_are_compared_by_number(void **state)
{
    (void)state;
    assert_int_equal(engine_api_compare("1.9", "1.41"), -1);
    assert_int_equal(engine_api_compare("1.41", "1.41"), 0);
    assert_int_equal(engine_api_compare("2.0", "1.99"), 1);
}

/* ---- states ---- */

#define NOW "2026-01-01T00:01:00Z"

static judge_verdict judged(const char *inspection, text *why)
{
    char id[] = "id1", name[] = "app-1", service[] = "app";
    const container c = {.id = id, .name = name, .service = service};
    guard_json *oneshot = json_pack("{s:b}", "job", true);
    const judge_rules rules = {.oneshot = oneshot, .max_restarts = 2, .stable_ms = 2000, .now_ns = engine_time(NOW)};
    guard_json *inspected = json_loads(inspection, 0, NULL);
    assert_non_null(inspected);
    text_clear(why);
    return judge_state(&c, inspected, &rules, why);
}

static void a_container_is_judged_by_its_state(void **state)
{
    (void)state;
    static const struct {
        const char *inspection;
        judge_verdict verdict;
        const char *why;
    } cases[] = {
        {"{\"State\":{\"Status\":\"running\",\"StartedAt\":\"2026-01-01T00:00:30Z\"}}", JUDGE_READY, ""},
        {"{\"State\":{\"Status\":\"running\",\"StartedAt\":\"2026-01-01T00:00:59Z\"}}", JUDGE_WAIT,
         "runs since 1000 ms"},
        {"{\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":\"healthy\"}}}", JUDGE_READY, ""},
        {"{\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":\"starting\",\"Log\":[]}}}", JUDGE_WAIT,
         "has not been run yet"},
        {"{\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":\"unhealthy\",\"FailingStreak\":3,\"Log\":[{"
         "\"ExitCode\":"
         "1,\"Output\":\"no route\\n\"}]}},\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"redis-cli -a secret "
         "ping\"]}}}",
         JUDGE_BAD, "health check redis-cli fails; failures in a row: 3, last exit code 1, last output: no route"},
        {"{\"State\":{\"Status\":\"exited\",\"ExitCode\":0}}", JUDGE_BAD, "ended, exit code 0"},
        {"{\"State\":{\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true}}", JUDGE_BAD,
         "killed for want of memory"},
        {"{\"State\":{\"Status\":\"restarting\",\"ExitCode\":1},\"RestartCount\":1}", JUDGE_WAIT,
         "being started again"},
        {"{\"State\":{\"Status\":\"running\",\"ExitCode\":1},\"RestartCount\":3}", JUDGE_BAD,
         "was started again 3 times"},
        {"{\"State\":{\"Status\":\"created\",\"Error\":\"port is already allocated\"}}", JUDGE_BAD,
         "already allocated"},
        {"{\"State\":{\"Status\":\"paused\"}}", JUDGE_BAD, "is not running (paused)"},
        {"{}", JUDGE_BAD, "state unknown"},
    };
    guard_text why = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(judged(cases[i].inspection, &why), cases[i].verdict);
        if (!strstr(text_of(&why), cases[i].why))
            fail_msg("'%s' is not in: %s", cases[i].why, text_of(&why));
        assert_null(strstr(text_of(&why), "secret"));
    }
}

/* ---- statistics ---- */

static usage read_usage(const char *text, bool runs)
{
    usage u;
    json_t *stats = json_loads(text, 0, NULL);
    assert_non_null(stats);
    assert_int_equal(usage_read(stats, &u), runs);
    json_decref(stats);
    return u;
}

#define CPU_STATS(used, system)                                                                                        \
    "\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":" used "},\"system_cpu_usage\":" system ",\"online_cpus\":2}"

static void statistics_are_read_as_docker_stats_reads_them(void **state)
{
    (void)state;
    usage v1 =
        read_usage("{" CPU_STATS("100", "1000") ",\"memory_stats\":{\"usage\":90,\"limit\":200,\"stats\":"
                                                "{\"cache\":50,\"inactive_file\":1,\"total_inactive_file\":40}}}",
                   true);
    usage v2 = read_usage("{" CPU_STATS("150", "1200") ",\"memory_stats\":{\"usage\":90,\"limit\":200,\"stats\":"
                                                       "{\"file\":50,\"inactive_file\":30}}}",
                          true);
    assert_true(v1.memory == 50);
    assert_true(v2.memory == 60);
    assert_true(usage_cpu(&v1, &v2) == 50); /* 50 of 200 on two CPUs */
    assert_true(isnan(usage_cpu(&v2, &v1)));
    assert_true(isnan(usage_cpu(&v1, &v1)));
    (void)read_usage("{\"read\":\"0001-01-01T00:00:00Z\",\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":0}},"
                     "\"memory_stats\":{}}",
                     false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_become_lines_however_they_are_cut),
        cmocka_unit_test(lines_are_given_as_a_terminal_shows_them),
        cmocka_unit_test(a_terminals_log_has_no_frames_and_long_lines_are_cut),
        cmocka_unit_test(a_build_log_tells_progress_and_the_culprit),
        cmocka_unit_test(a_step_that_was_cut_off_is_not_the_culprit),
        cmocka_unit_test(an_instruction_is_found_in_its_dockerfile),
        cmocka_unit_test(references_are_split_at_the_tag_not_at_a_port),
        cmocka_unit_test(sizes_need_their_unit),
        cmocka_unit_test(times_of_the_engine_are_read_to_the_nanosecond),
        cmocka_unit_test(api_versions_are_compared_by_number),
        cmocka_unit_test(a_container_is_judged_by_its_state),
        cmocka_unit_test(statistics_are_read_as_docker_stats_reads_them),
    };
    return cmocka_run_group_tests_name("docker: what it reads", tests, NULL, NULL);
}
