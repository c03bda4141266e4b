/* grafana.panel: a panel is found by its titles, and its query asked with its data source and variables. */
#include <math.h>
#include <string.h>

#include "grafana_world.h"
#include "kit.h"

static const char *grafana;

#define PANEL(id, title, expr)                                                                                         \
    "{\"id\":" id ",\"title\":\"" title                                                                                \
    "\",\"type\":\"stat\",\"datasource\":{\"type\":\"prometheus\",\"uid\":\"${source}\"},"                             \
    "\"targets\":[{\"refId\":\"A\",\"expr\":\"" expr "\",\"range\":true}]}"

static const char overview[] =
    "{\"uid\":\"over\",\"title\":\"Overview\",\"time\":{\"from\":\"now-1m\",\"to\":\"now\"},\"templating\":{\"list\":["
    "{\"name\":\"source\",\"type\":\"datasource\",\"current\":{\"value\":\"prometheus\"}},"
    "{\"name\":\"side\",\"type\":\"custom\",\"multi\":true,\"current\":{\"value\":[\"left\",\"ri.ght\"]}},"
    "{\"name\":\"any\",\"type\":\"query\",\"includeAll\":true,\"allValue\":\".*\",\"current\":{\"value\":\"$__all\"}},"
    "{\"name\":\"listed\",\"type\":\"custom\",\"includeAll\":true,\"current\":{\"value\":\"$__all\"},\"options\":["
    "{\"value\":\"$__all\"},{\"value\":\"left\"},{\"value\":\"right\"}]},"
    "{\"name\":\"lost\",\"type\":\"query\",\"includeAll\":true,\"current\":{\"value\":\"$__all\"}},"
    "{\"name\":\"number\",\"type\":\"textbox\",\"query\":\"7\"}]},\"panels\":[" PANEL(
        "1", "Error Rate",
        "vector(0.25)") ","
                        "{\"id\":2,\"type\":\"row\",\"title\":\"Inside\",\"panels\":[" PANEL("3", "In a row", "vector($number)") "]}," PANEL("4", "Twice", "vector(1)") "," PANEL(
                            "5", "Twice",
                            "vector(2)") "," PANEL("7", "Sides",
                                                   "count(label_replace(vector(1), "
                                                   "\\\"s\\\", \\\"$side\\\", \\\"\\\", "
                                                   "\\\"\\\"))") "," PANEL("8", "Lost",
                                                                           "up{job=~\\\"$"
                                                                           "lost\\\"}") "," PANEL("9", "Odd",
                                                                                                  "up{job=~\\\"${side:"
                                                                                                  "glob}\\\"}") ","
                                                                                                                "{\"id"
                                                                                                                "\":10,"
                                                                                                                "\"titl"
                                                                                                                "e\":"
                                                                                                                "\"Two"
                                                                                                                "\","
                                                                                                                "\"type"
                                                                                                                "\":"
                                                                                                                "\"stat"
                                                                                                                "\","
                                                                                                                "\"targ"
                                                                                                                "ets\":"
                                                                                                                "["
                                                                                                                "{\"ref"
                                                                                                                "Id\":"
                                                                                                                "\"A\","
                                                                                                                "\"data"
                                                                                                                "source"
                                                                                                                "\":{"
                                                                                                                "\"uid"
                                                                                                                "\":"
                                                                                                                "\"prom"
                                                                                                                "etheus"
                                                                                                                "\"},"
                                                                                                                "\"expr"
                                                                                                                "\":"
                                                                                                                "\"vect"
                                                                                                                "or(1)"
                                                                                                                "\","
                                                                                                                "\"inst"
                                                                                                                "ant\":"
                                                                                                                "true},"
                                                                                                                "{\"ref"
                                                                                                                "Id\":"
                                                                                                                "\"B\","
                                                                                                                "\"data"
                                                                                                                "source"
                                                                                                                "\":"
                                                                                                                "\"Prom"
                                                                                                                "etheus"
                                                                                                                "\","
                                                                                                                "\"expr"
                                                                                                                "\":"
                                                                                                                "\"vect"
                                                                                                                "or(2)"
                                                                                                                "\","
                                                                                                                "\"inst"
                                                                                                                "ant\":"
                                                                                                                "true},"
                                                                                                                "{\"ref"
                                                                                                                "Id\":"
                                                                                                                "\"C\","
                                                                                                                "\"expr"
                                                                                                                "\":"
                                                                                                                "\"vect"
                                                                                                                "or(3)"
                                                                                                                "\","
                                                                                                                "\"inst"
                                                                                                                "ant\":"
                                                                                                                "true,"
                                                                                                                "\"hide"
                                                                                                                "\":"
                                                                                                                "true}]"
                                                                                                                "},"
                                                                                                                "{\"id"
                                                                                                                "\":11,"
                                                                                                                "\"titl"
                                                                                                                "e\":"
                                                                                                                "\"Mirr"
                                                                                                                "or\","
                                                                                                                "\"type"
                                                                                                                "\":"
                                                                                                                "\"stat"
                                                                                                                "\","
                                                                                                                "\"data"
                                                                                                                "source"
                                                                                                                "\":{"
                                                                                                                "\"uid"
                                                                                                                "\":\"-"
                                                                                                                "- "
                                                                                                                "Dashbo"
                                                                                                                "ard "
                                                                                                                "--\"},"
                                                                                                                "\"targ"
                                                                                                                "ets\":"
                                                                                                                "[{"
                                                                                                                "\"refI"
                                                                                                                "d\":"
                                                                                                                "\"A\","
                                                                                                                "\"pane"
                                                                                                                "lId\":"
                                                                                                                "1}]},"
                                                                                                                "{\"id"
                                                                                                                "\":12,"
                                                                                                                "\"titl"
                                                                                                                "e\":"
                                                                                                                "\"Word"
                                                                                                                "s\","
                                                                                                                "\"type"
                                                                                                                "\":"
                                                                                                                "\"text"
                                                                                                                "\"}"
                                                                                                                "," PANEL(
                                                                                                                    "1"
                                                                                                                    "3",
                                                                                                                    "No"
                                                                                                                    "th"
                                                                                                                    "in"
                                                                                                                    "g",
                                                                                                                    "no"
                                                                                                                    "_s"
                                                                                                                    "uc"
                                                                                                                    "h_"
                                                                                                                    "me"
                                                                                                                    "tr"
                                                                                                                    "i"
                                                                                                                    "c") "," PANEL("14",
                                                                                                                                   "Broken",
                                                                                                                                   "sum(") "]}";

static int set_up(void **state)
{
    (void)state;
    grafana = grafana_start();
    grafana_dashboard("overview.json", overview);
    grafana_dashboard("twin.json",
                      "{\"uid\":\"twin-a\",\"title\":\"Twin\",\"panels\":[" PANEL("1", "P", "vector(1)") "]}");
    grafana_dashboard("other/twin.json",
                      "{\"uid\":\"twin-b\",\"title\":\"Twin\",\"panels\":["
                      "{\"id\":1,\"title\":\"P\",\"targets\":[{\"refId\":\"A\",\"expr\":\"vector(2)\"}]}]}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    grafana_stop();
    return 0;
}

static kit_step *panel(const char *dashboard, const char *title)
{
    kit_step *s = kit_step_new("grafana.panel");
    kit_set(s, "url", grafana);
    kit_set(s, "token", GRAFANA_TOKEN);
    kit_set(s, "dashboard", dashboard);
    kit_set(s, "panel", title);
    return s;
}

static void assert_value(kit_step *s, const char *metric, double wanted)
{
    belay_status status = kit_run(s, KIT_VERIFY);
    if (status != BELAY_OK)
        fail_msg("%d: %s", status, kit_summary(s));
    if (!(fabs(kit_measured(s, metric) - wanted) < 1e-9))
        fail_msg("%s is %g, expected %g", metric, kit_measured(s, metric), wanted);
}

static void assert_refused(kit_step *s, belay_status wanted, const char *summary)
{
    assert_int_equal(kit_run(s, KIT_VERIFY), wanted);
    if (!strstr(kit_summary(s), summary))
        fail_msg("'%s' is not in: %s", summary, kit_summary(s));
}

static void a_panel_is_found_by_titles_uids_and_ids(void **state)
{
    (void)state;
    kit_step *s = panel("Overview", "Error Rate");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_value(s, "value", 0.25);
    kit_set(s, "dashboard", "overview");
    kit_set(s, "panel", "error rate");
    assert_value(s, "value", 0.25);
    kit_set(s, "dashboard", "over");
    kit_set(s, "panel", "#5");
    assert_value(s, "value", 2);
    kit_set(s, "panel", "In a row");
    assert_value(s, "value", 7);
    kit_step_free(s);
}

static void what_is_missing_is_said_with_the_nearest_titles(void **state)
{
    (void)state;
    kit_step *s = panel("Overvew", "Error Rate");
    assert_refused(s, BELAY_E_FAIL, "Grafana has no dashboard 'Overvew'; the nearest: 'Overview'");
    assert_string_equal(kit_option_to_blame(s), "dashboard");
    kit_set(s, "dashboard", "Overview");
    kit_set(s, "panel", "Eror Rates");
    assert_refused(s, BELAY_E_FAIL, "the dashboard 'Overview' has no panel 'Eror Rates'; the nearest: 'Error Rate'");
    assert_string_equal(kit_option_to_blame(s), "panel");
    kit_step_free(s);
}

static void what_is_ambiguous_is_said(void **state)
{
    (void)state;
    kit_step *s = panel("Overview", "Twice");
    assert_refused(s, BELAY_E_FAIL, "2 panels of the dashboard 'Overview' have the title 'Twice': #4, #5");
    kit_set(s, "dashboard", "Twin");
    kit_set(s, "panel", "P");
    assert_refused(s, BELAY_E_FAIL, "2 dashboards have the title 'Twin': ");
    kit_set(s, "folder", "other");
    assert_value(s, "value", 2);
    kit_set(s, "folder", "nowhere");
    assert_refused(s, BELAY_E_FAIL, "Grafana shows no dashboard at all in the folder nowhere");
    kit_step_free(s);
}

static void variables_are_put_in_as_grafana_does(void **state)
{
    (void)state;
    kit_step *s = panel("Overview", "In a row");
    kit_set_list(s, "variables", "number=12", NULL);
    assert_value(s, "value", 12);
    kit_set_list(s, "variables", "number", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_set_list(s, "variables", NULL);
    kit_set(s, "panel", "Sides");
    assert_value(s, "value", 1);
    kit_set(s, "panel", "Lost");
    assert_refused(s, BELAY_E_FAIL, "the variable 'lost' has no value in the saved dashboard");
    assert_non_null(strstr(kit_hint(s), "variables = "));
    kit_set_list(s, "variables", "lost=self", NULL);
    assert_value(s, "value", 1);
    kit_set(s, "panel", "Odd");
    assert_refused(s, BELAY_E_FAIL, "the variable 'side' is written in the format 'glob'");
    kit_step_free(s);
}

static void several_queries_give_a_value_each_but_for_hidden_ones(void **state)
{
    (void)state;
    kit_step *s = panel("Overview", "Two");
    assert_value(s, "value/A:Value", 1);
    assert_true(kit_measured(s, "value/B:Value") == 2);
    assert_true(isnan(kit_measured(s, "value/C:Value")));
    kit_step_free(s);
}

static void panels_without_an_answer_of_their_own_are_refused(void **state)
{
    (void)state;
    kit_step *s = panel("Overview", "Mirror");
    assert_refused(s, BELAY_E_FAIL, "the panel shows the answer of another panel");
    kit_set(s, "panel", "Words");
    assert_refused(s, BELAY_E_FAIL, "the panel 'Words' has no query");
    kit_set(s, "panel", "Nothing");
    assert_refused(s, BELAY_NO_DATA, "not one number");
    kit_set(s, "panel", "Broken");
    assert_refused(s, BELAY_E_RETRY, "query A of the panel 'Broken' failed: ");
    kit_step_free(s);
}

/* ---- alerts ------------------------------------------------------------------------------------------------------ */

static kit_step *alerts(void)
{
    kit_step *s = kit_step_new("grafana.alerts");
    kit_set(s, "url", grafana);
    kit_set(s, "token", GRAFANA_TOKEN);
    return s;
}

static void what_fired_before_is_no_news(void **state)
{
    (void)state;
    kit_step *before = alerts(), *s = alerts();
    kit_set(before, "record", "true");
    assert_int_equal(kit_run(before, KIT_PREPARE), BELAY_OK);
    for (int i = 0; i < 50 && !(kit_measured(before, "firing") >= 1); i++)
        assert_int_equal(kit_run(before, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(before, "new") == 0);
    assert_int_equal(strlen(kit_output(before, "firing")), 16);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "new") == 1); /* without a baseline */
    kit_set(s, "baseline", kit_output(before, "firing"));
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "new") == 0);
    assert_true(kit_measured(s, "known") == 1);

    grafana_provoke_alert();
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "new") == 1);
    assert_true(kit_measured(s, "firing") == 2);
    assert_non_null(strstr(kit_artifact(s, "alerts.txt"), "known    Always since "));
    assert_non_null(strstr(kit_log(s), "new      Provoked since "));
    assert_non_null(strstr(kit_log(s), "somebody asked"));
    kit_step_free(before);
    kit_step_free(s);
}

static void severities_and_the_allow_list_choose_what_counts(void **state)
{
    (void)state;
    grafana_provoke_alert();
    kit_step *s = alerts();
    kit_set_list(s, "severities", "critical", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "new") == 1);
    kit_set_list(s, "allow", "severity=crit*", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "new") == 0);
    kit_set_list(s, "severities", NULL);
    kit_set_list(s, "allow", "Alw*", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "new") == 1);
    kit_step_free(s);
}

static void what_is_no_baseline_and_no_alertmanager_is_refused(void **state)
{
    (void)state;
    kit_step *s = alerts();
    kit_set(s, "baseline", "yesterday");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_set(s, "baseline", "0123456789abcdef");
    kit_set(s, "record", "true");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "record");
    kit_set(s, "record", "false");
    kit_set(s, "source", "nobody");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "HTTP 404"));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_panel_is_found_by_titles_uids_and_ids),
        cmocka_unit_test(what_is_missing_is_said_with_the_nearest_titles),
        cmocka_unit_test(what_is_ambiguous_is_said),
        cmocka_unit_test(variables_are_put_in_as_grafana_does),
        cmocka_unit_test(several_queries_give_a_value_each_but_for_hidden_ones),
        cmocka_unit_test(panels_without_an_answer_of_their_own_are_refused),
        cmocka_unit_test(what_fired_before_is_no_news),
        cmocka_unit_test(severities_and_the_allow_list_choose_what_counts),
        cmocka_unit_test(what_is_no_baseline_and_no_alertmanager_is_refused),
    };
    return cmocka_run_group_tests_name("grafana.panel and grafana.alerts", tests, set_up, tear_down);
}
