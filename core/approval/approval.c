#include "approval/approval.h"

#include <stdlib.h>
#include <string.h>

#include "approval/audit.h"
#include "approval/plan.h"
#include "approval/proof.h"
#include "approval/signer.h"
#include "approval/statement.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/user.h"

/* ---- which gates and roles there are ----------------------------------------------------------------------------- */

typedef struct search {
    const char *gate, *role;
    json_t *options; /* the gate's, once it was found */
    text gates, role_names;
    bool known_role;
} search;

static bool look_at_step(void *user, const store_step *s)
{
    search *f = user;
    if (strncmp(s->kind, "gate.", 5) != 0)
        return true;
    text_printf(&f->gates, "%s%s", f->gates.count ? ", " : "", s->step);
    if (strcmp(s->step, f->gate) == 0)
        f->options = json_deep_copy(s->options);
    return true;
}

/* A role is written "NAME" or "NAME=person person". */
static void look_at_roles(search *f)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(f->options, "roles"), i, item) {
        const char *written = json_string_value(item);
        guard_mem char *name = mem_dup_n(written ? written : "", written ? strcspn(written, "=") : 0);
        text_printf(&f->role_names, "%s%s", i ? ", " : "", name);
        f->known_role |= strcmp(name, f->role) == 0;
    }
}

static int check_names(store *s, const store_run *run, search *f, error **err)
{
    int r = store_steps(s, run->id, look_at_step, f, err);
    if (r < 0)
        return r;
    if (!f->options) {
        (void)error_set(err, ERROR_NOT_FOUND, "run %s has no gate '%s'", run->id, f->gate);
        return error_hint(err, f->gates.count ? "its gates: %s" : "it has no gates at all%s", text_get(&f->gates));
    }
    look_at_roles(f);
    if (f->known_role)
        return 0;
    (void)error_set(err, ERROR_NOT_FOUND, "gate '%s' has no role '%s'", f->gate, f->role);
    return error_hint(err, "its roles: %s", text_get(&f->role_names));
}

/* ---- what it would say ------------------------------------------------------------------------------------------- */

#define TRIES 5

typedef struct deciding {
    store *s;
    const store_run *run;
    const approval *a;
    const json_t *options;
    char *signers;
    json_t *proof;
    char evidence[SHA256_TEXT];
} deciding;

static int write_statement(const deciding *d, int64_t at_ms, const char *user, char **ret, error **err)
{
    char plan_hex[SHA256_TEXT], signers[SHA256_TEXT];
    const store_run *run = d->run;
    json_t *plan = plan_of(d->proof);
    plan_digest(plan, plan_hex);
    json_decref(plan);
    sha256_bytes(d->signers, strlen(d->signers), signers);
    const statement said = {.pipeline = run->pipeline,
                            .version = run->version,
                            .previous = run->previous,
                            .commit = proof_text(json_object_get(d->proof, "run"), "commit"),
                            .environment = run->environment,
                            .run = run->id,
                            .gate = d->a->gate,
                            .role = d->a->role,
                            .decision = d->a->approve ? "approve" : "reject",
                            .reason = d->a->reason ? d->a->reason : "",
                            .plan = plan_hex,
                            .evidence = d->evidence,
                            .signers = signers,
                            .sequence = (int64_t)json_array_size(json_object_get(d->proof, "decisions")) + 1,
                            .head = proof_head(d->proof),
                            .user = user,
                            .at_ms = at_ms};
    return statement_write(&said, ret, err);
}

/* Held against the same rules as at the gate, before it is recorded. */
static int check_counts(deciding *d, const store_approval *a, error **err)
{
    const weighing w = {
        .proof = d->proof, .gate = d->a->gate, .options = d->options, .evidence = d->evidence, .signers = d->signers};
    json_t *items = NULL;
    json_array_append_new(json_object_get(d->proof, "decisions"),
                          json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "gate", a->gate, "role", a->role,
                                    "decision", a->decision, "reason", a->reason, "statement", a->statement,
                                    "signature", a->signature, "user", a->user, "at_ms", (json_int_t)a->at_ms,
                                    "signers", a->signers));
    int r = weigh(&w, &items, err);
    const json_t *last = json_array_get(items, json_array_size(items) - 1);
    if (r == 0 && !json_is_true(json_object_get(last, "counts"))) {
        r = error_set(err, ERROR_USAGE, "this decision would not count, so it was not recorded: %s",
                      proof_text(last, "why"));
        if (!*a->signature && json_object_get(d->options, "allowed_signers"))
            r = error_hint(err, "sign it: --key FILE names the SSH key");
    }
    json_decref(items);
    return r;
}

static int record(deciding *d, char **ret_head, error **err)
{
    const int64_t now = clock_wall_ms();
    guard_mem char *user = user_name(), *statement = NULL, *signature = NULL;
    guard_mem char *gate = mem_dup(d->a->gate), *role = mem_dup(d->a->role);
    guard_mem char *decision = mem_dup(d->a->approve ? "approve" : "reject");
    guard_mem char *reason = mem_dup(d->a->reason ? d->a->reason : "");
    int r = write_statement(d, now, user, &statement, err);
    if (r == 0 && d->a->key)
        r = signer_sign(statement, d->a->key, &signature, err);
    if (r < 0)
        return r;
    if (!signature)
        signature = mem_dup("");
    const store_approval a = {.gate = gate,
                              .role = role,
                              .decision = decision,
                              .reason = reason,
                              .statement = statement,
                              .signature = signature,
                              .user = user,
                              .at_ms = now,
                              .signers = d->signers};
    const int64_t number = (int64_t)json_array_size(json_object_get(d->proof, "decisions")) + 1;
    char hex[SHA256_TEXT];
    sha256_bytes(statement, strlen(statement), hex);
    if ((r = check_counts(d, &a, err)) == 0 && (r = store_approval_add(d->s, d->run->id, &a, number, err)) == 0)
        *ret_head = mem_dup(hex);
    return r;
}

/* The record must be whole before anybody puts a name below it. */
static int check_record(deciding *d, error **err)
{
    audit found = {0};
    int r = audit_run(d->proof, NULL, &found, err);
    if (r == 0 && json_array_size(found.problems))
        r = audit_check(d->s, d->run, err);
    audit_done(&found);
    return r;
}

static int try_once(deciding *d, char **ret_head, error **err)
{
    int r = proof_gather(d->s, d->run, &d->proof, err);
    if (r == 0)
        r = check_record(d, err);
    if (r == 0) {
        evidence_at(d->proof, json_array_size(json_object_get(d->proof, "links")), d->evidence);
        r = record(d, ret_head, err);
    }
    json_decref(d->proof);
    d->proof = NULL;
    return r;
}

/* Somebody who decides at the same time has taken the number: then it is said, and signed, again. */
static int decide(deciding *d, char **ret_head, error **err)
{
    int r = signer_list(d->options, &d->signers, err);
    if (r == 0)
        r = try_once(d, ret_head, err);
    for (int i = 1; i < TRIES && r == -ERROR_LOCKED; i++) {
        error_free(take(*err));
        r = try_once(d, ret_head, err);
    }
    free(d->signers);
    return r;
}

int approval_decide(store *s, const store_run *run, const approval *a, char **ret_head, error **err)
{
    if (run_state_is_end(run->state))
        return error_set(err, ERROR_REFUSED, "run %s has ended: it is %s", run->id, run_state_name(run->state));
    if (a->reason && strpbrk(a->reason, "\r\n"))
        return error_set(err, ERROR_USAGE, "a reason is one line");
    search f = {.gate = a->gate, .role = a->role};
    int r = check_names(s, run, &f, err);
    deciding d = {.s = s, .run = run, .a = a, .options = f.options};
    if (r == 0)
        r = decide(&d, ret_head, err);
    json_decref(f.options);
    text_done(&f.gates);
    text_done(&f.role_names);
    return r;
}

/* ---- at the gate ------------------------------------------------------------------------------------------------- */

/* A record that was changed lets nothing through. */
static void void_all(json_t *items, const json_t *problems)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        json_object_set_new(item, "counts", json_false());
        json_object_set_new(
            item, "why",
            json_sprintf("the record of the run was changed: %s", json_string_value(json_array_get(problems, 0))));
    }
}

static int weigh_at_gate(const json_t *proof, const char *gate, const json_t *options, json_t **ret, error **err)
{
    guard_mem char *signers = NULL;
    char evidence[SHA256_TEXT];
    audit found = {0};
    json_t *items = NULL;
    int r = signer_list(options, &signers, err);
    if (r == 0)
        r = audit_run(proof, NULL, &found, err);
    evidence_at(proof, json_array_size(json_object_get(proof, "links")), evidence);
    const weighing w = {.proof = proof, .gate = gate, .options = options, .evidence = evidence, .signers = signers};
    if (r == 0)
        r = weigh(&w, &items, err);
    if (r == 0 && json_array_size(found.problems))
        void_all(items, found.problems);
    audit_done(&found);
    *ret = items;
    return r;
}

int approval_weigh(store *s, const store_run *run, const char *gate, const json_t *options, json_t **ret, error **err)
{
    json_t *proof = NULL;
    store_run now = {0}; /* as it is recorded: that is what was signed */
    int r = store_run_get(s, run->id, &now, err);
    if (r == 0)
        r = proof_gather(s, &now, &proof, err);
    if (r == 0)
        r = weigh_at_gate(proof, gate, options, ret, err);
    json_decref(proof);
    store_run_done(&now);
    return r;
}
