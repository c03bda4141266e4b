#include "host.h"

static const belay_option disk_options[] = {
    {.name = "paths",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc = "Absolute paths on the filesystems to look at.",
     .example = "/var/lib/docker, /opt/app/backups"},
    {.name = "min_free",
     .type = BELAY_T_SIZE,
     .flags = BELAY_F_REQUIRED,
     .doc = "Space that must be free on each of these filesystems, for users other than root.",
     .example = "20GB"},
    {.name = "min_free_inodes",
     .type = BELAY_T_INT,
     .def = "0",
     .min = 0,
     .max = INT64_MAX,
     .doc = "Files for which there must still be room, on filesystems that count them.",
     .example = "100000"},
};
static const belay_metric disk_metrics[] = {
    {.name = "free", .unit = "B", .doc = "Free space at each path, as free/PATH."},
};

static const belay_option memory_options[] = {
    {.name = "min_available",
     .type = BELAY_T_SIZE,
     .flags = BELAY_F_REQUIRED,
     .doc = "Memory that must be available without swapping.",
     .example = "4GB"},
};
static const belay_metric memory_metrics[] = {
    {.name = "available",
     .unit = "B",
     .doc = "MemAvailable, or what the memory limits of our control groups leave when that is less."},
};

static const belay_option env_options[] = {
    {.name = "file", .type = BELAY_T_PATH, .doc = "The env file to look into.", .example = "/opt/app/.env"},
    {.name = "values",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_SECRET,
     .doc = "In place of a file: texts \"NAME=value\", such as \"TOKEN=${env:TOKEN}\".",
     .example = "TOKEN=${env:TOKEN}"},
    {.name = "require",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc =
         "Names that must be set, as \"NAME\" or \"NAME=type\" with a type of url, postgres_url, redis_url, http_url, "
         "integer, boolean, path, nonempty, port.",
     .example = "DATABASE_URL=postgres_url, PORT=port, DEBUG"},
};

static const belay_option secret_options[] = {
    {.name = "values",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED | BELAY_F_SECRET,
     .doc = "The secrets, by reference: \"${secret:db_password}\".",
     .example = "${secret:db_password},${secret:jwt_key}"},
    {.name = "names",
     .type = BELAY_T_LIST,
     .doc = "What messages call them, in the same order; without it they are numbered.",
     .example = "db_password, jwt_key"},
    {.name = "min_length",
     .type = BELAY_T_INT,
     .def = "12",
     .min = 1,
     .max = 4096,
     .doc = "The fewest characters a secret may have.",
     .example = "32"},
    {.name = "forbidden",
     .type = BELAY_T_LIST,
     .doc = "More values that are refused, besides well-known placeholders such as \"changeme\".",
     .example = "hunter2"},
};

static const char *const port_states[] = {"free", "open", NULL};
static const belay_option port_options[] = {
    {.name = "ports",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc = "TCP ports as \"ADDRESS:PORT\", or \"PORT\" for every address of this machine.",
     .example = "127.0.0.1:8001, 8080"},
    {.name = "state",
     .type = BELAY_T_ENUM,
     .def = "free",
     .choices = port_states,
     .doc = "Whether they must be free, or open: accept a connection.",
     .example = "open"},
};

static const belay_option diagnose_options[] = {
    {.name = "ports",
     .type = BELAY_T_LIST,
     .doc = "TCP ports that the release publishes: who else holds one is a finding.",
     .example = "127.0.0.1:8001, 8080"},
    {.name = "expected",
     .type = BELAY_T_LIST,
     .def = "docker-proxy",
     .doc = "Programs that may hold these ports.",
     .example = "docker-proxy, nginx"},
    {.name = "reach",
     .type = BELAY_T_LIST,
     .doc = "Servers that must accept a connection, each \"ADDRESS:PORT\" or \"name=ADDRESS:PORT\".",
     .example = "redis=127.0.0.1:6379, db.internal:5432"},
    {.name = "paths",
     .type = BELAY_T_LIST,
     .def = "/",
     .doc = "Absolute paths on the filesystems that may be full.",
     .example = "/var/lib/docker, /opt/app"},
};

static const belay_step steps[] = {
    {.name = "disk",
     .doc = "Checks that filesystems have enough free space.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 1000,
     BELAY_TABLE(option, disk_options),
     BELAY_TABLE(metric, disk_metrics),
     .verify = disk_verify},
    {.name = "memory",
     .doc = "Checks that enough memory is available.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 1000,
     BELAY_TABLE(option, memory_options),
     BELAY_TABLE(metric, memory_metrics),
     .verify = memory_verify},
    {.name = "env",
     .doc = "Checks that names are set in an env file and have the right type; shows no value.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 1000,
     BELAY_TABLE(option, env_options),
     .prepare = env_prepare,
     .verify = env_verify},
    {.name = "secret",
     .doc = "Checks that secrets are there, are long enough and are no placeholders; shows none.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 1000,
     BELAY_TABLE(option, secret_options),
     .prepare = secret_prepare,
     .verify = secret_verify},
    {.name = "port",
     .doc = "Checks that TCP ports are free, naming who uses them, or that they are open.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 30 * 1000,
     BELAY_TABLE(option, port_options),
     .verify = port_verify},
    {.name = "diagnose",
     .doc = "Looks for the cause of a failure: who holds ports, who does not answer, full disks, memory.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 10 * 1000,
     BELAY_TABLE(option, diagnose_options),
     .prepare = diagnose_prepare,
     .verify = diagnose_verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
    .name = "host",          .version = "0.1.0",
    .license = "Apache-2.0", .doc = "Checks of the machine: disk, memory, environment, secrets, ports.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
