#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pipeline/command.h"
#include "pipeline/load.h"
#include "pipeline/vault.h"

#define MAX_SECRET         ((size_t)64 * 1024)
#define COMMAND_TIMEOUT_MS 10000

typedef enum provider { PROVIDER_FILE, PROVIDER_ENV, PROVIDER_COMMAND, PROVIDER_VAULT, PROVIDER_COUNT } provider;

typedef struct secret {
    char *name;
    provider provider;
    char *source; /**< the file's absolute path, or the variable's name */
    char **argv;
    char *folder; /**< where the command runs */
    int64_t timeout_ms;
    json_t *request; /**< to belay-vault */
    char *fetched;   /**< of a command or a vault; NULL: not yet */
} secret;

struct secrets {
    secret *items;
    size_t count, room;
};

secrets *secrets_new(void)
{
    return mem_new(secrets);
}

void secrets_free(secrets *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        secret *one = &s->items[i];
        free(one->name);
        free(one->source);
        free(one->folder);
        texts_free(one->argv);
        json_decref(one->request);
        if (one->fetched)
            mem_wipe_free(one->fetched, strlen(one->fetched));
    }
    free(s->items);
    free(s);
}

static secret *find(const secrets *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, name) == 0)
            return &s->items[i];
    return NULL;
}

/* ---- fetching ---------------------------------------------------------------------------------------------------- */

/** One newline at the end belongs to the file or the output, not to the value. */
static void cut_newline(char *value)
{
    size_t n = strlen(value);
    if (n > 0 && value[n - 1] == '\n')
        value[--n] = '\0';
    if (n > 0 && value[n - 1] == '\r')
        value[n - 1] = '\0';
}

static int fetch_file(secret *s, const environment *env, char **ret, size_t *ret_size, error **err)
{
    (void)env;
    int r = file_read(s->source, MAX_SECRET, ret, ret_size, err);
    if (r == 0)
        return 0;
    guard_mem char *why = error_text(*err);
    (void)error_set(err, ERROR_CONFIG, "%s", why);
    return error_hint(err, "write the secret there, or correct its 'path'");
}

static int fetch_env(secret *s, const environment *env, char **ret, size_t *ret_size, error **err)
{
    const char *value = environment_get(env, s->source);
    if (!value) {
        (void)error_set(err, ERROR_CONFIG, "the environment variable %s is not set", s->source);
        return error_hint(err, "export it, or set it in a file of env_files");
    }
    *ret_size = strlen(value);
    *ret = mem_dup(value);
    return 0;
}

static int fetch_command(secret *s, const environment *env, char **ret, size_t *ret_size, error **err)
{
    (void)env;
    union {
        char **args;
        const char *const *borrowed;
    } vector = {s->argv};
    return command_output(vector.borrowed, s->folder, s->timeout_ms, MAX_SECRET, ret, ret_size, err);
}

static int fetch_vault(secret *s, const environment *env, char **ret, size_t *ret_size, error **err)
{
    (void)env;
    int r = vault_fetch(s->request, ret, ret_size, err);
    if (r < 0 || *ret_size <= MAX_SECRET)
        return r;
    mem_wipe_free(take(*ret), *ret_size);
    return error_set(err, ERROR_CONFIG, "the value is longer than %zu KiB", MAX_SECRET / 1024);
}

static const struct {
    const char *name;
    int (*fetch)(secret *s, const environment *env, char **ret, size_t *ret_size, error **err);
    const char *const *keys; /**< what its group may hold */
    bool once;               /**< what it gives is kept until the program ends */
} providers[PROVIDER_COUNT] = {
    [PROVIDER_FILE] = {.name = "file", .fetch = fetch_file, .keys = (const char *const[]){"provider", "path", NULL}},
    [PROVIDER_ENV] = {.name = "env", .fetch = fetch_env, .keys = (const char *const[]){"provider", "name", NULL}},
    [PROVIDER_COMMAND] = {.name = "command",
                          .fetch = fetch_command,
                          .keys = (const char *const[]){"provider", "argv", "timeout", NULL},
                          .once = true},
    [PROVIDER_VAULT] = {.name = "vault", .fetch = fetch_vault, .keys = vault_keys, .once = true},
};

int secrets_fetch(secrets *s, const environment *env, const char *name, char **ret, error **err)
{
    secret *one = find(s, name);
    if (!one)
        return error_set(err, ERROR_CONFIG, "there is no secret '%s'", name);
    const char *provider = providers[one->provider].name;
    char *value = NULL;
    size_t size = 0;
    if (one->fetched) {
        *ret = mem_dup(one->fetched);
        return 0;
    }
    int r = providers[one->provider].fetch(one, env, &value, &size, err);
    if (r)
        return error_wrap(err, "secret '%s' (provider %s)", name, provider);
    const char *why = NULL;
    if (strlen(value) != size)
        why = "the value holds a NUL byte";
    cut_newline(value);
    if (!*value)
        why = "the value is empty";
    if (!why) {
        if (providers[one->provider].once)
            one->fetched = mem_dup(value);
        *ret = value;
        return 0;
    }
    mem_wipe_free(value, size);
    return error_set(err, ERROR_CONFIG, "secret '%s' (provider %s): %s", name, provider, why);
}

/* ---- the section ------------------------------------------------------------------------------------------------- */

static bool load_file(load *l, secret *s, const config_setting_t *group)
{
    const config_setting_t *path = setting_member(group, "path");
    guard_mem char *written = path ? setting_text(l, path) : NULL;
    if (!written)
        return path != NULL;
    s->source = file_absolute(l->p->folder, written);
    load_check_secret_file(l, load_place(l, path), s->source);
    return true;
}

static bool load_env(load *l, secret *s, const config_setting_t *group)
{
    const config_setting_t *name = setting_member(group, "name");
    s->source = name ? setting_text(l, name) : NULL;
    return name != NULL;
}

static bool load_command(load *l, secret *s, const config_setting_t *group)
{
    const config_setting_t *argv = setting_member(group, "argv");
    const config_setting_t *timeout = setting_member(group, "timeout");
    s->timeout_ms = COMMAND_TIMEOUT_MS;
    if (timeout)
        (void)setting_duration(l, timeout, 1, &s->timeout_ms);
    if (!argv)
        return false;
    s->argv = setting_texts(l, argv);
    s->folder = mem_dup(l->p->folder);
    if (!s->argv[0])
        load_problem(l, load_place(l, argv), "the secret's 'argv' is empty");
    const char *const *borrowed = (const char *const *)s->argv;
    load_check_command(l, load_place(l, argv), s->folder, borrowed);
    return true;
}

/* What is missing there is reported there. */
static bool load_vault(load *l, secret *s, const config_setting_t *group)
{
    s->request = vault_load(l, s->name, group);
    return true;
}

static bool (*const loaders[PROVIDER_COUNT])(load *, secret *, const config_setting_t *) = {
    [PROVIDER_FILE] = load_file,
    [PROVIDER_ENV] = load_env,
    [PROVIDER_COMMAND] = load_command,
    [PROVIDER_VAULT] = load_vault,
};

static int provider_parse(load *l, const config_setting_t *s)
{
    guard_mem char *name = setting_text(l, s);
    nearest n = nearest_to(name ? name : "");
    for (int i = 0; name && i < PROVIDER_COUNT; i++) {
        if (strcmp(name, providers[i].name) == 0)
            return i;
        nearest_offer(&n, providers[i].name);
    }
    if (name) {
        guard_mem char *meant = load_did_you_mean(&n);
        load_problem(l, load_place(l, s), "unknown secret provider '%s'%s", name, meant);
        load_hint(l, "there are: file, env, command, vault");
    }
    return -1;
}

static void load_one(load *l, secrets *all, const config_setting_t *group)
{
    const char *name = config_setting_name(group);
    mem_reserve(all);
    secret *s = &all->items[all->count++];
    *s = (secret){.name = mem_dup(name)};
    if (!config_setting_is_group(group)) {
        load_problem(l, load_place(l, group), "secret '%s' is %s; it must be a group", name, setting_type_name(group));
        load_hint(l, "%s = { provider = \"file\"; path = \"...\"; };", name);
        return;
    }
    const config_setting_t *provider = setting_member(group, "provider");
    if (!provider) {
        load_problem(l, load_place(l, group), "secret '%s' names no provider", name);
        load_hint(l, "provider = \"file\", \"env\", \"command\" or \"vault\";");
        return;
    }
    int kind = provider_parse(l, provider);
    if (kind < 0)
        return;
    s->provider = (enum provider)kind;
    guard_mem char *what = mem_printf("secret '%s' of provider %s", name, providers[kind].name);
    setting_check_names(l, group, what, providers[kind].keys);
    if (!loaders[kind](l, s, group))
        load_problem(l, load_place(l, group), "secret '%s' of provider %s lacks '%s'", name, providers[kind].name,
                     providers[kind].keys[1]);
}

void secrets_load(load *l, const config_setting_t *root)
{
    const config_setting_t *section = setting_member(root, "secrets");
    if (!section)
        return;
    if (!config_setting_is_group(section)) {
        load_problem(l, load_place(l, section), "'secrets' is %s; it must be a group", setting_type_name(section));
        return;
    }
    for (int i = 0; i < config_setting_length(section); i++)
        load_one(l, l->p->inner->secrets, config_setting_get_elem(section, (unsigned)i));
}
