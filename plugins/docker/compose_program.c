/* The Compose program: which one, its common arguments, its environment. */
#include "compose_program.h"

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

belay_status compose_prepare(engine *e, compose **ret, bool *ret_found)
{
    guard_compose *c = memset(text_grow(NULL, 1, sizeof *c), 0, sizeof *c);
    c->engine = e;
    c->files = json_array();
    belay_status s = find_program(c);
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
