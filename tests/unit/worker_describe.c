/* Descriptors are read in a worker, by the rules that let plugins and hosts of different age work together. */
#include <stdlib.h>
#include <string.h>

#include "worker/wire.h"
#include "worker_fixture.h"

static json_t *describe(const char *name)
{
    char hex[65];
    guard(error) err = NULL;
    json_t *descriptor = NULL;
    guard_mem char *path = phase_plugin(name, hex);
    if (worker_describe(path, hex, &descriptor, &err) < 0) {
        guard_mem char *why = error_text(err);
        fail_msg("%s", why);
    }
    return descriptor;
}

static void is_refused(const char *name, const char *part)
{
    char hex[65];
    guard(error) err = NULL;
    json_t *descriptor = NULL;
    guard_mem char *path = phase_plugin(name, hex);
    assert_int_equal(worker_describe(path, hex, &descriptor, &err), -ERROR_PLUGIN);
    assert_null(descriptor);
    guard_mem char *why = error_text(err);
    if (!strstr(why, part))
        fail_msg("'%s' is not in: %s", part, why);
}

static void all_of_a_descriptor_arrives(void **state)
{
    (void)state;
    guard(json_t) found = describe("polite");
    guard(json_t) step = json_incref(json_array_get(json_object_get(found, "steps"), 1));
    json_object_del(found, "steps");
    guard(json_t) head = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i}", "name", "polite", "version",
                                   "1.2.3", "license", "Apache-2.0", "contact", "kit", "doc", "For tests.",
                                   "built_minor", 0, "needs_minor", 0, "undo_format", 1, "undo_format_oldest", 1);
    assert_true(json_equal(found, head));
    assert_string_equal(wire_get_text(step, "name"), "all");
    assert_int_equal(wire_get_int(step, "timeout_ms", 0), 1500);
    guard(json_t) phases = json_pack("[s,s,s]", "prepare", "execute", "rollback");
    assert_true(json_equal(json_object_get(step, "phases"), phases));
    const json_t *options = json_object_get(step, "options");
    guard(json_t) number = json_pack("{s:s, s:i, s:i, s:s, s:i, s:i, s:s, s:n}", "name", "number", "type", 2, "flags",
                                     0, "def", "7", "min", -1, "max", 100000, "doc", "A number.", "example");
    assert_true(json_equal(json_array_get(options, 1), number));
    guard(json_t) choices = json_pack("[s,s]", "red", "green");
    assert_true(json_equal(json_object_get(json_array_get(options, 5), "choices"), choices));
    guard(json_t) output = json_pack("{s:s, s:s, s:i, s:i}", "name", "file", "doc", "A file.", "type", 7, "flags", 8);
    assert_true(json_equal(json_array_get(json_object_get(step, "outputs"), 0), output));
    guard(json_t) metric = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", "size", "unit", "B", "doc", "A size.", "warn",
                                     "> 1GB", "fail", "> 2GB");
    assert_true(json_equal(json_array_get(json_object_get(step, "metrics"), 0), metric));
}

static void structs_longer_than_ours_are_read_as_far_as_we_know(void **state)
{
    (void)state;
    guard(json_t) found = describe("newer");
    const json_t *steps = json_object_get(found, "steps");
    assert_int_equal(json_array_size(steps), 2);
    assert_string_equal(wire_get_text(json_array_get(steps, 1), "name"), "two");
    const json_t *options = json_object_get(json_array_get(steps, 0), "options");
    assert_string_equal(wire_get_text(json_array_get(options, 1), "name"), "second");
    assert_string_equal(wire_get_text(json_array_get(options, 1), "doc"), "New.");
    guard_phase p = {.plugin = "newer", .step = "two", .phase = WORKER_VERIFY};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_NOTHING);
}

static void structs_shorter_than_ours_are_filled_with_zero(void **state)
{
    (void)state;
    guard(json_t) found = describe("older");
    const json_t *options = json_object_get(json_array_get(json_object_get(found, "steps"), 0), "options");
    assert_string_equal(wire_get_text(json_array_get(options, 1), "name"), "second");
    assert_string_equal(wire_get_text(json_array_get(options, 1), "doc"), "Old.");
    assert_true(json_is_null(json_object_get(json_array_get(options, 1), "example")));
}

static void what_cannot_be_described_says_why(void **state)
{
    (void)state;
    is_refused("crash_describe", "the plugin crashed in describing itself, by SIGABRT");
    is_refused("no_entry", "exports no function belay_plugin_v1");
    is_refused("unresolved", "undefined symbol: from_a_library_that_is_gone");
    is_refused("huge_tables", "the plugin's tables are too large: a 'plugin' message of 11");
    is_refused("needs_newer", "needs interface 1.7; this Belay offers 1.0");
}

static void a_plugin_that_hangs_while_it_loads_is_given_up(void **state)
{
    (void)state;
    is_refused("hang_load", "did not load within 5 s");
}

static void a_plugin_that_prints_while_it_loads_is_described(void **state)
{
    (void)state;
    guard(json_t) found = describe("noisy_load");
    assert_string_equal(wire_get_text(found, "name"), "noisy_load");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_descriptor_arrives),
        cmocka_unit_test(structs_longer_than_ours_are_read_as_far_as_we_know),
        cmocka_unit_test(structs_shorter_than_ours_are_filled_with_zero),
        cmocka_unit_test(what_cannot_be_described_says_why),
        cmocka_unit_test(a_plugin_that_hangs_while_it_loads_is_given_up),
        cmocka_unit_test(a_plugin_that_prints_while_it_loads_is_described),
    };
    return cmocka_run_group_tests_name("worker describe", tests, NULL, NULL);
}
