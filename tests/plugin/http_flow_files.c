/* Flow files that are wrong: all that is wrong is told at once, each with file and line. */
#include <string.h>

#include "flow_world.h"

static void all_problems_are_told_at_once_each_with_its_line(void **state)
{
    (void)state;
    flow_world_refuses(
        "vars: { unique = \"x\"; a: ( 1 ); };\n"
        "requests: (\n"
        "  { name = 5; gett = \"/x\"; },\n"
        "  { get = \"/x\"; post = \"/y\"; json: { a = \"${nobody}\"; }; body = \"b\"; },\n"
        "  { get = \"x.html\"; expect: { status = 99; within = \"2\"; mathes = \"x\"; }; },\n"
        "  { get = \"/x\"; expect: { matches = \"(\"; json: ( { at = \"a..b\"; is = 1; }, { at = \"a\"; }, { is = 1; } "
        "); }; },\n"
        "  { get = \"/x\"; follow = 3; capture: { t = \"cookies:x\"; u = \"json:a[\"; }; },\n"
        "  { get = \"/x\"; poll: { every = \"soon\"; order: { at = \"s\"; values = [\"only\"]; }; }; },\n"
        "  { get = \"/x\"; expect: { json: ( { at = \"a\"; isnt = 1; type = \"text\"; length = \"2\"; } ); }; },\n"
        "  \"what\" );\n"
        "extra = 1;\n",
        ":1: 'unique' cannot be a variable's name", ":1: 'a' must be a text, a number", ":3: 'name' must be a text",
        ":3: unknown 'gett' in a request; there are: name, get, post", ":3: a request has exactly one of",
        ":4: a request has exactly one of", ":4: there is no variable '${nobody}' here",
        ":4: a request has only one of json, form and body", ":5: 'x.html' is no address", ":5: '99' is no HTTP status",
        ":5: '2' is no time", ":5: unknown 'mathes' in expect", ":6: '(' is no extended regular expression",
        ":6: 'a..b' is no place in a JSON document", ":6: nothing is expected of json 'a'",
        ":6: a check is a group with 'at'", ":7: a request that follows redirects must say where",
        ":7: 't': 'cookies:x' is none of", ":7: 'u': 'a[' is no place", ":8: 'soon' is no time", ":8: 'order' needs",
        ":9: unknown 'isnt' in a check", ":9: 'text' is none of: object",
        ":9: the condition 'length' has a value of the wrong type", ":10: a request is a group",
        ":11: unknown 'extra' in a flow file", NULL);
}

static void a_variable_is_known_only_after_its_capture(void **state)
{
    (void)state;
    flow_world_refuses("requests: ( { get = \"/a/${id}\"; },\n{ get = \"/b\"; capture: { id = \"json:id\"; }; },\n"
                       "{ get = \"/c/${id}\"; } );\nfinally: ( { get = \"/${id}/${\"; } );",
                       ":1: there is no variable '${id}' here", ":4: '${' without '}'", NULL);
}

static void what_libconfig_cannot_read_is_told_by_its_line(void **state)
{
    (void)state;
    flow_world_refuses("requests: (\n{ get = /x; } );", "shop.flow:2: syntax error", NULL);
    flow_world_refuses("requests: ( );", ":1: the list 'requests' is empty", NULL);
    flow_world_refuses("vars: { a = 1; };", "has no requests", NULL);
}

static void a_file_that_is_not_there_is_named_beside_the_others(void **state)
{
    (void)state;
    const char *path = NULL;
    kit_step *s = flow_world_step("requests: 5;", &path);
    kit_set_list(s, "flows", "/no/such.flow", path, NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    flow_world_says(kit_summary(s), "/no/such.flow: No such file");
    flow_world_says(kit_summary(s), ":1: 'requests' must be a list");
    kit_step_free(s);
}

static void options_that_are_wrong_are_blamed(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value;
    } bad[] = {{"base_url", "127.0.0.1:80"}, {"vars", "=x"}, {"vars", "name"}, {"secrets", "a b=c"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kit_step *s = flow_world_step("requests: ( { get = \"/x\"; } );", NULL);
        if (strcmp(bad[i].option, "base_url") == 0)
            kit_set(s, bad[i].option, bad[i].value);
        else
            kit_set_list(s, bad[i].option, bad[i].value, NULL);
        assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
        assert_string_equal(kit_option_to_blame(s), bad[i].option);
        kit_step_free(s);
    }
}

static void what_depends_on_later_outputs_is_left_for_later(void **state)
{
    (void)state;
    kit_step *s = flow_world_step("requests: ( { get = \"/x/${later}\"; } );", NULL);
    kit_set_pending(s, "vars");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_problems_are_told_at_once_each_with_its_line),
        cmocka_unit_test(a_variable_is_known_only_after_its_capture),
        cmocka_unit_test(what_libconfig_cannot_read_is_told_by_its_line),
        cmocka_unit_test(a_file_that_is_not_there_is_named_beside_the_others),
        cmocka_unit_test(options_that_are_wrong_are_blamed),
        cmocka_unit_test(what_depends_on_later_outputs_is_left_for_later),
    };
    return cmocka_run_group_tests_name("http.flow, files", tests, NULL, NULL);
}
