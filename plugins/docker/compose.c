#include "compose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONFIG_TIMEOUT_MS 60000
#define DEFAULT_FILE      "docker-compose.yml"

struct compose {
    engine *engine;
    compose_args program; /* {"docker-compose"} or {"docker", "compose"}, then what all commands share */
    compose_args env;     /* the strings belong to it */
    char *file, *dir;
    char *warnings;
    json_t *config;
};

void compose_args_add(compose_args *a, const char *word)
{
    if (a->count + 1 >= a->room) {
        a->room = a->room ? 2 * a->room : 16;
        a->items = text_grow(a->items, a->room, sizeof *a->items);
    }
    a->items[a->count++] = word;
    a->items[a->count] = NULL;
}

void compose_args_done(compose_args *a)
{
    free(a->items);
    *a = (compose_args){0};
}

void compose_free(compose *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->env.count; i++)
        free((char *)(uintptr_t)c->env.items[i]);
    compose_args_done(&c->env);
    compose_args_done(&c->program);
    free(c->file);
    free(c->dir);
    free(c->warnings);
    json_decref(c->config);
    free(c);
}

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    for (const char *entry = path ? path : ""; *entry;) {
        const char *end = strchrnul(entry, ':');
        guard_mem char *file = text_printf("%.*s/%s", (int)(end - entry), entry, program);
        if (access(file, X_OK) == 0)
            return true;
        entry = *end ? end + 1 : end;
    }
    return false;
}

/* The engine that Belay itself asks, by flags: the variables of the docker program stay as they are, for a compose file
 * may refer to them. An empty variable counts as unset. */
static void add_engine(compose *c)
{
    const address *a = engine_address(c->engine);
    compose_args_add(&c->program, a->context ? "--context" : "--host");
    compose_args_add(&c->program, a->context ? a->context : a->host);
    if (a->context)
        return;
    if (!a->tls) {
        compose_args_add(&c->env, text_dup("DOCKER_TLS_VERIFY="));
        compose_args_add(&c->env, text_dup("DOCKER_TLS="));
        return;
    }
    compose_args_add(&c->env, text_dup("DOCKER_TLS_VERIFY=1"));
    compose_args_add(&c->env, text_printf("DOCKER_CERT_PATH=%s", a->tls));
}

static belay_status find_program(compose *c)
{
    if (in_path("docker-compose")) {
        compose_args_add(&c->program, "docker-compose");
        add_engine(c);
    } else if (in_path("docker")) {
        compose_args_add(&c->program, "docker");
        add_engine(c);
        compose_args_add(&c->program, "compose");
    } else {
        return call_fail(engine_call(c->engine), BELAY_E_RETRY,
                         "install Compose version 2 (package docker-compose or docker-compose-plugin)",
                         "neither docker-compose nor docker is in PATH");
    }
    return BELAY_OK;
}

static char *file_of(const call *call)
{
    const char *dir = call_str(call, "project_dir"), *file = call_str(call, "file");
    return file && *file == '/' ? text_dup(file) : text_printf("%s/%s", dir ? dir : ".", file ? file : DEFAULT_FILE);
}

bool compose_has_file(const call *c)
{
    guard_mem char *file = file_of(c);
    return access(file, F_OK) == 0;
}

/* What all commands share: where the files are, and how Compose is to speak. */
static void set_arguments(compose *c)
{
    const call *call = engine_call(c->engine);
    const char *dir = call_str(call, "project_dir");
    const char *project = call_str(call, "project"), *env_file = call_str(call, "env_file");
    c->dir = text_dup(dir ? dir : ".");
    c->file = file_of(call);
    const char *const fixed[] = {"--ansi", "never", "--project-directory", c->dir, "--file", c->file};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        compose_args_add(&c->program, fixed[i]);
    if (project) {
        compose_args_add(&c->program, "--project-name");
        compose_args_add(&c->program, project);
    }
    if (env_file) {
        compose_args_add(&c->program, "--env-file");
        compose_args_add(&c->program, env_file);
    }
    for (const char *const *profile = call->host->opt_list(call->ctx, "profiles"); *profile; profile++) {
        compose_args_add(&c->program, "--profile");
        compose_args_add(&c->program, *profile);
    }
}

static void set_environment(compose *c)
{
    const call *call = engine_call(c->engine);
    for (const char *const *item = call->host->opt_list(call->ctx, "env"); *item; item++)
        compose_args_add(&c->env, text_dup(*item));
}

belay_status compose_run(compose *c, belay_run *io, const char *const *args)
{
    guard_args argv = {0};
    for (size_t i = 0; i < c->program.count; i++)
        compose_args_add(&argv, c->program.items[i]);
    for (; *args; args++)
        compose_args_add(&argv, *args);
    guard_args env = {0};
    for (size_t i = 0; i < c->env.count; i++)
        compose_args_add(&env, c->env.items[i]);
    for (const char *const *more = io->env; more && *more; more++)
        compose_args_add(&env, *more);
    io->struct_size = sizeof *io;
    io->argv = argv.items;
    io->env = env.items;
    io->cwd = access(c->dir, X_OK) == 0 ? c->dir : NULL;
    const call *call = engine_call(c->engine);
    belay_status s = call->host->run(call->ctx, io);
    io->argv = io->env = NULL;
    return s;
}

/* Compose version 1 knows no `config --format`; say so rather than show its usage. */
static belay_status explain_refusal(compose *c, const belay_run *config)
{
    const call *call = engine_call(c->engine);
    guard_text said = {0};
    text_add(&said, "%s", config->err);
    text_trim(&said);
    belay_run version = {.timeout_ms = CONFIG_TIMEOUT_MS};
    belay_status s = compose_run(c, &version, (const char *const[]){"version", "--short", NULL});
    if (s != BELAY_OK)
        return s;
    const char *number = version.out + (version.out[0] == 'v');
    if (version.exit_code != 0 || strtol(number, NULL, 10) < 2)
        return call_fail(call, BELAY_E_RETRY,
                         "install Compose version 2 (package docker-compose or docker-compose-plugin)",
                         "%s: Compose version 2 is needed; it answered: %s", c->program.items[0],
                         version.exit_code == 0 ? version.out : version.err);
    return call_fail(call, BELAY_E_FAIL, "correct the file; `docker compose -f FILE config` checks it by hand",
                     "%s: Compose refuses it: %s", c->file, text_of(&said));
}

/* Through a file in memory: the configuration may be larger than what a run's output keeps. */
static belay_status read_config(compose *c)
{
    const call *call = engine_call(c->engine);
    int fd = memfd_create("compose-config", MFD_CLOEXEC);
    if (fd < 0)
        return call_fail(call, BELAY_E_RETRY, NULL, "memfd_create: %s", strerror(errno));
    FILE *file = fdopen(fd, "r+");
    belay_run io = {.timeout_ms = CONFIG_TIMEOUT_MS, .out_fd = fd};
    belay_status s = compose_run(c, &io, (const char *const[]){"config", "--format", "json", NULL});
    if (s == BELAY_OK && io.exit_code != 0)
        s = explain_refusal(c, &io);
    if (s == BELAY_OK) {
        json_error_t why;
        rewind(file);
        c->config = json_loadf(file, 0, &why);
        c->warnings = text_dup(io.err);
        if (!json_is_object(json_object_get(c->config, "services")))
            s = call_fail(call, BELAY_E_FAIL, NULL, "%s: `compose config` gave no services (%s)", c->file, why.text);
    }
    fclose(file);
    return s;
}

static belay_status open_with(engine *e, const char *profile, compose **ret)
{
    guard_compose *c = memset(text_grow(NULL, 1, sizeof *c), 0, sizeof *c);
    c->engine = e;
    belay_status s = find_program(c);
    if (s != BELAY_OK)
        return s;
    set_arguments(c);
    if (profile) {
        compose_args_add(&c->program, "--profile");
        compose_args_add(&c->program, profile);
    }
    set_environment(c);
    s = read_config(c);
    if (s == BELAY_OK)
        *ret = take(c);
    return s;
}

belay_status compose_open(engine *e, compose **ret)
{
    return open_with(e, NULL, ret);
}

belay_status compose_open_whole(engine *e, compose **ret)
{
    return open_with(e, "*", ret);
}

const char *compose_project(const compose *c)
{
    return text_member(c->config, "name");
}

json_t *compose_services(const compose *c)
{
    return json_object_get(c->config, "services");
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
    return *image ? text_dup(image) : text_printf("%s-%s", compose_project(c), service);
}

int64_t compose_scale(const compose *c, const char *service)
{
    const json_t *config = json_object_get(compose_services(c), service), *scale = json_object_get(config, "scale");
    const json_t *replicas = json_object_get(json_object_get(config, "deploy"), "replicas");
    return json_is_integer(scale)      ? json_integer_value(scale)
           : json_is_integer(replicas) ? json_integer_value(replicas)
                                       : 1;
}

const char *compose_file(const compose *c)
{
    return c->file;
}

const char *compose_warnings(const compose *c)
{
    return c->warnings;
}

static belay_status no_such_service(const compose *c, const char *option, const char *name)
{
    guard_text known = {0};
    const char *service;
    json_t *config;
    json_object_foreach(compose_services(c), service, config)
        text_add(&known, "%s%s", known.length ? ", " : "", service);
    return call_blame(engine_call(c->engine), option, "%s has no service '%s'; it has: %s", c->file, name,
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
                              c->file);
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
    if (s == BELAY_E_FAIL) {
        call_log(call, 2, "compose does not read the file as it is now; that is tried again when the step runs");
    } else if (s != BELAY_OK) {
        return s;
    } else if (json_object_size(named) == 0) {
        select_default(c, choice, named);
    } else {
        const char *service;
        json_t *unused;
        json_object_foreach(named, service, unused)
            if (!json_object_get(compose_services(c), service))
                call_log(call, 2, "%s, as it is now, has no service '%s'", c->file, service);
    }
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
    belay_run io = {.timeout_ms = CONFIG_TIMEOUT_MS};
    belay_status s = compose_run(c, &io, (const char *const[]){"config", "--hash", "*", NULL});
    if (s != BELAY_OK)
        return s;
    if (io.exit_code != 0)
        return explain_refusal(c, &io);
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
    belay_status s = given ? BELAY_OK : compose_open(e, &compose);
    if (s == BELAY_OK)
        *ret = text_dup(given ? given : compose_project(compose));
    return s;
}
