#include "kinds.h"

#define CA_FILE                                                                                                        \
    {                                                                                                                  \
        .name = "ca_file", .type = BELAY_T_PATH,                                                                       \
        .doc = "PEM file of the certificate authorities to trust, instead of the system's.",                           \
        .example = "/etc/ssl/internal-ca.pem"                                                                          \
    }

#define HEADERS                                                                                                        \
    {                                                                                                                  \
        .name = "headers", .type = BELAY_T_LIST, .flags = BELAY_F_SECRET,                                              \
        .doc = "Headers to send, each \"Name: value\".", .example = "Authorization: Bearer ${secret:token}"            \
    }
#define STATUS                                                                                                         \
    {                                                                                                                  \
        .name = "status", .type = BELAY_T_LIST, .def = "200-299",                                                      \
        .doc = "HTTP statuses that count as good, each a number or a range.", .example = "200, 301-308"                \
    }

/* The options that http_requests_new() reads. */
#define REQUEST_OPTIONS                                                                                                \
    {.name = "targets",                                                                                                \
     .type = BELAY_T_LIST,                                                                                             \
     .flags = BELAY_F_REQUIRED,                                                                                        \
     .doc = "Addresses to ask, each \"name=url\" or a plain url.",                                                     \
     .example = "auth=http://127.0.0.1:8001/health"},                                                                  \
        HEADERS, CA_FILE, STATUS,                                                                                      \
    {                                                                                                                  \
        .name = "request_timeout", .type = BELAY_T_DURATION, .def = "5s", .min = 1, .max = 3600000,                    \
        .doc = "How long one request may take.", .example = "2s"                                                       \
    }

static const belay_option health_options[] = {
    REQUEST_OPTIONS,
    {.name = "body",
     .type = BELAY_T_STRING,
     .doc = "POSIX extended regular expression that the answer's body must match.",
     .example = "\"status\": *\"(ok|healthy)\""},
};

static const belay_metric health_metrics[] = {
    {.name = "answer", .unit = "ms", .doc = "Time that each target's last answer took."},
    {.name = "healthy_after", .unit = "ms", .doc = "Time from the step's start until the target was healthy."},
};

static const belay_option latency_options[] = {
    REQUEST_OPTIONS,
    {.name = "samples",
     .type = BELAY_T_INT,
     .def = "5",
     .min = 1,
     .max = 1000,
     .doc = "Requests to each target, one after another, each on a connection of its own.",
     .example = "10"},
    {.name = "pause",
     .type = BELAY_T_DURATION,
     .def = "50ms",
     .doc = "Pause between two rounds of requests.",
     .example = "200ms"},
    {.name = "warm_up",
     .type = BELAY_T_INT,
     .def = "1",
     .max = 100,
     .doc = "Requests to each target before those that count.",
     .example = "0"},
};

static const belay_metric latency_metrics[] = {
    {.name = "total", .unit = "ms", .doc = "Whole request, slowest sample of each target.", .fail = "> 500"},
    {.name = "median", .unit = "ms", .doc = "Whole request, median of each target."},
    {.name = "dns", .unit = "ms", .doc = "Name resolution, slowest sample."},
    {.name = "connect", .unit = "ms", .doc = "TCP connection, slowest sample."},
    {.name = "tls", .unit = "ms", .doc = "TLS handshake, slowest sample; 0 without TLS."},
    {.name = "first_byte", .unit = "ms", .doc = "From request to first byte of the answer, slowest sample."},
};

/* The options that flow_take_vars() and flow_run_new() read. */
#define FLOW_VARIABLES                                                                                                 \
    {.name = "base_url",                                                                                               \
     .type = BELAY_T_STRING,                                                                                           \
     .doc = "What stands before every address in the flows that begins with '/'.",                                     \
     .example = "http://127.0.0.1:8080"},                                                                              \
        {.name = "vars",                                                                                               \
         .type = BELAY_T_LIST,                                                                                         \
         .doc = "Variables for the flows, each \"name=value\"; ${name} stands for one.",                               \
         .example = "agent=Developer"},                                                                                \
    {                                                                                                                  \
        .name = "secrets", .type = BELAY_T_LIST, .flags = BELAY_F_SECRET,                                              \
        .doc = "Variables whose values are masked in everything that is written, each \"name=value\".",                \
        .example = "password=${secret:test_password}"                                                                  \
    }

static const belay_option flow_options[] = {
    {.name = "flows",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc = "Flow files, relative to the pipeline file's folder; each runs by itself, with cookies of its own.",
     .example = "flows/login.flow"},
    FLOW_VARIABLES,
    {.name = "listen",
     .type = BELAY_T_STRING,
     .doc = "Where to take deliveries while the flows run: \"ADDRESS:PORT\" or \"INTERFACE:PORT\"; port 0: any.",
     .example = "127.0.0.1:0"},
    {.name = "listen_name",
     .type = BELAY_T_STRING,
     .doc = "What others call this host in ${listen}; without it, the address.",
     .example = "host.docker.internal"},
    CA_FILE,
    {.name = "request_timeout",
     .type = BELAY_T_DURATION,
     .def = "10s",
     .min = 1,
     .max = 3600000,
     .doc = "How long one request may take, unless the flow says so.",
     .example = "2s"},
};

static const belay_metric flow_metrics[] = {
    {.name = "request", .unit = "ms", .doc = "How long each request took: request/FLOW/NAME."},
    {.name = "total", .unit = "ms", .doc = "How long each flow took, with its waiting."},
    {.name = "held", .unit = "", .doc = "Expectations of each flow that held.", .fail = "< 1"},
};

static const belay_option load_options[] = {
    {.name = "targets",
     .type = BELAY_T_LIST,
     .doc = "Addresses to get, each \"name=url\" or a plain url, all equally often.",
     .example = "status=http://127.0.0.1:8080/api/status"},
    {.name = "flow",
     .type = BELAY_T_STRING,
     .doc = "A flow file with a list `load`, instead of targets: other methods, weights, a log-in before.",
     .example = "flows/orders.load"},
    FLOW_VARIABLES,
    HEADERS,
    STATUS,
    {.name = "users",
     .type = BELAY_T_INT,
     .def = "10",
     .min = 1,
     .max = 900,
     .doc = "How many send side by side, each on a connection of its own; with rate: the connections at the most.",
     .example = "50"},
    {.name = "rate",
     .type = BELAY_T_INT,
     .def = "0",
     .min = 0,
     .max = 1000000,
     .doc = "Requests a second, whatever the answers take; 0: each user sends again once it is answered.",
     .example = "200"},
    {.name = "duration",
     .type = BELAY_T_DURATION,
     .def = "30s",
     .min = 100,
     .max = 24 * 3600000,
     .doc = "How long to send.",
     .example = "5m"},
    {.name = "ramp",
     .type = BELAY_T_DURATION,
     .def = "0s",
     .max = 24 * 3600000,
     .doc = "The time at the beginning in which users or rate grow from nothing; a part of duration.",
     .example = "30s"},
    {.name = "think",
     .type = BELAY_T_DURATION,
     .def = "0s",
     .max = 3600000,
     .doc = "How long a user waits before it sends again; not with rate.",
     .example = "1s"},
    {.name = "stop_at_errors",
     .type = BELAY_T_INT,
     .def = "0",
     .min = 0,
     .max = 100,
     .doc = "Ends the load, failed, after a second with so many percent of errors (and 20 requests); 0: never.",
     .example = "50"},
    {.name = "keep_alive", .type = BELAY_T_BOOL, .def = "true", .doc = "Whether a connection serves many requests."},
    CA_FILE,
    {.name = "request_timeout",
     .type = BELAY_T_DURATION,
     .def = "10s",
     .min = 1,
     .max = 3600000,
     .doc = "How long one request may take; an error then.",
     .example = "2s"},
};

static const belay_metric load_metrics[] = {
    {.name = "p50",
     .unit = "ms",
     .doc = "Time that half of the answers did not exceed; at a rate, from when each was due."},
    {.name = "p95", .unit = "ms", .doc = "The same for 95 % of them."},
    {.name = "p99", .unit = "ms", .doc = "The same for 99 % of them."},
    {.name = "max", .unit = "ms", .doc = "The slowest answer."},
    {.name = "throughput", .unit = "1/s", .doc = "Answers a second."},
    {.name = "samples", .unit = "", .doc = "Answers, good and bad.", .fail = "< 1"},
    {.name = "error_rate",
     .unit = "%",
     .doc = "Requests that were answered by a bad status, or not at all.",
     .fail = "> 1"},
};

static const belay_option listen_options[] = {
    {.name = "listen",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "Where to listen: \"ADDRESS:PORT\" or \"INTERFACE:PORT\".",
     .example = "127.0.0.1:9000"},
    {.name = "path", .type = BELAY_T_STRING, .def = "/", .doc = "The path that deliveries go to.", .example = "/hook"},
    {.name = "count", .type = BELAY_T_INT, .def = "1", .min = 1, .max = 200, .doc = "How many deliveries must come."},
    {.name = "limit",
     .type = BELAY_T_DURATION,
     .def = "60s",
     .min = 1,
     .max = 24 * 3600000,
     .doc = "How long to wait for each.",
     .example = "30s"},
    {.name = "headers",
     .type = BELAY_T_LIST,
     .doc = "Headers that each must have, \"Name: value\".",
     .example = "X-Event: order.shipped"},
    {.name = "json",
     .type = BELAY_T_LIST,
     .doc = "Values that each body must have, \"PATH=VALUE\"; docs/FLOWS.md tells how a path is written.",
     .example = "order.state=shipped"},
    {.name = "body", .type = BELAY_T_STRING, .doc = "POSIX extended regular expression that each body must match."},
    {.name = "signature_header",
     .type = BELAY_T_STRING,
     .doc = "The header with the body's HMAC-SHA256, in hexadecimal.",
     .example = "X-Hub-Signature-256"},
    {.name = "signature_key", .type = BELAY_T_STRING, .flags = BELAY_F_SECRET, .doc = "The key of that signature."},
    {.name = "signature_prefix",
     .type = BELAY_T_STRING,
     .doc = "What stands before the signature in its header.",
     .example = "sha256="},
};

static const belay_metric listen_metrics[] = {
    {.name = "deliveries", .unit = "", .doc = "Deliveries that came and were as they should be.", .fail = "< 1"},
};

static const belay_step steps[] = {
    {.name = "health",
     .doc = "Waits until all targets answer as they should, asking them side by side.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, health_options),
     BELAY_TABLE(metric, health_metrics),
     .prepare = http_health_prepare,
     .verify = http_health_verify},
    {.name = "latency",
     .doc = "Measures how long targets take to answer, each phase of the request apart.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, latency_options),
     BELAY_TABLE(metric, latency_metrics),
     .prepare = http_latency_prepare,
     .verify = http_latency_verify},
    {.name = "flow",
     .doc = "Runs requests in sequence, as a person would click, and checks every answer; docs/FLOWS.md.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, flow_options),
     BELAY_TABLE(metric, flow_metrics),
     .prepare = http_flow_prepare,
     .verify = http_flow_verify},
    {.name = "load",
     .doc = "Sends many requests side by side, and measures latency, throughput and errors.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 60 * 1000,
     BELAY_TABLE(option, load_options),
     BELAY_TABLE(metric, load_metrics),
     .prepare = http_load_prepare,
     .verify = http_load_verify},
    {.name = "listen",
     .doc = "Waits for deliveries that others send, such as webhooks, and checks them and their signatures.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, listen_options),
     BELAY_TABLE(metric, listen_metrics),
     .prepare = http_listen_prepare,
     .verify = http_listen_verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,        BELAY_TABLE(step, steps), .name = "http",
    .version = BELAY_VERSION, .license = "Apache-2.0",  .doc = "Checks over HTTP: health, latency, whole flows, load."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
