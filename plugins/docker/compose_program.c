/* The Compose program: which one, its common arguments, its environment. */
#include "compose_program.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

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
    json_decref(c->files);
    free(c->names);
    free(c->dir);
    free(c->warnings);
    json_decref(c->config);
    free(c);
}

static bool in_folder(const char *folder, int n, const char *program)
{
    guard_mem char *file = text_printf("%.*s/%s", n, folder, program);
    return access(file, X_OK) == 0;
}

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    for (const char *entry = path ? path : ""; *entry;) {
        const char *end = strchrnul(entry, ':');
        if (in_folder(entry, (int)(end - entry), program))
            return true;
        entry = *end ? end + 1 : end;
    }
    return false;
}

/* Has the docker program its Compose plugin? Source: docker/cli, cli-plugins/manager. */
static bool has_plugin(void)
{
    static const char *const folders[] = {"/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins",
                                          "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins"};
    guard_mem char *own = address_config_folder();
    guard_mem char *file = text_printf("%s/config.json", own);
    guard_mem char *plugins = text_printf("%s/cli-plugins", own);
    guard_json *config = json_load_file(file, 0, NULL);
    bool found = in_folder(plugins, INT_MAX, "docker-compose");
    size_t i;
    json_t *extra;
    json_array_foreach(json_object_get(config, "cliPluginsExtraDirs"), i, extra)
        found = found || (json_is_string(extra) && in_folder(json_string_value(extra), INT_MAX, "docker-compose"));
    for (i = 0; i < sizeof folders / sizeof *folders; i++)
        found = found || in_folder(folders[i], INT_MAX, "docker-compose");
    return found;
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

/* The plugin is what people run by hand; docker-compose beside it may be the old version 1. */
static belay_status find_program(compose *c)
{
    const call *call = engine_call(c->engine);
    const bool docker = in_path("docker"), plugin = docker && has_plugin(), standalone = in_path("docker-compose");
    if (standalone && !plugin) {
        compose_args_add(&c->program, "docker-compose");
        add_engine(c);
    } else if (docker) {
        if (standalone)
            call_log(call, 0, "docker-compose in PATH is skipped: the docker program has its Compose plugin");
        compose_args_add(&c->program, "docker");
        add_engine(c);
        compose_args_add(&c->program, "compose");
    } else {
        return call_fail(call, BELAY_E_RETRY,
                         "install Compose version 2 (package docker-compose or docker-compose-plugin)",
                         "neither docker-compose nor docker is in PATH");
    }
    return BELAY_OK;
}

belay_status compose_version(compose *c, char **ret)
{
    belay_run io = {.timeout_ms = COMPOSE_TIMEOUT_MS};
    belay_status s = compose_run(c, &io, (const char *const[]){"version", "--short", NULL});
    if (s != BELAY_OK)
        return s;
    const char *said = io.exit_code == 0 ? io.out : io.err;
    *ret = text_dup(said + (*said == 'v'));
    return BELAY_OK;
}

belay_status compose_is_at_least(compose *c, long major, long minor, bool *ret)
{
    guard_mem char *version = NULL;
    belay_status s = compose_version(c, &version);
    if (s != BELAY_OK)
        return s;
    char *end;
    long has = strtol(version, &end, 10), part = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    *ret = has > major || (has == major && part >= minor);
    return BELAY_OK;
}

/* The project's folder: as named, or else that of the first file, as Compose takes it. */
static char *folder_of(const call *call)
{
    const char *dir = call_str(call, "project_dir"), *file = call->host->opt_list(call->ctx, "file")[0];
    const char *slash = file && *file == '/' ? strrchr(file, '/') : NULL;
    if (dir || !slash)
        return text_dup(dir ? dir : ".");
    return text_printf("%.*s", slash == file ? 1 : (int)(slash - file), file);
}

static void add_option(compose *c, const char *flag, const char *value)
{
    if (!value)
        return;
    compose_args_add(&c->program, flag);
    compose_args_add(&c->program, value);
}

/* What all commands share, but for the files. */
static void set_arguments(compose *c)
{
    const call *call = engine_call(c->engine);
    c->dir = folder_of(call);
    add_option(c, "--ansi", "never");
    add_option(c, "--project-directory", c->dir);
    add_option(c, "--project-name", call_str(call, "project"));
    add_option(c, "--env-file", call_str(call, "env_file"));
    for (const char *const *profile = call->host->opt_list(call->ctx, "profiles"); *profile; profile++)
        add_option(c, "--profile", *profile);
}

static void set_environment(compose *c)
{
    const call *call = engine_call(c->engine);
    /* Else Compose would remove what nobody has set aside for the rollback, by a word in .env. */
    compose_args_add(&c->env, text_dup("COMPOSE_REMOVE_ORPHANS=false"));
    for (const char *const *item = call->host->opt_list(call->ctx, "env"); *item; item++)
        compose_args_add(&c->env, text_dup(*item));
}

belay_status compose_check_project(const call *c)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const char *name = call_str(c, "project");
    if (!name ||
        (*name && strchr(first, *name) && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name)))
        return BELAY_OK;
    return call_blame(
        c, "project",
        "invalid Compose project name \"%s\": lowercase letters, digits, _ and - only, a letter or digit first", name);
}

belay_status compose_prepare(engine *e, compose **ret, bool *ret_found)
{
    guard_compose *c = memset(text_grow(NULL, 1, sizeof *c), 0, sizeof *c);
    c->engine = e;
    c->files = json_array();
    belay_status s = compose_check_project(engine_call(e));
    if (s == BELAY_OK)
        s = find_program(c);
    if (s != BELAY_OK)
        return s;
    set_arguments(c);
    set_environment(c);
    s = compose_find_files(c);
    if (s != BELAY_OK)
        return s;
    *ret_found = json_array_size(c->files) > 0;
    *ret = take(c);
    return BELAY_OK;
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
