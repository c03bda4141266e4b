/* A valid pipeline, spoilt in thousands of ways: it loads or names problems, and nothing worse. */
#include <stdlib.h>
#include <string.h>

#include "pipeline_fixture.h"

static const char valid[] = HEAD
    "\n# a comment\nvars: { root = \"/opt/${pipeline.name}\"; n = 3; big = 5L; f = 1.5; on = true; hex = "
    "0x1F; };\n"
    "secrets: { s = { provider = \"env\"; name = \"HOME\"; }; t = { provider = \"command\"; argv = "
    "[\"true\"]; timeout = "
    "\"1s\"; };\n  u = { provider = \"file\"; path = \"x\"; }; };\n"
    "stages: (\n { name = \"one\"; parallel = 2; steps: (\n" BUILD(
        "a",
        "parallel = \"${vars.n}\"; pause = \"30s\"; free "
        "= \"2GiB\"; level = \"quick\";") ",\n" BUILD("b",
                                                      "needs = [\"a\"]; note = \"${steps.a.ids} "
                                                      "$${x}\"; password = \"${secret:s}\"; hosts = "
                                                      "(\"x\", 2);") "\n"
                                                                     "); },\n /* more */\n { name = "
                                                                     "\"two\"; steps: (\n" INFO(
                                                                         "c",
                                                                         "when = \"${vars.on}\"; "
                                                                         "retry = { attempts = 3; "
                                                                         "delay = \"1s\"; backoff = "
                                                                         "2.0; }; covers = [\"1.1\", "
                                                                         "\"2.1\"]; title = \"t "
                                                                         "\\\"q\\\" \\x41\"; "
                                                                         "on_error = \"pause\"; hits "
                                                                         "= 2;") ",\n" BUILD("d",
                                                                                             "fail_"
                                                                                             "if = "
                                                                                             "[\"p95 "
                                                                                             "> "
                                                                                             "2s\"]; "
                                                                                             "warn_"
                                                                                             "if "
                                                                                             "= "
                                                                                             "\"size/"
                                                                                             "x > "
                                                                                             "1MB\";") "\n); "
                                                                                                       "}\n);"
                                                                                                       "\nrollback"
                                                                                                       ": { "
                                                                                                       "parallel "
                                                                                                       "= 2; "
                                                                                                       "steps: "
                                                                                                       "( " INFO(
                                                                                                           "z",
                                                                                                           "") " ); "
                                                                                                               "};\n";

/** Knuth's MMIX constants; the same mutants each time. */
static unsigned next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*seed >> 33);
}

static void flip(char *s, uint64_t *seed)
{
    static const char spice[] = "{}()[]\"$;:,=#/*\\@\n\t 09azAZ.-\x01\x7f\xc3\xff";
    size_t n = strlen(s);
    if (n)
        s[next(seed) % n] = spice[next(seed) % (sizeof spice - 1)];
}

static void cut(char *s, uint64_t *seed)
{
    size_t n = strlen(s);
    if (n)
        s[next(seed) % n] = '\0';
}

static void drop(char *s, uint64_t *seed)
{
    size_t n = strlen(s);
    if (n < 2)
        return;
    size_t from = next(seed) % n, length = next(seed) % 20;
    length = length < n - from ? length : n - from;
    memmove(s + from, s + from + length, n - from - length + 1);
}

/** s has room for twice its text. */
static void repeat(char *s, uint64_t *seed)
{
    size_t n = strlen(s);
    if (n < 2 || n > sizeof valid)
        return;
    size_t from = next(seed) % n;
    size_t length = strcspn(s + from, "\n") + 1;
    length = length < n - from ? length : n - from;
    memmove(s + from + length, s + from, n - from + 1);
}

static void nothing_worse_than_problems_comes_of_a_spoilt_file(void **state)
{
    (void)state;
    static void (*const ways[])(char *, uint64_t *) = {flip, flip, flip, cut, drop, repeat};
    static char mutant[4 * sizeof valid];
    uint64_t seed = 20260101;
    size_t good = 0, bad = 0;
    for (int i = 0; i < 6000; i++) {
        memcpy(mutant, valid, sizeof valid);
        for (unsigned n = 1 + next(&seed) % 3; n > 0; n--)
            ways[next(&seed) % (sizeof ways / sizeof *ways)](mutant, &seed);
        guard(pipeline) p = NULL;
        guard(error) err = NULL;
        pipeline_problems problems = {0};
        pipeline_source source = {.path = "m.cfg", .text = mutant};
        int r = pipeline_load(&source, fixture_catalog(), &p, &problems, &err);
        assert_int_equal(r != 0, pipeline_problems_fatal(&problems));
        assert_int_equal(r == 0, p != NULL);
        if (p) { /* what was taken must be whole: its record gives the same again */
            guard_mem char *dump = fixture_dump(p);
            guard(pipeline) again = NULL;
            pipeline_problems none = {0};
            pipeline_source record = {.path = "m.cfg", .text = p->text};
            assert_int_equal(pipeline_load(&record, fixture_catalog(), &again, &none, &err), 0);
            guard_mem char *dump_again = fixture_dump(again);
            assert_string_equal(dump_again, dump);
            pipeline_problems_done(&none);
        }
        good += r == 0;
        bad += r != 0;
        for (size_t k = 0; k < problems.count; k++)
            assert_true(problems.items[k].where.line >= 1 && problems.items[k].where.file && problems.items[k].what[0]);
        pipeline_problems_done(&problems);
    }
    assert_true(good > 100 && bad > 1000);
}

static void the_file_is_valid_before_it_is_spoilt(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(valid);
    assert_int_equal(p->step_count, 5);
}

static void thousands_of_faults_are_summed_up(void **state)
{
    (void)state;
    text content = {0};
    text_puts(&content, HEAD "\n");
    for (int i = 0; i < 5000; i++)
        text_printf(&content, "x%d = 1;\n", i);
    guard_mem char *found = fixture_problems("t.cfg", text_get(&content), NULL);
    text_done(&content);
    assert_non_null(strstr(found, "unknown 'x0' in a pipeline file"));
    const char *last = strrchr(found, '\n');
    assert_non_null(strstr(last, " more problems"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_valid_before_it_is_spoilt),
        cmocka_unit_test(nothing_worse_than_problems_comes_of_a_spoilt_file),
        cmocka_unit_test(thousands_of_faults_are_summed_up),
    };
    return cmocka_run_group_tests_name("pipeline mutants", tests, NULL, fixture_remove);
}
