#include "kinds.h"
#include "window/window.h"

#define SERVER                                                                                                         \
    {                                                                                                                  \
        .name = "url", .type = BELAY_T_STRING, .flags = BELAY_F_REQUIRED | BELAY_F_SECRET,                             \
        .doc = "The server: redis://[[user]:password@]host[:port][/database], rediss:// for TLS, unix:///path, or "    \
               "docker://[[user]:password@]CONTAINER[:port][/database].",                                              \
        .example = "${secret:redis_url}"                                                                               \
    }

/* For rediss://; the server's certificate is always verified. */
#define TLS                                                                                                            \
    {.name = "tls_ca",                                                                                                 \
     .type = BELAY_T_PATH,                                                                                             \
     .doc = "File with the certificate authorities to trust with rediss://; by default the system's.",                 \
     .example = "/etc/redis/ca.pem"},                                                                                  \
        {.name = "tls_cert",                                                                                           \
         .type = BELAY_T_PATH,                                                                                         \
         .doc = "File with the certificate to show to a server that asks for one.",                                    \
         .example = "/etc/belay/redis.pem"},                                                                           \
    {                                                                                                                  \
        .name = "tls_key", .type = BELAY_T_PATH, .doc = "File with the key of tls_cert; by default in the same file.", \
        .example = "/etc/belay/redis.key"                                                                              \
    }

#define PATIENCE                                                                                                       \
    {                                                                                                                  \
        .name = "connect_timeout", .type = BELAY_T_DURATION, .def = "5s", .min = 1, .max = 600000,                     \
        .doc = "How long a connection, and each answer, may take.", .example = "2s"                                    \
    }

/* ---- info -------------------------------------------------------------------------------------------------------- */

static const belay_option info_options[] = {
    SERVER,
    {.name = "expect",
     .type = BELAY_T_LIST,
     .doc = "Fields of INFO that must have a value, each \"field=value\".",
     .example = "role=master, aof_last_write_status=ok"},
    PATIENCE,
    TLS,
};

static const belay_output info_outputs[] = {
    {.name = "version", .type = BELAY_T_STRING, .doc = "The server's version: Valkey's own where it is Valkey."},
    {.name = "server_name", .type = BELAY_T_STRING, .doc = "redis, or what the server calls itself: valkey."},
    {.name = "valkey_version", .type = BELAY_T_STRING, .doc = "Valkey's version; empty where the server is no Valkey."},
    {.name = "role", .type = BELAY_T_STRING, .doc = "master or slave, as the server says."},
    {.name = "counters",
     .type = BELAY_T_STRING,
     .doc = "How many errors the server had answered by now: a baseline for redis.errors."},
};

static const belay_metric info_metrics[] = {
    {.name = "used_memory", .unit = "B", .doc = "Memory that Redis allocated."},
    {.name = "clients", .unit = "", .doc = "Connected clients."},
    {.name = "blocked_clients", .unit = "", .doc = "Clients that wait in a blocking call."},
    {.name = "rejected_connections",
     .unit = "",
     .doc = "Connections refused for maxclients, since the server started."},
    {.name = "evicted_keys", .unit = "", .doc = "Keys evicted for maxmemory, since the server started."},
    {.name = "keys", .unit = "", .doc = "Keys in all databases."},
};

/* ---- hit_rate ---------------------------------------------------------------------------------------------------- */

static const belay_option hit_rate_options[] = {
    SERVER,
    WINDOW_OPTION("10s"),
    {.name = "warm_up",
     .type = BELAY_T_DURATION,
     .def = "0s",
     .max = 86400000,
     .doc = "How long to wait before, while the cache fills.",
     .example = "2m"},
    {.name = "min_samples",
     .type = BELAY_T_INT,
     .def = "100",
     .min = 1,
     .max = INT64_MAX,
     .doc = "With fewer lookups than this the step is inconclusive.",
     .example = "1000"},
    PATIENCE,
    TLS,
};

static const belay_metric hit_rate_metrics[] = {
    {.name = "hit_rate", .unit = "%", .doc = "Share of the lookups in the window that found their key."},
    {.name = "lookups", .unit = "", .doc = "Keys that were looked up in the window."},
    {.name = "hits", .unit = "", .doc = "Lookups that found their key."},
    {.name = "misses", .unit = "", .doc = "Lookups that did not."},
};

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static const belay_option errors_options[] = {
    SERVER,
    {.name = "baseline",
     .type = BELAY_T_STRING,
     .doc = "Count since an earlier step redis.info, instead of over a window: its output counters.",
     .example = "${steps.redis.counters}"},
    WINDOW_OPTION("10s"),
    {.name = "allow",
     .type = BELAY_T_LIST,
     .doc = "Names of errors that do not count, and of fields of INFO that may be bad.",
     .example = "NOSCRIPT, rdb_last_bgsave_status"},
    PATIENCE,
    TLS,
};

static const belay_metric errors_metrics[] = {
    {.name = "errors",
     .unit = "",
     .doc = "Errors that the server answered, by their first word (errors/WRONGTYPE) and in all.",
     .fail = "> 0"},
    {.name = "rejected_connections", .unit = "", .doc = "Connections refused for maxclients.", .fail = "> 0"},
    {.name = "restarts", .unit = "", .doc = "1 when the server was restarted since the baseline."},
};

/* ------------------------------------------------------------------------------------------------------------------ */

static const belay_option diagnose_options[] = {
    SERVER,
    {.name = "connect_timeout",
     .type = BELAY_T_DURATION,
     .def = "1s",
     .min = 1,
     .max = 600000,
     .doc = "How long a connection, and each answer, may take.",
     .example = "500ms"},
    TLS,
};

static const belay_step steps[] = {
    {.name = "info",
     .doc = "Checks that the server answers, is not loading, and that fields of its INFO are as expected.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30000,
     BELAY_TABLE(option, info_options),
     BELAY_TABLE(output, info_outputs),
     BELAY_TABLE(metric, info_metrics),
     .prepare = info_prepare,
     .verify = info_verify},
    {.name = "hit_rate",
     .doc = "Measures over a window how many lookups find their key.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 600000,
     BELAY_TABLE(option, hit_rate_options),
     BELAY_TABLE(metric, hit_rate_metrics),
     .prepare = hit_rate_prepare,
     .verify = hit_rate_verify},
    {.name = "errors",
     .doc =
         "Counts errors and refused connections since a baseline or over a window; checks persistence and replication.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 600000,
     BELAY_TABLE(option, errors_options),
     BELAY_TABLE(metric, errors_metrics),
     .prepare = errors_prepare,
     .verify = errors_verify},
    {.name = "diagnose",
     .doc = "Looks for the cause of a failure: connection, memory, persistence, clients, slow log.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 10000,
     BELAY_TABLE(option, diagnose_options),
     .verify = diagnose_verify},
};

static const belay_plugin plugin = {BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
                                    .name = "redis",         .version = BELAY_VERSION,
                                    .license = "Apache-2.0", .doc = "Checks of a Redis server."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
