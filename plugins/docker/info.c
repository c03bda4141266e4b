/* docker.info: the engine answers, and is new enough. */
#include "engine.h"
#include "kinds.h"

#include <stdio.h>

belay_status info_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_json *info = NULL;
    belay_status s = engine_open(&c, &e);
    if (s == BELAY_OK)
        s = engine_get(e, &info, "/info");
    if (s != BELAY_OK)
        return s;
    const char *offered = text_member(engine_version(e), "ApiVersion"), *wanted = call_str(&c, "min_api");
    const char *version = text_member(engine_version(e), "Version");
    char containers[24];
    snprintf(containers, sizeof containers, "%lld", json_integer_value(json_object_get(info, "Containers")));
    s = host->output(ctx, "version", version);
    if (s == BELAY_OK)
        s = host->output(ctx, "api_version", offered);
    if (s == BELAY_OK)
        s = host->output(ctx, "containers", containers);
    if (s != BELAY_OK)
        return s;
    host->measure(ctx, "containers_running", (double)json_integer_value(json_object_get(info, "ContainersRunning")));
    host->measure(ctx, "containers_stopped", (double)json_integer_value(json_object_get(info, "ContainersStopped")));
    if (wanted && engine_api_compare(offered, wanted) < 0)
        return call_fail(&c, BELAY_E_FAIL, "upgrade the Docker Engine, or lower min_api",
                         "Docker Engine %s at %s offers API %s; %s is wanted", version, engine_host(e), offered,
                         wanted);
    call_log(&c, 1, "Docker Engine %s at %s, API %s, %s containers", version, engine_host(e), offered, containers);
    return BELAY_OK;
}
