#include "kinds.h"

/* The options that api_call() reads. */
#define API_OPTIONS                                                                                                    \
    {.name = "url",                                                                                                    \
     .type = BELAY_T_STRING,                                                                                           \
     .flags = BELAY_F_REQUIRED,                                                                                        \
     .doc = "Where Grafana is.",                                                                                       \
     .example = "https://grafana.example.com"},                                                                        \
        {.name = "token",                                                                                              \
         .type = BELAY_T_STRING,                                                                                       \
         .flags = BELAY_F_REQUIRED | BELAY_F_SECRET,                                                                   \
         .doc = "A service account's token.",                                                                          \
         .example = "${secret:grafana_token}"},                                                                        \
        {.name = "ca_file",                                                                                            \
         .type = BELAY_T_PATH,                                                                                         \
         .doc = "PEM file of the certificate authorities to trust, instead of the system's.",                          \
         .example = "/etc/ssl/internal-ca.pem"},                                                                       \
    {                                                                                                                  \
        .name = "request_timeout", .type = BELAY_T_DURATION, .def = "10s", .min = 1, .max = 600000,                    \
        .doc = "How long one request may take.", .example = "5s"                                                       \
    }

static const char *const reductions[] = {"last", "max", "min", "mean", NULL};

#define REDUCE                                                                                                         \
    {                                                                                                                  \
        .name = "reduce", .type = BELAY_T_ENUM, .choices = reductions, .def = "last",                                  \
        .doc = "Which figure of each series is judged.", .example = "max"                                              \
    }

static const belay_option query_options[] = {
    API_OPTIONS,
    {.name = "datasource",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "The uid of the data source to ask (Prometheus or what speaks its language).",
     .example = "prometheus"},
    {.name = "expr",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "The expression.",
     .example = "100 * sum(rate(http_requests_total{status=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m]))"},
    {.name = "window",
     .type = BELAY_T_DURATION,
     .def = "5m",
     .min = 1000,
     .max = 2592000000,
     .doc = "How far back the query looks.",
     .example = "30m"},
    {.name = "instant",
     .type = BELAY_T_BOOL,
     .def = "true",
     .doc = "Ask for the value now; false asks for the whole window, which `reduce` makes one figure.",
     .example = "false"},
    REDUCE,
};

static const belay_metric query_metrics[] = {
    {.name = "value",
     .unit = "",
     .doc =
         "What the query gave; of several series each one, as value/LABELS. Set fail_if, for example \"value >= 1\"."},
};

static const belay_option panel_options[] = {
    API_OPTIONS,
    {.name = "dashboard",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "The dashboard's title, or its uid.",
     .example = "Error Rate"},
    {.name = "folder",
     .type = BELAY_T_STRING,
     .doc = "The title or uid of the dashboard's folder, where several dashboards have that title.",
     .example = "Staging"},
    {.name = "panel",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "The panel's title, or its id as \"#4\".",
     .example = "Error Rate"},
    {.name = "variables",
     .type = BELAY_T_LIST,
     .doc = "Values for the dashboard's variables, each \"name=value\"; by default those that it was saved with.",
     .example = "service=agents, service=auth"},
    {.name = "window",
     .type = BELAY_T_DURATION,
     .def = "0s",
     .max = 2592000000,
     .doc = "How far back the query looks; 0s: as the panel or the dashboard says.",
     .example = "30m"},
    REDUCE,
};

static const belay_metric panel_metrics[] = {
    {.name = "value",
     .unit = "",
     .doc = "What the panel's query gave; of several series each one, as value/LABELS. Set fail_if."},
};

static const belay_option alerts_options[] = {
    API_OPTIONS,
    {.name = "baseline",
     .type = BELAY_T_STRING,
     .doc = "What fired already when an earlier step grafana.alerts looked: its output firing.",
     .example = "${steps.alerts-before.firing}"},
    {.name = "record",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Only note what fires now, as a baseline for a later step.",
     .example = "true"},
    {.name = "severities",
     .type = BELAY_T_LIST,
     .doc = "Only alerts of these severities count; none: all.",
     .example = "critical, page"},
    {.name = "severity_label",
     .type = BELAY_T_STRING,
     .def = "severity",
     .doc = "The label that says how severe an alert is.",
     .example = "priority"},
    {.name = "allow",
     .type = BELAY_T_LIST,
     .doc = "Alerts that may fire: names, or \"label=value\", with the wildcards of file names.",
     .example = "Watchdog, team=data-*"},
    {.name = "source",
     .type = BELAY_T_STRING,
     .def = "grafana",
     .doc = "Whose alerts: grafana, or the uid of an Alertmanager data source.",
     .example = "alertmanager"},
};

static const belay_output alerts_outputs[] = {
    {.name = "firing", .type = BELAY_T_STRING, .doc = "The fingerprints of all that fire: a baseline."},
};

static const belay_metric alerts_metrics[] = {
    {.name = "new", .unit = "", .doc = "Alerts that count, fire, and are not in the baseline.", .fail = "> 0"},
    {.name = "known", .unit = "", .doc = "Alerts that count and fire, and did so before."},
    {.name = "firing", .unit = "", .doc = "Both together."},
};

static const belay_option annotate_options[] = {
    API_OPTIONS,
    {.name = "text",
     .type = BELAY_T_STRING,
     .doc = "The marker's text; by default it names pipeline, version, environment and run.",
     .example = "Deploy of ${pipeline.version}"},
    {.name = "tags", .type = BELAY_T_LIST, .doc = "Further tags of the marker.", .example = "deploy, staging"},
    {.name = "dashboard",
     .type = BELAY_T_STRING,
     .doc = "Only on the dashboard of this uid; by default the marker belongs to the organization.",
     .example = "temponest"},
    {.name = "panel", .type = BELAY_T_INT, .doc = "Only on this panel of the dashboard.", .example = "4"},
};

static const belay_step steps[] = {
    {.name = "query",
     .doc = "Asks a data source through Grafana and judges the answer; no data is inconclusive.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 60000,
     BELAY_TABLE(option, query_options),
     BELAY_TABLE(metric, query_metrics),
     .prepare = query_prepare,
     .verify = query_verify},
    {.name = "panel",
     .doc = "Asks the query of a dashboard's panel, found by titles, and judges the answer; no data is inconclusive.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 60000,
     BELAY_TABLE(option, panel_options),
     BELAY_TABLE(metric, panel_metrics),
     .prepare = panel_prepare,
     .verify = panel_verify},
    {.name = "alerts",
     .doc = "Looks for alerts that fire now and did not fire before.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 60000,
     BELAY_TABLE(option, alerts_options),
     BELAY_TABLE(output, alerts_outputs),
     BELAY_TABLE(metric, alerts_metrics),
     .prepare = alerts_prepare,
     .verify = alerts_verify},
    {.name = "annotate",
     .doc = "Adds a deploy marker; rollback turns it into a rolled-back marker.",
     .default_timeout_ms = 60000,
     BELAY_TABLE(option, annotate_options),
     .prepare = annotate_prepare,
     .execute = annotate_execute,
     .verify = annotate_verify,
     .rollback = annotate_rollback},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
    .undo_format = 1,        .undo_format_oldest = 1,
    .name = "grafana",       .version = BELAY_VERSION,
    .license = "Apache-2.0", .doc = "Queries, panels, alerts and deploy markers through Grafana."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
