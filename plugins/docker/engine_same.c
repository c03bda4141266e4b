/* A rollback may come days later, when $DOCKER_HOST or the docker context leads to another engine: it must not act
 * there. */
#include <string.h>

#include "engine.h"

#define KEY "engine" /* undo journal: {"id", "at"} */

/* Two engines of one machine have the same id up to Docker 24 (/etc/docker/key.json), but never the same data folder.
 */
static belay_status identity(engine *e, char **ret)
{
    guard_json *info = NULL;
    belay_status s = engine_get(e, &info, "/info");
    if (s == BELAY_OK)
        *ret = text_printf("%s %s", text_member(info, "ID"), text_member(info, "DockerRootDir"));
    return s;
}

/* Some engines that only speak Docker's API make up an id for each answer: then there is nothing to compare. */
belay_status engine_remember(engine *e)
{
    const call *c = engine_call(e);
    guard_mem char *id = NULL, *again = NULL;
    belay_status s = identity(e, &id);
    if (s == BELAY_OK)
        s = identity(e, &again);
    if (s != BELAY_OK)
        return s;
    call_log(c, 1, "Docker Engine: %s", engine_host(e));
    guard_json *value = json_pack("{s:s, s:s}", "id", strcmp(id, again) == 0 ? id : "", "at", engine_host(e));
    s = call_remember(c, KEY, value, NULL);
    return s == BELAY_OK ? engine_check_same(e) : s; /* what an earlier try recorded counts */
}

belay_status engine_check_same(engine *e)
{
    const call *c = engine_call(e);
    guard_json *recorded = call_recall(c, KEY);
    guard_mem char *id = NULL;
    const char *wanted = text_member(recorded, "id");
    if (!*wanted) /* an undo record of an older version */
        return BELAY_OK;
    belay_status s = identity(e, &id);
    if (s != BELAY_OK || strcmp(id, wanted) == 0)
        return s;
    return call_fail(c, BELAY_E_FAIL, "set DOCKER_HOST or DOCKER_CONTEXT as it was for the run, and roll back again",
                     "this step changed the Docker Engine at %s; the one at %s is another, and was not touched",
                     text_member(recorded, "at"), engine_host(e));
}
