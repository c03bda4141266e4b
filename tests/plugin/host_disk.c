#include <math.h>
#include <string.h>
#include <sys/statvfs.h>

#include "kit.h"
#include "say/measure.h"

static kit_step *disk_step(const char *min_free)
{
    kit_step *s = kit_step_new("host.disk");
    kit_set(s, "min_free", min_free);
    return s;
}

static void enough_space_passes_and_is_measured_for_each_path(void **state)
{
    (void)state;
    struct statvfs fs;
    kit_step *s = disk_step("1B");
    const char *folder = kit_folder(), *metric = kit_path("free/%s", folder);
    kit_set_list(s, "paths", "/", folder, NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_int_equal(statvfs(folder, &fs), 0);
    double now = (double)fs.f_bavail * (double)fs.f_frsize;
    assert_true(fabs(kit_measured(s, metric) - now) < 2e9); /* others write meanwhile */
    assert_false(isnan(kit_measured(s, "free//")));
    kit_step_free(s);
}

static void a_path_that_is_too_long_for_a_name_is_measured_too(void **state)
{
    (void)state;
    char metric[MEASURE_NAME + 1], part[121] = "";
    memset(part, 'd', sizeof part - 1);
    const char *folder = kit_path("%s/%s", kit_folder(), part);
    (void)kit_output_of("mkdir", folder, NULL);
    measure_name("free", folder, metric);
    kit_step *s = disk_step("1B");
    kit_set_list(s, "paths", folder, NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_false(isnan(kit_measured(s, metric)));
    kit_step_free(s);
}

static void too_little_space_names_path_free_and_needed(void **state)
{
    (void)state;
    kit_step *s = disk_step("7PB");
    const char *folder = kit_folder();
    kit_set_list(s, "paths", folder, NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), folder));
    assert_non_null(strstr(kit_summary(s), "free, 7.0 PB needed"));
    assert_string_equal(kit_option_to_blame(s), "min_free");
    kit_step_free(s);
}

static void paths_of_one_filesystem_are_told_once(void **state)
{
    (void)state;
    kit_step *s = disk_step("7PB");
    const char *a = kit_folder(), *b = kit_folder();
    kit_set_list(s, "paths", a, b, NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), kit_path("'%s', '%s': ", a, b)));
    assert_null(strstr(kit_summary(s), ";"));
    kit_step_free(s);
}

static void too_few_inodes_fail(void **state)
{
    (void)state;
    struct statvfs fs;
    kit_step *s = disk_step("1B");
    const char *folder = kit_folder();
    assert_int_equal(statvfs(folder, &fs), 0);
    kit_set_list(s, "paths", folder, NULL);
    kit_set(s, "min_free_inodes", "9000000000000000000");
    belay_status wanted = fs.f_files ? BELAY_E_FAIL : BELAY_OK;
    assert_int_equal(kit_run(s, KIT_VERIFY), wanted);
    if (fs.f_files)
        assert_non_null(strstr(kit_summary(s), "more files"));
    kit_step_free(s);
}

static void a_path_that_is_not_there_is_a_wrong_option(void **state)
{
    (void)state;
    kit_step *s = disk_step("1B");
    kit_set_list(s, "paths", "/no/such/folder", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_CONFIG);
    assert_non_null(strstr(kit_summary(s), "/no/such/folder"));
    assert_string_equal(kit_option_to_blame(s), "paths");
    kit_step_free(s);
}

static void a_relative_path_is_a_wrong_option(void **state)
{
    (void)state;
    kit_step *s = disk_step("1B");
    kit_set_list(s, "paths", "backups", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_CONFIG);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_space_passes_and_is_measured_for_each_path),
        cmocka_unit_test(a_path_that_is_too_long_for_a_name_is_measured_too),
        cmocka_unit_test(too_little_space_names_path_free_and_needed),
        cmocka_unit_test(paths_of_one_filesystem_are_told_once),
        cmocka_unit_test(too_few_inodes_fail),
        cmocka_unit_test(a_path_that_is_not_there_is_a_wrong_option),
        cmocka_unit_test(a_relative_path_is_a_wrong_option),
    };
    return cmocka_run_group_tests_name("host.disk", tests, NULL, NULL);
}
