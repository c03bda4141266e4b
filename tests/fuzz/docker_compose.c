/* Any bytes as what `compose config` prints: refused in words, or a project whose services all have an image. */
#include <stdbool.h>
#include <unistd.h>

#include "docker/compose.h"
#include "engine_stub.h"
#include "fuzz.h"

static const uint8_t *printed;
static size_t printed_size;

/* The program: it prints the input, and for hashes the input's lines. */
static belay_status run(belay_ctx *c, belay_run *io)
{
    (void)c;
    static char *lines;
    free(lines);
    lines = strndup((const char *)printed, printed_size);
    MUST(lines && io->argv[0] && io->struct_size == sizeof *io);
    io->out = lines;
    io->err = "";
    if (io->out_fd)
        MUST(write(io->out_fd, printed, printed_size) == (ssize_t)printed_size);
    return BELAY_OK;
}

static void check_services(compose *c)
{
    const char *service;
    json_t *config;
    json_object_foreach(compose_services(c), service, config) {
        guard_mem char *image = compose_image(c, service);
        MUST(*image);
    }
    for (compose_choice choice = COMPOSE_ALL; choice <= COMPOSE_BUILT_OR_NAMED; choice++) {
        guard_json *chosen = NULL;
        MUST(compose_select(c, "services", choice, &chosen) == BELAY_OK);
        guard_json *all = compose_with_dependencies(c, chosen);
        MUST(json_object_size(chosen) <= json_object_size(compose_services(c)));
        json_object_foreach(chosen, service, config)
            MUST(json_object_get(compose_services(c), service) && json_object_get(all, service));
        guard_mem char *names = compose_list(all);
        MUST(*names || json_object_size(all) == 1); /* a service's name may be empty */
    }
    guard_json *volumes = compose_volumes(c), *hashes = NULL;
    MUST(volumes && compose_hashes(c, &hashes) == BELAY_OK && json_is_object(hashes));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    printed = bytes;
    printed_size = size;
    (void)setenv("PATH", "/usr/bin:/bin", 1);
    guard_engine *e = engine_stub_new(&(engine_answers){0});
    engine_stub_host(e)->run = run;
    guard_compose *c = NULL;
    belay_status s = compose_open(e, &c);
    MUST((s == BELAY_OK) == (c != NULL) && (s == BELAY_OK || engine_stub_explained(e) > 0));
    if (c)
        check_services(c);
    return 0;
}
