/* The change is made and taken back. `make check` builds this with Belay's testkit and runs it; each phase is a worker's,
 * as in a run. */
#include <string.h>
#include <unistd.h>

#include <belay/testkit.h>

static const char *world; /* a folder in which "current" points at v1 */

static int make_world(void **state)
{
    (void)state;
    world = kit_folder();
    return symlink("v1", kit_path("%s/current", world));
}

static kit_step *step(const char *to)
{
    kit_step *s = kit_step_new("@NAME@.link");
    kit_set(s, "link", kit_path("%s/current", world));
    kit_set(s, "to", to);
    return s;
}

static void it_is_made_and_taken_back_also_twice(void **state)
{
    (void)state;
    const char *before = kit_digest(world);
    kit_step *s = step("v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_non_null(strstr(kit_plan(s), "at v2"));
    assert_string_equal(kit_digest(world), before);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_string_not_equal(kit_digest(world), before);
    for (int i = 0; i < 2; i++)
        assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
    assert_string_equal(kit_digest(world), before);
    kit_step_free(s);
}

static void killed_once_it_has_remembered_it_can_be_taken_back(void **state)
{
    (void)state;
    const char *before = kit_digest(world);
    kit_step *s = step("v2");
    assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 1, 0), KIT_BROKEN);
    assert_true(kit_run(s, KIT_ROLLBACK) >= 0);
    assert_string_equal(kit_digest(world), before);
    kit_step_free(s);
}

static void what_is_no_link_is_refused(void **state)
{
    (void)state;
    assert_int_equal(unlink(kit_path("%s/current", world)), 0);
    kit_write(kit_path("%s/current", world), "a file");
    kit_step *s = step("v2");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_non_null(strstr(kit_summary(s), "no symbolic link"));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_is_made_and_taken_back_also_twice, make_world),
        cmocka_unit_test_setup(killed_once_it_has_remembered_it_can_be_taken_back, make_world),
        cmocka_unit_test_setup(what_is_no_link_is_refused, make_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
