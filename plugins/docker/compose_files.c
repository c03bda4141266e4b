/*
 * Which files a project is made of, as Compose chooses them: those of the option `file`, else those that COMPOSE_FILE
 * names (in the environment or an env file), else the first of the usual names in the project's folder, with its
 * override file. Compose is always given the list, so that what is reported is what is read. Unlike Compose, the
 * folders above are not searched: a deploy must not take a stranger's project.
 * Source: compose-go, cli/options.go (WithConfigFileEnv, WithDefaultConfigPath).
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "compose_program.h"
#include "containers.h"

#define LABEL_FILES  "com.docker.compose.project.config_files"
#define LABEL_FOLDER "com.docker.compose.project.working_dir"

static const char *const usual[] = {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", NULL};
static const char *const overrides[] = {"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
                                        "docker-compose.override.yaml", NULL};

/* ---- the choice ---- */

/* Local, but not from the project's folder on: a remote resource, which Compose fetches. */
static bool is_remote(const char *file)
{
    return strstr(file, "://") || strncmp(file, "git@", 4) == 0;
}

static void add_file(compose *c, const char *file)
{
    if (*file == '/' || is_remote(file))
        json_array_append_new(c->files, json_string(file));
    else
        json_array_append_new(c->files, json_sprintf("%s/%s", c->dir, file));
}

/* The first of these names that the project's folder has. */
static bool add_first(compose *c, const char *const *names)
{
    for (; *names; names++) {
        guard_mem char *file = text_printf("%s/%s", c->dir, *names);
        if (access(file, F_OK) == 0) {
            json_array_append_new(c->files, json_string(file));
            return true;
        }
    }
    return false;
}

/* Only Compose reads its env files right, so it is asked, with a file of our own that repeats the variables. The caller
 * decrefs. */
static belay_status ask_variables(compose *c, json_t **ret)
{
    static const char question[] = "name: belay\nservices: {belay: {image: belay, environment: "
                                   "{FILES: \"${COMPOSE_FILE-}\", SEPARATOR: \"${COMPOSE_PATH_SEPARATOR-}\", "
                                   "COMPATIBLE: \"${COMPOSE_COMPATIBILITY-}\"}}}\n";
    belay_run io = {.timeout_ms = COMPOSE_TIMEOUT_MS, .stdin_text = question};
    belay_status s = compose_run(c, &io, (const char *const[]){"--file", "-", "config", "--format", "json", NULL});
    if (s == BELAY_OK && io.exit_code != 0)
        s = compose_refused(c, &io);
    if (s != BELAY_OK)
        return s;
    guard_json *answer = json_loads(io.out, 0, NULL);
    const json_t *service = json_object_get(json_object_get(answer, "services"), "belay");
    *ret = json_incref(json_object_get(service, "environment"));
    return BELAY_OK;
}

/* Can any of the variables be set at all? Else Compose need not be started for them. */
static bool may_be_set(const compose *c)
{
    static const char *const names[] = {"COMPOSE_FILE", "COMPOSE_COMPATIBILITY", "COMPOSE_ENV_FILES"};
    const call *call = engine_call(c->engine);
    guard_mem char *usual_file = text_printf("%s/.env", c->dir);
    bool may = call_str(call, "env_file") || access(usual_file, F_OK) == 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        may = may || getenv(names[i]);
    for (const char *const *item = call->host->opt_list(call->ctx, "env"); *item; item++)
        may = may || strncmp(*item, "COMPOSE_", 8) == 0;
    return may;
}

static void add_listed(compose *c, const char *files, const char *separator)
{
    const char *between = *separator ? separator : ":";
    for (const char *at = *files ? files : NULL; at;) {
        const char *end = strstr(at, between);
        guard_mem char *file = end ? text_printf("%.*s", (int)(end - at), at) : text_dup(at);
        add_file(c, file);
        at = end ? end + strlen(between) : NULL;
    }
}

/* As Go's strconv.ParseBool. */
static bool is_true(const char *value)
{
    static const char *const words[] = {"1", "t", "T", "true", "TRUE", "True"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(value, words[i]) == 0)
            return true;
    return false;
}

/* None of the files there is no error here: a caller may go on without. */
static belay_status check_files(compose *c)
{
    text names = {0};
    size_t i, missing = 0;
    json_t *file;
    const char *first = NULL;
    json_array_foreach(c->files, i, file) {
        const char *path = json_string_value(file);
        text_add(&names, "%s%s", names.length ? ", " : "", path);
        compose_args_add(&c->program, "--file");
        compose_args_add(&c->program, path);
        if (is_remote(path) || access(path, F_OK) == 0)
            continue;
        missing++;
        first = first ? first : path;
    }
    c->names = names.s ? names.s : text_dup("");
    if (!missing)
        return BELAY_OK;
    if (missing < json_array_size(c->files))
        return call_fail(engine_call(c->engine), BELAY_E_FAIL, NULL, "compose file not found: %s", first);
    json_array_clear(c->files);
    return BELAY_OK;
}

belay_status compose_find_files(compose *c)
{
    const call *call = engine_call(c->engine);
    const char *const *named = call->host->opt_list(call->ctx, "file");
    guard_json *variables = NULL;
    belay_status s = may_be_set(c) ? ask_variables(c, &variables) : BELAY_OK;
    if (s != BELAY_OK)
        return s;
    c->separator = is_true(text_member(variables, "COMPATIBLE")) ? '_' : '-';
    for (const char *const *file = named; *file; file++)
        add_file(c, *file);
    if (!*named)
        add_listed(c, text_member(variables, "FILES"), text_member(variables, "SEPARATOR"));
    if (json_array_size(c->files) == 0 && add_first(c, usual))
        add_first(c, overrides);
    return check_files(c);
}

belay_status compose_no_file(const compose *c)
{
    const call *call = engine_call(c->engine);
    const char *dir = call_str(call, "project_dir");
    call_log(call, 2, "no compose file: %s", *c->names ? c->names : dir ? dir : "project_dir is not set");
    if (*c->names)
        return call_fail(call, BELAY_E_FAIL, NULL, "compose file not found: %s", c->names);
    if (!dir)
        return call_blame(call, "project_dir", "no compose file: set project_dir, or file");
    return call_fail(call, BELAY_E_FAIL, NULL,
                     "no compose file in %s (compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml), and "
                     "COMPOSE_FILE is not set",
                     dir);
}

/* ---- what the running containers were made from ---- */

/* From the project's folder on: each release may lie in a folder of its own. */
static const char *below(const char *file, const char *folder)
{
    size_t n = strlen(folder);
    return n && strncmp(file, folder, n) == 0 && file[n] == '/' ? file + n + 1 : file;
}

static bool same_file(const char *a, const char *folder_a, const char *b, const char *folder_b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX];
    if (strcmp(below(a, folder_a), below(b, folder_b)) == 0)
        return true;
    return realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0;
}

/* The label's files, an array: absolute names, whose own commas are no separators. The caller decrefs. */
static json_t *split_label(const char *label)
{
    json_t *files = json_array();
    for (const char *at = label; *at;) {
        const char *end = strstr(at, ",/");
        size_t n = end ? (size_t)(end - at) : strlen(at);
        json_array_append_new(files, json_stringn(at, n));
        at += n + (end != NULL);
    }
    return files;
}

/* The labels of the container that Compose made last, for the other ones keep theirs when they stay as they are. The
 * caller decrefs; NULL: there is none. */
static belay_status newest_labels(compose *c, json_t **ret)
{
    guard_mem char *label = text_printf(LABEL_PROJECT "=%s", compose_project(c));
    guard_mem char *filter = engine_filter("label", label);
    guard_json *listed = NULL;
    belay_status s = engine_get(c->engine, &listed, "/containers/json?all=1&%s", filter);
    json_int_t newest = -1;
    size_t i;
    json_t *one;
    json_array_foreach(listed, i, one) {
        json_t *labels = json_object_get(one, "Labels");
        json_int_t made = json_integer_value(json_object_get(one, "Created"));
        if (made <= newest || !*text_member(labels, LABEL_FILES) ||
            strcmp(text_member(labels, LABEL_ONEOFF), "True") == 0)
            continue;
        newest = made;
        json_decref(*ret);
        *ret = json_incref(labels);
    }
    return s;
}

/* The file of `were` that this step does not read, although it is still there; NULL: none. */
static const char *dropped(const json_t *were, const char *folder, const compose *c)
{
    size_t i, k;
    json_t *old, *now;
    json_array_foreach(were, i, old) {
        const char *path = json_string_value(old);
        bool read = false;
        json_array_foreach(c->files, k, now)
            read = read || same_file(path, folder, json_string_value(now), c->dir);
        if (!read && access(path, F_OK) == 0)
            return path;
    }
    return NULL;
}

static bool same_list(const json_t *were, const char *folder, const compose *c)
{
    size_t i;
    json_t *old;
    if (json_array_size(were) != json_array_size(c->files))
        return false;
    json_array_foreach(were, i, old)
        if (!same_file(json_string_value(old), folder, json_string_value(json_array_get(c->files, i)), c->dir))
            return false;
    return true;
}

belay_status compose_check_files(compose *c, bool acting)
{
    const call *call = engine_call(c->engine);
    guard_json *labels = NULL;
    if (call_is(call, "other_files", "allow"))
        return BELAY_OK;
    belay_status s = newest_labels(c, &labels);
    if (s != BELAY_OK || !labels)
        return s;
    const char *label = text_member(labels, LABEL_FILES), *folder = text_member(labels, LABEL_FOLDER);
    guard_json *were = split_label(label);
    if (same_list(were, folder, c))
        return BELAY_OK;
    if (acting && !dropped(were, folder, c)) { /* the release itself brings other files: those before are gone */
        call_log(call, 2, "the containers of project %s were made from %s; this step reads %s", compose_project(c),
                 label, c->names);
        return BELAY_OK;
    }
    return call_fail(call, BELAY_E_FAIL,
                     "name the files in the option file; or set other_files = \"allow\" when the change is meant",
                     "the containers of project %s were made from %s, but this step reads %s", compose_project(c),
                     label, c->names);
}

belay_status compose_check_files_now(engine *e)
{
    guard_compose *c = NULL;
    belay_status s = compose_open(e, &c);
    return s == BELAY_OK ? compose_check_files(c, false) : BELAY_OK;
}
