/*
 * Any JSON as an answer of the Docker Engine. An array is a list of containers: what is kept of it in the undo journal
 * reads back the same, and sorting loses none. An object is an inspected container: it is judged, and the container
 * that is made again from its twin has the labels and the restart policy that it had.
 */

#include "docker/containers.h"
#include "docker/judge.h"
#include "docker/tags.h"
#include "docker/twin.h"
#include "engine_stub.h"
#include "fuzz.h"

/* ---- a list ------------------------------------------------------------------------------------------------------ */

static void check_sorted(containers *list)
{
    size_t count = list->count;
    guard_json *ids = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(ids, list->items[i].id, json_true());
    containers_sort(list);
    MUST(list->count == count);
    for (size_t i = 0; i < count; i++)
        MUST(json_object_get(ids, list->items[i].id) && containers_by_id(list, list->items[i].id));
}

static void check_list(const json_t *listed)
{
    guard_engine *e = engine_stub_new(&(engine_answers){.listed = listed});
    guard_containers list = {0}, again = {0};
    MUST(containers_of(e, "shop", &list) == BELAY_OK && list.count == json_array_size(listed));
    guard_json *kept = containers_to_json(&list);
    MUST(json_array_size(kept) == list.count && containers_from_json(kept, &again));
    guard_json *kept_again = containers_to_json(&again);
    MUST(json_equal(kept, kept_again));
    check_sorted(&list);
    guard_mem char *names = containers_names(&list);
    MUST(names != NULL);
}

/* ---- one container ----------------------------------------------------------------------------------------------- */

typedef struct world {
    const json_t *inspected;
    json_t *twin, *made; /* what was asked for: first of all the twin, last the container made again */
} world;

static const json_t *find(void *user, const char *path)
{
    world *w = user;
    return strstr(path, "-belay-") ? w->twin : w->inspected;
}

/* The twin is inspected as what it was made from: its host configuration beside the rest. */
static json_t *as_inspected(const json_t *body)
{
    json_t *config = json_copy((json_t *)(uintptr_t)body);
    json_t *host = json_incref(json_object_get(body, "HostConfig"));
    json_object_del(config, "HostConfig");
    return json_pack("{s:s, s:o, s:o*, s:O*}", "Id", "twin", "Config", config, "HostConfig", host, "Image",
                     json_object_get(body, "Image"));
}

static void made(void *user, const char *path, const json_t *body)
{
    world *w = user;
    if (!strstr(path, "/containers/create"))
        return;
    json_t **to = w->twin ? &w->made : &w->twin;
    json_decref(*to);
    *to = w->twin || to == &w->made ? json_deep_copy(body) : as_inspected(body);
}

static bool is_whole(const json_t *inspected)
{
    const json_t *config = json_object_get(inspected, "Config"), *host = json_object_get(inspected, "HostConfig");
    return json_is_object(json_object_get(config, "Labels")) && json_is_string(json_object_get(config, "Image")) &&
           json_is_object(json_object_get(host, "RestartPolicy")) &&
           json_is_boolean(json_object_get(host, "AutoRemove"));
}

static void check_twin(const json_t *inspected)
{
    world w = {.inspected = inspected};
    guard_engine *e = engine_stub_new(&(engine_answers){.find = find, .made = made, .user = &w});
    char id[] = "0123456789abcdef", name[] = "shop-web-1", image[] = "sha256:1";
    const container c = {.id = id, .name = name, .image = image};
    guard_mem char *new_id = NULL;
    bool stranded = false;
    bool good = twin_make(e, &c, "mark") == BELAY_OK && twin_is_stranded(e, &c, &stranded) == BELAY_OK;
    good = good && twin_restore(e, &c, "mark", NULL, &new_id) == BELAY_OK;
    if (is_whole(inspected)) {
        const json_t *config = json_object_get(inspected, "Config"), *host = json_object_get(inspected, "HostConfig");
        MUST(good && w.made);
        MUST(json_equal(json_object_get(w.made, "Labels"), json_object_get(config, "Labels")));
        MUST(json_equal(json_object_get(json_object_get(w.made, "HostConfig"), "RestartPolicy"),
                        json_object_get(host, "RestartPolicy")));
    }
    json_decref(w.twin);
    json_decref(w.made);
}

static void check_state(const json_t *inspected)
{
    guard_engine *e = engine_stub_new(&(engine_answers){.find = find, .user = &(world){.inspected = inspected}});
    char id[] = "id", name[] = "shop-web-1", service[] = "web";
    const container c = {.id = id, .name = name, .service = service};
    guard_json *oneshot = json_pack("{s:b}", "web", true);
    for (int i = 0; i < 2; i++) {
        judge_rules rules = {.max_restarts = 2, .stable_ms = 2000, .now_ns = INT64_C(1790000000000000000)};
        rules.oneshot = i ? oneshot : NULL;
        judge_verdict verdict = JUDGE_READY;
        guard_text why = {0};
        MUST(judge_container(e, &c, &rules, &verdict, &why) == BELAY_OK);
        MUST((verdict == JUDGE_READY) == (why.length == 0));
    }
    const char *words = text_member(inspected, "Id");
    guard_mem char *repository = NULL, *tag = NULL;
    tags_split(words, &repository, &tag);
    MUST(strlen(repository) + strlen(tag) <= strlen(words) + strlen("latest"));
    int64_t bytes = text_read_size(&words);
    MUST(bytes >= -1 && engine_time(text_member(inspected, "Created")) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    guard_json *answer = json_loadb((const char *)bytes, size, 0, NULL);
    if (json_is_array(answer)) {
        check_list(answer);
    } else if (answer) {
        check_state(answer);
        check_twin(answer);
    }
    return 0;
}
