/* http.*, and grafana.* in front of answers as Grafana gives them. */
#include <stdio.h>
#include <string.h>

#include "bad_line.h"

static const char *answer(const char *request)
{
    static char text[4096];
    const char *body = "{\"state\": \"fine\", \"orders\": [1, 2, 3, 4, 5, 6, 7, 8, 9]}";
    if (strstr(request, "/api/ds/query"))
        body = "{\"results\": {\"A\": {\"status\": 200, \"frames\": [{\"schema\": {\"fields\": ["
               "{\"name\": \"Time\", \"type\": \"time\"}, {\"name\": \"Value\", \"type\": \"number\"}]}, "
               "\"data\": {\"values\": [[1700000000000], [0.25]]}}]}}}";
    snprintf(text, sizeof text,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
             strlen(body), body);
    return text;
}

static kit_step *health(const proxy *line)
{
    kit_step *s = kit_step_new("http.health");
    kit_set_list(s, "targets", kit_path("app=http://127.0.0.1:%d/health", proxy_port(line)), NULL);
    kit_set(s, "request_timeout", "500ms");
    return s;
}

static kit_step *latency(const proxy *line)
{
    kit_step *s = kit_step_new("http.latency");
    kit_set_list(s, "targets", kit_path("app=http://127.0.0.1:%d/health", proxy_port(line)), NULL);
    kit_set(s, "request_timeout", "500ms");
    kit_set(s, "samples", "5");
    kit_set(s, "pause", "1ms");
    return s;
}

static kit_step *flow(const proxy *line)
{
    static const char *path;
    if (!path) {
        path = kit_path("%s/orders.flow", kit_folder());
        kit_write(path,
                  "requests: ( { get = \"/orders\"; expect: { json: ( { at = \"state\"; is = \"fine\"; } ); }; } );\n");
    }
    kit_step *s = kit_step_new("http.flow");
    kit_set_list(s, "flows", path, NULL);
    kit_set(s, "base_url", kit_path("http://127.0.0.1:%d", proxy_port(line)));
    return s;
}

static kit_step *query(const proxy *line)
{
    kit_step *s = kit_step_new("grafana.query");
    kit_set(s, "url", kit_path("http://127.0.0.1:%d", proxy_port(line)));
    kit_set(s, "token", "a-token-of-the-test");
    kit_set(s, "datasource", "prometheus");
    kit_set(s, "expr", "sum(up)");
    return s;
}

static proxy *line_to_web(void)
{
    return proxy_start(kit_path("127.0.0.1:%d", kit_web_start(answer)), NULL);
}

static void check(bad_line_make make)
{
    proxy *line = line_to_web();
    bad_line_verify(line, make);
    proxy_stop(line);
}

static void health_over_a_bad_line(void **state)
{
    (void)state;
    check(health);
}

static void latency_over_a_bad_line(void **state)
{
    (void)state;
    check(latency);
}

static void a_flow_over_a_bad_line(void **state)
{
    (void)state;
    check(flow);
}

static void grafana_over_a_bad_line(void **state)
{
    (void)state;
    check(query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_over_a_bad_line),
        cmocka_unit_test(latency_over_a_bad_line),
        cmocka_unit_test(a_flow_over_a_bad_line),
        cmocka_unit_test(grafana_over_a_bad_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
