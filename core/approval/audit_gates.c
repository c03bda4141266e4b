/* A gate that has passed must have been let pass: its verdict in the journal proves nothing, for that is not signed. */
#include <stdlib.h>
#include <string.h>

#include "approval/audit.h"
#include "approval/evidence.h"
#include "approval/proof.h"
#include "approval/weigh.h"

static bool is_verify(const json_t *phase, const char *step)
{
    return strcmp(proof_text(phase, "step"), step) == 0 && strcmp(proof_text(phase, "phase"), "verify") == 0;
}

/* How many links there were when the step was asked for the last time, if it then passed; SIZE_MAX: it did not. What
 * ended beside it, after it was asked, it could not know of. */
static size_t asked_at(const json_t *proof, const char *step)
{
    size_t i, asked = 0, at = SIZE_MAX;
    const json_t *l;
    json_array_foreach(json_object_get(proof, "links"), i, l) {
        const char *kind = proof_text(l, "kind"), *body = proof_text(l, "json");
        const bool ends = strcmp(kind, STORE_CHAIN_PHASE) == 0, begins = !*kind && strstr(body, "\"phase.start\"");
        json_t *p = ends || begins ? json_loads(body, 0, NULL) : NULL;
        if (is_verify(p, step) && begins)
            asked = i;
        else if (is_verify(p, step))
            at = strcmp(proof_text(p, "verdict"), "passed") == 0 ? asked : SIZE_MAX;
        json_decref(p);
    }
    return at;
}

/* Recorded by a version that kept no chain, or written into the table alone, which audit_rows() tells. */
static bool passed_without_chain(const json_t *proof, const char *step)
{
    bool passed = false;
    size_t i;
    const json_t *p;
    json_array_foreach(json_object_get(proof, "phases"), i, p)
        if (is_verify(p, step))
            passed = strcmp(proof_text(p, "verdict"), "passed") == 0;
    return passed;
}

static bool has_approved(const json_t *items, const char *role)
{
    bool yes = false;
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item)
        if (strcmp(proof_text(item, "role"), role) == 0 && json_is_true(json_object_get(item, "counts")))
            yes = strcmp(proof_text(item, "decision"), "approve") == 0;
    return yes;
}

/* An output that is not empty: who overruled it. */
static bool was_overruled(const json_t *proof, const char *step)
{
    char nothing[SHA256_TEXT];
    size_t i;
    const json_t *o;
    sha256_bytes("", 0, nothing);
    json_array_foreach(json_object_get(proof, "outputs"), i, o)
        if (strcmp(proof_text(o, "step"), step) == 0 && strcmp(proof_text(o, "name"), "overruled_by") == 0)
            return strcmp(proof_text(o, "sha256"), nothing) != 0;
    return false;
}

static void check_roles(const json_t *step, const json_t *items, bool all, audit *a)
{
    size_t i, yes = 0;
    const json_t *written;
    json_array_foreach(json_object_get(json_object_get(step, "options"), "roles"), i, written) {
        const char *item = json_string_value(written) ? json_string_value(written) : "";
        guard_mem char *role = mem_dup_n(item, strcspn(item, "="));
        if (has_approved(items, role))
            yes++;
        else if (all)
            audit_add(a->problems, "gate '%s' passed, but no decision that counts approves it as %s",
                      proof_text(step, "step"), role);
    }
    if (!all && !yes)
        audit_add(a->problems, "gate '%s' was overruled, but no decision that counts does so",
                  proof_text(step, "step"));
}

static int check_gate(const json_t *proof, const json_t *step, bool all, audit *a, error **err)
{
    char evidence[SHA256_TEXT];
    const char *name = proof_text(step, "step");
    const size_t at = asked_at(proof, name);
    if (at == SIZE_MAX && !passed_without_chain(proof, name))
        return 0;
    evidence_at(proof, at == SIZE_MAX ? 0 : at, evidence);
    const weighing w = {
        .proof = proof, .gate = name, .options = json_object_get(step, "options"), .evidence = evidence};
    json_t *items = NULL;
    int r = weigh(&w, &items, err);
    if (r == 0)
        check_roles(step, items, all, a);
    json_decref(items);
    return r;
}

int audit_gates(const json_t *proof, audit *a, error **err)
{
    size_t i;
    const json_t *s;
    int r = 0;
    json_array_foreach(json_object_get(proof, "steps"), i, s) {
        const bool all = strcmp(proof_text(s, "kind"), "gate.approval") == 0;
        const bool overruled =
            strcmp(proof_text(s, "kind"), "gate.decision") == 0 && was_overruled(proof, proof_text(s, "step"));
        if (r == 0 && (all || overruled))
            r = check_gate(proof, s, all, a, err);
    }
    return r;
}
