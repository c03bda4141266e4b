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
    assert_refused("docker.tag", NULL, "--set:1: step 'try' lacks the option 'tag' of docker.tag [tag: The tag.]");
    assert_refused("docker.tga", NULL, "--set:1: there is no step kind 'docker.tga'; did you mean 'docker.tag'?");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_options_lists_and_common_options),
        cmocka_unit_test(problems_name_the_set_by_its_number),
        cmocka_unit_test(refuses_what_is_no_option),
    };
    return cmocka_run_group_tests_name("pipeline try", tests, NULL, fixture_remove);
}
