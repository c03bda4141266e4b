/* The facts that only a step receives which waits for people. */
#include "engine/waiting.h"
#include "approval/approval.h"
#include "base/clock.h"
#include "checklist/checklist.h"

static bool note_decision(void *user, const store_approval *a)
{
    (void)a;
    *(bool *)user = true;
    return false;
}

/* Where nobody has decided yet, there is nothing to weigh, and no list of signers need be there. */
static int weigh_decisions(driver *d, const char *step, const json_t *options, json_t **ret, error **err)
{
    bool any = false;
    int r = store_approvals(d->record.store, d->record.run.id, step, note_decision, &any, err);
    return r == 0 && any ? approval_weigh(d->record.store, &d->record.run, step, options, ret, err) : r;
}

/* Before there is a run: which steps and boxes there are. */
static json_t *findings_of_a_plan(const pipeline *p)
{
    json_t *steps = json_object(), *boxes = json_object();
    const char *id;
    json_t *unused;
    json_object_foreach(p->given, id, unused) {
        json_object_set_new(steps, id, json_object());
    }
    for (size_t i = 0; i < p->step_count; i++)
        json_object_set_new(steps, p->steps[i].id, json_object());
    for (size_t i = 0; i < p->box_count; i++)
        json_object_set_new(boxes, p->boxes[i].id, json_object());
    return json_pack("{s:o, s:o}", "steps", steps, "boxes", boxes);
}

static int add_findings(driver *d, json_t *facts, error **err)
{
    store *s = d->record.store;
    json_t *findings = NULL;
    int r = 0;
    if (s && *d->record.run.id)
        r = checklist_findings(s, &d->record.run, &findings, err);
    else
        findings = findings_of_a_plan(d->pipeline);
    guard_mem char *text = findings ? json_dumps(findings, JSON_COMPACT) : NULL;
    json_decref(findings);
    if (text)
        json_object_set_new(facts, "run.findings", json_string(text));
    return r;
}

/* Seconds since the step was first asked. Where this process has seen all of it, no step of the wall clock counts; what
 * lies before, only the wall clock can tell, for it alone outlives a process and a reboot. */
static void add_waited(driver *d, const char *step, json_t *facts)
{
    notes *n = &d->notes[pipeline_step_find(d->pipeline, step)->index];
    const int64_t now = clock_steady_ms(), before = clock_wall_ms() - n->started_ms;
    if (!n->started_ms)
        return;
    if (!n->asked_ms) {
        n->asked_ms = now;
        n->waited_ms = before > 0 ? before : 0;
    }
    const int64_t waited = n->waited_ms + now - n->asked_ms;
    json_object_set_new(facts, "step.waited",
                        json_sprintf("%lld.%03d", (long long)(waited / 1000), (int)(waited % 1000)));
}

int waiting_facts(driver *d, const char *step, const json_t *options, json_t *facts, error **err)
{
    char evidence[SHA256_TEXT] = "";
    json_t *decisions = NULL;
    store *s = d->record.store;
    int r = 0;
    if (s && *d->record.run.id) { /* else nobody can have decided: a plan, a trial */
        r = approval_evidence(s, &d->record.run, evidence, err);
        if (r == 0)
            r = weigh_decisions(d, step, options, &decisions, err);
    }
    guard_mem char *text = decisions ? json_dumps(decisions, JSON_COMPACT) : mem_dup("[]");
    json_decref(decisions);
    json_object_set_new(facts, "run.user", json_string(d->record.run.user));
    json_object_set_new(facts, "run.evidence", json_string(evidence));
    json_object_set_new(facts, "step.approvals", json_string(text));
    add_waited(d, step, facts);
    return r < 0 ? r : add_findings(d, facts, err);
}
