#include "approval/proof.h"

#include <string.h>

const char *proof_text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

int64_t proof_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

const char *proof_head(const json_t *proof)
{
    const json_t *links = json_object_get(proof, "links");
    const size_t n = json_array_size(links);
    return n ? proof_text(json_array_get(links, n - 1), "hash") : "";
}

size_t proof_find(const json_t *proof, const char *hash)
{
    const json_t *links = json_object_get(proof, "links");
    for (size_t i = json_array_size(links); i > 0 && *hash; i--)
        if (strcmp(proof_text(json_array_get(links, i - 1), "hash"), hash) == 0)
            return i;
    return 0;
}

/* ---- from the store ---------------------------------------------------------------------------------------------- */

static bool add_step(void *user, const store_step *s)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:s, s:O}", "step", s->step, "stage", s->stage, "kind", s->kind,
                                          "options", s->options));
    return true;
}

static bool add_plugin(void *user, const char *name, const char *version, const char *sha256)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:s}", "name", name, "version", version, "sha256", sha256));
    return true;
}

static bool take_checklist(void *user, const char *key, const char *value)
{
    if (strcmp(key, STORE_MARK_CHECKLIST) == 0)
        json_object_set_new(user, "checklist", store_text_json(value));
    return true;
}

static json_t *describe_run(const store_run *r)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:O?, s:s, s:o, s:s, s:o, s:o, s:I}", "run", r->id,
                     "pipeline", r->pipeline, "environment", r->environment, "version", r->version, "previous",
                     r->previous, "file", store_text_json(r->file), "text", store_text_json(r->text), "sets", r->sets,
                     "state", run_state_name(r->state), "reason", store_text_json(r->reason), "commit", r->commit,
                     "user", store_text_json(r->user), "host", store_text_json(r->host), "started_ms",
                     (json_int_t)r->started_ms);
}

int proof_plan(store *s, const store_run *run, json_t **ret, error **err)
{
    json_t *steps = json_array(), *plugins = json_array();
    json_t *proof = json_pack("{s:o, s:o, s:o, s:s}", "run", describe_run(run), "steps", steps, "plugins", plugins,
                              "checklist", "");
    int r = proof ? 0 : error_set(err, ERROR_STORE, "the record of run %s is not UTF-8", run->id);
    if (r == 0)
        r = store_steps(s, run->id, add_step, steps, err);
    if (r == 0)
        r = store_plugins(s, run->id, add_plugin, plugins, err);
    if (r == 0)
        r = store_marks(s, run->id, take_checklist, proof, err);
    if (r == 0)
        *ret = proof;
    else
        json_decref(proof);
    return r;
}

static bool add_phase(void *user, const store_phase *p)
{
    if (p->ended_ms)
        json_array_append_new(user, store_phase_json(p));
    return true;
}

static bool add_measurement(void *user, const store_measurement *m)
{
    json_array_append_new(user, store_measurement_json(m));
    return true;
}

static bool add_output(void *user, const char *step, const char *name, const char *value)
{
    char hex[SHA256_TEXT];
    sha256_bytes(value, strlen(value), hex);
    json_array_append_new(user, json_pack("{s:s, s:s, s:s}", "step", step, "name", name, "sha256", hex));
    return true;
}

static bool add_undo(void *user, const char *step, int epoch, const char *key, const char *value)
{
    char hex[SHA256_TEXT];
    sha256_bytes(value, strlen(value), hex);
    json_array_append_new(user,
                          json_pack("{s:s, s:i, s:s, s:s}", "step", step, "epoch", epoch, "key", key, "sha256", hex));
    return true;
}

static bool add_decision(void *user, const store_approval *a)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:I, s:o}", "gate", a->gate, "role",
                                          a->role, "decision", a->decision, "reason", store_text_json(a->reason),
                                          "statement", store_text_json(a->statement), "signature", a->signature, "user",
                                          store_text_json(a->user), "at_ms", (json_int_t)a->at_ms, "signers",
                                          store_text_json(a->signers)));
    return true;
}

static bool add_link(void *user, const store_link *l)
{
    json_array_append_new(user, json_pack("{s:s, s:I, s:o, s:s}", "kind", l->kind, "at_ms", (json_int_t)l->at_ms,
                                          "json", store_text_json(l->json), "hash", l->hash));
    return true;
}

static json_t *list(json_t *proof, const char *name)
{
    json_t *items = json_array();
    json_object_set_new(proof, name, items);
    return items;
}

int proof_gather(store *s, const store_run *run, json_t **ret, error **err)
{
    json_t *proof = NULL;
    int r = proof_plan(s, run, &proof, err);
    if (r < 0)
        return r;
    json_t *state = store_state_json(run);
    json_object_update(json_object_get(proof, "run"), state);
    json_decref(state);
    r = store_phases(s, run->id, NULL, add_phase, list(proof, "phases"), err);
    if (r == 0)
        r = store_measurements(s, run->id, add_measurement, list(proof, "measurements"), err);
    if (r == 0)
        r = store_outputs(s, run->id, add_output, list(proof, "outputs"), err);
    if (r == 0)
        r = store_undo_all(s, run->id, add_undo, list(proof, "undo"), err);
    if (r == 0)
        r = store_approvals(s, run->id, NULL, add_decision, list(proof, "decisions"), err);
    if (r == 0)
        r = store_chain(s, run->id, add_link, list(proof, "links"), err);
    if (r == 0)
        *ret = proof;
    else
        json_decref(proof);
    return r;
}
