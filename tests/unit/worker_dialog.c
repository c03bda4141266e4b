/* What plugins are told and what they say arrives, whole and typed, and the rules of each call hold. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker_fixture.h"

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

static json_t *options(void)
{
    return json_pack("{s:s, s:i, s:i, s:[s,s]}", "text", "hello", "number", 7, "flag", 1, "list", "a b", "\xc3\xa4");
}

static void prepare_reads_options_and_facts_and_says_its_plan(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite",
                     .step = "all",
                     .phase = WORKER_PREPARE,
                     .options = options(),
                     .pending = json_pack("[s]", "later"),
                     .facts = json_pack("{s:s}", "run.id", "r1")};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_NOTHING);
    assert_string_equal(text_get(&p.log),
                        "1 text=hello number=7 flag=1/true list=a b,\xc3\xa4 unset=none/0 pending=1/0\n"
                        "0 number as text=7 empty list=yes run=r1 none=yes feature=none\n"
                        "3 two\n"
                        "3 lines\n");
    assert_string_equal(text_get(&p.plan), "makes a thing | unmakes it\nlooks at it | nothing\n");
    assert_string_equal(text_get(&p.told), "progress 3/7 things\n");
}

static void execute_remembers_first_values_and_produces(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite", .step = "all", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_E_FAIL);
    assert_string_equal(text_get(&p.log), "1 one\n1 two\n1 one\n");
    assert_string_equal(text_get(&p.told), "output file=/x/y\nmeasure size=1.5\nmeasure size/one=2.5\n");
    assert_string_equal(p.summary, "it went badly");
    assert_string_equal(p.hint, "try again");
    assert_string_equal(p.option, "text");
    assert_string_equal(p.artifact_name, "a.bin");
    assert_int_equal(p.artifact.count, 7);
    assert_memory_equal(p.artifact.items, "\0\1\2text", 7);
}

static void a_retry_is_told_what_was_remembered_first(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite",
                     .step = "all",
                     .phase = WORKER_EXECUTE,
                     .undo = json_pack("[{s:s, s:s}]", "key", "first", "value", "original")};
    p.refuse = true;
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_E_HOST);
    assert_int_equal(json_object_size(p.remembered), 0);
}

static void rollback_reads_the_journal_newest_first(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite",
                     .step = "all",
                     .phase = WORKER_ROLLBACK,
                     .undo = json_pack("[{s:s, s:s}, {s:s, s:s}]", "key", "b", "value", "2", "key", "a", "value", "1")};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    assert_string_equal(text_get(&p.log), "1 b=2\n1 a=1\n");
}

static void a_journal_of_16_MiB_reaches_rollback(void **state)
{
    (void)state;
    json_t *undo = json_array();
    char *value = mem_array(64 * 1024 + 1, 1);
    memset(value, '"', 64 * 1024);
    for (int i = 255; i >= 0; i--) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        json_array_append_new(undo, json_pack("{s:s, s:s}", "key", key, "value", value));
    }
    free(value);
    guard_phase p = {.plugin = "polite", .step = "all", .phase = WORKER_ROLLBACK, .undo = undo};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    assert_int_equal(p.lines, 256);
    assert_contains(text_get(&p.log), "1 key255=\"\"");
}

static void options_longer_than_a_message_are_refused_before_anything_runs(void **state)
{
    (void)state;
    char hex[65];
    guard(error) err = NULL;
    guard_mem char *path = phase_plugin("polite", hex);
    guard_mem char *huge = mem_array(1100 * 1024, 1);
    memset(huge, 'x', 1100 * 1024 - 1);
    json_t *many = json_pack("{s:s}", "text", huge);
    uv_loop_t loop;
    uv_loop_init(&loop);
    worker *w = NULL;
    int r = worker_start(&loop, &(worker_request){.plugin = path, .sha256 = hex, .step = "all", .options = many},
                         &(worker_handlers){0}, &w, &err);
    assert_int_equal(r, -ERROR_PLUGIN);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    json_decref(many);
}

static void a_phase_that_a_step_lacks_is_nothing_to_do(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite", .step = "all", .phase = WORKER_DISCARD};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_NOTHING);
}

static void a_refused_remember_stops_the_plugin_before_it_acts(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite", .step = "all", .phase = WORKER_EXECUTE, .refuse = true};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_E_HOST);
    assert_string_equal(text_get(&p.told), "");
}

static void the_environment_is_filtered_and_the_folder_private(void **state)
{
    (void)state;
    setenv("BELAY_TEST_CANARY", "visible", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "visible", 1);
    setenv("DOCKER_HOST", "unix:///nowhere", 1);
    guard_phase p = {.plugin = "polite", .step = "environment", .phase = WORKER_VERIFY};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    assert_null(strstr(text_get(&p.log), "visible"));
    assert_contains(text_get(&p.log), "1 PATH=");
    assert_contains(text_get(&p.log), "1 TMPDIR=/");
    assert_contains(text_get(&p.log), "/belay-");
    assert_contains(text_get(&p.log), "1 DOCKER_HOST=unix:///nowhere\n");
    assert_contains(text_get(&p.log), "cwd is work.dir");
}

static void it_knows_how_much_time_is_left(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite", .step = "time", .phase = WORKER_VERIFY, .timeout_ms = 5000};
    phase_run_do(&p);
    int left = 0, cancelled = -1;
    assert_int_equal(sscanf(text_get(&p.log), "1 left=%d cancelled=%d", &left, &cancelled), 2);
    assert_in_range(left, 4000, 5000);
    assert_int_equal(cancelled, 0);
    assert_int_equal(p.status, BELAY_OK);
}

static void fifty_run_side_by_side_on_one_loop(void **state)
{
    (void)state;
    phase_run runs[50] = {0};
    uv_loop_t loop;
    uv_loop_init(&loop);
    for (int i = 0; i < 50; i++) {
        runs[i].plugin = "polite";
        runs[i].step = "all";
        runs[i].phase = WORKER_EXECUTE;
        phase_run_start(&runs[i], &loop);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(runs[i].dones, 1);
        assert_string_equal(runs[i].summary, "it went badly");
        phase_run_done(&runs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepare_reads_options_and_facts_and_says_its_plan),
        cmocka_unit_test(execute_remembers_first_values_and_produces),
        cmocka_unit_test(a_retry_is_told_what_was_remembered_first),
        cmocka_unit_test(rollback_reads_the_journal_newest_first),
        cmocka_unit_test(a_journal_of_16_MiB_reaches_rollback),
        cmocka_unit_test(options_longer_than_a_message_are_refused_before_anything_runs),
        cmocka_unit_test(a_phase_that_a_step_lacks_is_nothing_to_do),
        cmocka_unit_test(a_refused_remember_stops_the_plugin_before_it_acts),
        cmocka_unit_test(the_environment_is_filtered_and_the_folder_private),
        cmocka_unit_test(it_knows_how_much_time_is_left),
        cmocka_unit_test(fifty_run_side_by_side_on_one_loop),
    };
    return cmocka_run_group_tests_name("worker dialog", tests, NULL, NULL);
}
