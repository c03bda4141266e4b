/* docker.up, verify: what the engine says of the containers, not what Compose says. */
#include "up_plan.h"

#include <string.h>

#include "bridge.h"
#include "kinds.h"
#include "tags.h"

/* The findings of one sample. */
typedef struct findings {
    text bad, waiting;
    size_t ready;
} findings;

static void add_finding(text *to, const char *what)
{
    text_add(to, "%s%s", to->length ? "\n" : "", what);
}

static belay_status judge_one(up_plan *p, const container *one, const judge_rules *rules, findings *f)
{
    guard_text why = {0};
    judge_verdict verdict;
    belay_status s = judge_container(p->e, one, rules, &verdict, &why);
    if (s != BELAY_OK)
        return s;
    f->ready += verdict == JUDGE_READY;
    if (verdict != JUDGE_READY)
        add_finding(verdict == JUDGE_BAD ? &f->bad : &f->waiting, text_of(&why));
    guard_mem char *reference = compose_image(p->compose, one->service), *id = NULL;
    s = tags_id(p->e, reference, &id);
    if (s == BELAY_OK && (!id || strcmp(id, one->image) != 0)) {
        guard_mem char *what = text_printf("%s (%s) runs the image %s, but %s is %s", one->service, one->name,
                                           one->image, reference, id ? id : "missing");
        add_finding(&f->bad, what);
    }
    return s;
}

static void check_missing(up_plan *p, const containers *now, findings *f)
{
    const char *service;
    json_t *unused;
    json_object_foreach(p->services, service, unused) {
        bool there = compose_scale(p->compose, service) == 0;
        for (size_t i = 0; i < now->count && !there; i++)
            there = strcmp(now->items[i].service, service) == 0 && !now->items[i].oneoff;
        guard_mem char *what = text_printf("%s has no container", service);
        if (!there)
            add_finding(&f->bad, what);
    }
}

/* What was not named must be as it was. */
static void check_untouched(up_plan *p, const containers *now, const json_t *before, findings *f)
{
    guard_containers old = {0};
    if (call_int(engine_call(p->e), "recreate_dependencies") ||
        !containers_from_json(json_object_get(before, "containers"), &old))
        return;
    for (size_t i = 0; i < old.count; i++) {
        guard_mem char *what = text_printf("%s (%s) was replaced, though this step does not name it",
                                           old.items[i].service, old.items[i].name);
        if (!json_object_get(p->services, old.items[i].service) && !containers_by_id(now, old.items[i].id))
            add_finding(&f->bad, what);
    }
}

static belay_status sample(up_plan *p, const json_t *before, findings *f)
{
    guard_containers now = {0};
    judge_rules rules;
    belay_status s = containers_of(p->e, compose_project(p->compose), &now);
    if (s == BELAY_OK)
        s = up_rules(p, before, &rules);
    if (s != BELAY_OK)
        return s;
    check_missing(p, &now, f);
    check_untouched(p, &now, before, f);
    containers_select(&now, p->services, false);
    for (size_t i = 0; i < now.count && s == BELAY_OK; i++)
        s = judge_one(p, &now.items[i], &rules, f);
    return s;
}

belay_status up_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_up_plan p = {0};
    findings f = {0};
    guard_json *before = call_recall(&c, UP_BEFORE);
    belay_status s = up_plan_open(&c, &p);
    if (s == BELAY_OK)
        s = sample(&p, before, &f);
    if (s == BELAY_OK) {
        host->measure(ctx, "containers", (double)f.ready);
        if (f.bad.length)
            s = call_fail(&c, BELAY_E_FAIL, NULL, "%s", text_of(&f.bad));
        else if (f.waiting.length)
            s = call_fail(&c, BELAY_NOT_YET, NULL, "%s", text_of(&f.waiting));
        else if (f.ready == 0)
            s = call_fail(&c, BELAY_NO_DATA, NULL, "there is no container to judge");
        else
            s = bridge_check(p.e, compose_project(p.compose));
    }
    text_clear(&f.bad);
    text_clear(&f.waiting);
    return s;
}
