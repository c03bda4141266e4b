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
    {.name = "reduce",
     .type = BELAY_T_ENUM,
     .choices = reductions,
     .def = "last",
     .doc = "Which figure of each series is judged.",
     .example = "max"},
};

static const belay_metric query_metrics[] = {
    {.name = "value",
     .unit = "",
     .doc =
         "What the query gave; of several series each one, as value/LABELS. Set fail_if, for example \"value >= 1\"."},
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
    {.name = "annotate",
     .doc = "Adds a deploy marker; rollback turns it into a rolled-back marker.",
     .default_timeout_ms = 60000,
     BELAY_TABLE(option, annotate_options),
     .prepare = annotate_prepare,
     .execute = annotate_execute,
     .verify = annotate_verify,
     .rollback = annotate_rollback},
};

static const belay_plugin plugin = {BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
                                    .undo_format = 1,        .undo_format_oldest = 1,
                                    .name = "grafana",       .version = BELAY_VERSION,
                                    .license = "Apache-2.0", .doc = "Queries and deploy markers through Grafana."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
