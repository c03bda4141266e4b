#include "approval/approval.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/user.h"

/* ---- which gates and roles there are ----------------------------------------------------------------------------- */

typedef struct search {
    const char *gate, *role;
    json_t *roles; /* the gate's option, once it was found */
    text gates, role_names;
    bool known_role;
} search;

static bool look_at_step(void *user, const store_step *s)
{
    search *f = user;
    const json_t *roles = json_object_get(s->options, "roles");
    if (strncmp(s->kind, "gate.", 5) != 0)
        return true;
    text_printf(&f->gates, "%s%s", f->gates.count ? ", " : "", s->step);
    if (strcmp(s->step, f->gate) == 0)
        f->roles = roles ? json_deep_copy(roles) : json_array();
    return true;
}

/* A role is written "NAME" or "NAME=person person". */
static void look_at_roles(search *f)
{
    size_t i;
    const json_t *item;
    json_array_foreach(f->roles, i, item) {
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
    if (!f->roles) {
        (void)error_set(err, ERROR_NOT_FOUND, "run %s has no gate '%s'", run->id, f->gate);
        return error_hint(err, f->gates.count ? "its gates: %s" : "it has no gates at all%s", text_get(&f->gates));
    }
    look_at_roles(f);
    if (f->known_role)
        return 0;
    (void)error_set(err, ERROR_NOT_FOUND, "gate '%s' has no role '%s'", f->gate, f->role);
    return error_hint(err, "its roles: %s", text_get(&f->role_names));
}

/* ---- the decision ------------------------------------------------------------------------------------------------ */

static int add_decision(store *s, const store_run *run, const char *gate, const char *role, bool approve,
                        const char *reason, const char *key, error **err)
{
    char evidence[SHA256_TEXT], at[CLOCK_TEXT];
    const int64_t now = clock_wall_ms();
    int r = approval_evidence(s, run, evidence, err);
    if (r < 0)
        return r;
    guard_mem char *user = user_name(), *gate_copy = mem_dup(gate), *role_copy = mem_dup(role);
    guard_mem char *decision = mem_dup(approve ? "approve" : "reject"), *why = mem_dup(reason ? reason : "");
    guard_mem char *statement =
        mem_printf("belay approval: 1\nrun: %s\ngate: %s\nevidence: %s\nrole: %s\ndecision: %s\nuser: %s\nat: %s\n"
                   "reason: %s\n",
                   run->id, gate, evidence, role, decision, user, clock_rfc3339(now, at), why);
    guard_mem char *signature = NULL;
    if (key && (r = approval_sign(statement, key, &signature, err)) < 0)
        return r;
    if (!signature)
        signature = mem_dup("");
    const store_approval a = {.gate = gate_copy,
                              .role = role_copy,
                              .decision = decision,
                              .reason = why,
                              .statement = statement,
                              .signature = signature,
                              .user = user,
                              .at_ms = now};
    return store_approval_add(s, run->id, &a, err);
}

int approval_decide(store *s, const store_run *run, const char *gate, const char *role, bool approve,
                    const char *reason, const char *key, error **err)
{
    if (run_state_is_end(run->state))
        return error_set(err, ERROR_REFUSED, "run %s has ended: it is %s", run->id, run_state_name(run->state));
    if (reason && strpbrk(reason, "\r\n"))
        return error_set(err, ERROR_USAGE, "a reason is one line");
    search f = {.gate = gate, .role = role};
    int r = check_names(s, run, &f, err);
    json_decref(f.roles);
    text_done(&f.gates);
    text_done(&f.role_names);
    return r < 0 ? r : add_decision(s, run, gate, role, approve, reason, key, err);
}
