/* A catalog for the pipeline's tests: of one plugin, in constant tables. */
#include <belay/plugin.h>

#include "pipeline_fixture.h"

#define W(s)                ((char[]){s}) /* strings of a catalog are not const */
#define COUNTED(field, ...) .field##s = __VA_ARGS__, .field##_count = sizeof(__VA_ARGS__) / sizeof(*(__VA_ARGS__))

static catalog_kind docker_kinds[3];
static catalog_plugin docker = {
    .name = W("docker"), .version = W("1"), .doc = W(""), .kinds = docker_kinds, .kind_count = 3};

static catalog_kind docker_kinds[3] = {
    {.plugin = &docker,
     .name = W("docker.build"),
     .step = W("build"),
     .doc = W("Builds images."),
     .timeout_ms = 300000,
     COUNTED(option,
             (catalog_option[]){
                 {.name = W("services"), .doc = W("Which."), .type = BELAY_T_LIST, .flags = BELAY_F_REQUIRED},
                 {.name = W("parallel"),
                  .doc = W("d"),
                  .type = BELAY_T_INT,
                  .min = 1,
                  .max = 16,
                  .def = W("4"),
                  .example = W("8")},
                 {.name = W("no_cache"), .doc = W("d"), .type = BELAY_T_BOOL, .def = W("false")},
                 {.name = W("file"), .doc = W("d"), .type = BELAY_T_PATH, .def = W("compose.yml")},
                 {.name = W("pause"), .doc = W("d"), .type = BELAY_T_DURATION, .min = 10, .max = 60000},
                 {.name = W("free"), .doc = W("d"), .type = BELAY_T_SIZE, .def = W("1kB")},
                 {.name = W("level"),
                  .doc = W("d"),
                  .type = BELAY_T_ENUM,
                  .choices = (char *[]){W("quick"), W("thorough"), NULL}},
                 {.name = W("note"), .doc = W("d"), .type = BELAY_T_STRING},
                 {.name = W("hosts"), .doc = W("d"), .type = BELAY_T_LIST, .def = W("a, b")},
                 {.name = W("password"), .doc = W("d"), .type = BELAY_T_STRING, .flags = BELAY_F_SECRET},
                 {.name = W("old"), .doc = W("Use note."), .type = BELAY_T_STRING, .flags = BELAY_F_DEPRECATED},
                 {.name = W("when"), .doc = W("A name that is not the plugin's to use."), .type = BELAY_T_STRING},
             }),
     COUNTED(output,
             (catalog_output[]){{.name = W("ids"), .doc = W("d"), .type = BELAY_T_STRING},
                                {.name = W("token"), .doc = W("d"), .type = BELAY_T_STRING, .flags = BELAY_F_SECRET}}),
     COUNTED(metric,
             (catalog_metric[]){
                 {.name = W("size"), .unit = W("B"), .doc = W("d"), .warn = W("> 500MB"), .fail = W("> 1GB")},
                 {.name = W("p95"), .unit = W("ms"), .doc = W("d"), .fail = W("> 1s")}})},
    {.plugin = &docker,
     .name = W("docker.tag"),
     .step = W("tag"),
     .doc = W("Tags."),
     .timeout_ms = 10000,
     COUNTED(option,
             (catalog_option[]){
                 {.name = W("tag"), .doc = W("The tag."), .type = BELAY_T_STRING, .flags = BELAY_F_REQUIRED},
                 {.name = W("images"), .doc = W("d"), .type = BELAY_T_LIST},
                 {.name = W("pin"), .doc = W("d"), .type = BELAY_T_INT, .flags = BELAY_F_SECRET},
             })},
    {.plugin = &docker,
     .name = W("docker.info"),
     .step = W("info"),
     .doc = W("Looks."),
     .flags = BELAY_S_READ_ONLY,
     .has_verify = true,
     .timeout_ms = 5000},
};

struct catalog {
    const catalog_plugin *plugin;
};

const catalog *fixture_catalog(void)
{
    static const catalog one = {&docker};
    return &one;
}

size_t catalog_plugin_count(const catalog *c)
{
    return c ? 1 : 0;
}

const catalog_plugin *catalog_plugin_at(const catalog *c, size_t i)
{
    return c && i == 0 ? c->plugin : NULL;
}

static const catalog_problem refused = {.path = W("/usr/lib/belay/redis.so"),
                                        .why = W("others may write to it"),
                                        .hint = W("chmod go-w /usr/lib/belay/redis.so"),
                                        .refused = true};

size_t catalog_problem_count(const catalog *c)
{
    return c ? 1 : 0;
}

const catalog_problem *catalog_problem_at(const catalog *c, size_t i)
{
    return c && i == 0 ? &refused : NULL;
}
