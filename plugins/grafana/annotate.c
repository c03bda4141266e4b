/*
 * The marker is found by a tag of its own, "belay-run:RUN/STEP", which is remembered before it is made: a crash between
 * the request and its answer loses nothing, for rollback asks Grafana which annotations carry the tag.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "kinds.h"
#include "say/say.h"

#define ROLLED_BACK "rolled-back"

belay_status annotate_prepare(belay_ctx *c, const belay_host *h)
{
    h->plan(c, "add a deploy marker to Grafana", "the marker stays and is turned into a rolled-back marker");
    return api_check(c, h);
}

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *fact(belay_ctx *c, const belay_host *h, const char *name)
{
    const char *value = h->fact(c, name);
    return value ? value : "";
}

/* The annotations that carry the tag; *found (the caller decrefs) is an array. */
static belay_status find(belay_ctx *c, const belay_host *h, const char *tag, json_t **found)
{
    char path[512];
    size_t used = (size_t)snprintf(path, sizeof path, "/api/annotations?limit=100&tags=");
    for (const char *p = tag; *p && used + 4 < sizeof path; p++) {
        int plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-';
        used += (size_t)snprintf(path + used, sizeof path - used, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    belay_status s = api_call(c, h, "GET", path, NULL, 0, found);
    if (s == BELAY_OK && !json_is_array(*found)) {
        json_decref(*found);
        return say(c, h, BELAY_E_RETRY, NULL, "Grafana's answer to %s is no list", path);
    }
    return s;
}

static json_t *make_tags(belay_ctx *c, const belay_host *h, const char *tag)
{
    json_t *tags = json_pack("[s, s]", "belay", tag);
    for (const char *const *extra = h->opt_list(c, "tags"); *extra; extra++)
        json_array_append_new(tags, json_string(*extra));
    return tags;
}

static belay_status create(belay_ctx *c, const belay_host *h, const char *tag)
{
    char text[512];
    const char *own = h->opt_str(c, "text");
    snprintf(text, sizeof text, "Deploying %s %s on %s (run %s)", fact(c, h, "pipeline.name"),
             fact(c, h, "pipeline.version"), fact(c, h, "environment"), fact(c, h, "run.id"));
    json_t *body = json_pack("{s:s, s:o, s:I}", "text", own ? own : text, "tags", make_tags(c, h, tag), "time",
                             (json_int_t)now_ms());
    if (h->opt_str(c, "dashboard"))
        json_object_set_new(body, "dashboardUID", json_string(h->opt_str(c, "dashboard")));
    if (h->opt_int(c, "panel"))
        json_object_set_new(body, "panelId", json_integer(h->opt_int(c, "panel")));
    json_t *answer = NULL;
    belay_status s = api_call(c, h, "POST", "/api/annotations", body, 0, &answer);
    json_decref(body);
    json_decref(answer);
    return s;
}

belay_status annotate_execute(belay_ctx *c, const belay_host *h)
{
    char own[256];
    const char *tag = own;
    snprintf(own, sizeof own, "belay-run:%s/%s", fact(c, h, "run.id"), fact(c, h, "step.id"));
    belay_status s = h->remember(c, "tag", own, &tag);
    json_t *found = NULL;
    if (s == BELAY_OK)
        s = find(c, h, tag, &found);
    if (s == BELAY_OK)
        s = json_array_size(found) ? BELAY_NOTHING : create(c, h, tag);
    json_decref(found);
    return s;
}

belay_status annotate_verify(belay_ctx *c, const belay_host *h)
{
    const char *tag = h->recall(c, "tag");
    json_t *found = NULL;
    if (!tag)
        return say(c, h, BELAY_E_FAIL, NULL, "no marker was made");
    belay_status s = find(c, h, tag, &found);
    if (s == BELAY_OK && json_array_size(found) == 0)
        s = say(c, h, BELAY_E_FAIL, NULL, "Grafana knows no annotation with the tag %s", tag);
    json_decref(found);
    return s;
}

static int has_tag(const json_t *annotation, const char *tag)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(annotation, "tags"), i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), tag) == 0)
            return 1;
    return 0;
}

static belay_status mark(belay_ctx *c, const belay_host *h, const json_t *annotation)
{
    char path[64], text[1024];
    const char *old = json_string_value(json_object_get(annotation, "text"));
    snprintf(path, sizeof path, "/api/annotations/%lld",
             (long long)json_integer_value(json_object_get(annotation, "id")));
    snprintf(text, sizeof text, "Rolled back: %s", old ? old : "");
    json_t *tags = json_deep_copy(json_object_get(annotation, "tags")), *answer = NULL;
    json_array_append_new(tags, json_string(ROLLED_BACK));
    json_t *body = json_pack("{s:s, s:o, s:I}", "text", text, "tags", tags, "timeEnd", (json_int_t)now_ms());
    belay_status s = api_call(c, h, "PATCH", path, body, 0, &answer);
    json_decref(body);
    json_decref(answer);
    return s;
}

belay_status annotate_rollback(belay_ctx *c, const belay_host *h)
{
    const char *tag = h->recall(c, "tag");
    json_t *found = NULL, *annotation;
    size_t i, marked = 0;
    if (!tag)
        return BELAY_NOTHING;
    belay_status s = find(c, h, tag, &found);
    if (s != BELAY_OK)
        return s;
    json_array_foreach(found, i, annotation) {
        if (s != BELAY_OK || has_tag(annotation, ROLLED_BACK))
            continue;
        s = mark(c, h, annotation);
        marked++;
    }
    json_decref(found);
    return s == BELAY_OK && marked == 0 ? BELAY_NOTHING : s;
}
