/* The section `diagnose`: which failures its steps answer, and what they cannot be. */
#include <stdlib.h>
#include <string.h>

#include "pipeline_fixture.h"

#define STEPS                                                                                                          \
    "stages: ( { name = \"make\"; steps: (" BUILD("images", "") "); }, { name = \"look\"; steps: (" INFO(              \
        "first", "") "," INFO("second", "") "); } );\n"
#define ROLLBACK "rollback: (" INFO("back", "") ");"

static void the_diagnosis_stands_between_the_stages_and_the_rollback_stage(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(
        HEAD "\n" ROLLBACK "\n"
             "diagnose: { limit = \"2s\"; steps: (" INFO("c", "timeout = \"1s\";") "," INFO("d", "") "); };\n" STEPS);
    assert_int_equal(p->stage_count, 4);
    assert_int_equal(p->main_count, 3);
    assert_true(p->stages[2].diagnose && !p->stages[2].rollback);
    assert_true(p->stages[3].rollback && !p->stages[3].diagnose);
    assert_int_equal(p->stages[2].first, 3);
    assert_int_equal(p->stages[2].parallel, 2);
    assert_int_equal(p->diagnose_ms, 2000);
    assert_int_equal(p->steps[3].timeout_ms, 1000);
    assert_int_equal(p->steps[4].timeout_ms, 1500); /* what is left to say what was found */
}

static void a_plain_list_has_the_usual_limit(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(HEAD "\n" STEPS "diagnose: (" INFO("c", "") ");");
    assert_int_equal(p->diagnose_ms, 3000);
    assert_int_equal(p->stages[2].parallel, 1);
}

static void answers_names_steps_stages_and_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *answers, *steps;
    } cases[] = {
        {"", "012"},
        {"answers = \"*\";", "012"},
        {"answers = \"docker.*\";", "012"},
        {"answers = \"docker.info\";", "12"},
        {"answers = [\"look\", \"second\"];", "12"},
        {"answers = [\"second\", \"images\"];", "02"},
        {"answers = [\"docker.b*\", \"first\"];", "01"},
        {"answers = \"${pipeline.name}*\";", ""}, /* shop */
        {"answers = \"back\";", ""},              /* nothing is diagnosed in the rollback stage */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *file =
            mem_printf(HEAD "\n" STEPS "diagnose: (" INFO("c", "%s") "); " ROLLBACK, cases[i].answers);
        guard(pipeline) p = fixture_load(file);
        const pipeline_step *c = pipeline_step_find(p, "c");
        guard_text found = {0};
        for (size_t k = 0; k < c->answer_count; k++)
            text_printf(&found, "%zu", c->answers[k]);
        assert_string_equal(text_get(&found), cases[i].steps);
    }
}

static void names_what_is_wrong_with_the_diagnosis(void **state)
{
    (void)state;
    static const struct {
        const char *diagnose, *problems;
    } cases[] = {
        {"diagnose: ();", "t.cfg:3: stage 'diagnose' has no steps"},
        {"diagnose: { limit = \"10ms\"; parallel = 2; steps: (" INFO("c", "") "); };",
         "t.cfg:3: unknown 'parallel' in diagnose\n"
         "t.cfg:3: 'limit' must be at least 100 ms, not \"10ms\""},
        {"diagnose: (" BUILD("c", "") ");",
         "t.cfg:3: docker.build cannot be a step of the diagnosis: it changes something [`belay plugins` lists the "
         "kinds; those that check can be used]"},
        {"diagnose: (" INFO("c", "hits = 3; on_failure = \"warn\"; needs = [\"first\"];") ");",
         "t.cfg:3: step 'c' needs 'first' of the stages; what looks for causes needs nothing\n"
         "t.cfg:3: step 'c' of the diagnosis cannot have 'hits': it looks once\n"
         "t.cfg:3: step 'c' of the diagnosis cannot have 'on_failure': it looks once\n"
         "t.cfg:3: step 'c' of the diagnosis cannot have 'needs': it looks once"},
        {"diagnose: (" INFO("c", "answers = [\"firts\", \"docker.*\"];") ");",
         "t.cfg:3: warning: step 'c' answers 'firts', which is no step, stage or kind here; did you mean 'first'?"},
        {"diagnose: (" INFO("c", "") "); rollback: (" INFO("back", "needs = [\"c\"]; answers = \"*\";") ");",
         "t.cfg:3: step 'back' needs 'c' of the diagnosis; it runs only when a step has failed\n"
         "t.cfg:3: step 'back' is not part of the diagnosis, so it has no 'answers'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *file = mem_printf(HEAD "\n" STEPS "%s", cases[i].diagnose);
        guard_mem char *found = fixture_problems(NULL, file, NULL);
        assert_string_equal(found, cases[i].problems);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_diagnosis_stands_between_the_stages_and_the_rollback_stage),
        cmocka_unit_test(a_plain_list_has_the_usual_limit),
        cmocka_unit_test(answers_names_steps_stages_and_kinds),
        cmocka_unit_test(names_what_is_wrong_with_the_diagnosis),
    };
    return cmocka_run_group_tests_name("pipeline collectors", tests, NULL, fixture_remove);
}
