#include "grafana_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

static pid_t prometheus, grafana;
static const char *dashboards, *address; /* of Prometheus */

/* One that fires always, and one that fires once the path /api/v1/labels was asked for. */
static const char rules[] =
    "groups:\n- name: tests\n  rules:\n"
    "  - {alert: Always, expr: vector(1), labels: {severity: warning}, annotations: {summary: as ever}}\n"
    "  - {alert: Provoked, expr: 'prometheus_http_requests_total{handler=\"/api/v1/labels\"} > 0', labels: {severity: "
    "critical}, annotations: {summary: somebody asked}}\n";

static pid_t start(const char *const *argv)
{
    pid_t parent = getpid(), pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
        _exit(127);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void stop(pid_t *pid)
{
    if (*pid > 0) {
        kill(*pid, SIGKILL);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

/* Waits until an expression has a value: Prometheus has then scraped itself. */
static void await_samples(int port)
{
    const char *url =
        kit_path("http://127.0.0.1:%d/api/v1/query?query=count_over_time(up%%5B1m%%5D)%%20%%3E%%201", port);
    for (int i = 0; i < 100; i++) {
        if (kit_status_of("sh", "-c", kit_path("curl -fsS '%s' 2>/dev/null | grep -q '\"value\"'", url), NULL) == 0)
            return;
        usleep(100000);
    }
    fail_msg("Prometheus has no samples after 10 s");
}

const char *grafana_start(void)
{
    if (kit_status_of("sh", "-c", "command -v prometheus && command -v python3 && command -v curl", NULL) != 0) {
        puts("skipped: prometheus, python3 or curl is not installed");
        exit(77);
    }
    int metrics_port = kit_free_port(), port = kit_free_port();
    const char *folder = kit_folder();
    kit_write(kit_path("%s/prometheus.yml", folder),
              kit_path("global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\n"
                       "rule_files: [rules.yml]\nscrape_configs:\n- job_name: self\n"
                       "  static_configs: [{targets: ['127.0.0.1:%d']}]\n",
                       metrics_port));
    kit_write(kit_path("%s/rules.yml", folder), rules);
    dashboards = kit_path("%s/dashboards", folder);
    (void)kit_output_of("mkdir", "-p", kit_path("%s/other", dashboards), NULL);
    kit_write(kit_path("%s/token", folder), GRAFANA_TOKEN);
    const char *const prometheus_argv[] = {"prometheus", kit_path("--config.file=%s/prometheus.yml", folder),
                                           kit_path("--storage.tsdb.path=%s/data", folder),
                                           kit_path("--web.listen-address=127.0.0.1:%d", metrics_port), NULL};
    const char *const grafana_argv[] = {"python3",
                                        kit_path("%s/examples/temponest/images/grafana.py", getenv("BELAY_SOURCE_DIR")),
                                        "--listen",
                                        kit_path("127.0.0.1:%d", port),
                                        "--prometheus",
                                        kit_path("http://127.0.0.1:%d", metrics_port),
                                        "--token-file",
                                        kit_path("%s/token", folder),
                                        "--dashboards",
                                        dashboards,
                                        NULL};
    prometheus = start(prometheus_argv);
    grafana = start(grafana_argv);
    await_samples(metrics_port);
    address = kit_path("http://127.0.0.1:%d", metrics_port);
    return kit_path("http://127.0.0.1:%d", port);
}

void grafana_dashboard(const char *file, const char *json)
{
    kit_write(kit_path("%s/%s", dashboards, file), json);
}

void grafana_provoke_alert(void)
{
    (void)kit_output_of("curl", "-fsS", kit_path("%s/api/v1/labels", address), NULL);
    for (int i = 0; i < 100; i++) {
        if (kit_status_of("sh", "-c", kit_path("curl -fsS '%s/api/v1/alerts' | grep -q Provoked", address), NULL) == 0)
            return;
        usleep(100000);
    }
    fail_msg("the alert does not fire after 10 s");
}

void grafana_stop_prometheus(void)
{
    stop(&prometheus);
}

void grafana_stop(void)
{
    stop(&grafana);
    stop(&prometheus);
}
