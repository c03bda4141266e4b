#include <math.h>
#include <stdio.h>
#include <string.h>

#include "flow_world.h"

static void pages_cookies_and_redirects_as_in_a_browser(void **state)
{
    (void)state;
    kit_step *s =
        flow_world_step("vars: { email = \"new+one@example.org\"; };\n"
                        "requests: (\n"
                        "  { name = \"register\"; post = \"/register\"; form: { email = \"${email}\"; password = "
                        "\"p&=\"; }; follow = 3;\n"
                        "    expect: { status = 200; url = \"/home\"; contains = \"Home\"; cookie: ( { at = "
                        "\"session\"; exists = true; } ); }; },\n"
                        "  { name = \"leave\"; post = \"/logout\";\n"
                        "    expect: { status = 303; header: ( { at = \"location\"; is = \"/login\"; } ); }; },\n"
                        "  { get = \"/home\"; expect: { status = \"300-399\"; cookie: ( { at = \"session\"; exists = "
                        "false; } ); }; } );\n",
                        NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    flow_world_verify(s, BELAY_OK);
    assert_true(kit_measured(s, "request/shop/register") > 0);
    assert_true(kit_measured(s, "request/shop/GET /home") > 0);
    assert_true(kit_measured(s, "total/shop") >= kit_measured(s, "request/shop/register"));
    assert_true(kit_measured(s, "held/shop") == 8);
    flow_world_says(kit_artifact(s, "requests.log"), "shop: 'leave' POST http://127.0.0.1:");
    kit_step_free(s);
}

static void what_one_answer_gives_the_next_request_uses(void **state)
{
    (void)state;
    kit_step *s = flow_world_step(
        "requests: (\n"
        "  { name = \"log in\"; post = \"/api/login\"; json: { user = \"${who}\"; age = 7; tags: ( \"a\", true ); };\n"
        "    capture_secret: { token = \"json:token\"; }; },\n"
        "  { get = \"/api/me\"; bearer = \"${token}\"; expect: { json: ( { at = \"name\"; is = \"${who}\"; } ); };\n"
        "    capture: { again = \"json:name\"; }; },\n"
        "  { get = \"/api/echo\"; query: { a = \"x y\"; n = 5; }; headers: { X-Mine = \"$$5 ${again}\"; };\n"
        "    capture: { kind = \"header:x-kind\"; line = \"body:GET (/api[^ ]*)\"; };\n"
        "    expect: { contains: ( \"X-Mine: $$5 eve\", \"/api/echo?a=x%20y&n=5\" ); lacks = \"Bearer\"; }; },\n"
        "  { post = \"/api/echo\"; body = \"${kind} ${line}\"; type = \"text/x\";\n"
        "    expect: { matches = \"text/x.*Echo /api/echo\"; contains = \"Echo /api/echo?a=x\"; }; } );\n",
        NULL);
    kit_set_list(s, "vars", "who=eve", NULL);
    flow_world_verify(s, BELAY_OK);
    assert_null(strstr(kit_artifact(s, "requests.log"), "token-4f"));
    kit_step_free(s);
}

#define CHECK(condition) "requests: ( { get = \"/api/list\"; expect: { json: ( { " condition " } ); }; } );\n"

static void conditions_that_hold(void **state)
{
    (void)state;
    static const char *const good[] = {
        "at = \"total\"; is = 2.5; above = 2; at_most = 2.5; type = \"number\"; is_not = 3;",
        "at = \"total\"; below = 9.5; at_least = 2.5; exists = true;",
        "at = \"items\"; length = 2; type = \"array\"; sorted = \"ascending\"; by = \"id\"; min_length = 1;",
        "at = \"items\"; sorted = \"descending\"; by = \"name\"; max_length = 2;",
        "at = \"items[-1].id\"; is = 9; one_of: (1, \"9\"); type = \"integer\";",
        "at = \"items[name=b].id\"; is = \"9\";",
        "at = \"[\\\"text\\\"]\"; length = 4; contains = \"r\"; lacks = \"x\"; matches = \"^gr\";",
        "at = \"none\"; type = \"null\";",
        "at = \"nothing.there\"; exists = false;",
        "at = \"on\"; is = true;",
        "at = \"big\"; above = \"9007199254740992\"; is = 9007199254740993L; is_not = 9007199254740992L;",
        "at = \".\"; length = 7; type = \"object\";",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        kit_step *s = flow_world_step(
            kit_path("requests: ( { get = \"/api/list\"; expect: { json: ( { %s } ); }; } );", good[i]), NULL);
        flow_world_verify(s, BELAY_OK);
        kit_step_free(s);
    }
}

static void conditions_that_do_not_hold_say_what_came(void **state)
{
    (void)state;
    flow_world_fails(CHECK("at = \"total\"; is = 3; above = \"2.5\";"), "json 'total': expected 3, came 2.5",
                     "expected more than \"2.5\", came 2.5", NULL);
    flow_world_fails(CHECK("at = \"items\"; length = 3; sorted = \"descending\"; by = \"id\";"),
                     "expected the length 3, came 2", "came 3 and then 9, at [1]", NULL);
    flow_world_fails(CHECK("at = \"items[7].id\"; is = 1;"), "json 'items[7].id': expected 1, came nothing", NULL);
    flow_world_fails(CHECK("at = \"text\"; type = \"number\"; above = 1;"), "the type \"number\", came string",
                     "more than 1, came \"gr", NULL);
    flow_world_fails(CHECK("at = \"big\"; is = 9007199254740992L; at_most = \"9007199254740992\";"),
                     "expected 9007199254740992", "at most \"9007199254740992\"", NULL);
    flow_world_fails(CHECK("at = \"endless\"; above = 5;"), "more than 5, came \"Infinity\"", NULL);
    flow_world_fails(CHECK("at = \"on\"; is = \"yes\"; exists = false;"), "expected \"yes\", came true",
                     "existence false", NULL);
    flow_world_fails(CHECK("at = \"items[0].name\"; one_of: (\"x\", \"y\"); matches = \"^z\";"),
                     "one of \"x\", \"y\", came \"c\"", "a match of \"^z\", came \"c\"", NULL);
}

static void a_failure_names_file_line_request_expected_and_came(void **state)
{
    (void)state;
    const char *path = NULL;
    kit_step *s = flow_world_step("requests: (\n"
                                  "  { name = \"the list\";\n"
                                  "    get = \"/api/list\";\n"
                                  "    expect: {\n"
                                  "      status = [201, 204];\n"
                                  "      within = \"1h\"; lacks = \"none\";\n"
                                  "      header: ( { at = \"X-No\"; is = \"1\"; } ); }; },\n"
                                  "  { get = \"/api/never-asked\"; } );\n",
                                  &path);
    flow_world_verify(s, BELAY_E_FAIL);
    flow_world_says(kit_summary(s), kit_path("%s:5: 'the list': expected status 201, 204, came 200: {\"items\"", path));
    flow_world_says(kit_summary(s), kit_path("%s:6: 'the list': expected a body without \"none\"", path));
    flow_world_says(kit_summary(s), kit_path("%s:7: 'the list': header 'X-No': expected \"1\", came nothing", path));
    assert_null(strstr(kit_artifact(s, "requests.log"), "never-asked"));
    kit_step_free(s);
}

static void a_slow_answer_and_a_wrong_way_are_failures(void **state)
{
    (void)state;
    flow_world_fails("requests: ( { get = \"/api/slow\"; expect: { within = \"50ms\"; }; } );",
                     "expected an answer within 50ms, came after 1", NULL);
    flow_world_fails("requests: ( { get = \"/home\"; follow = 2; expect: { url = \"/home\"; }; } );",
                     "expected to be led to /home, came to http://127.0.0.1:", "/login (HTTP 200)", NULL);
    flow_world_fails("requests: ( { get = \"/home\"; } );", "expected status 200-299, came 303", NULL);
    flow_world_fails("requests: ( { get = \"/login\"; expect: { json: ( { at = \"a\"; is = 1; } ); }; } );",
                     "expected JSON, came none", NULL);
    flow_world_fails("requests: ( { get = \"/api/list\"; capture: { x = \"json:items[3].id\"; }; } );",
                     "expected json:items[3].id, came nothing there", NULL);
}

static void secrets_show_nowhere(void **state)
{
    (void)state;
    const char *flow = "requests: ( { post = \"/api/login\"; json: { user = \"${name}\"; };\n"
                       "    expect: { status = 200; }; capture_secret: { t = \"body:who. (.*)\"; }; } );\n";
    kit_step *s = flow_world_step(flow, NULL);
    kit_set_list(s, "secrets", "name=canary-91d2", NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    flow_world_says(kit_summary(s), "came 401: who? [secret]");
    kit_step_free(s);
    s = flow_world_step(
        "requests: ( { get = \"/api/echo\"; query: { p = \"${name}\"; }; expect: { status = 201; }; } );", NULL);
    kit_set_list(s, "secrets", "name=canary-91d2", NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    assert_null(strstr(kit_summary(s), "canary"));
    assert_null(strstr(kit_artifact(s, "requests.log"), "canary"));
    kit_step_free(s);
    s = flow_world_step("requests: (\n"
                        "  { post = \"/register\"; form: { email = \"new+one@example.org\"; p = \"1\"; }; expect: { "
                        "status = 303; }; },\n"
                        "  { get = \"/api/echo\"; expect: { lacks = \"session\"; }; } );\n",
                        NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    flow_world_says(kit_summary(s), "Cookie: session=[secret]");
    kit_step_free(s);
}

#define ORDERS "{ at = \"state\"; values = [\"queued\", \"running\", \"completed\"]; };"
#define DONE   "expect: { json: ( { at = \"state\"; is = \"completed\"; } ); };"

static void polls_until_it_is_so_and_sees_every_state_on_the_way(void **state)
{
    (void)state;
    kit_step *s = flow_world_step(
        "requests: (\n"
        "  { post = \"/orders\"; capture: { first = \"json:state\"; id = \"json:id\"; }; },\n"
        "  { get = \"/orders/${id}\"; poll: { every = \"20ms\"; limit = \"10s\"; order: " ORDERS " };\n"
        "    " DONE " capture: { lines = \"json:lines\"; }; },\n"
        "  { get = \"/api/echo\"; headers: { X = \"${lines}\"; }; expect: { contains = \"X: [1,2]\"; }; } );\n",
        NULL);
    flow_world_verify(s, BELAY_OK);
    kit_step_free(s);
}

static void an_order_that_skips_goes_back_or_ends_elsewhere_fails(void **state)
{
    (void)state;
    flow_world_fails("requests: ( { post = \"/orders/fast\"; },\n"
                     "  { get = \"/orders/1\"; poll: { every = \"20ms\"; order: " ORDERS " }; " DONE " } );\n",
                     ":2: 'GET /orders/1': expected the order queued, running, completed; came completed",
                     "poll more often to see 'queued'", NULL);
    flow_world_fails("requests: ( { post = \"/orders/fast\"; },\n"
                     "  { get = \"/orders/1\"; poll: { every = \"20ms\"; limit = \"200ms\"; order: { after = "
                     "\"completed\"; at = \"state\";\n"
                     "      values = [\"completed\", \"running\"]; }; }; " DONE " } );\n",
                     "expected the order completed, running; came completed", NULL);
    flow_world_fails("requests: ( { get = \"/orders/stuck\"; poll: { limit = \"20s\"; order: " ORDERS " }; " DONE
                     " } );\n",
                     "came failed", NULL);
    kit_step *s = flow_world_step("requests: ( { post = \"/orders/fast\"; },\n"
                                  "  { get = \"/orders/1\"; poll: { order: { may_skip = true; at = \"state\";\n"
                                  "      values = [\"queued\", \"running\", \"completed\"]; }; }; " DONE " } );\n",
                                  NULL);
    flow_world_verify(s, BELAY_OK);
    kit_step_free(s);
}

static void a_poll_that_never_gets_there_ends_at_its_limit(void **state)
{
    (void)state;
    flow_world_fails("requests: ( { get = \"/api/list\"; poll: { every = \"20ms\"; limit = \"200ms\"; };\n"
                     "    expect: { json: ( { at = \"total\"; is = 3; } ); }; } );\n",
                     "expected 3, came 2.5", "times in 200 ms", NULL);
}

static void finally_runs_whatever_came_before(void **state)
{
    (void)state;
    kit_step *s = flow_world_step(
        "requests: ( { get = \"/api/list\"; expect: { status = 500; };\n"
        "    capture: { gone = \"json:total\"; }; } );\n"
        "finally: ( { name = \"needs it\"; delete = \"/api/x/${gone}\"; },\n"
        "           { name = \"sweep\"; delete = \"/api/x\"; expect: { contains = \"DELETE /api/x\"; }; } );\n",
        NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    flow_world_says(kit_artifact(s, "requests.log"), "'sweep' DELETE");
    flow_world_says(kit_artifact(s, "requests.log"), "'needs it' left out: there is no variable '${gone}'");
    kit_step_free(s);
    flow_world_fails("requests: ( { get = \"/api/list\"; } ); finally: ( { get = \"/api/me\"; } );", "came 403", NULL);
}

static void unique_values_differ_from_run_to_run_and_stay_within_one(void **state)
{
    (void)state;
    kit_step *s = flow_world_step(
        "vars: { who = \"u-${unique}\"; day = \"${today-7}\"; };\n"
        "requests: ( { get = \"/api/echo/${who}\"; },\n"
        "  { get = \"/api/echo/${unique}\"; expect: { matches = \"/api/echo/[0-9a-f]{16} \"; }; },\n"
        "  { get = \"/api/${day}/${today}\"; expect: { matches = \"20[0-9]{2}-[0-9]{2}-[0-9]{2}/20\"; }; } );\n",
        NULL);
    flow_world_verify(s, BELAY_OK);
    flow_world_verify(s, BELAY_OK);
    char first[17] = "", second[17] = "";
    const char *log = kit_artifact(s, "requests.log");
    assert_int_equal(sscanf(strstr(log, "echo/u-") + 7, "%16[0-9a-f]", first), 1);
    const char *same = strstr(strstr(log, "echo/u-") + 7, first);
    assert_non_null(same ? strstr(same + 1, first) : NULL);
    assert_int_equal(sscanf(strstr(strstr(log, "echo/u-") + 7, "echo/u-") + 7, "%16[0-9a-f]", second), 1);
    assert_string_not_equal(first, second);
    kit_step_free(s);
}

static void several_flows_run_and_each_failure_is_told(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    kit_write(kit_path("%s/one.flow", folder), "requests: ( { get = \"/api/me\"; } );");
    kit_write(kit_path("%s/two.flow", folder), "requests: ( { get = \"/api/list\"; } );");
    kit_write(kit_path("%s/three.flow", folder), "requests: (\n@include \"part.flow\"\n);");
    kit_write(kit_path("%s/part.flow", folder), "\n{ get = \"/api/list\"; expect: { status = 404; }; }");
    kit_step *s = flow_world_step("", NULL);
    kit_fact(s, "pipeline.dir", folder);
    kit_set_list(s, "flows", "one.flow", "two.flow", "three.flow", NULL);
    flow_world_verify(s, BELAY_E_FAIL);
    flow_world_says(kit_summary(s), "one.flow:1: ");
    flow_world_says(kit_summary(s), "part.flow:2: ");
    assert_false(isnan(kit_measured(s, "total/two")));
    kit_step_free(s);
}

static void no_answer_is_an_error_not_a_failure(void **state)
{
    (void)state;
    kit_step *s = flow_world_step(
        kit_path("requests: ( { name = \"x\"; get = \"http://127.0.0.1:%d/\"; } );", kit_free_port()), NULL);
    flow_world_verify(s, BELAY_E_RETRY);
    flow_world_says(kit_summary(s), "'x': expected an answer from http://127.0.0.1:");
    kit_step_free(s);
}

static void cancelled_it_ends_at_once(void **state)
{
    (void)state;
    kit_step *s = flow_world_step("requests: ( { get = \"/api/list\"; poll: { every = \"20s\"; limit = \"60s\"; };\n"
                                  "    expect: { status = 500; }; } );\n",
                                  NULL);
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 300), BELAY_E_CANCELLED);
    flow_world_says(kit_log(s), "`finally` did not run");
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_cookies_and_redirects_as_in_a_browser),
        cmocka_unit_test(what_one_answer_gives_the_next_request_uses),
        cmocka_unit_test(conditions_that_hold),
        cmocka_unit_test(conditions_that_do_not_hold_say_what_came),
        cmocka_unit_test(a_failure_names_file_line_request_expected_and_came),
        cmocka_unit_test(a_slow_answer_and_a_wrong_way_are_failures),
        cmocka_unit_test(secrets_show_nowhere),
        cmocka_unit_test(polls_until_it_is_so_and_sees_every_state_on_the_way),
        cmocka_unit_test(an_order_that_skips_goes_back_or_ends_elsewhere_fails),
        cmocka_unit_test(a_poll_that_never_gets_there_ends_at_its_limit),
        cmocka_unit_test(finally_runs_whatever_came_before),
        cmocka_unit_test(unique_values_differ_from_run_to_run_and_stay_within_one),
        cmocka_unit_test(several_flows_run_and_each_failure_is_told),
        cmocka_unit_test(no_answer_is_an_error_not_a_failure),
        cmocka_unit_test(cancelled_it_ends_at_once),
    };
    return cmocka_run_group_tests_name("http.flow", tests, flow_world_start, flow_world_stop);
}
