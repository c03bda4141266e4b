/* What the compose files mean, by Compose's own words. */
#include "compose_program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Compose version 1 knows no `config --format`; say so rather than show its usage. */
belay_status compose_refused(compose *c, const belay_run *config)
{
    const call *call = engine_call(c->engine);
    guard_text said = {0};
    text_add(&said, "%s", config->err);
    text_trim(&said);
    guard_mem char *version = NULL;
    belay_status s = compose_version(c, &version);
    if (s != BELAY_OK)
        return s;
    if (strtol(version, NULL, 10) < 2)
        return call_fail(call, BELAY_E_RETRY,
                         "install Compose version 2 (package docker-compose or docker-compose-plugin)",
                         "Compose version 2 is needed; %s answered: %s; the docker program's plugin was not found",
                         c->program.items[0], version);
    call_log(call, 2, "Compose refuses %s: %s", c->names, text_of(&said)); /* prepare goes on without the explanation */
    return call_fail(call, BELAY_E_FAIL, "correct the file; `docker compose -f FILE config` checks it by hand",
                     "%s: Compose refuses it: %s", c->names, text_of(&said));
}

/* Through a file in memory: the configuration may be larger than what a run's output keeps. */
static belay_status read_config(compose *c)
{
    const call *call = engine_call(c->engine);
    int fd = memfd_create("compose-config", MFD_CLOEXEC);
    if (fd < 0)
        return call_fail(call, BELAY_E_RETRY, NULL, "memfd_create: %s", strerror(errno));
    FILE *file = fdopen(fd, "r+");
    belay_run io = {.timeout_ms = COMPOSE_TIMEOUT_MS, .out_fd = fd};
    belay_status s = compose_run(c, &io, (const char *const[]){"config", "--format", "json", NULL});
    if (s == BELAY_OK && io.exit_code != 0)
        s = compose_refused(c, &io);
    if (s == BELAY_OK) {
        json_error_t why;
        rewind(file);
        c->config = json_loadf(file, 0, &why);
        c->warnings = text_dup(io.err);
        if (!json_is_object(json_object_get(c->config, "services")))
            s = call_fail(call, BELAY_E_FAIL, NULL, "%s: `compose config` gave no services (%s)", c->names, why.text);
    }
    fclose(file);
    return s;
}

/* *ret stays NULL when there is no compose file, which is explained when one is required. */
static belay_status open_with(engine *e, const char *profile, bool required, compose **ret)
{
    guard_compose *c = NULL;
    bool found = false;
    belay_status s = compose_prepare(e, &c, &found);
    if (s != BELAY_OK || !found)
        return s == BELAY_OK && required ? compose_no_file(c) : s;
    if (profile) {
        compose_args_add(&c->program, "--profile");
        compose_args_add(&c->program, profile);
    }
    s = read_config(c);
    if (s == BELAY_OK)
        *ret = take(c);
    return s;
}

belay_status compose_open(engine *e, compose **ret)
{
    return open_with(e, NULL, true, ret);
}

belay_status compose_open_whole(engine *e, compose **ret)
{
    return open_with(e, "*", false, ret);
}

const char *compose_project(const compose *c)
{
    return text_member(c->config, "name");
}

json_t *compose_services(const compose *c)
{
    return json_object_get(c->config, "services");
}

const json_t *compose_network(const compose *c, const char *name)
{
    return json_object_get(json_object_get(c->config, "networks"), name);
}

json_t *compose_volumes(const compose *c)
{
    json_t *names = json_object();
    const char *key;
    json_t *volume;
    json_object_foreach(json_object_get(c->config, "volumes"), key, volume)
        json_object_set_new(names, text_member(volume, "name"), json_true());
    return names;
}

char *compose_image(const compose *c, const char *service)
{
    const char *image = text_member(json_object_get(compose_services(c), service), "image");
    return *image ? text_dup(image) : text_printf("%s%c%s", compose_project(c), c->separator, service);
}

/* "service:NAME" of additional_contexts: NAME, or NULL for another context. */
static const char *named_service(const json_t *context)
{
    static const char prefix[] = "service:";
    const char *value = json_string_value(context);
    return value && strncmp(value, prefix, strlen(prefix)) == 0 ? value + strlen(prefix) : NULL;
}

static json_t *build_of(const compose *c, const char *service)
{
    return json_object_get(json_object_get(compose_services(c), service), "build");
}

void compose_add_references(const compose *c, const char *service, json_t *set)
{
    guard_mem char *image = compose_image(c, service);
    if (json_object_get(set, image)) /* two services may name each other */
        return;
    json_object_set_new(set, image, json_true());
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(build_of(c, service), "tags"), i, value)
        json_object_set_new(set, json_string_value(value), json_true());
    const char *name;
    json_object_foreach(json_object_get(build_of(c, service), "additional_contexts"), name, value)
        if (named_service(value))
            compose_add_references(c, named_service(value), set);
}

bool compose_builds_on_services(const compose *c, json_t *services)
{
    const char *service, *name;
    json_t *unused, *value;
    json_object_foreach(services, service, unused)
        json_object_foreach(json_object_get(build_of(c, service), "additional_contexts"), name, value)
            if (named_service(value))
                return true;
    return false;
}

int64_t compose_scale(const compose *c, const char *service)
{
    const json_t *config = json_object_get(compose_services(c), service), *scale = json_object_get(config, "scale");
    const json_t *replicas = json_object_get(json_object_get(config, "deploy"), "replicas");
    return json_is_integer(scale)      ? json_integer_value(scale)
           : json_is_integer(replicas) ? json_integer_value(replicas)
                                       : 1;
}

const char *compose_files(const compose *c)
{
    return c->names;
}

const char *compose_warnings(const compose *c)
{
    return c->warnings;
}

char *compose_unset(const compose *c)
{
    static const char before[] = "The \\\"", after[] = "\\\" variable is not set";
    guard_json *names = json_object();
    for (const char *at = c->warnings; (at = strstr(at, before));) {
        at += strlen(before);
        const char *end = strstr(at, "\\\"");
        if (end && strncmp(end, after, strlen(after)) == 0) {
            guard_mem char *name = text_printf("%.*s", (int)(end - at), at);
            json_object_set_new(names, name, json_true());
        }
    }
    return json_object_size(names) ? compose_list(names) : text_dup("");
}

static belay_status no_such_service(const compose *c, const char *option, const char *name)
{
    guard_text known = {0};
    const char *service;
    json_t *config;
    json_object_foreach(compose_services(c), service, config)
        text_add(&known, "%s%s", known.length ? ", " : "", service);
    return call_blame(engine_call(c->engine), option, "%s has no service '%s'; it has: %s", c->names, name,
                      text_of(&known));
}

static void select_default(const compose *c, compose_choice choice, json_t *set)
{
    const char *service;
    json_t *config;
    json_object_foreach(compose_services(c), service, config)
        if (choice == COMPOSE_ALL || json_object_get(config, "build"))
            json_object_set_new(set, service, json_true());
}

belay_status compose_select(compose *c, const char *option, compose_choice choice, json_t **ret)
{
    guard_json *named = call_set(engine_call(c->engine), option);
    const char *service;
    json_t *config;
    json_object_foreach(named, service, config) {
        config = json_object_get(compose_services(c), service);
        if (!config)
            return no_such_service(c, option, service);
        if (choice == COMPOSE_BUILT && !json_object_get(config, "build"))
            return call_blame(engine_call(c->engine), option, "service '%s' has no build section in %s", service,
                              c->names);
    }
    if (json_object_size(named) == 0)
        select_default(c, choice, named);
    *ret = take(named);
    return BELAY_OK;
}

belay_status compose_plan(engine *e, const char *option, compose_choice choice, compose **ret_compose,
                          json_t **ret_services)
{
    const call *call = engine_call(e);
    guard_compose *c = NULL;
    guard_json *named = call_set(call, option);
    belay_status s = compose_open(e, &c);
    const bool unreadable = s == BELAY_E_FAIL;
    if (s == BELAY_OK)
        s = compose_check_files(c, false);
    if (s != BELAY_OK && !unreadable)
        return s;
    if (unreadable) {
        call_log(call, 2, "Compose does not read the files as they are now; the step tries again when it runs");
    } else if (json_object_size(named) == 0) {
        select_default(c, choice, named);
    } else {
        const char *service;
        json_t *unused;
        json_object_foreach(named, service, unused)
            if (!json_object_get(compose_services(c), service))
                call_log(call, 2, "%s, as it is now, has no service '%s'", c->names, service);
    }
    guard_mem char *unset = c ? compose_unset(c) : text_dup("");
    if (*unset)
        call_log(call, 2, "%s uses variables that are not set, and are empty then: %s", c->names, unset);
    *ret_compose = take(c);
    *ret_services = take(named);
    return BELAY_OK;
}

char *compose_list(json_t *services)
{
    text names = {0};
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused)
        text_add(&names, "%s%s", names.length ? ", " : "", service);
    return names.s ? names.s : text_dup("all services");
}

static void add_with_dependencies(const compose *c, const char *service, json_t *set)
{
    if (json_object_get(set, service))
        return;
    json_object_set_new(set, service, json_true());
    const char *dependency;
    json_t *condition;
    json_object_foreach(json_object_get(json_object_get(compose_services(c), service), "depends_on"), dependency,
                        condition)
        add_with_dependencies(c, dependency, set);
}

json_t *compose_with_dependencies(const compose *c, json_t *services)
{
    json_t *set = json_object();
    const char *service;
    json_t *one;
    json_object_foreach(services, service, one)
        add_with_dependencies(c, service, set);
    return set;
}

belay_status compose_hashes(compose *c, json_t **ret)
{
    belay_run io = {.timeout_ms = COMPOSE_TIMEOUT_MS};
    belay_status s = compose_run(c, &io, (const char *const[]){"config", "--hash", "*", NULL});
    if (s != BELAY_OK)
        return s;
    if (io.exit_code != 0)
        return compose_refused(c, &io);
    json_t *hashes = json_object();
    guard_mem char *lines = text_dup(io.out);
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *space = strchr(line, ' ');
        if (space) {
            *space = '\0';
            json_object_set_new(hashes, line, json_string(space + 1));
        }
    }
    *ret = hashes;
    return BELAY_OK;
}

belay_status compose_project_name(engine *e, char **ret)
{
    const char *given = call_str(engine_call(e), "project");
    guard_compose *compose = NULL;
    belay_status s = given ? compose_check_project(engine_call(e)) : compose_open(e, &compose);
    if (s == BELAY_OK)
        *ret = text_dup(given ? given : compose_project(compose));
    return s;
}
