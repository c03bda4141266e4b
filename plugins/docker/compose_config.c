/* docker.compose_config: what Compose itself says of the file. */
#include "compose.h"
#include "kinds.h"

#include <string.h>

/* A warning quotes names of variables, never what they hold. */
static void log_warnings(const call *c, const char *warnings)
{
    guard_mem char *lines = text_dup(warnings);
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *message = strstr(line, "msg=");
        call_log(c, 2, "compose: %s", message ? message + 4 : line);
    }
}

/* `image: app:${TAG}` without TAG is accepted by Compose, and pulls or runs something else. */
static belay_status check_variables(const call *c, const compose *compose)
{
    guard_mem char *unset = compose_unset(compose);
    if (!*unset || call_is(c, "unset_variables", "allow"))
        return BELAY_OK;
    return call_fail(c, BELAY_E_FAIL,
                     "set them (option env, .env), write ${NAME:-default}, or set unset_variables = \"allow\"",
                     "%s uses variables that are not set: %s", compose_files(compose), unset);
}

/* What is wrong with the files now is a warning: an earlier step may bring the release's own. */
belay_status compose_config_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    belay_status s = engine_find(&c, &e);
    if (s == BELAY_OK)
        s = compose_open(e, &compose);
    if (s == BELAY_E_FAIL)
        return BELAY_OK; /* logged with Compose's reason */
    if (s != BELAY_OK)
        return s;
    guard_mem char *unset = compose_unset(compose);
    if (*unset)
        call_log(&c, 2, "%s uses variables that are not set: %s", compose_files(compose), unset);
    return BELAY_OK;
}

belay_status compose_config_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    belay_status s = engine_find(&c, &e); /* Compose reads its files without an engine */
    if (s == BELAY_OK)
        s = compose_open(e, &compose);
    if (s != BELAY_OK)
        return s;
    log_warnings(&c, compose_warnings(compose));
    s = check_variables(&c, compose);
    if (s != BELAY_OK)
        return s;
    guard_text services = {0};
    const char *name;
    json_t *value;
    json_object_foreach(compose_services(compose), name, value)
        text_add(&services, "%s%s", services.length ? "," : "", name);
    s = host->output(ctx, "services", text_of(&services));
    if (s == BELAY_OK)
        s = host->output(ctx, "project", compose_project(compose));
    if (s != BELAY_OK)
        return s;
    host->measure(ctx, "services", (double)json_object_size(compose_services(compose)));
    guard_json *expected = call_set(&c, "expect_services");
    guard_text missing = {0};
    json_object_foreach(expected, name, value)
        if (!json_object_get(compose_services(compose), name))
            text_add(&missing, "%s%s", missing.length ? ", " : "", name);
    if (missing.length)
        return call_fail(&c, BELAY_E_FAIL, NULL, "%s lacks the services: %s; it has: %s", compose_files(compose),
                         text_of(&missing), text_of(&services));
    return BELAY_OK;
}
