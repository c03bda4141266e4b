/* The fixtures that need no server, in a program that uses names of Belay's core for things of its own. */
#include <string.h>

#include <belay/testkit.h>

int error_set(void);
const char *text_get(void);

int error_set(void)
{
    return 7;
}

const char *text_get(void)
{
    return "mine";
}

static const char *answer(const char *request)
{
    return strstr(request, "GET /ok ") ? KIT_WEB_OK("fine") : NULL;
}

static void a_server_answers_by_a_function_of_the_test(void **state)
{
    (void)state;
    int port = kit_web_start(answer);
    assert_string_equal(kit_output_of("curl", "-s", kit_path("http://127.0.0.1:%d/ok", port), NULL), "fine");
    assert_int_not_equal(kit_status_of("curl", "-s", kit_path("http://127.0.0.1:%d/no", port), NULL), 0);
    kit_web_stop(port);
}

static void names_of_the_core_are_free(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("link"); /* uses the core's own of that name */
    kit_set(s, "to", "v2");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_CONFIG);
    assert_string_equal(kit_summary(s), "option 'link': it is required");
    kit_step_free(s);
    assert_int_equal(error_set(), 7);
    assert_string_equal(text_get(), "mine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_answers_by_a_function_of_the_test),
        cmocka_unit_test(names_of_the_core_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
