/* docker.build: why a build failed. */
#include <stdio.h>
#include <string.h>

#include "build.h"

#define DOCKERFILE_MAX (1u << 20)

/* The text of a service's Dockerfile, and where it is. The caller frees both; false when it cannot be read. */
static bool read_dockerfile(const compose *compose, const char *service, char **ret_path, char **ret_text)
{
    const json_t *build = json_object_get(json_object_get(compose_services(compose), service), "build");
    const char *context = text_member(build, "context"), *name = text_member(build, "dockerfile");
    const char *inline_text = text_member(build, "dockerfile_inline");
    if (*inline_text) {
        *ret_path = text_dup("dockerfile_inline");
        *ret_text = text_dup(inline_text);
        return true;
    }
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

/* "agents does not build: Dockerfile:12: RUN x" */
static void describe(const compose *compose, const char *service, const char *instruction, text *to)
{
    guard_mem char *path = NULL, *content = NULL;
    int line = read_dockerfile(compose, service, &path, &content) ? buildlog_find(content, instruction) : 0;
    text_add(to, "%s does not build: ", service);
    if (line > 0)
        text_add(to, "%s:%d: ", path, line);
    text_add(to, "%s", instruction);
}

/* Bake calls the service "web.front" "web_front". */
static bool is_called(const char *service, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (service[i] != word[i] && !(service[i] == '.' && word[i] == '_'))
            return false;
    return service[n] == '\0';
}

/* The service of the step "[agents builder 4/7] RUN x". Where one alone is built, bake leaves its name out. */
static const char *service_of(json_t *services, const char *step)
{
    const char *service;
    json_t *unused;
    size_t n = *step == '[' ? strcspn(step + 1, " ]") : 0;
    json_object_foreach(services, service, unused)
        if (n > 0 && is_called(service, step + 1, n))
            return service;
    return json_object_size(services) == 1 ? json_object_iter_key(json_object_iter(services)) : NULL;
}

/* "[agents builder 4/7] RUN x" failed: "agents does not build: Dockerfile:12: RUN x". */
static void describe_step(const compose *compose, json_t *services, const char *step, text *to)
{
    const char *bracket = strchr(step, ']');
    const char *instruction = bracket && bracket[1] ? bracket + 2 : step;
    const char *service = service_of(services, step);
    if (service)
        describe(compose, service, instruction, to);
    else
        text_add(to, "does not build: %s", step);
}

/* The builder without BuildKit names neither service nor file: the only Dockerfile that has the instruction. */
static void describe_instruction(const compose *compose, json_t *services, const char *instruction, text *to)
{
    const char *service, *found = json_object_size(services) == 1 ? service_of(services, "") : NULL;
    size_t count = 0;
    json_t *unused;
    json_object_foreach(services, service, unused) {
        guard_mem char *path = NULL, *content = NULL;
        if (read_dockerfile(compose, service, &path, &content) && buildlog_find(content, instruction) > 0 && ++count)
            found = service;
    }
    if (found && count <= 1) {
        describe(compose, found, instruction, to);
        text_add(to, ": ");
    }
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

belay_status build_explain(engine *e, const compose *compose, json_t *services, const buildlog *log,
                           const belay_run *io)
{
    const call *c = engine_call(e);
    guard_text why = {0};
    const char *reason = log->reason ? log->reason : io->err;
    if (engine_was_lost(e, reason))
        return call_fail(c, BELAY_E_RETRY,
                         "the engine's own log says why it ended; the build's is the artifact " BUILD_LOG,
                         "the Docker Engine at %s went away during the build: %s", engine_host(e), reason);
    const char *culprit = buildlog_culprit(log);
    if (culprit) {
        describe_step(compose, services, text_member(log->steps, culprit), &why);
        text_add(&why, ": %s", text_member(log->errors, culprit));
        size_t i;
        json_t *line;
        json_array_foreach(json_object_get(log->lines, culprit), i, line)
            text_add(&why, "\n  | %s", json_string_value(line));
    } else {
        describe_parse_error(compose, services, reason, &why);
        if (!why.length && log->instruction)
            describe_instruction(compose, services, log->instruction, &why);
        text_add(&why, "%s", reason);
    }
    text_trim(&why);
    return call_fail(c, BELAY_E_FAIL, "the whole log is the artifact " BUILD_LOG, "%s", text_of(&why));
}
