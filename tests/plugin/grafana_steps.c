/* grafana.query and grafana.annotate against a real Prometheus, behind a stand-in for Grafana's routes and token check.
 */
#include <math.h>
#include <string.h>

#include "grafana_world.h"
#include "kit.h"
#include "say/measure.h"

static const char *grafana;

static int set_up(void **state)
{
    (void)state;
    grafana = grafana_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    grafana_stop();
    return 0;
}

static kit_step *step(const char *kind)
{
    kit_step *s = kit_step_new(kind);
    kit_set(s, "url", grafana);
    kit_set(s, "token", GRAFANA_TOKEN);
    return s;
}

static kit_step *query(const char *expr)
{
    kit_step *s = step("grafana.query");
    kit_set(s, "datasource", "prometheus");
    kit_set(s, "expr", expr);
    return s;
}

static void a_query_gives_its_value(void **state)
{
    (void)state;
    kit_step *s = query("sum(up)");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "value") == 1);
    kit_set(s, "instant", "false");
    kit_set(s, "reduce", "mean");
    kit_set(s, "window", "1m");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "value") == 1);
    kit_step_free(s);
}

static void several_series_give_a_value_each(void **state)
{
    (void)state;
    kit_step *s =
        query("label_replace(vector(3), \"side\", \"left\", \"\", \"\") or label_replace(vector(5), \"side\", "
              "\"right\", \"\", \"\")");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "value/side=left") == 3);
    assert_true(kit_measured(s, "value/side=right") == 5);
    kit_step_free(s);
}

#define TWENTY  "aaaaaaaaaaaaaaaaaaaa"
#define LONG    TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY
#define SIDE(s) "label_replace(vector(" s "), \"path\", \"" LONG s "\", \"\", \"\")"

static void a_series_with_long_labels_is_measured_too(void **state)
{
    (void)state;
    char three[MEASURE_NAME + 1], five[MEASURE_NAME + 1];
    measure_name("value", "path=" LONG "3", three);
    measure_name("value", "path=" LONG "5", five);
    kit_step *s = query(SIDE("3") " or " SIDE("5"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, three) == 3);
    assert_true(kit_measured(s, five) == 5);
    kit_step_free(s);
}

static void no_series_and_not_a_number_are_no_data(void **state)
{
    (void)state;
    kit_step *s = query("no_such_metric");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    kit_set(s, "expr", "vector(0) / vector(0)");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    kit_set(s, "expr", "vector(1) / vector(0)");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "infinite"));
    assert_true(isnan(kit_measured(s, "value")));
    kit_step_free(s);
}

static void a_broken_expression_is_an_error_with_its_reason(void **state)
{
    (void)state;
    kit_step *s = query("sum(");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(strstr(kit_summary(s), "parse error"));
    kit_step_free(s);
}

static void a_wrong_token_is_refused_and_not_shown(void **state)
{
    (void)state;
    kit_step *s = query("sum(up)");
    kit_set(s, "token", "glsa_wrong-token");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "HTTP 401"));
    assert_null(strstr(kit_summary(s), "glsa_wrong"));
    kit_step_free(s);
}

static void an_unknown_data_source_is_named(void **state)
{
    (void)state;
    kit_step *s = query("sum(up)");
    kit_set(s, "datasource", "no-such-source");
    assert_true(kit_run(s, KIT_VERIFY) < 0);
    assert_true(strlen(kit_summary(s)) > 10);
    kit_step_free(s);
}

static const char *login_page(const char *request)
{
    (void)request;
    return KIT_WEB_OK("<html>Please log in</html>");
}

static void a_login_page_is_no_grafana(void **state)
{
    (void)state;
    int port = kit_web_start(login_page);
    kit_step *s = query("sum(up)");
    kit_set(s, "url", kit_path("http://127.0.0.1:%d/", port));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    assert_non_null(strstr(kit_hint(s), "login page"));
    kit_step_free(s);
    kit_web_stop(port);
}

/* What Grafana knows of the step's marker, asked with curl. */
static const char *markers(kit_step *s)
{
    return kit_output_of("curl", "-fsS", "-H", "Authorization: Bearer " GRAFANA_TOKEN, "-G", "--data-urlencode",
                         kit_path("tags=%s", kit_undo(s, "tag")), kit_path("%s/api/annotations", grafana), NULL);
}

static void a_marker_is_made_once_and_turned_by_rollback(void **state)
{
    (void)state;
    kit_step *s = step("grafana.annotate");
    kit_fact(s, "run.id", "run-1");
    kit_set_list(s, "tags", "deploy", NULL);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_NOTHING);
    assert_null(strstr(markers(s), "rolled-back"));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_non_null(strstr(markers(s), "rolled-back"));
    assert_non_null(strstr(markers(s), "Rolled back: "));
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    kit_step_free(s);
}

static void rollback_finds_a_marker_whose_answer_was_lost(void **state)
{
    (void)state;
    kit_step *s = step("grafana.annotate");
    kit_fact(s, "run.id", "run-2");
    assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 1, 0), KIT_BROKEN);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING); /* killed before the request went out */
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    kit_step_free(s);
}

static void a_data_source_that_is_gone_is_an_error(void **state)
{
    (void)state;
    kit_step *s = query("sum(up)");
    grafana_stop_prometheus(); /* the last test: nothing brings it back */
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_gives_its_value),
        cmocka_unit_test(several_series_give_a_value_each),
        cmocka_unit_test(a_series_with_long_labels_is_measured_too),
        cmocka_unit_test(no_series_and_not_a_number_are_no_data),
        cmocka_unit_test(a_broken_expression_is_an_error_with_its_reason),
        cmocka_unit_test(a_wrong_token_is_refused_and_not_shown),
        cmocka_unit_test(an_unknown_data_source_is_named),
        cmocka_unit_test(a_login_page_is_no_grafana),
        cmocka_unit_test(a_marker_is_made_once_and_turned_by_rollback),
        cmocka_unit_test(rollback_finds_a_marker_whose_answer_was_lost),
        cmocka_unit_test(a_data_source_that_is_gone_is_an_error),
    };
    return cmocka_run_group_tests_name("grafana", tests, set_up, tear_down);
}
