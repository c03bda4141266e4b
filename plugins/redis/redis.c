#include "info.h"

static const belay_option info_options[] = {
    {.name = "url",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED | BELAY_F_SECRET,
     .doc = "The server: redis://[[user]:password@]host[:port][/database] or unix:///path.",
     .example = "${secret:redis_url}"},
    {.name = "expect",
     .type = BELAY_T_LIST,
     .doc = "Fields of INFO that must have a value, each \"field=value\".",
     .example = "role=master, aof_last_write_status=ok"},
    {.name = "connect_timeout",
     .type = BELAY_T_DURATION,
     .def = "5s",
     .min = 1,
     .max = 600000,
     .doc = "How long a connection, and each answer, may take.",
     .example = "2s"},
};

static const belay_output info_outputs[] = {
    {.name = "version", .type = BELAY_T_STRING, .doc = "The server's version."},
    {.name = "role", .type = BELAY_T_STRING, .doc = "master or slave, as the server says."},
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
};

static const belay_plugin plugin = {BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
                                    .name = "redis",         .version = BELAY_VERSION,
                                    .license = "Apache-2.0", .doc = "Checks of a Redis server."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
