#include <string.h>

#include "kit.h"

static const char strong[] = "f3a91c7be02d4456";

static kit_step *secret_step(const char *value)
{
    kit_step *s = kit_step_new("host.secret");
    kit_set_list(s, "values", strong, value, NULL);
    kit_set_list(s, "names", "database", "jwt", NULL);
    return s;
}

static void strong_secrets_pass(void **state)
{
    (void)state;
    kit_step *s = secret_step("correct horse battery");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    kit_step_free(s);
}

static void weak_secrets_are_told_by_name_and_never_shown(void **state)
{
    (void)state;
    static const struct {
        const char *value, *why;
    } cases[] = {
        {"", "jwt is empty"},
        {"   ", "jwt is empty"},
        {"ChangeMe", "jwt is a well-known placeholder"},
        {"changeme-in-production", "jwt is a well-known placeholder"},
        {"your-secret-key-here", "jwt is a well-known placeholder"},
        {"<put it here, please>", "jwt is a well-known placeholder"},
        {"${JWT_SECRET_KEY_OF_APP}", "jwt is a well-known placeholder"},
        {"aaaaaaaaaaaaaaaaaaaa", "jwt is a well-known placeholder"},
        {"1234567890123456", "jwt is a well-known placeholder"},
        {"k7Qp2", "jwt is shorter than 12 characters"},
        {"f3a91c7be02d44560\n", "jwt begins or ends with white space"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = secret_step(cases[i].value);
        if (kit_run(s, KIT_VERIFY) != BELAY_E_FAIL)
            fail_msg("'%s' was taken", cases[i].value);
        if (!strstr(kit_summary(s), cases[i].why))
            fail_msg("'%s' is missing from: %s", cases[i].why, kit_summary(s));
        assert_null(strstr(kit_summary(s), "database"));
        if (strlen(cases[i].value) > 5)
            assert_null(strstr(kit_summary(s), cases[i].value));
        kit_step_free(s);
    }
}

static void without_names_values_are_numbered(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.secret");
    kit_set_list(s, "values", strong, "password", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "value 2 is"));
    kit_step_free(s);
}

static void min_length_and_forbidden_values_are_the_users(void **state)
{
    (void)state;
    kit_step *shorter = secret_step("k7Qp2x");
    kit_set(shorter, "min_length", "6");
    assert_int_equal(kit_run(shorter, KIT_VERIFY), BELAY_OK);
    kit_step_free(shorter);
    kit_step *house = secret_step("Temponest-2024");
    kit_set_list(house, "forbidden", "temponest-2024", NULL);
    assert_int_equal(kit_run(house, KIT_VERIFY), BELAY_E_FAIL);
    kit_step_free(house);
}

static void a_name_for_each_value_or_none(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.secret");
    kit_set_list(s, "values", strong, strong, NULL);
    kit_set_list(s, "names", "one", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "names");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strong_secrets_pass),
        cmocka_unit_test(weak_secrets_are_told_by_name_and_never_shown),
        cmocka_unit_test(without_names_values_are_numbered),
        cmocka_unit_test(min_length_and_forbidden_values_are_the_users),
        cmocka_unit_test(a_name_for_each_value_or_none),
    };
    return cmocka_run_group_tests_name("host.secret", tests, NULL, NULL);
}
