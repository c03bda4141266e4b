#include "approval/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "approval/plan.h"
#include "approval/proof.h"
#include "approval/signer.h"
#include "approval/statement.h"
#include "approval/weigh.h"
#include "base/clock.h"

void audit_add(json_t *list, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    guard_mem char *line = mem_vprintf(fmt, ap);
    va_end(ap);
    json_array_append_new(list, store_text_json(line));
}

void audit_done(audit *a)
{
    json_decref(a->problems);
    json_decref(a->facts);
    *a = (audit){0};
}

/* ---- the chain --------------------------------------------------------------------------------------------------- */

/* What an older version wrote has no hash, and can only come first. */
static void check_chain(const json_t *proof, audit *a)
{
    char hex[SHA256_TEXT];
    const char *before = "", *run = proof_text(json_object_get(proof, "run"), "run");
    size_t i, old = 0;
    const json_t *l;
    json_array_foreach(json_object_get(proof, "links"), i, l) {
        const store_link link = {
            .kind = proof_text(l, "kind"), .at_ms = proof_number(l, "at_ms"), .json = proof_text(l, "json")};
        const char *hash = proof_text(l, "hash");
        if (!*hash && !*before) {
            old++;
            continue;
        }
        store_link_hash(before, run, &link, hex);
        if (strcmp(hex, hash) != 0)
            audit_add(a->problems, "event %zu of the run (%s) was changed, or one before it was removed or added",
                      i + 1, *link.kind ? link.kind : "told");
        before = hash;
    }
    a->links = i;
    if (old)
        audit_add(a->facts, "events 1 to %zu: written by an earlier version of Belay, which kept no chain", old);
    audit_add(a->facts, "chain: %zu events", i - old);
}

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

/* The value of a name in a plan; NULL: it has none. */
static const char *value_of(const json_t *plan, const char *name)
{
    size_t i;
    const json_t *pair;
    json_array_foreach(plan, i, pair)
        if (strcmp(json_string_value(json_array_get(pair, 0)), name) == 0)
            return json_string_value(json_array_get(pair, 1));
    return NULL;
}

static void compare_plans(const json_t *recorded, const json_t *now, audit *a)
{
    size_t i;
    const json_t *pair;
    json_array_foreach(recorded, i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *was = json_string_value(json_array_get(pair, 1)), *is = value_of(now, name);
        if (!is)
            audit_add(a->problems, "%s was removed after the run began", name);
        else if (strcmp(was, is) != 0 && strlen(was) == 64)
            audit_add(a->problems, "%s changed after the run began", name);
        else if (strcmp(was, is) != 0)
            audit_add(a->problems, "%s is '%s', but was '%s' when the run began", name, is, was);
    }
    json_array_foreach(now, i, pair)
        if (!value_of(recorded, json_string_value(json_array_get(pair, 0))))
            audit_add(a->problems, "%s was added after the run began", json_string_value(json_array_get(pair, 0)));
}

static bool is_plan(const json_t *plan)
{
    size_t i;
    const json_t *pair;
    json_array_foreach(plan, i, pair)
        if (!json_is_string(json_array_get(pair, 0)) || !json_is_string(json_array_get(pair, 1)))
            return false;
    return json_array_size(plan) > 0;
}

static void check_plan(const json_t *proof, audit *a)
{
    size_t i, found = 0;
    const json_t *l;
    json_t *now = plan_of(proof);
    json_array_foreach(json_object_get(proof, "links"), i, l) {
        if (strcmp(proof_text(l, "kind"), STORE_CHAIN_PLAN) != 0)
            continue;
        json_t *body = json_loads(proof_text(l, "json"), 0, NULL);
        const json_t *recorded = json_object_get(body, "plan");
        if (found++)
            audit_add(a->problems, "the plan was recorded twice");
        else if (is_plan(recorded))
            compare_plans(recorded, now, a);
        else
            audit_add(a->problems, "the recorded plan cannot be read");
        json_decref(body);
    }
    json_decref(now);
    if (!found && a->links && *proof_head(proof))
        audit_add(a->problems, "the plan of the run was removed from its chain");
    else if (found)
        audit_add(a->facts, "plan: version, pipeline text, options and plugins are as they were when the run began");
}

/* ---- decisions --------------------------------------------------------------------------------------------------- */

static int hold_against_list(const json_t *d, const char *signers, size_t number, audit *a, error **err)
{
    guard_mem char *person = NULL, *why = NULL, *people = NULL;
    json_t *own = json_loads(proof_text(d, "signers"), 0, NULL);
    people = signer_people(json_object_get(own, "roles"), proof_text(d, "role"));
    json_decref(own);
    const signature s = {.statement = proof_text(d, "statement"),
                         .signature = proof_text(d, "signature"),
                         .allowed = signers,
                         .people = people ? people : "",
                         .at_ms = proof_number(d, "at_ms")};
    int r = signer_check(&s, &person, &why, err);
    if (r == 0 && !person)
        audit_add(a->problems, "decision %zu is not signed by anybody in the list that was given: %s", number, why);
    return r;
}

static int check_decision(const json_t *proof, size_t number, const char *signers, audit *a, error **err)
{
    char at[CLOCK_TEXT];
    const json_t *d = json_array_get(json_object_get(proof, "decisions"), number - 1);
    const char *said = proof_text(d, "statement");
    guard_mem char *expected = NULL, *person = NULL, *why = NULL, *head = statement_value(said, "head");
    if (!statement_is_current(said)) {
        audit_add(a->facts,
                  "decision %zu at gate '%s': made with an earlier version of Belay; it does not cover the plan",
                  number, proof_text(d, "gate"));
        return 0;
    }
    int r = weigh_expected(proof, number, &expected, err);
    if (r < 0)
        return r;
    guard_mem char *difference = statement_difference(expected, said);
    if (*difference)
        audit_add(a->problems, "decision %zu at gate '%s' (%s as %s) was about something else: %s", number,
                  proof_text(d, "gate"), proof_text(d, "decision"), proof_text(d, "role"), difference);
    r = *proof_text(d, "signature") ? weigh_signer(proof, number, &person, &why, err) : 0;
    if (r == 0 && why)
        audit_add(a->problems, "the signature of decision %zu at gate '%s' does not hold: %s", number,
                  proof_text(d, "gate"), why);
    if (r == 0 && person && signers)
        r = hold_against_list(d, signers, number, a, err);
    if (r == 0 && person && !*difference && proof_find(proof, head) > a->covered)
        a->covered = proof_find(proof, head);
    audit_add(a->facts, "decision %zu at gate '%s': %s as %s by %s, %s, at %s", number, proof_text(d, "gate"),
              proof_text(d, "decision"), proof_text(d, "role"), person ? person : proof_text(d, "user"),
              person ? "signed" : "not signed", clock_rfc3339(proof_number(d, "at_ms"), at));
    return r;
}

static void tell_coverage(audit *a)
{
    if (!a->covered)
        audit_add(a->facts,
                  "unsigned: no signature covers this run, so whoever can write its record could have changed it");
    else if (a->covered < a->links)
        audit_add(a->facts, "signed: events 1 to %zu; unsigned: events %zu to %zu, which came after the last signature",
                  a->covered, a->covered + 1, a->links);
}

int audit_run(const json_t *proof, const char *signers, audit *ret, error **err)
{
    audit a = {.problems = json_array(), .facts = json_array()};
    check_chain(proof, &a);
    check_plan(proof, &a);
    audit_rows(proof, &a);
    const size_t n = json_array_size(json_object_get(proof, "decisions"));
    int r = 0;
    for (size_t i = 1; i <= n && r == 0; i++)
        r = check_decision(proof, i, signers, &a, err);
    if (r == 0)
        r = audit_gates(proof, &a, err);
    tell_coverage(&a);
    if (r == 0)
        *ret = a;
    else
        audit_done(&a);
    return r;
}

int audit_check(store *s, const store_run *run, error **err)
{
    json_t *proof = NULL;
    audit a = {0};
    guard_text all = {0};
    size_t i;
    const json_t *line;
    int r = proof_gather(s, run, &proof, err);
    if (r == 0)
        r = audit_run(proof, NULL, &a, err);
    json_array_foreach(a.problems, i, line)
        text_printf(&all, "%s%s", i ? "; " : "", json_string_value(line));
    if (r == 0 && all.count) {
        (void)error_set(err, ERROR_REFUSED, "the record of run %s was changed: %s", run->id, text_get(&all));
        r = error_hint(err, "`belay verify %s` checks it; deploy anew, or roll it back: `belay rollback %s`", run->id,
                       run->id);
    }
    audit_done(&a);
    json_decref(proof);
    return r;
}
