/* grafana.panel and what Grafana may answer that no Prometheus gives: queries without data, log lines, panels of the
 * library. The answers are written by Grafana's documentation. */
#include <math.h>
#include <string.h>

#include "kit.h"

#define TARGET(ref, more)         "{\"refId\":\"" ref "\",\"datasource\":{\"uid\":\"p\"},\"expr\":\"x\"" more "}"
#define PANEL(id, title, targets) "{\"id\":" id ",\"title\":\"" title "\",\"type\":\"stat\",\"targets\":[" targets "]}"
#define NUMBERS(ref, values)                                                                                           \
    "\"" ref "\":{\"status\":200,\"frames\":[{\"schema\":{\"fields\":[{\"name\":\"t\",\"type\":\"time\"},"             \
    "{\"name\":\"v\",\"type\":\"number\",\"labels\":{\"s\":\"" ref "\"}}]},\"data\":{\"values\":[[1,2,3],[" values     \
    "]]}}]}"
#define LOGS(ref)                                                                                                      \
    "\"" ref                                                                                                           \
    "\":{\"status\":200,\"frames\":[{\"schema\":{\"meta\":{\"type\":\"log-lines\"},\"fields\":[{\"name\":\"body\","    \
    "\"type\":\"string\"},{\"name\":\"n\",\"type\":\"number\"}]},\"data\":{\"values\":[[\"line\"],[7]]}}]}"
#define EMPTY(ref) "\"" ref "\":{\"status\":200,\"frames\":[]}"

static const char dashboard[] = KIT_WEB_OK("{\"dashboard\":{\"uid\":\"d\",\"title\":\"D\",\"panels\":[" PANEL(
    "1", "Half",
    TARGET("A", "") "," TARGET(
        "B",
        "")) "," PANEL("2", "Hidden",
                       TARGET("A", "") "," TARGET(
                           "B",
                           ",\"hide\":true")) "," PANEL("3", "Empty",
                                                        TARGET("A", "") "," TARGET(
                                                            "C",
                                                            "")) "," PANEL("4", "Logs",
                                                                           TARGET("A", "") "," TARGET(
                                                                               "D",
                                                                               "")) "," PANEL("5", "Series",
                                                                                              TARGET(
                                                                                                  "E",
                                                                                                  "")) ","
                                                                                                       "{\"id\":6,"
                                                                                                       "\"libraryPanel"
                                                                                                       "\":{\"uid\":"
                                                                                                       "\"lib-1\","
                                                                                                       "\"name\":"
                                                                                                       "\"Shared\"}},"
                                                                                                       "{\"id\":7,"
                                                                                                       "\"title\":"
                                                                                                       "\"Mixed\","
                                                                                                       "\"datasource\":"
                                                                                                       "{\"uid\":\"-- "
                                                                                                       "Mixed "
                                                                                                       "--\"},"
                                                                                                       "\"targets\":[{"
                                                                                                       "\"refId\":"
                                                                                                       "\"A\"}]}"
                                                                                                       "]}}");

static const char *answer(const char *request)
{
    if (strstr(request, "GET /api/search"))
        return KIT_WEB_OK("[{\"uid\":\"d\",\"title\":\"D\"}]");
    if (strstr(request, "GET /api/dashboards/uid/d"))
        return dashboard;
    if (strstr(request, "GET /api/library-elements/lib-1"))
        return KIT_WEB_OK(
            "{\"result\":{\"uid\":\"lib-1\",\"model\":{\"title\":\"Shared\",\"targets\":[" TARGET("A", "") "]}}}");
    if (strstr(request, "POST /api/ds/query") && strstr(request, "\"refId\":\"E\""))
        return KIT_WEB_OK(
            "{\"results\":{\"E\":{\"frames\":[{\"schema\":{\"fields\":[{\"type\":\"number\",\"labels\":{\"s\":"
            "\"good\"}},{\"type\":\"number\",\"labels\":{\"s\":\"mute\"}}]},\"data\":{\"values\":[[1],[null]]}}]}}}");
    if (strstr(request, "POST /api/ds/query"))
        return KIT_WEB_OK("{\"results\":{" NUMBERS("A", "1,2,3") "," NUMBERS("B", "null,null,null") "," EMPTY(
            "C") "," LOGS("D") "}}");
    return "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n{}";
}

static int port;

static kit_step *panel(const char *title)
{
    kit_step *s = kit_step_new("grafana.panel");
    kit_set(s, "url", kit_path("http://127.0.0.1:%d", port));
    kit_set(s, "token", "glsa_a-token-of-the-test");
    kit_set(s, "dashboard", "D");
    kit_set(s, "panel", title);
    return s;
}

static void a_query_without_a_number_beside_one_with_some_is_inconclusive_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *panel, *says;
    } cases[] = {{"Half", "these queries gave no number: B"},
                 {"Empty", "these queries gave no number: C"},
                 {"Logs", "these queries gave no number: D (log lines)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_step *s = panel(cases[i].panel);
        assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
        if (!strstr(kit_summary(s), cases[i].says))
            fail_msg("%s", kit_summary(s));
        kit_step_free(s);
    }
}

static void hidden_queries_need_no_data(void **state)
{
    (void)state;
    kit_step *s = panel("Hidden");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "value") == 3);
    kit_step_free(s);
}

static void a_series_without_a_number_is_named(void **state)
{
    (void)state;
    kit_step *s = panel("Series");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "value/s=good") == 1);
    assert_non_null(strstr(kit_log(s), "1 of 2 series have no number and are not judged: s=mute"));
    kit_step_free(s);
}

static void a_panel_of_the_library_is_asked(void **state)
{
    (void)state;
    kit_step *s = panel("Shared");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "value") == 3);
    kit_step_free(s);
}

static void a_query_of_a_mixed_panel_needs_a_data_source(void **state)
{
    (void)state;
    kit_step *s = panel("Mixed");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "a query of the mixed panel 'Mixed' names no data source"));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_without_a_number_beside_one_with_some_is_inconclusive_and_named),
        cmocka_unit_test(hidden_queries_need_no_data),
        cmocka_unit_test(a_series_without_a_number_is_named),
        cmocka_unit_test(a_panel_of_the_library_is_asked),
        cmocka_unit_test(a_query_of_a_mixed_panel_needs_a_data_source),
    };
    port = kit_web_start(answer);
    int failed = cmocka_run_group_tests_name("grafana.panel, odd answers", tests, NULL, NULL);
    kit_web_stop(port);
    return failed;
}
