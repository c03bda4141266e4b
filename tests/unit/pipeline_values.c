/* What a good pipeline comes to: values, defaults, variables, thresholds, needs, stages. */
#include <stdlib.h>
#include <string.h>

#include "pipeline_fixture.h"

#define assert_options(p, id, expected)                                                                                \
    do {                                                                                                               \
        guard_mem char *found_ = fixture_options(p, id);                                                               \
        assert_string_equal(found_, expected);                                                                         \
    } while (0)

static void gives_typed_options_and_defaults(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(HEAD "\n" STAGE(BUILD("defaults", "") ",\n" BUILD(
        "given",
        "parallel = 8; no_cache = true; file = \"/abs/x.yml\"; pause = \"1.5s\"; free = \"20GB\"; level = "
        "\"quick\"; note = \"\"; hosts = [\"c\", \"d\"];") ",\n" BUILD("texts", "parallel = \"8\"; no_cache = "
                                                                                "\"no\"; hosts = (1, 2.5, \"x\");")));
    guard_mem char *defaults =
        mem_printf("{\"file\":\"%s/compose.yml\",\"free\":1000,\"hosts\":[\"a\",\"b\"],\"no_cache\":0,\"parallel\":4,"
                   "\"services\":[\"web\"]}",
                   p->folder);
    assert_options(p, "defaults", defaults);
    assert_options(
        p, "given",
        "{\"file\":\"/abs/x.yml\",\"free\":20000000000,\"hosts\":[\"c\",\"d\"],\"level\":\"quick\",\"no_cache\":1,"
        "\"note\":\"\",\"parallel\":8,\"pause\":1500,\"services\":[\"web\"]}");
    const pipeline_step *texts = pipeline_step_find(p, "texts");
    assert_int_equal(json_integer_value(json_object_get(texts->options, "parallel")), 8);
    guard_mem char *hosts = json_dumps(json_object_get(texts->options, "hosts"), JSON_COMPACT);
    assert_string_equal(hosts, "[\"1\",\"2.5\",\"x\"]");
    assert_null(pipeline_step_find(p, "nobody"));
}

static void gives_the_common_options(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(HEAD "\n" STAGE(INFO("plain", "") ",\n" INFO(
        "full",
        "title = \"to ${pipeline.version}\"; covers = [\"1.2\", \"1.3\"]; timeout = \"10m\"; ready = \"0s\"; "
        "interval = \"5s\"; hits = 3; on_failure = \"warn\"; on_error = \"pause\"; on_inconclusive = "
        "\"rollback\"; when = \"${pipeline.previous}\"; retry = { attempts = 3; delay = \"1s\"; backoff = 1; "
        "};") ",\n" INFO("undo", "undo_timeout = \"1s\"; timeout = \"1h\"; covers = \"4.1\"; needs = \"full\"; ")));
    const pipeline_step *s = pipeline_step_find(p, "plain");
    assert_int_equal(s->timeout_ms, 5000); /* the kind's own */
    assert_int_equal(s->undo_timeout_ms, 120000);
    assert_int_equal(s->retry_attempts, 1);
    assert_int_equal(s->ready_ms, 60000);
    assert_int_equal(s->interval_ms, 1000);
    assert_int_equal(s->hits, 1);
    assert_int_equal(s->on_failure, POLICY_ROLLBACK);
    assert_null(s->title);
    assert_null(s->covers[0]);
    s = pipeline_step_find(p, "full");
    assert_string_equal(s->title, "to v2");
    assert_string_equal(s->covers[1], "1.3");
    assert_null(s->covers[2]);
    assert_int_equal(s->timeout_ms, 600000);
    assert_int_equal(s->undo_timeout_ms, 600000);
    assert_int_equal(s->ready_ms, 0);
    assert_int_equal(s->interval_ms, 5000);
    assert_int_equal(s->hits, 3);
    assert_int_equal(s->on_failure, POLICY_WARN);
    assert_int_equal(s->on_error, POLICY_PAUSE);
    assert_int_equal(s->on_inconclusive, POLICY_ROLLBACK);
    assert_int_equal(s->retry_attempts, 3);
    assert_int_equal(s->retry_delay_ms, 1000);
    assert_true(s->retry_backoff == 1.0);
    assert_false(s->skipped);
    s = pipeline_step_find(p, "undo");
    assert_int_equal(s->undo_timeout_ms, 1000);
    assert_string_equal(s->covers[0], "4.1");
    assert_int_equal(s->need_count, 1);
    assert_int_equal(s->needs[0], 1);
    assert_int_equal(s->where.line, 5);
}

static void keeps_stages_in_order_and_the_rollback_stage_last(void **state)
{
    (void)state;
    static const char *const forms[] = {"rollback: (" INFO("back", "") ");",
                                        "rollback: { parallel = 3; steps: (" INFO("back", "") "); };"};
    for (size_t i = 0; i < 2; i++) {
        guard_mem char *content =
            mem_printf("%s\n%s\nstages: ( { name = \"one\"; steps: (" BUILD("a", "") "," BUILD(
                           "b", "") "); },\n"
                                    "{ name = \"two\"; parallel = 2; steps: (" BUILD("c", "") "," BUILD(
                                        "d", "note = \"${steps.a.ids}\";") "); } );",
                       HEAD, forms[i]);
        guard(pipeline) p = fixture_load(content);
        assert_int_equal(p->stage_count, 3);
        assert_int_equal(p->step_count, 5);
        assert_int_equal(p->main_count, 4);
        assert_string_equal(p->stages[1].name, "two");
        assert_int_equal(p->stages[1].parallel, 2);
        assert_int_equal(p->stages[1].first, 2);
        assert_int_equal(p->stages[1].count, 2);
        assert_true(p->stages[2].rollback);
        assert_string_equal(p->stages[2].name, "rollback");
        assert_int_equal(p->stages[2].parallel, i == 0 ? 1 : 3);
        assert_ptr_equal(p->steps[4].stage, &p->stages[2]);
    }
}

static void expands_variables_of_every_type_and_order(void **state)
{
    (void)state;
    setenv("BELAY_TEST_ENV", "en${v}", 1);
    guard(pipeline) p =
        fixture_load("pipeline: { name = \"${vars.name}\"; environment = \"staging\"; version = "
                     "\"${env:BELAY_TEST_VERSION}\"; };\n"
                     "vars: { late = \"${vars.name}-${pipeline.version}\"; name = \"shop\"; n = 5; big = 5000000000L; "
                     "f = 2.5; yes = true; "
                     "url = \"${env:BELAY_TEST_ENV}/${vars.n}\"; brace = \"{x}\"; dollar = \"$\"; };\n" STAGE(
                         BUILD("a", "note = \"${vars.late} ${vars.n} ${vars.big} ${vars.f} ${vars.yes} "
                                    "[${pipeline.previous}]\"; "
                                    "parallel = \"${vars.n}\"; no_cache = \"${vars.yes}\"; file = "
                                    "\"${pipeline.dir}/x\";") ",\n" BUILD("b", "note = "
                                                                               "\"${vars.url}"
                                                                               " $${env:X} $x "
                                                                               "$$ "
                                                                               "${vars.dollar}"
                                                                               "${vars.brace}"
                                                                               "\";")));
    assert_string_equal(p->name, "shop");
    assert_string_equal(p->version, "v7");
    assert_string_equal(p->previous, "");
    assert_string_equal(json_string_value(json_object_get(p->vars, "late")), "shop-${env:BELAY_TEST_VERSION}");
    const json_t *a = pipeline_step_find(p, "a")->options;
    assert_string_equal(json_string_value(json_object_get(a, "note")), "shop-v7 5 5000000000 2.5 true []");
    assert_int_equal(json_integer_value(json_object_get(a, "parallel")), 5);
    assert_int_equal(json_integer_value(json_object_get(a, "no_cache")), 1);
    guard_mem char *file = mem_printf("%s/x", p->folder);
    assert_string_equal(json_string_value(json_object_get(a, "file")), file);
    /* What came from outside or was escaped stays escaped: it is never read as a reference. */
    assert_string_equal(json_string_value(json_object_get(pipeline_step_find(p, "b")->options, "note")),
                        "en$${v}/5 $${env:X} $x $$ $${x}");
}

static void skips_a_step_whose_when_says_no(void **state)
{
    (void)state;
    static const struct {
        const char *when;
        bool skipped;
    } cases[] = {{"\"\"", true},        {"\"false\"", true},
                 {"\"no\"", true},      {"\"0\"", true},
                 {"false", true},       {"\"${vars.off}\"", true},
                 {"\"yes\"", false},    {"true", false},
                 {"\"False?\"", false}, {"\"${pipeline.version}\"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *content = mem_printf(
            HEAD "vars: { off = false; };" STAGE("{ id = \"a\"; use = \"docker.info\"; when = %s; }"), cases[i].when);
        guard(pipeline) p = fixture_load(content);
        assert_int_equal(p->steps[0].skipped, cases[i].skipped);
    }
}

static const pipeline_threshold *threshold(const pipeline_step *s, const char *metric, bool fail)
{
    for (size_t i = 0; i < s->threshold_count; i++)
        if (s->thresholds[i].fail == fail && strcmp(s->thresholds[i].metric, metric) == 0)
            return &s->thresholds[i];
    return NULL;
}

static void replaces_a_plugins_thresholds_one_by_one(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(HEAD "\n" STAGE(BUILD("own", "") "," BUILD(
        "new", "fail_if = [\"size > 2GB\", \"size/agents>${vars.max}\", \"p95 outside 1ms..2s\"]; "
               "warn_if = \"p95 >= 100ms\";")) "vars: { max = \"500MB\"; };");
    const pipeline_step *own = pipeline_step_find(p, "own"), *new = pipeline_step_find(p, "new");
    assert_int_equal(own->threshold_count, 3);
    assert_true(threshold(own, "size", true)->rule.a == 1e9);
    assert_true(threshold(own, "size", false)->rule.a == 5e8);
    assert_string_equal(threshold(own, "p95", true)->text, "> 1s");
    assert_int_equal(new->threshold_count, 5);
    assert_true(threshold(new, "size", true)->rule.a == 2e9);
    assert_true(threshold(new, "size/agents", true)->rule.a == 5e8);
    assert_true(threshold(new, "size", false)->rule.a == 5e8); /* the plugin's own */
    assert_int_equal(threshold(new, "p95", true)->rule.compare, UNITS_OUTSIDE);
    assert_true(threshold(new, "p95", false)->rule.a == 100);
}

static void keeps_what_is_secret_or_not_known_yet_as_a_reference(void **state)
{
    (void)state;
    guard(pipeline) p =
        fixture_load(HEAD "\nsecrets: { s = { provider = \"env\"; name = \"BELAY_TEST_SECRET\"; }; };\n"
                          "vars: { url = \"pg://u:${secret:s}@h/${env:BELAY_TEST_VERSION}\"; };\n" STAGE(
                              BUILD("a", "password = \"${vars.url}\"; note = \"${env:BELAY_TEST_VERSION}\";") "," BUILD(
                                  "b", "parallel = \"${steps.a.ids}\"; hosts = [\"x\", \"${steps.a.token}\"]; file = "
                                       "\"${steps.a.ids}/f\"; password = \"${env:BELAY_TEST_VERSION}\";")));
    const json_t *a = pipeline_step_find(p, "a")->options, *b = pipeline_step_find(p, "b")->options;
    assert_string_equal(json_string_value(json_object_get(a, "password")),
                        "pg://u:${secret:s}@h/${env:BELAY_TEST_VERSION}");
    assert_string_equal(json_string_value(json_object_get(a, "note")), "v7");
    assert_string_equal(json_string_value(json_object_get(b, "parallel")), "${steps.a.ids}");
    assert_string_equal(json_string_value(json_object_get(b, "file")), "${steps.a.ids}/f");
    assert_string_equal(json_string_value(json_object_get(b, "password")), "${env:BELAY_TEST_VERSION}");
}

static void loads_ten_thousand_steps(void **state)
{
    (void)state;
    text content = {0};
    text_puts(&content, HEAD "\nvars: { x = \"1\"; };\nstages: ( { name = \"all\"; parallel = 8; steps: (\n");
    for (int i = 0; i < 10000; i++)
        text_printf(&content,
                    "%s{ id = \"s%d\"; use = \"docker.build\"; services = \"web\"; note = \"${vars.x}\"; %s%d%s }",
                    i ? ",\n" : "", i, i ? "needs = [\"s" : "covers = [\"", i ? i - 1 : 0, "\"];");
    text_puts(&content, "); } );\n");
    guard(pipeline) p = fixture_load(text_get(&content));
    text_done(&content);
    assert_int_equal(p->step_count, 10000);
    assert_int_equal(p->steps[9999].needs[0], 9998);
    assert_string_equal(p->steps[9999].where.file, p->steps[0].where.file);
    assert_int_equal(p->steps[9999].where.line, 10003);
}

int main(void)
{
    setenv("BELAY_TEST_VERSION", "v7", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_typed_options_and_defaults),
        cmocka_unit_test(gives_the_common_options),
        cmocka_unit_test(keeps_stages_in_order_and_the_rollback_stage_last),
        cmocka_unit_test(expands_variables_of_every_type_and_order),
        cmocka_unit_test(skips_a_step_whose_when_says_no),
        cmocka_unit_test(replaces_a_plugins_thresholds_one_by_one),
        cmocka_unit_test(keeps_what_is_secret_or_not_known_yet_as_a_reference),
        cmocka_unit_test(loads_ten_thousand_steps),
    };
    return cmocka_run_group_tests_name("pipeline values", tests, NULL, fixture_remove);
}
