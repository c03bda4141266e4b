/* The check says what is so. `make check` builds this with Belay's testkit and runs it; each phase is a worker's, as in a
 * run. */
#include <string.h>

#include <belay/testkit.h>

static kit_step *step(const char *path)
{
    kit_step *s = kit_step_new("@NAME@.file");
    kit_set(s, "path", path);
    return s;
}

static void a_file_is_measured(void **state)
{
    (void)state;
    const char *path = kit_path("%s/file", kit_folder());
    kit_write(path, "hello");
    kit_step *s = step(path);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "size") == 5);
    kit_step_free(s);
}

static void a_file_that_is_missing_is_a_bad_release(void **state)
{
    (void)state;
    kit_step *s = step(kit_path("%s/none", kit_folder()));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "No such file"));
    assert_string_equal(kit_option_to_blame(s), "path");
    kit_step_free(s);
}

static void what_cannot_be_looked_at_is_an_error_of_the_check(void **state)
{
    (void)state;
    const char *file = kit_path("%s/file", kit_folder());
    kit_write(file, "hello");
    kit_step *s = step(kit_path("%s/below", file));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_measured),
        cmocka_unit_test(a_file_that_is_missing_is_a_bad_release),
        cmocka_unit_test(what_cannot_be_looked_at_is_an_error_of_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
