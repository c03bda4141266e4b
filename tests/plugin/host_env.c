#include <string.h>
#include <sys/stat.h>

#include "kit.h"

#define CANARY "canary-9f3c61"

static kit_step *env_step(const char *content)
{
    kit_step *s = kit_step_new("host.env");
    const char *path = kit_path("%s/.env", kit_folder());
    kit_write(path, content);
    assert_int_equal(chmod(path, 0600), 0);
    kit_set(s, "file", path);
    return s;
}

static void assert_shows_no_value(const kit_step *s)
{
    assert_null(strstr(kit_summary(s), CANARY));
    assert_null(strstr(kit_hint(s), CANARY));
    assert_null(strstr(kit_log(s), CANARY));
}

static void names_of_the_right_type_pass(void **state)
{
    (void)state;
    kit_step *s = env_step("# a comment\n"
                           "DATABASE_URL=postgresql://app:" CANARY "@db:5432/app  # the main one\n"
                           "export REDIS_URL='redis://:" CANARY "@redis:6379/0'\n"
                           "API = \"https://api.example.org/v1\"\n"
                           "PORT=8001\r\nDEBUG=off\nCOUNT=-3\nCERT=/etc/hostname\nEMPTY=\nNAME=x\n"
                           "KEY=\"two\nlines # \\\"" CANARY "\\\"\"\nHASH=a#b\n");
    kit_set_list(s, "require", "DATABASE_URL=postgres_url", "REDIS_URL=redis_url", "API=http_url", "API=url",
                 "PORT=port", "DEBUG=boolean", "COUNT=integer", "CERT=path", "EMPTY", "NAME=nonempty", "KEY", "HASH",
                 NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_shows_no_value(s);
    kit_step_free(s);
}

static void every_missing_or_wrong_name_is_told_and_no_value(void **state)
{
    (void)state;
    static const char *const told[] = {
        "6 of 7 names", "MISSING is not set", "A is no postgresql:// URL", "B is no port",
        "C is empty",   "D is no boolean",    "E is no redis:// URL",
    };
    kit_step *s = env_step("A=mysql://" CANARY "\nB=70000\nC=  \nD=" CANARY "\nE=http://" CANARY "\nF=1\n");
    kit_set_list(s, "require", "MISSING", "A=postgres_url", "B=port", "C=nonempty", "D=boolean", "E=redis_url",
                 "F=integer", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!strstr(kit_summary(s), told[i]))
            fail_msg("'%s' is missing from: %s", told[i], kit_summary(s));
    assert_shows_no_value(s);
    kit_step_free(s);
}

static void a_line_that_cannot_be_read_is_told_by_number_without_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *content, *told;
    } cases[] = {
        {"A=1\nPASSWORD " CANARY "\n", "line 2: no '=' after the name"},
        {"A=1\n\n=" CANARY "\n", "line 3: no name before '='"},
        {"A=1\nB=\"" CANARY "\nC=2\n", "line 2: a quote is not closed"},
        {"A='" CANARY "'" CANARY "\n", "line 1: something follows the closing quote"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = env_step(cases[i].content);
        kit_set_list(s, "require", "A", NULL);
        assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
        if (!strstr(kit_summary(s), cases[i].told))
            fail_msg("'%s' is missing from: %s", cases[i].told, kit_summary(s));
        assert_shows_no_value(s);
        kit_step_free(s);
    }
}

static void the_last_of_a_name_wins(void **state)
{
    (void)state;
    kit_step *s = env_step("PORT=80\nPORT=none\n");
    kit_set_list(s, "require", "PORT=port", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    kit_step_free(s);
}

static void values_are_checked_in_place_of_a_file(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.env");
    kit_set_list(s, "values", "TOKEN=" CANARY "=#x", "PORT=http", NULL);
    kit_set_list(s, "require", "TOKEN=nonempty", "PORT=port", "URL", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "2 of 3 names"));
    assert_shows_no_value(s);
    kit_step_free(s);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.env");
    kit_set(s, "file", "/no/such/.env");
    kit_set_list(s, "require", "A", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "/no/such/.env"));
    kit_step_free(s);
}

static void wrong_options_are_told(void **state)
{
    (void)state;
    kit_step *neither = kit_step_new("host.env");
    kit_set_list(neither, "require", "A", NULL);
    assert_int_equal(kit_run(neither, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(neither);

    kit_step *type = env_step("A=1\n");
    kit_set_list(type, "require", "A=number", NULL);
    assert_int_equal(kit_run(type, KIT_PREPARE), BELAY_E_CONFIG);
    assert_non_null(strstr(kit_hint(type), "integer"));
    kit_step_free(type);
}

static void a_file_that_every_user_may_read_draws_a_warning(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.env");
    const char *path = kit_path("%s/.env", kit_folder());
    kit_write(path, "A=1\n");
    assert_int_equal(chmod(path, 0644), 0);
    kit_set(s, "file", path);
    kit_set_list(s, "require", "A", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_non_null(strstr(kit_log(s), "every user may read"));
    kit_step_free(s);
}

static void a_file_that_is_known_later_is_checked_later(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.env");
    kit_set_pending(s, "file");
    kit_set_list(s, "require", "A", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_the_right_type_pass),
        cmocka_unit_test(every_missing_or_wrong_name_is_told_and_no_value),
        cmocka_unit_test(a_line_that_cannot_be_read_is_told_by_number_without_its_text),
        cmocka_unit_test(the_last_of_a_name_wins),
        cmocka_unit_test(values_are_checked_in_place_of_a_file),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(wrong_options_are_told),
        cmocka_unit_test(a_file_that_every_user_may_read_draws_a_warning),
        cmocka_unit_test(a_file_that_is_known_later_is_checked_later),
    };
    return cmocka_run_group_tests_name("host.env", tests, NULL, NULL);
}
