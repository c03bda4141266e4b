/* The way back: of runs that committed, of runs that need a person; and what is let go. */
#include "world_bed.h"

#include <string.h>

static void takes_a_committed_run_back(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", ""));
    assert_int_equal(bed_run(&b), 0);
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "rollback", NULL), 10);
    assert_string_equal(bed_trace(&b), "rb ra vc");
    bed_assert_untouched(&b);
    assert_int_equal(bed_belay(&b, "rollback", "latest", NULL), 2);
    assert_contains(bed_events(&b), "it is rolled back");
}

static void what_a_rollback_says_it_cannot_undo_is_left_and_not_told_as_undone(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", "trouble = [\"verify=fail\", \"rollback=stays\"];"));
    assert_int_equal(bed_run(&b), 10);
    assert_contains(bed_events(&b),
                    "\"step\":\"b\",\"kind\":\"world.write\",\"stage\":\"one\",\"verdict\":\"irreversible\"");
    assert_contains(bed_events(&b), "\"step\":\"a\",\"kind\":\"world.write\",\"stage\":\"one\",\"verdict\":\"undone\"");
}

static void refuses_to_take_back_what_a_later_run_stands_on(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", ""));
    assert_int_equal(bed_run(&b), 0);
    const char *first =
        kit_output_of("sh", "-c", kit_path("ls -d %s/runs/* | xargs -n1 basename | tr -d '\\n'", b.state), NULL);
    assert_int_equal(bed_run(&b), 0);
    assert_int_equal(bed_belay(&b, "rollback", first, NULL), 2);
    assert_contains(bed_events(&b), "stands on it");
}

static void lets_go_of_what_is_no_longer_the_way_back(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", ""));
    assert_int_equal(bed_run(&b), 0);
    assert_string_equal(bed_file(&b, ".a.before"), "old");
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "discard", "--keep", "1", NULL), 0);
    assert_string_equal(bed_trace(&b), ""); /* the newest stays */
    assert_int_equal(bed_belay(&b, "discard", "--keep", "0", NULL), 0);
    assert_string_equal(bed_trace(&b), "db da");
    assert_null(bed_file(&b, ".a.before"));
    assert_int_equal(bed_belay(&b, "rollback", "latest", NULL), 2);
    assert_contains(bed_events(&b), "was discarded");
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "discard", "--keep", "0", NULL), 0);
    assert_string_equal(bed_trace(&b), "");
}

/* docker.up keeps copies of the containers that it replaces, also when it brings the previous version up. */
static void discard_reaches_the_rollback_stage(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s ); } ); rollback: ( %s );",
                              bed_write(&b, 'a', "trouble = [\"verify=fail\"];"), bed_write(&b, 'b', "")));
    kit_write(kit_path("%s/b", b.world), "old");
    assert_int_equal(bed_run(&b), 10);
    assert_string_equal(bed_file(&b, ".b.before"), "old");
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "discard", "--keep", "0", NULL), 0);
    assert_string_equal(bed_trace(&b), "db da");
    assert_null(bed_file(&b, ".b.before"));
}

static void needs_a_person_then_goes_on_once_it_is_mended(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "trouble = [\"rollback=fail:3\"];", "trouble = [\"verify=fail\"];"));
    assert_int_equal(bed_run(&b), 20);
    assert_string_equal(bed_trace(&b), "pa pb pc ea va eb vb rb ra ra ra vc");
    assert_contains(bed_events(&b), "step 'a' could not be rolled back: told to do so");
    assert_contains(bed_events(&b), "belay resume 2");
    bed_forget(&b);
    kit_write(kit_path("%s/a", b.world), "new"); /* whatever */
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    assert_string_equal(bed_trace(&b), "ra vc");
    bed_assert_untouched(&b);
}

static void needs_a_person_when_the_previous_version_is_not_proved(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s ); } ); rollback: ( %s, %s );",
                              bed_write(&b, 'a', "trouble = [\"verify=fail\"];"),
                              bed_check(&b, 'c', "trouble = [\"verify=fail:1\"];"), bed_check(&b, 'd', "")));
    assert_int_equal(bed_run(&b), 20);
    assert_string_equal(bed_trace(&b), "pa pc pd ea va ra vc");
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "rollback", NULL), 10);
    assert_string_equal(bed_trace(&b), "vc vd");
}

static void keeps_what_a_step_stands_on_that_could_not_be_undone(void **state)
{
    (void)state;
    bed b = bed_new();
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s, %s, %s ); } );", bed_write(&b, 'a', ""),
                              bed_write(&b, 'b', "needs = [\"a\"]; trouble = [\"rollback=fail:3\"];"),
                              bed_write(&b, 'd', "trouble = [\"execute=fail\"];")));
    assert_int_equal(bed_run(&b), 20);
    assert_string_equal(bed_trace(&b), "pa pb pd ea va eb vb ed rd rb rb rb");
    assert_string_equal(bed_file(&b, "a"), "new");
    assert_contains(bed_events(&b), "undo skipped");
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    bed_assert_untouched(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_committed_run_back),
        cmocka_unit_test(what_a_rollback_says_it_cannot_undo_is_left_and_not_told_as_undone),
        cmocka_unit_test(refuses_to_take_back_what_a_later_run_stands_on),
        cmocka_unit_test(lets_go_of_what_is_no_longer_the_way_back),
        cmocka_unit_test(discard_reaches_the_rollback_stage),
        cmocka_unit_test(needs_a_person_then_goes_on_once_it_is_mended),
        cmocka_unit_test(needs_a_person_when_the_previous_version_is_not_proved),
        cmocka_unit_test(keeps_what_a_step_stands_on_that_could_not_be_undone),
    };
    return cmocka_run_group_tests_name("world back", tests, NULL, NULL);
}
