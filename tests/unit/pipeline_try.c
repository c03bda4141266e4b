/* A pipeline of one step, for `belay try`. */
#include <stdlib.h>
#include <string.h>

#include "pipeline_fixture.h"

static pipeline *of_step(const char *kind, const char *const *sets, char **ret_shown)
{
    pipeline *p = NULL;
    guard(error) err = NULL;
    pipeline_problems problems = {0};
    int r = pipeline_of_step(fixture_catalog(), kind, sets, fixture_folder(), &p, &problems, &err);
    *ret_shown = problems.count || !err ? fixture_show(&problems) : error_text(err);
    assert_int_equal(r == 0, p != NULL);
    return p;
}

static void takes_options_lists_and_common_options(void **state)
{
    (void)state;
    const char *const sets[] = {"services=a,b",
                                "parallel=2",
                                "services=c \"q\" \\ ü",
                                "no_cache=true",
                                "file=rel/x.yml",
                                "note=a=b,c\n",
                                "retry.attempts=3",
                                "fail_if=p95 > 2s",
                                "retry.backoff=1.5",
                                "timeout=7s",
                                NULL};
    guard_mem char *shown = NULL;
    guard(pipeline) p = of_step("docker.build", sets, &shown);
    assert_string_equal(shown, "");
    assert_non_null(p);
    assert_int_equal(p->step_count, 1);
    const pipeline_step *s = &p->steps[0];
    assert_string_equal(s->kind->name, "docker.build");
    guard_mem char *services = json_dumps(json_object_get(s->options, "services"), JSON_COMPACT);
    assert_string_equal(services, "[\"a\",\"b\",\"c \\\"q\\\" \\\\ ü\"]");
    assert_int_equal(json_integer_value(json_object_get(s->options, "parallel")), 2);
    assert_string_equal(json_string_value(json_object_get(s->options, "note")), "a=b,c\n");
    guard_mem char *file = mem_printf("%s/rel/x.yml", p->folder);
    assert_string_equal(json_string_value(json_object_get(s->options, "file")), file);
    assert_int_equal(s->retry_attempts, 3);
    assert_true(s->retry_backoff == 1.5);
    assert_int_equal(s->timeout_ms, 7000);
    assert_true(s->thresholds[0].rule.a == 2000);
}

/* As in a pipeline file; commas within quotes belong to the item. */
static void a_list_may_be_written_as_in_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *set, *items;
    } cases[] = {
        {"services=[\"a\",\"b\"]", "[\"a\",\"b\"]"},
        {"services=[\"a,b\", \"c \\\"q\\\"\"]", "[\"a,b\",\"c \\\"q\\\"\"]"},
        {"services=(a, b)", "[\"a\",\"b\"]"},
        {"services=[a-z]x", "[\"[a-z]x\"]"},
        {"services=[\"a", "[\"[\\\"a\"]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const sets[] = {cases[i].set, NULL};
        guard_mem char *shown = NULL;
        guard(pipeline) p = of_step("docker.build", sets, &shown);
        assert_string_equal(shown, "");
        guard_mem char *services = json_dumps(json_object_get(p->steps[0].options, "services"), JSON_COMPACT);
        assert_string_equal(services ? services : "[]", cases[i].items);
    }
}

static void assert_refused(const char *kind, const char *const *sets, const char *expected)
{
    guard_mem char *shown = NULL;
    assert_null(of_step(kind, sets, &shown));
    assert_string_equal(shown, expected);
}
#define SETS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void problems_name_the_set_by_its_number(void **state)
{
    (void)state;
    assert_refused("docker.build", SETS("services=a", "parallel=99", "servces=b"),
                   "--set:2: option 'parallel' of docker.build: '99' is not from 1 to 16 [for example: parallel = 8;]\n"
                   "--set:3: unknown option 'servces' of docker.build; did you mean 'services'?");
    assert_refused("docker.tag", NULL, "docker.tag:1: step 'try' lacks the option 'tag' of docker.tag [tag: The tag.]");
    assert_refused("docker.tga", NULL, "try:1: there is no step kind 'docker.tga'; did you mean 'docker.tag'?");
    assert_refused("docker.tag", SETS("tag=a", "tag=b"), "--set:2: duplicate setting name");
}

static void refuses_what_is_no_option(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "=y", "a b=c", "a.b=c", "retry.=c", "retry.a.b=c", "} x=1", "9x=1", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        guard_mem char *expected = mem_printf("'%s' is not OPTION=VALUE", bad[i]);
        assert_refused("docker.tag", SETS(bad[i]), expected);
    }
    assert_refused("docker.tag", SETS("needs=x"), "'needs' means nothing for a step that runs alone");
}

/* ---- a step of a file -------------------------------------------------------------------------------------------- */

#define FILE_TEXT                                                                                                      \
    HEAD                                                                                                               \
        "vars: { level = \"quick\"; };\n"                                                                              \
        "stages: ( { name = \"first\"; steps: ( { id = \"made\"; use = \"docker.build\"; services = \"web\"; }); },\n" \
        "{ name = \"second\"; parallel = 3; steps: (\n"                                                                \
        "{ id = \"tags\"; use = \"docker.tag\"; needs = [\"made\"]; covers = [\"4.2\"]; timeout = \"7s\";\n"           \
        "  tag = \"${steps.made.ids}-${vars.level}\"; },\n"                                                            \
        "{ id = \"off\"; use = \"docker.info\"; when = \"no\"; } ); } );\n"                                            \
        "rollback: ( { id = \"back\"; use = \"docker.info\"; } );\n"

static pipeline *of_file(const char *id, const char *const *sets, char **ret_shown)
{
    pipeline *p = NULL;
    guard(error) err = NULL;
    pipeline_problems problems = {0};
    const pipeline_source source = {.path = fixture_file("alone.cfg", FILE_TEXT, 0644), .sets = sets};
    int r = pipeline_of_file_step(&source, fixture_catalog(), id, &p, &problems, &err);
    assert_int_equal(r == 0, p != NULL);
    guard_mem char *said = err ? error_text(err) : NULL;
    *ret_shown = problems.count ? fixture_show(&problems) : mem_dup(said ? said : "");
    return p;
}

static void a_step_of_a_file_stands_alone_with_its_options(void **state)
{
    (void)state;
    guard_mem char *shown = NULL;
    guard(pipeline) p = of_file("tags", SETS("vars.level=thorough", "steps.made.ids=a=b"), &shown);
    assert_string_equal(shown, "");
    assert_int_equal(p->step_count, 1);
    assert_int_equal(p->main_count, 1);
    assert_int_equal(p->stage_count, 1);
    const pipeline_step *s = &p->steps[0];
    assert_string_equal(s->id, "tags");
    assert_string_equal(s->covers[0], "4.2");
    assert_int_equal(s->index + s->need_count, 0);
    assert_int_equal(s->timeout_ms, 7000);
    assert_string_equal(s->stage->name, "second");
    assert_int_equal(s->stage->count, 1);
    assert_string_equal(json_string_value(json_object_get(s->options, "tag")), "${steps.made.ids}-thorough");
    assert_string_equal(json_string_value(json_object_get(json_object_get(p->given, "made"), "ids")), "a=b");
}

static void a_step_of_the_rollback_stage_stands_alone_too(void **state)
{
    (void)state;
    guard_mem char *shown = NULL;
    guard(pipeline) p = of_file("back", NULL, &shown);
    assert_string_equal(p->steps[0].id, "back");
    assert_false(p->stages[0].rollback);
}

static void says_why_a_step_of_a_file_cannot_run_alone(void **state)
{
    (void)state;
    const char *path = fixture_file("alone.cfg", FILE_TEXT, 0644);
    guard_mem char *unknown = mem_printf("%s has no step 'tgas'; did you mean 'tags'?", path);
    guard_mem char *stranger = mem_printf("'steps.mde.ids=x': %s has no step 'mde'", path);
    const struct {
        const char *id, *const *sets, *expected;
    } bad[] = {
        {"tgas", NULL, unknown},
        {"off", NULL, "step 'off' is skipped by its `when`"},
        {"tags", NULL, "step 'tags' refers to outputs of steps that do not run: steps.made.ids"},
        {"tags", SETS("steps.mde.ids=x"), stranger},
        {"tags", SETS("steps.made.id=x"), "'steps.made.id=x': step 'made' (docker.build) has no output 'id'"},
        {"tags", SETS("steps.made.token=x"),
         "the output 'token' of step 'made' is secret: it belongs on no command line"},
        {"tags", SETS("steps.made=x"), "'steps.made=x' is not steps.ID.OUTPUT=VALUE"},
        {"tags", SETS("steps.made.ids"), "'steps.made.ids' is not steps.ID.OUTPUT=VALUE"},
        {"tags", SETS("vars.levle=x"),
         "--set:1: there is no 'vars.levle' to override; did you mean 'vars.level'? [what "
         "can be set: vars.NAME of the file's vars, and pipeline.name, .environment, "
         ".version, .previous, .protected, .lock]"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        guard_mem char *shown = NULL;
        assert_null(of_file(bad[i].id, bad[i].sets, &shown));
        assert_string_equal(shown, bad[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_options_lists_and_common_options),
        cmocka_unit_test(a_list_may_be_written_as_in_a_file),
        cmocka_unit_test(problems_name_the_set_by_its_number),
        cmocka_unit_test(refuses_what_is_no_option),
        cmocka_unit_test(a_step_of_a_file_stands_alone_with_its_options),
        cmocka_unit_test(a_step_of_the_rollback_stage_stands_alone_too),
        cmocka_unit_test(says_why_a_step_of_a_file_cannot_run_alone),
    };
    return cmocka_run_group_tests_name("pipeline try", tests, NULL, fixture_remove);
}
