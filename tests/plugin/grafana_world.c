#include "grafana_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

static pid_t prometheus, grafana;

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
              kit_path("global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n- job_name: self\n"
                       "  static_configs: [{targets: ['127.0.0.1:%d']}]\n",
                       metrics_port));
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
                                        NULL};
    prometheus = start(prometheus_argv);
    grafana = start(grafana_argv);
    await_samples(metrics_port);
    return kit_path("http://127.0.0.1:%d", port);
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
