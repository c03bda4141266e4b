#include "engine/requirement.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "approval/audit.h"
#include "base/clock.h"
#include "base/units.h"

/* ---- the run that counts ----------------------------------------------------------------------------------------- */

typedef struct search {
    const pipeline *pipeline;
    char *run;   /* NULL: none */
    char *other; /* the version that was deployed there last; NULL: none */
} search;

static bool look_at_run(void *user, const store_run *r)
{
    search *f = user;
    if (strcmp(r->pipeline, f->pipeline->name) != 0 || r->state == RUN_REFUSED)
        return true;
    if (strcmp(r->version, f->pipeline->version) == 0)
        f->run = mem_dup(r->id);
    else if (!f->other)
        f->other = mem_dup(r->version);
    return !f->run;
}

static int find_run(store *s, const pipeline *p, char **ret, error **err)
{
    search f = {.pipeline = p};
    int r = store_runs(s, p->required_environment, INT_MAX, look_at_run, &f, err);
    guard_mem char *other = f.other;
    if (r == 0 && !f.run) {
        (void)error_set(err, ERROR_REFUSED, "no run of %s %s on %s is recorded here%s%s", p->name, p->version,
                        p->required_environment, other ? "; the newest one there is of " : "", other ? other : "");
        r = error_hint(err, "deploy it to %s first, with the same state folder", p->required_environment);
    }
    *ret = f.run;
    return r;
}

static int check_state(const store_run *run, error **err)
{
    if (run->state == RUN_COMMITTED)
        return 0;
    if (!run_state_is_end(run->state)) {
        (void)error_set(err, ERROR_REFUSED, "its run %s has not ended: it is %s", run->id, run_state_name(run->state));
        return error_hint(err, "`belay status` says what it waits for");
    }
    (void)error_set(err, ERROR_REFUSED, "its newest run, %s, is %s%s%s", run->id, run_state_name(run->state),
                    *run->reason ? ", because " : "", run->reason);
    return error_hint(err, "mend the release, and deploy it to %s again", run->environment);
}

static int check_commit(const store_run *run, const char *commit, error **err)
{
    if (!commit || strcmp(run->commit, commit) == 0)
        return 0;
    (void)error_set(err, ERROR_REFUSED, "its run %s deployed %s%s, not %s", run->id,
                    *run->commit ? "the commit " : "a commit that it did not record", run->commit, commit);
    return error_hint(err, "what was signed off is another commit under the name %s: deploy this one to %s first",
                      run->version, run->environment);
}

/* ---- its gates --------------------------------------------------------------------------------------------------- */

/* gates: gate -> when its last verify passed; 0: that did not, or there was none. */

static bool add_gate(void *user, const store_step *s)
{
    if (strncmp(s->kind, "gate.", 5) == 0 && strcmp(s->stage, "rollback") != 0)
        json_object_set_new(user, s->step, json_integer(0));
    return true;
}

static bool add_verify(void *user, const store_phase *p)
{
    if (json_object_get(user, p->step) && strcmp(p->phase, "verify") == 0)
        json_object_set_new(user, p->step, json_integer(strcmp(p->verdict, "passed") == 0 ? p->ended_ms : 0));
    return true;
}

static int check_gates(json_t *gates, const store_run *run, int64_t *ret_ms, error **err)
{
    const char *gate;
    json_t *at;
    *ret_ms = 0;
    json_object_foreach(gates, gate, at) {
        const int64_t ms = json_integer_value(at);
        if (!ms)
            return error_set(err, ERROR_REFUSED, "its run %s was not signed off: gate '%s' did not pass", run->id,
                             gate);
        *ret_ms = ms > *ret_ms ? ms : *ret_ms;
    }
    if (*ret_ms)
        return 0;
    (void)error_set(err, ERROR_REFUSED, "its run %s was not signed off: it had no gate", run->id);
    return error_hint(err, "a step of a gate.* kind in the pipeline of %s lets people sign off", run->environment);
}

static int find_sign_off(store *s, const store_run *run, int64_t *ret_ms, error **err)
{
    json_t *gates = json_object();
    int r = store_steps(s, run->id, add_gate, gates, err);
    if (r == 0)
        r = store_phases(s, run->id, NULL, add_verify, gates, err);
    if (r == 0)
        r = check_gates(gates, run, ret_ms, err);
    json_decref(gates);
    return r;
}

static int check_age(const pipeline *p, const store_run *run, int64_t signed_ms, int64_t at_ms, error **err)
{
    char when[CLOCK_TEXT], age[UNITS_TEXT], allowed[UNITS_TEXT];
    if (at_ms - signed_ms <= p->signed_off_within_ms)
        return 0;
    (void)error_set(err, ERROR_REFUSED, "its run %s was signed off at %s, %s ago; the pipeline allows %s", run->id,
                    clock_show(signed_ms, when), units_show_duration(at_ms - signed_ms, age),
                    units_show_duration(p->signed_off_within_ms, allowed));
    return error_hint(err, "deploy it to %s again, and let it be signed off anew", run->environment);
}

int requirement_check(store *s, const pipeline *p, const char *commit, int64_t at_ms, char **ret_run, error **err)
{
    *ret_run = NULL;
    if (!p->required_environment || !s)
        return 0;
    guard_mem char *id = NULL;
    store_run run = {0};
    int64_t signed_ms = 0;
    int r = find_run(s, p, &id, err);
    if (r == 0)
        r = store_run_get(s, id, &run, err);
    if (r == 0)
        r = check_state(&run, err);
    if (r == 0)
        r = check_commit(&run, commit, err);
    if (r == 0)
        r = find_sign_off(s, &run, &signed_ms, err);
    if (r == 0)
        r = check_age(p, &run, signed_ms, at_ms, err);
    if (r == 0) /* that a gate passed is a row of a table; that people let it pass is signed */
        r = audit_check(s, &run, err);
    store_run_done(&run);
    if (r < 0)
        return error_wrap(err, "%s requires that %s was signed off on %s", p->environment, p->version,
                          p->required_environment);
    *ret_run = take(id);
    return 0;
}
