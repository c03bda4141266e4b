#include "approval/plan.h"

#include <stdlib.h>
#include <string.h>

#include "approval/proof.h"
#include "base/text.h"

static void add(json_t *plan, const char *name, const char *value)
{
    json_array_append_new(plan, json_pack("[o, o]", store_text_json(name), store_text_json(value)));
}

static void add_digest(json_t *plan, const char *name, const char *value)
{
    char hex[SHA256_TEXT];
    sha256_bytes(value, strlen(value), hex);
    add(plan, name, hex);
}

static void add_steps(json_t *plan, const json_t *steps)
{
    size_t i;
    const json_t *s;
    json_array_foreach(steps, i, s) {
        guard_mem char *options = json_dumps(json_object_get(s, "options"), JSON_COMPACT | JSON_SORT_KEYS);
        guard_mem char *name = mem_printf("the place of step '%s'", proof_text(s, "step"));
        guard_mem char *value = mem_printf("%zu %s %s", i, proof_text(s, "stage"), proof_text(s, "kind"));
        guard_mem char *of_options = mem_printf("the options of step '%s'", proof_text(s, "step"));
        add(plan, name, value);
        add_digest(plan, of_options, options);
    }
}

static void add_plugins(json_t *plan, const json_t *plugins)
{
    size_t i;
    const json_t *p;
    json_array_foreach(plugins, i, p) {
        guard_mem char *name = mem_printf("plugin '%s'", proof_text(p, "name"));
        guard_mem char *value = mem_printf("%s %s", proof_text(p, "version"), proof_text(p, "sha256"));
        add(plan, name, value);
    }
}

json_t *plan_of(const json_t *proof)
{
    static const char *const words[] = {"run",      "pipeline", "environment", "version",
                                        "previous", "file",     "user",        "host"};
    const json_t *run = json_object_get(proof, "run");
    json_t *plan = json_array();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        add(plan, words[i], proof_text(run, words[i]));
    add_digest(plan, "the pipeline's text", proof_text(run, "text"));
    guard_mem char *sets = json_dumps(json_object_get(run, "sets"), JSON_COMPACT);
    add(plan, "the overrides (--set)", sets ? sets : "");
    add_steps(plan, json_object_get(proof, "steps"));
    add_plugins(plan, json_object_get(proof, "plugins"));
    add_digest(plan, "the checklist", proof_text(proof, "checklist"));
    return plan;
}

void plan_digest(const json_t *plan, char hex[SHA256_TEXT])
{
    guard_mem char *all = json_dumps(plan, JSON_COMPACT);
    sha256_bytes(all ? all : "", all ? strlen(all) : 0, hex);
}

int plan_record(store *s, const store_run *run, bool adopted, error **err)
{
    json_t *proof = NULL;
    int r = proof_plan(s, run, &proof, err);
    if (r < 0)
        return r;
    json_t *body = json_pack("{s:o, s:b}", "plan", plan_of(proof), "adopted", adopted);
    json_decref(proof);
    return store_chain_add(s, run->id, STORE_CHAIN_PLAN, body, err);
}
