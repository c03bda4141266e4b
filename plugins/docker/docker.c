/* The plugin's face: its step kinds, and what a pipeline may write for each. The behaviour is in the file of each kind.
 */
#include "kinds.h"
#include "window/window.h"

#define ENGINE_OPTIONS                                                                                                 \
    {.name = "host",                                                                                                   \
     .type = BELAY_T_STRING,                                                                                           \
     .doc = "Address of the Docker Engine; by default $DOCKER_HOST, the docker context, or the usual socket.",         \
     .example = "unix:///var/run/docker.sock"},                                                                        \
    {                                                                                                                  \
        .name = "tls", .type = BELAY_T_PATH,                                                                           \
        .doc = "Folder with ca.pem, cert.pem and key.pem, for an engine at tcp://; the engine is always verified.",    \
        .example = "/etc/belay/docker"                                                                                 \
    }

#define COMPOSE_OPTIONS                                                                                                \
    ENGINE_OPTIONS,                                                                                                    \
        {.name = "project_dir",                                                                                        \
         .type = BELAY_T_PATH,                                                                                         \
         .doc = "The application's folder, which paths in the compose file are relative to.",                          \
         .example = "/opt/temponest-staging"},                                                                         \
        {.name = "file",                                                                                               \
         .type = BELAY_T_LIST,                                                                                         \
         .doc =                                                                                                        \
             "The compose files, relative to project_dir, later ones over earlier ones; by default as Compose does.",  \
         .example = "docker-compose.yml, docker-compose.prod.yml"},                                                    \
        {.name = "project",                                                                                            \
         .type = BELAY_T_STRING,                                                                                       \
         .doc = "The Compose project's name; by default what the compose file or its folder says.",                    \
         .example = "temponest-staging"},                                                                              \
        {.name = "env_file",                                                                                           \
         .type = BELAY_T_PATH,                                                                                         \
         .doc = "File of variables for the compose file, instead of .env beside it.",                                  \
         .example = "/etc/temponest/staging.env"},                                                                     \
        {.name = "env",                                                                                                \
         .type = BELAY_T_LIST,                                                                                         \
         .doc = "Variables for the compose file, each \"NAME=value\".",                                                \
         .example = "IMAGE_TAG=${pipeline.version}"},                                                                  \
    {                                                                                                                  \
        .name = "profiles", .type = BELAY_T_LIST, .doc = "Compose profiles to enable.", .example = "monitoring"        \
    }

static const char *const refuse_or_allow[] = {"refuse", "allow", NULL};

/* Of the kinds that change something. */
#define OTHER_FILES                                                                                                    \
    {                                                                                                                  \
        .name = "other_files", .type = BELAY_T_ENUM, .choices = refuse_or_allow, .def = "refuse",                      \
        .doc = "When the project's containers were made from other compose files than this step reads.",               \
        .example = "allow"                                                                                             \
    }

#define SERVICES(which)                                                                                                \
    {                                                                                                                  \
        .name = "services", .type = BELAY_T_LIST, .doc = which, .example = "agents, scheduler"                         \
    }

static const belay_option info_options[] = {
    ENGINE_OPTIONS,
    {.name = "min_api", .type = BELAY_T_STRING, .doc = "The oldest API version that will do.", .example = "1.41"},
};
static const belay_output info_outputs[] = {
    {.name = "version", .doc = "Version of the engine.", .type = BELAY_T_STRING},
    {.name = "api_version", .doc = "Newest API version that it offers.", .type = BELAY_T_STRING},
    {.name = "containers", .doc = "Number of its containers.", .type = BELAY_T_INT},
};
static const belay_metric info_metrics[] = {
    {.name = "containers_running", .unit = "", .doc = "Containers that run."},
    {.name = "containers_stopped", .unit = "", .doc = "Containers that do not run."},
};

static const char *const prune_scopes[] = {"project", "engine", NULL};
static const char *const keep_missing_choices[] = {"fail", "allow", NULL};
static const belay_option prune_options[] = {
    COMPOSE_OPTIONS,
    OTHER_FILES,
    {.name = "scope",
     .type = BELAY_T_ENUM,
     .def = "project",
     .choices = prune_scopes,
     .doc = "Whose left-overs go: only this Compose project's, or those of the whole engine.",
     .example = "project"},
    {.name = "keep",
     .type = BELAY_T_LIST,
     .doc = "Images that must stay, beside those that a container or a service uses.",
     .example = "temponest-staging-agents:v1.7.0"},
    {.name = "keep_missing",
     .type = BELAY_T_ENUM,
     .def = "fail",
     .choices = keep_missing_choices,
     .doc = "When an image of keep does not exist: fail and delete nothing, or allow it.",
     .example = "allow"},
    {.name = "build_cache",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Also delete unused build cache, which belongs to the whole engine.",
     .example = "true"},
    {.name = "volumes",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Also delete volumes that no container and no service of the compose file uses.",
     .example = "true"},
};
static const belay_metric prune_metrics[] = {
    {.name = "freed", .unit = "B", .doc = "Disk space that was freed on the engine."},
    {.name = "containers", .unit = "", .doc = "Containers that were deleted."},
    {.name = "images", .unit = "", .doc = "Images that were deleted."},
    {.name = "volumes", .unit = "", .doc = "Volumes that were deleted."},
};

static const belay_option compose_config_options[] = {
    COMPOSE_OPTIONS,
    {.name = "expect_services",
     .type = BELAY_T_LIST,
     .doc = "Services that the file must have.",
     .example = "agents, postgres"},
};
static const belay_output compose_config_outputs[] = {
    {.name = "services", .doc = "The services, separated by commas.", .type = BELAY_T_STRING},
    {.name = "project", .doc = "The project's name.", .type = BELAY_T_STRING},
};
static const belay_metric compose_config_metrics[] = {
    {.name = "services", .unit = "", .doc = "Number of services."},
};

static const belay_option build_options[] = {
    COMPOSE_OPTIONS,
    OTHER_FILES,
    SERVICES("Services to build; by default all that have a build section."),
    {.name = "parallel",
     .type = BELAY_T_INT,
     .def = "2",
     .min = 1,
     .max = 64,
     .doc = "How many images are built side by side.",
     .example = "4"},
    {.name = "no_cache",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Build every step anew; each image must then be newer than the step's start.",
     .example = "true"},
    {.name = "pull",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Look for newer base images in their registry.",
     .example = "true"},
    {.name = "args",
     .type = BELAY_T_LIST,
     .doc = "Build arguments, each \"NAME=value\"; they stay readable in the image's history.",
     .example = "VERSION=${pipeline.version}"},
};
static const belay_output build_outputs[] = {
    {.name = "ids", .doc = "JSON: service -> id of the image that was built.", .type = BELAY_T_STRING},
    {.name = "previous_ids", .doc = "JSON: service -> id of the image before, or null.", .type = BELAY_T_STRING},
};

static const belay_option tag_options[] = {
    COMPOSE_OPTIONS,
    OTHER_FILES,
    SERVICES("Services whose images are tagged; by default all that have a build section."),
    {.name = "tag",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "The tag.",
     .example = "${pipeline.version}"},
};
static const belay_output tag_outputs[] = {
    {.name = "tags", .doc = "JSON: reference -> image id.", .type = BELAY_T_STRING},
};

static const belay_option image_size_options[] = {
    COMPOSE_OPTIONS,
    {.name = "budgets",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc = "What each service's image may have, \"service=max\" or \"service=min..max\"; an image's name will do too.",
     .example = "agents=100MB..500MB, web-ui=300MB"},
};
static const belay_metric image_size_metrics[] = {
    {.name = "size", .unit = "B", .doc = "Size of each image, as size/SERVICE."},
};

static const belay_option stop_options[] = {
    COMPOSE_OPTIONS,
    OTHER_FILES,
    SERVICES("Services to stop. Either this or keep_running."),
    {.name = "keep_running",
     .type = BELAY_T_LIST,
     .doc = "Stop all services of the project but these, also those that the compose file does not know.",
     .example = "postgres, redis"},
    {.name = "grace",
     .type = BELAY_T_DURATION,
     .def = "10s",
     .min = 0,
     .max = 600000,
     .doc = "How long a container may take to end before it is killed.",
     .example = "30s"},
};
static const belay_output stop_outputs[] = {
    {.name = "stopped", .doc = "Names of the containers that were stopped.", .type = BELAY_T_STRING},
};

static const char *const pull_choices[] = {"missing", "never", NULL};
static const char *const unhealthy_choices[] = {"fail", "wait", NULL};
static const belay_option up_options[] = {
    COMPOSE_OPTIONS,
    OTHER_FILES,
    SERVICES("Services to bring up; by default all."),
    {.name = "oneshot",
     .type = BELAY_T_LIST,
     .doc = "Services that do their work and end, with exit code 0. Those that another service waits for with "
            "service_completed_successfully need not be named.",
     .example = "migrate"},
    {.name = "pull",
     .type = BELAY_T_ENUM,
     .def = "missing",
     .choices = pull_choices,
     .doc = "Whether images that are not there may be pulled; those that are there are never replaced.",
     .example = "never"},
    {.name = "recreate",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Replace the containers of the named services even when nothing changed.",
     .example = "true"},
    {.name = "recreate_dependencies",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Let Compose replace containers that the named services depend on, when their configuration changed.",
     .example = "true"},
    {.name = "stable",
     .type = BELAY_T_DURATION,
     .def = "2s",
     .min = 0,
     .max = 600000,
     .doc = "How long a container without a health check must have run to count as up.",
     .example = "5s"},
    {.name = "max_restarts",
     .type = BELAY_T_INT,
     .def = "2",
     .min = 0,
     .max = 1000,
     .doc = "A container that the engine had to start again more often than this has failed.",
     .example = "0"},
    {.name = "on_unhealthy",
     .type = BELAY_T_ENUM,
     .def = "fail",
     .choices = unhealthy_choices,
     .doc = "What \"unhealthy\" means: failed at once, or wait until the ready window ends.",
     .example = "wait"},
    {.name = "grace",
     .type = BELAY_T_DURATION,
     .def = "3s",
     .min = 0,
     .max = 600000,
     .doc = "Rollback only: how long a container that is taken away may take to end.",
     .example = "10s"},
    {.name = "keep_volumes",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Rollback only: leave volumes that this step made.",
     .example = "true"},
};
static const belay_output up_outputs[] = {
    {.name = "containers", .doc = "Names of the services' containers.", .type = BELAY_T_STRING},
    {.name = "images", .doc = "JSON: service -> id of the image that it runs.", .type = BELAY_T_STRING},
};
static const belay_metric up_metrics[] = {
    {.name = "containers", .unit = "", .doc = "Containers that are up."},
};

static const belay_option logs_options[] = {
    COMPOSE_OPTIONS,
    SERVICES("Services whose logs are read; by default all, unless containers are named."),
    {.name = "containers",
     .type = BELAY_T_LIST,
     .doc = "Further containers, by name, also those that Compose did not make.",
     .example = "staging-postgres"},
    {.name = "required",
     .type = BELAY_T_LIST,
     .doc = "POSIX extended regular expressions that each log must match, or only one's: \"service: pattern\".",
     .example = "Application startup complete"},
    {.name = "forbidden",
     .type = BELAY_T_LIST,
     .doc = "Regular expressions that no line may match, written the same way.",
     .example = "ERROR|FATAL|Traceback"},
    {.name = "allow",
     .type = BELAY_T_LIST,
     .doc = "Lines that match one of these are let through.",
     .example = "redis: ERROR: MISCONF"},
    {.name = "since",
     .type = BELAY_T_STRING,
     .def = "stage",
     .doc = "From when on: the start of the run, of the stage, of the step, or a duration before now.",
     .example = "30m"},
    {.name = "ignore_case",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Upper and lower case are the same.",
     .example = "true"},
    {.name = "min_lines",
     .type = BELAY_T_INT,
     .def = "0",
     .min = 0,
     .max = 1000000000,
     .doc = "With fewer lines than this in all logs together the check is inconclusive.",
     .example = "1"},
};
static const belay_metric logs_metrics[] = {
    {.name = "matches", .unit = "", .doc = "Forbidden lines, also for each service as matches/SERVICE."},
    {.name = "lines", .unit = "", .doc = "Lines that were read."},
};

static const belay_option stats_options[] = {
    COMPOSE_OPTIONS,
    SERVICES("The services to measure; none: all that run."),
    WINDOW_OPTION("10s"),
    {.name = "sample_every",
     .type = BELAY_T_DURATION,
     .def = "1s",
     .min = 100,
     .max = 3600000,
     .doc = "The pause between two samples.",
     .example = "5s"},
    {.name = "min_samples",
     .type = BELAY_T_INT,
     .def = "3",
     .min = 1,
     .max = 1000000,
     .doc = "With fewer samples of a container than this the step is inconclusive; CPU takes two.",
     .example = "30"},
    {.name = "baseline",
     .type = BELAY_T_STRING,
     .doc =
         "Since when restarts count, and what must still run: the output starts of an earlier docker.stats; by default "
         "since the window began.",
     .example = "${steps.resources.starts}"},
};
static const belay_output stats_outputs[] = {
    {.name = "starts", .type = BELAY_T_STRING, .doc = "When each container was started: a baseline."},
};
static const belay_metric stats_metrics[] = {
    {.name = "cpu", .unit = "%", .doc = "CPU, of one CPU, mean of each service in the window."},
    {.name = "cpu_peak", .unit = "%", .doc = "CPU, of one CPU, most between two samples."},
    {.name = "memory", .unit = "B", .doc = "Memory without reclaimable cache, the most of all samples."},
    {.name = "memory_share", .unit = "%", .doc = "The same, of the limit; without one, of the machine's memory."},
    {.name = "restarts", .unit = "", .doc = "Restarts in the window, or since the baseline.", .fail = "> 0"},
};

static const belay_option volume_backup_options[] = {
    ENGINE_OPTIONS,
    {.name = "volume",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "The volume's name; Compose's are PROJECT_NAME.",
     .example = "temponest-staging_redis"},
    {.name = "to",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The folder for the archive, VOLUME_YYYYmmdd_HHMMSS_STEP.tar.zst, with its .sha256.",
     .example = "/var/backups/staging"},
    {.name = "restore_on_rollback",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Whether rollback empties the volume and puts the saved content back.",
     .example = "true"},
    {.name = "in_use",
     .type = BELAY_T_ENUM,
     .choices = refuse_or_allow,
     .def = "refuse",
     .doc = "What to do when running containers mount the volume, and may write meanwhile.",
     .example = "allow"},
    {.name = "image",
     .type = BELAY_T_STRING,
     .doc = "The image of the helper container; by default one of a container that mounts the volume, or any.",
     .example = "debian:bookworm-slim"},
    {.name = "keep",
     .type = BELAY_T_INT,
     .def = "0",
     .max = 10000,
     .doc = "Remove all proved archives of the volume but those of this many newest runs; 0 keeps all.",
     .example = "7"},
};
static const belay_output volume_backup_outputs[] = {
    {.name = "file", .doc = "The archive.", .type = BELAY_T_PATH},
    {.name = "sha256", .doc = "Its SHA-256, in hexadecimal.", .type = BELAY_T_STRING},
};
static const belay_metric volume_backup_metrics[] = {
    {.name = "size", .unit = "B", .doc = "Size of the archive.", .fail = "< 1B"},
    {.name = "content", .unit = "B", .doc = "Size of the tar in it."},
    {.name = "entries", .unit = "", .doc = "Files, folders and links in it, the volume's own folder included."},
    {.name = "duration", .unit = "ms", .doc = "Time to save and prove it."},
};

#define MINUTES(n) ((n)*60000u)

static const belay_option diagnose_options[] = {
    COMPOSE_OPTIONS,
    SERVICES("The services to look at; by default all of the project."),
    {.name = "lines",
     .type = BELAY_T_INT,
     .def = "200",
     .min = 1,
     .max = 10000,
     .doc = "How many of the last lines of each log are read and kept.",
     .example = "1000"},
};

static const belay_step steps[] = {
    {.name = "info",
     .doc = "Checks that the Docker Engine answers and is new enough.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = MINUTES(1),
     BELAY_TABLE(option, info_options),
     BELAY_TABLE(output, info_outputs),
     BELAY_TABLE(metric, info_metrics),
     .verify = info_verify},
    {.name = "prune",
     .doc = "Deletes the project's untagged images and left-over containers, never what a version still needs.",
     .flags = BELAY_S_IRREVERSIBLE,
     .default_timeout_ms = MINUTES(10),
     BELAY_TABLE(option, prune_options),
     BELAY_TABLE(metric, prune_metrics),
     .prepare = prune_prepare,
     .execute = prune_execute},
    {.name = "compose_config",
     .doc = "Checks that Compose accepts the compose file.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = MINUTES(1),
     BELAY_TABLE(option, compose_config_options),
     BELAY_TABLE(output, compose_config_outputs),
     BELAY_TABLE(metric, compose_config_metrics),
     .verify = compose_config_verify},
    {.name = "build",
     .doc = "Builds the services' images; the earlier ones are kept.",
     .default_timeout_ms = MINUTES(60),
     BELAY_TABLE(option, build_options),
     BELAY_TABLE(output, build_outputs),
     .prepare = build_prepare,
     .execute = build_execute,
     .verify = build_verify,
     .rollback = build_rollback,
     .discard = build_discard},
    {.name = "tag",
     .doc = "Gives the services' images a further tag.",
     .default_timeout_ms = MINUTES(2),
     BELAY_TABLE(option, tag_options),
     BELAY_TABLE(output, tag_outputs),
     .prepare = tag_prepare,
     .execute = tag_execute,
     .verify = tag_verify,
     .rollback = tag_rollback,
     .discard = tag_discard},
    {.name = "image_size",
     .doc = "Checks that images exist and keep their size budgets.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = MINUTES(1),
     BELAY_TABLE(option, image_size_options),
     BELAY_TABLE(metric, image_size_metrics),
     .prepare = image_size_prepare,
     .verify = image_size_verify},
    {.name = "stop",
     .doc = "Stops services, side by side; rollback starts again exactly the containers that ran.",
     .default_timeout_ms = MINUTES(5),
     BELAY_TABLE(option, stop_options),
     BELAY_TABLE(output, stop_outputs),
     .prepare = stop_prepare,
     .execute = stop_execute,
     .verify = stop_verify,
     .rollback = stop_rollback},
    {.name = "up",
     .doc = "Brings services up and waits until they are healthy; what they replace is set aside for rollback.",
     .default_timeout_ms = MINUTES(10),
     BELAY_TABLE(option, up_options),
     BELAY_TABLE(output, up_outputs),
     BELAY_TABLE(metric, up_metrics),
     .prepare = up_prepare,
     .execute = up_execute,
     .verify = up_verify,
     .rollback = up_rollback,
     .discard = up_discard},
    {.name = "volume_backup",
     .doc = "Saves a volume and proves the archive before it gets its name; rollback can put the content back.",
     .default_timeout_ms = MINUTES(60),
     BELAY_TABLE(option, volume_backup_options),
     BELAY_TABLE(output, volume_backup_outputs),
     BELAY_TABLE(metric, volume_backup_metrics),
     .prepare = volume_backup_prepare,
     .execute = volume_backup_execute,
     .verify = volume_backup_verify,
     .rollback = volume_backup_rollback},
    {.name = "logs",
     .doc = "Searches the containers' logs for required and forbidden patterns.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = MINUTES(5),
     BELAY_TABLE(option, logs_options),
     BELAY_TABLE(metric, logs_metrics),
     .prepare = logs_prepare,
     .verify = logs_verify},
    {.name = "stats",
     .doc = "Measures CPU, memory and restarts of the services' containers over a window.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = MINUTES(10),
     BELAY_TABLE(option, stats_options),
     BELAY_TABLE(output, stats_outputs),
     BELAY_TABLE(metric, stats_metrics),
     .prepare = stats_prepare,
     .verify = stats_verify},
    {.name = "diagnose",
     .doc = "Looks for the cause of a failure: states, health, logs, dependencies, ports and memory of containers.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 10 * 1000,
     BELAY_TABLE(option, diagnose_options),
     .verify = diagnose_verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
    .undo_format = 1,        .undo_format_oldest = 1,
    .name = "docker",        .version = BELAY_VERSION,
    .license = "Apache-2.0", .doc = "Docker Engine and Compose: images, containers, volumes, logs.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
