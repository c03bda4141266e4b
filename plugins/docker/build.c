/* docker.build: `compose build`, with the earlier images kept and their tags given back by rollback. */
#include "buildlog.h"
#include "compose.h"
#include "kinds.h"
#include "tags.h"

#include <stdio.h>
#include <string.h>

/* Undo journal: "started" is the engine's clock before (ns), "before" and "mark" see tags.h, "built" is the map after.
 */

#define LOG_ARTIFACT   "build.log"
#define DOCKERFILE_MAX (1u << 20)

/* ---- prepare ---- */

belay_status build_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    for (const char *const *arg = host->opt_list(ctx, "args"); *arg; arg++)
        if (!strchr(*arg, '=') || **arg == '=')
            return call_blame(&c, "args", "write \"NAME=value\"");
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    guard_json *services = NULL;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = compose_plan(e, "services", COMPOSE_BUILT, &compose, &services);
    if (s != BELAY_OK)
        return s;
    guard_mem char *names = compose_list(services);
    engine_plan(e, "each image reference points again at the image that it had; what was built goes",
                "build the images of %s%s, %lld side by side", names, call_int(&c, "no_cache") ? " without cache" : "",
                (long long)call_int(&c, "parallel"));
    return BELAY_OK;
}

/* ---- why a build failed ---- */

/* The text of a service's Dockerfile, and where it is. The caller frees both; false when it cannot be read. */
static bool read_dockerfile(const compose *compose, const char *service, char **ret_path, char **ret_text)
{
    const json_t *build = json_object_get(json_object_get(compose_services(compose), service), "build");
    const char *context = text_member(build, "context"), *name = text_member(build, "dockerfile");
    if (!*name)
        name = "Dockerfile";
    guard_mem char *path = *name == '/' ? text_dup(name) : text_printf("%s/%s", context, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    text all = {0};
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, file)) > 0 && all.length < DOCKERFILE_MAX;)
        text_add_bytes(&all, buffer, n);
    fclose(file);
    *ret_path = take(path);
    *ret_text = all.s ? all.s : text_dup("");
    return true;
}

/* "[agents builder 4/7] RUN x" failed: "agents: Dockerfile:12: RUN x". */
static void describe_step(const compose *compose, const char *step, text *to)
{
    const char *bracket = strchr(step, ']');
    const char *instruction = bracket && bracket[1] ? bracket + 2 : step;
    guard_mem char *service = text_printf("%.*s", (int)strcspn(step + 1, " ]"), step + 1);
    guard_mem char *path = NULL, *content = NULL;
    int line = 0;
    if (read_dockerfile(compose, service, &path, &content))
        line = buildlog_find(content, instruction);
    text_add(to, "%s does not build: ", service);
    if (line > 0)
        text_add(to, "%s:%d: ", path, line);
    text_add(to, "%s", instruction);
}

/* BuildKit says "dockerfile parse error line 2: unknown instruction: COPYY" without the file: find the one whose line
 * has that word. */
static void describe_parse_error(const compose *compose, json_t *services, const char *reason, text *to)
{
    int line = 0;
    const char *at = strstr(reason, "arse error ");
    const char *number = at ? strpbrk(at, "0123456789") : NULL;
    const char *word = strrchr(reason, ' ');
    if (!number || !word || (line = atoi(number)) <= 0)
        return;
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused) {
        guard_mem char *path = NULL, *content = NULL;
        if (!read_dockerfile(compose, service, &path, &content))
            continue;
        const char *s = content;
        for (int i = 1; i < line && s; i++)
            s = (s = strchr(s, '\n')) ? s + 1 : NULL;
        if (s && strncasecmp(s + strspn(s, " \t"), word + 1, strlen(word + 1)) == 0) {
            text_add(to, "%s does not build: %s:%d: ", service, path, line);
            return;
        }
    }
}

static belay_status explain_failure(engine *e, const compose *compose, json_t *services, const buildlog *log,
                                    const belay_run *io)
{
    const call *c = engine_call(e);
    guard_text why = {0};
    const char *reason = log->reason ? log->reason : io->err;
    if (engine_was_lost(e, reason))
        return call_fail(c, BELAY_E_RETRY,
                         "the engine's own log says why it ended; the build's is the artifact " LOG_ARTIFACT,
                         "the Docker Engine at %s went away during the build: %s", engine_host(e), reason);
    const char *culprit = buildlog_culprit(log);
    if (culprit) {
        describe_step(compose, text_member(log->steps, culprit), &why);
        text_add(&why, ": %s", text_member(log->errors, culprit));
        size_t i;
        json_t *line;
        json_array_foreach(json_object_get(log->lines, culprit), i, line)
            text_add(&why, "\n  | %s", json_string_value(line));
    } else {
        describe_parse_error(compose, services, reason, &why);
        text_add(&why, "%s", reason);
    }
    text_trim(&why);
    return call_fail(c, BELAY_E_FAIL, "the whole log is the artifact " LOG_ARTIFACT, "%s", text_of(&why));
}

/* ---- execute ---- */

typedef struct watcher {
    const call *call;
    buildlog log;
} watcher;

static void on_line(void *user, const char *line)
{
    watcher *w = user;
    const char *step;
    if (!buildlog_line(&w->log, line, &step))
        return;
    uint64_t done, all;
    buildlog_progress(&w->log, &done, &all);
    w->call->host->progress(w->call->ctx, done, all, step);
    call_log(w->call, 1, "%s", step);
}

static belay_status run_build(engine *e, compose *compose, json_t *services)
{
    const call *c = engine_call(e);
    char parallel[24];
    snprintf(parallel, sizeof parallel, "%lld", (long long)call_int(c, "parallel"));
    guard_args args = {0}, env = {0};
    const char *const fixed[] = {"--parallel", parallel, "--progress", "plain", "build"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        compose_args_add(&args, fixed[i]);
    if (call_int(c, "no_cache"))
        compose_args_add(&args, "--no-cache");
    if (call_int(c, "pull"))
        compose_args_add(&args, "--pull");
    /* Only names on the command line, where every user of the machine can read; Compose takes the values from its
     * environment. */
    guard_json *names = json_array();
    for (const char *const *arg = c->host->opt_list(c->ctx, "args"); *arg; arg++) {
        json_array_append_new(names, json_stringn(*arg, strcspn(*arg, "=")));
        compose_args_add(&args, "--build-arg");
        compose_args_add(&args, json_string_value(json_array_get(names, json_array_size(names) - 1)));
        compose_args_add(&env, *arg);
    }
    compose_args_add(&args, "--"); /* Compose lets a service be named "--pull" */
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused)
        compose_args_add(&args, service);
    watcher w = {.call = c};
    buildlog_init(&w.log);
    belay_run io = {.keep_as = LOG_ARTIFACT, .on_line = on_line, .user = &w, .env = env.items};
    belay_status s = compose_run(compose, &io, args.items);
    if (s == BELAY_OK && io.exit_code != 0)
        s = explain_failure(e, compose, services, &w.log, &io);
    buildlog_done(&w.log);
    return s;
}

/* service -> reference, the other way round: the set of references. The caller decrefs both. */
static void references_of(compose *compose, json_t *services, json_t **ret_by_service, json_t **ret_set)
{
    *ret_by_service = json_object();
    *ret_set = json_object();
    const char *service;
    json_t *unused;
    json_object_foreach(services, service, unused) {
        guard_mem char *reference = compose_image(compose, service);
        json_object_set_new(*ret_by_service, service, json_string(reference));
        json_object_set_new(*ret_set, reference, json_true());
    }
}

/* An output: service -> the id that its reference has in the map. */
static belay_status output_ids(const call *c, const char *name, json_t *by_service, const json_t *map)
{
    guard_json *ids = json_object();
    const char *service;
    json_t *reference;
    json_object_foreach(by_service, service, reference)
        json_object_set(ids, service, json_object_get(map, json_string_value(reference)));
    guard_mem char *written = json_dumps(ids, JSON_COMPACT | JSON_SORT_KEYS);
    return c->host->output(c->ctx, name, written);
}

/* Each reference has an image, and without cache one that was made since this step began. */
static belay_status check_built(engine *e, json_t *map)
{
    const call *c = engine_call(e);
    const char *started = c->host->recall(c->ctx, "started"), *reference;
    json_t *id;
    json_object_foreach(map, reference, id) {
        if (!json_is_string(id))
            return call_fail(c, BELAY_E_FAIL, NULL, "there is no image %s after the build", reference);
        if (!call_int(c, "no_cache") || !started)
            continue;
        guard_json *image = NULL;
        belay_status s = engine_get(e, &image, "/images/%s/json", json_string_value(id));
        if (s != BELAY_OK)
            return s;
        if (engine_time(text_member(image, "Created")) < strtoll(started, NULL, 10))
            return call_fail(c, BELAY_E_FAIL, NULL, "%s was made at %s, before this build began", reference,
                             text_member(image, "Created"));
    }
    return BELAY_OK;
}

static belay_status remember_start(engine *e)
{
    const call *c = engine_call(e);
    int64_t now = 0;
    belay_status s = engine_now(e, &now);
    guard_mem char *written = text_printf("%lld", (long long)now);
    return s == BELAY_OK ? c->host->remember(c->ctx, "started", written, NULL) : s;
}

belay_status build_execute(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    guard_json *services = NULL, *by_service = NULL, *references = NULL, *before = NULL, *built = NULL;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = compose_open(e, &compose);
    if (s == BELAY_OK)
        s = compose_select(compose, "services", COMPOSE_BUILT, &services);
    if (s != BELAY_OK)
        return s;
    if (json_object_size(services) == 0)
        return call_fail(&c, BELAY_E_CONFIG, NULL, "no service of %s has a build section", compose_files(compose));
    references_of(compose, services, &by_service, &references);
    s = engine_remember(e);
    if (s == BELAY_OK)
        s = remember_start(e);
    if (s == BELAY_OK)
        s = tags_remember(e, references, &before);
    if (s == BELAY_OK)
        s = output_ids(&c, "previous_ids", by_service, before);
    if (s == BELAY_OK)
        s = run_build(e, compose, services);
    if (s == BELAY_OK)
        s = tags_read(e, references, &built);
    if (s == BELAY_OK)
        s = check_built(e, built);
    if (s == BELAY_OK)
        s = call_remember(&c, "built", built, NULL);
    return s == BELAY_OK ? output_ids(&c, "ids", by_service, built) : s;
}

/* ---- the other phases ---- */

belay_status build_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *built = call_recall(&c, "built"), *now = NULL;
    if (!built)
        return call_fail(&c, BELAY_NO_DATA, NULL, "this step has built nothing yet");
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = tags_read(e, built, &now);
    if (s != BELAY_OK)
        return s;
    const char *reference;
    json_t *id;
    json_object_foreach(built, reference, id) {
        const char *is = text_member(now, reference);
        if (strcmp(is, json_string_value(id)) != 0)
            return call_fail(&c, BELAY_E_FAIL, NULL, "%s is %s now; this step built %s", reference,
                             *is ? is : "missing", json_string_value(id));
    }
    return check_built(e, now);
}

/* Removes an image that this step made and nothing names or uses any more. */
static belay_status remove_made(engine *e, const char *id, int64_t started)
{
    guard_json *image = NULL;
    belay_status s = engine_get(e, &image, "/images/%s/json", id);
    if (s != BELAY_OK || !image || json_array_size(json_object_get(image, "RepoTags")) > 0 ||
        engine_time(text_member(image, "Created")) < started)
        return s;
    s = engine_do(e, "DELETE", NULL, 409, "/images/%s", id);
    return s < 0 ? s : BELAY_OK;
}

belay_status build_rollback(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *before = tags_recall(&c), *built = call_recall(&c, "built"), *now = NULL;
    const char *started = host->recall(ctx, "started");
    if (!before || !started)
        return BELAY_NOTHING;
    belay_status s = engine_open_patiently(&c, &e);
    if (s == BELAY_OK)
        s = tags_read(e, before, &now);
    if (s == BELAY_OK)
        s = tags_rollback(e, before, built);
    const char *reference;
    json_t *id;
    json_object_foreach(now, reference, id) {
        const char *had = text_member(before, reference);
        if (s == BELAY_OK && json_is_string(id) && strcmp(json_string_value(id), had) != 0)
            s = remove_made(e, json_string_value(id), strtoll(started, NULL, 10));
    }
    return s;
}

belay_status build_discard(belay_ctx *ctx, const belay_host *host)
{
    return tag_discard(ctx, host);
}
