/* Runs and what they leave: found again by id, prefix, environment; outputs and measurements; events and artifacts. */
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store_fixture.h"

static int open_one(void **state)
{
    int r = fixture_setup(state);
    if (r == 0)
        fixture_open(*state);
    return r;
}

static void a_run_keeps_all_that_it_was_started_with(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    char words[][16] = {"shop", "staging", "v2", "v1", "abc123", "/etc/shop.cfg", "a = 1;", "", "pat", "host7"};
    store_run run = {.pipeline = words[0],
                     .environment = words[1],
                     .version = words[2],
                     .previous = words[3],
                     .commit = words[4],
                     .file = words[5],
                     .text = words[6],
                     .reason = words[7],
                     .user = words[8],
                     .host = words[9],
                     .sets = json_pack("[s, s]", "vars.a=b", "vars.c=d")};
    fixture_good(store_run_create(f->store, &run, &err), err);
    store_run got = {0};
    fixture_good(store_run_get(f->store, run.id, &got, &err), err);
    assert_string_equal(got.id, run.id);
    assert_string_equal(got.pipeline, "shop");
    assert_string_equal(got.previous, "v1");
    assert_string_equal(got.commit, "abc123");
    assert_string_equal(got.file, "/etc/shop.cfg");
    assert_string_equal(got.text, "a = 1;");
    assert_string_equal(got.user, "pat");
    assert_string_equal(got.host, "host7");
    assert_true(json_equal(got.sets, run.sets));
    assert_int_equal(got.started_ms, run.started_ms);
    assert_int_equal(got.state, RUN_RUNNING);
    json_decref(run.sets);
    free(run.id);
    store_run_done(&got);
}

static void ids_are_a_time_and_four_letters_and_all_differ(void **state)
{
    fixture *f = *state;
    regex_t form;
    assert_int_equal(regcomp(&form, "^[0-9]{8}-[0-9]{6}-[a-z0-9]{4}$", REG_EXTENDED | REG_NOSUB), 0);
    for (int i = 0; i < 50; i++) {
        guard_mem char *id = fixture_run(f, "staging"); /* two equal ids would break the table's key */
        assert_int_equal(regexec(&form, id, 0, NULL, 0), 0);
    }
    regfree(&form);
}

static void an_update_is_read_back(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *id = fixture_run(f, "staging");
    store_run run = {0};
    fixture_good(store_run_get(f->store, id, &run, &err), err);
    run.state = RUN_ROLLED_BACK;
    free(run.reason);
    run.reason = mem_dup("migrate/apply: syntax error");
    run.ended_ms = 30;
    run.failed_ms = 10;
    run.healthy_ms = 20;
    run.discarded = true;
    fixture_good(store_run_update(f->store, &run, &err), err);
    store_run_done(&run);
    fixture_good(store_run_get(f->store, id, &run, &err), err);
    assert_int_equal(run.state, RUN_ROLLED_BACK);
    assert_string_equal(run.reason, "migrate/apply: syntax error");
    assert_int_equal(run.ended_ms, 30);
    assert_int_equal(run.failed_ms, 10);
    assert_int_equal(run.healthy_ms, 20);
    assert_true(run.discarded);
    free(run.id);
    run.id = mem_dup("20000101-000000-none");
    assert_int_equal(store_run_update(f->store, &run, &err), -ERROR_NOT_FOUND);
    store_run_done(&run);
}

static void a_run_is_found_by_a_unique_prefix_or_as_the_latest(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    store_run run = {0};
    assert_int_equal(store_run_get(f->store, "latest", &run, &err), -ERROR_NOT_FOUND);
    fixture_says(err, "no runs are recorded", f->folder);
    error_free(take(err));

    guard_mem char *first = fixture_run(f, "staging");
    guard_mem char *prefix = mem_dup_n(first, strlen(first) - 1);
    fixture_good(store_run_get(f->store, prefix, &run, &err), err);
    assert_string_equal(run.id, first);
    store_run_done(&run);
    guard_mem char *second = fixture_run(f, "staging");
    fixture_good(store_run_get(f->store, "latest", &run, &err), err);
    assert_string_equal(run.id, second);
    store_run_done(&run);
    assert_int_equal(store_run_get(f->store, "2", &run, &err), -ERROR_NOT_FOUND);
    fixture_says(err, first, second);
    error_free(take(err));
    assert_int_equal(store_run_get(f->store, "1999", &run, &err), -ERROR_NOT_FOUND);
    fixture_says(err, "'1999'", second);
}

static void set_state(fixture *f, const char *id, run_state to)
{
    guard(error) err = NULL;
    store_run run = {0};
    fixture_good(store_run_get(f->store, id, &run, &err), err);
    run.state = to;
    fixture_good(store_run_update(f->store, &run, &err), err);
    store_run_done(&run);
}

static void only_a_run_that_has_not_ended_is_unfinished(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *id = fixture_run(f, "staging");
    free(fixture_run(f, "production")); /* stays unfinished, elsewhere */
    static const run_state all[] = {RUN_RUNNING,     RUN_PAUSED,       RUN_ROLLING_BACK, RUN_COMMITTED,
                                    RUN_ROLLED_BACK, RUN_NEEDS_PERSON, RUN_REFUSED};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        store_run run = {0};
        set_state(f, id, all[i]);
        fixture_good(store_run_unfinished(f->store, "staging", &run, &err), err);
        if (run_state_is_end(all[i]))
            assert_null(run.id);
        else
            assert_string_equal(run.id, id);
        store_run_done(&run);
    }
}

static void end_at(fixture *f, const char *id, run_state state, int64_t ended_ms)
{
    guard(error) err = NULL;
    store_run run = {0};
    fixture_good(store_run_get(f->store, id, &run, &err), err);
    run.state = state;
    run.ended_ms = ended_ms;
    fixture_good(store_run_update(f->store, &run, &err), err);
    store_run_done(&run);
}

static void assert_live(fixture *f, const char *run)
{
    guard(error) err = NULL;
    guard_mem char *version = NULL;
    guard_mem char *told_by = NULL;
    fixture_good(store_live(f->store, "staging", &version, &told_by, &err), err);
    assert_int_equal(version != NULL, run != NULL);
    if (run)
        assert_string_equal(told_by, run);
}

static void the_run_that_ended_last_tells_what_is_live(void **state)
{
    fixture *f = *state;
    guard_mem char *first = fixture_run(f, "staging");
    guard_mem char *second = fixture_run(f, "staging");
    guard_mem char *third = fixture_run(f, "staging");
    guard_mem char *elsewhere = fixture_run(f, "production");
    end_at(f, elsewhere, RUN_COMMITTED, 99);
    assert_live(f, NULL);
    end_at(f, first, RUN_COMMITTED, 10);
    end_at(f, second, RUN_ROLLED_BACK, 20);
    end_at(f, third, RUN_REFUSED, 30);
    assert_live(f, first);
    end_at(f, first, RUN_ROLLED_BACK, 40);
    assert_live(f, NULL);
    end_at(f, third, RUN_COMMITTED, 50);
    assert_live(f, third);
}

static bool collect_id(void *user, const store_run *r)
{
    json_array_append_new(user, json_string(r->id));
    return json_array_size(user) < 3;
}

static void runs_are_listed_newest_first(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    char *ids[4];
    for (size_t i = 0; i < 4; i++)
        ids[i] = fixture_run(f, i == 2 ? "production" : "staging");
    static const struct {
        const char *environment;
        int limit;
        size_t want[3], count;
    } cases[] = {{NULL, 2, {3, 2}, 2}, {NULL, 99, {3, 2, 1}, 3}, {"staging", 99, {3, 1, 0}, 3}, {"none", 9, {0}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *got = json_array();
        fixture_good(store_runs(f->store, cases[i].environment, cases[i].limit, collect_id, got, &err), err);
        assert_int_equal(json_array_size(got), cases[i].count);
        for (size_t k = 0; k < cases[i].count; k++)
            assert_string_equal(json_string_value(json_array_get(got, k)), ids[cases[i].want[k]]);
        json_decref(got);
    }
    for (size_t i = 0; i < 4; i++)
        free(ids[i]);
}

static void a_plugin_is_remembered_by_its_digest(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *id = fixture_run(f, "staging");
    fixture_good(store_plugin_add(f->store, id, "docker", "1.2", "feed", 1, &err), err);
    guard_mem char *known = NULL;
    guard_mem char *unknown = NULL;
    fixture_good(store_plugin_sha256(f->store, id, "docker", &known, &err), err);
    fixture_good(store_plugin_sha256(f->store, id, "redis", &unknown, &err), err);
    assert_string_equal(known, "feed");
    assert_string_equal(unknown, "");
}

static void nothing_is_recorded_for_a_run_that_does_not_exist(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    int64_t seq = 0;
    assert_int_equal(store_phase_begin(f->store, "no-such-run", "dump", "execute", 1, &seq, &err), -ERROR_STORE);
    error_free(take(err));
    assert_int_equal(store_output_put(f->store, "no-such-run", "dump", "file", "x", &err), -ERROR_STORE);
}

static void an_output_is_the_last_value_put(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *id = fixture_run(f, "staging");
    guard_mem char *none = NULL;
    guard_mem char *value = NULL;
    fixture_good(store_output_get(f->store, id, "dump", "file", &none, &err), err);
    assert_null(none);
    fixture_good(store_output_put(f->store, id, "dump", "file", "/a", &err), err);
    fixture_good(store_output_put(f->store, id, "dump", "file", "/b", &err), err);
    fixture_good(store_output_get(f->store, id, "dump", "file", &value, &err), err);
    assert_string_equal(value, "/b");
}

static bool keep_measurement(void *user, const store_measurement *m)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:s, s:f, s:I, s:s, s:s}", "step", m->step, "name", m->name,
                                          "unit", m->unit, "value", m->value, "samples", (json_int_t)m->samples,
                                          "threshold", m->threshold, "verdict", m->verdict));
    return true;
}

static void a_measurement_keeps_its_last_value_and_counts_samples(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *id = fixture_run(f, "staging");
    char step[] = "health", name[] = "latency", unit[] = "ms", threshold[] = "> 500", good[] = "passed",
         bad[] = "failed";
    store_measurement m = {
        .step = step, .name = name, .unit = unit, .value = 12.5, .at_ms = 1, .threshold = threshold, .verdict = good};
    fixture_good(store_measurement_put(f->store, id, &m, &err), err);
    m.value = 612;
    m.verdict = bad;
    fixture_good(store_measurement_put(f->store, id, &m, &err), err);
    json_t *got = json_array(),
           *want = json_pack("[{s:s, s:s, s:s, s:f, s:i, s:s, s:s}]", "step", "health", "name", "latency", "unit", "ms",
                             "value", 612.0, "samples", 2, "threshold", "> 500", "verdict", "failed");
    fixture_good(store_measurements(f->store, id, keep_measurement, got, &err), err);
    assert_true(json_equal(got, want));
    json_decref(got);
    json_decref(want);
}

static bool keep_event(void *user, const char *json)
{
    json_array_append_new(user, json_string(json));
    return true;
}

static void events_come_back_in_order_of_arrival(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *id = fixture_run(f, "staging");
    for (int i = 0; i < 100; i++) {
        char json[16];
        snprintf(json, sizeof json, "{\"n\":%d}", i);
        fixture_good(store_event_add(f->store, id, 1000 - i, json, &err), err);
    }
    fixture_open(f);
    json_t *got = json_array();
    fixture_good(store_events(f->store, id, NULL, keep_event, got, &err), err);
    assert_int_equal(json_array_size(got), 100);
    assert_string_equal(json_string_value(json_array_get(got, 0)), "{\"n\":0}");
    assert_string_equal(json_string_value(json_array_get(got, 99)), "{\"n\":99}");
    json_decref(got);
}

static void an_artifact_stays_in_its_runs_folder(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *path = NULL;
    fixture_good(store_artifact_path(f->store, "r1", "dump", "a.log", &path, &err), err);
    guard_mem char *want = mem_printf("%s/runs/r1/dump/a.log", f->folder);
    assert_string_equal(path, want);
    static const char *const bad[][3] = {{"..", "s", "n"}, {"r", "a/b", "n"}, {"r", "s", "../n"}, {"r", "s", ""}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *none = NULL;
        error_free(take(err));
        assert_int_equal(store_artifact_path(f->store, bad[i][0], bad[i][1], bad[i][2], &none, &err), -ERROR_STORE);
        assert_null(none);
    }
}

#define OPENED(f) cmocka_unit_test_setup_teardown(f, open_one, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPENED(a_run_keeps_all_that_it_was_started_with),
        OPENED(ids_are_a_time_and_four_letters_and_all_differ),
        OPENED(an_update_is_read_back),
        OPENED(a_run_is_found_by_a_unique_prefix_or_as_the_latest),
        OPENED(only_a_run_that_has_not_ended_is_unfinished),
        OPENED(the_run_that_ended_last_tells_what_is_live),
        OPENED(runs_are_listed_newest_first),
        OPENED(a_plugin_is_remembered_by_its_digest),
        OPENED(nothing_is_recorded_for_a_run_that_does_not_exist),
        OPENED(an_output_is_the_last_value_put),
        OPENED(a_measurement_keeps_its_last_value_and_counts_samples),
        OPENED(events_come_back_in_order_of_arrival),
        OPENED(an_artifact_stays_in_its_runs_folder),
    };
    return cmocka_run_group_tests_name("store_runs", tests, NULL, NULL);
}
