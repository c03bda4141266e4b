/* The tables, from which a run goes on, against its chain, of which signatures cover the beginning. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "approval/audit.h"
#include "approval/proof.h"
#include "base/text.h"

/* A table: how its rows are called, and which members name one. */
typedef struct table {
    const char *rows, *kind, *noun;
    const char *keys[3];
} table;

static const table tables[] = {
    {"phases", STORE_CHAIN_PHASE, "phase", {"seq", "step", "phase"}},
    {"measurements", STORE_CHAIN_MEASUREMENT, "the measurement", {"step", "name", NULL}},
    {"outputs", STORE_CHAIN_OUTPUT, "the output", {"step", "name", NULL}},
    {"undo", STORE_CHAIN_UNDO, "the undo record", {"step", "epoch", "key"}},
};

static char *show(const json_t *value)
{
    return json_is_string(value) ? mem_dup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
}

/* "phase 12 sign-off verify" */
static char *name_of(const table *t, const json_t *row)
{
    guard_text name = {0};
    text_puts(&name, t->noun);
    for (size_t i = 0; i < 3 && t->keys[i]; i++) {
        guard_mem char *value = show(json_object_get(row, t->keys[i]));
        text_printf(&name, " %s", value ? value : "?");
    }
    return text_take(&name);
}

/* Row by name, as the chain last told of it. */
static json_t *rows_of_chain(const json_t *proof, const table *t)
{
    json_t *rows = json_object();
    size_t i;
    const json_t *l;
    json_array_foreach(json_object_get(proof, "links"), i, l) {
        if (strcmp(proof_text(l, "kind"), t->kind) != 0)
            continue;
        json_t *body = json_loads(proof_text(l, "json"), 0, NULL);
        guard_mem char *name = name_of(t, body);
        json_object_set_new(rows, name, body ? body : json_null());
    }
    return rows;
}

static void compare(const char *name, const json_t *was, const json_t *is, json_t *problems)
{
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)was, key, value) {
        const json_t *now = json_object_get(is, key);
        if (json_equal(value, now))
            continue;
        guard_mem char *before = show(value), *after = now ? show(now) : NULL;
        audit_add(problems, "%s: %s is '%s', but was recorded as '%s'", name, key, after ? after : "missing",
                  before ? before : "?");
    }
}

/* An older version wrote rows without a chain; it ends where the plan was adopted. */
static bool began_without_chain(const json_t *proof)
{
    const json_t *first = json_array_get(json_object_get(proof, "links"), 0);
    return !*proof_text(first, "hash");
}

static void check_table(const json_t *proof, const table *t, json_t *problems)
{
    json_t *recorded = rows_of_chain(proof, t);
    size_t i;
    const json_t *row, *was;
    const char *left;
    json_array_foreach(json_object_get(proof, t->rows), i, row) {
        guard_mem char *name = name_of(t, row);
        was = json_object_get(recorded, name);
        if (was)
            compare(name, was, row, problems);
        else if (!began_without_chain(proof))
            audit_add(problems, "%s was added: the chain does not have it", name);
        json_object_del(recorded, name);
    }
    json_object_foreach(recorded, left, was)
        audit_add(problems, "%s was deleted", left);
    json_decref(recorded);
}

static void check_state(const json_t *proof, json_t *problems)
{
    json_t *last = NULL;
    size_t i;
    const json_t *l;
    json_array_foreach(json_object_get(proof, "links"), i, l) {
        if (strcmp(proof_text(l, "kind"), STORE_CHAIN_STATE) != 0)
            continue;
        json_decref(last);
        last = json_loads(proof_text(l, "json"), 0, NULL);
    }
    if (last)
        compare("the run", last, json_object_get(proof, "run"), problems);
    json_decref(last);
}

/* Decisions come one by one in both, in the same order. */
static void check_decisions(const json_t *proof, json_t *problems)
{
    const json_t *decisions = json_object_get(proof, "decisions"), *l;
    size_t i, number = 0, old = 0;
    json_array_foreach(json_object_get(proof, "links"), i, l) {
        if (strcmp(proof_text(l, "kind"), STORE_CHAIN_DECISION) != 0)
            continue;
        const json_t *d = json_array_get(decisions, number++);
        const store_approval a = {.gate = (char *)(uintptr_t)proof_text(d, "gate"),
                                  .role = (char *)(uintptr_t)proof_text(d, "role"),
                                  .decision = (char *)(uintptr_t)proof_text(d, "decision"),
                                  .statement = (char *)(uintptr_t)proof_text(d, "statement"),
                                  .signature = (char *)(uintptr_t)proof_text(d, "signature")};
        json_t *now = store_approval_json(&a), *was = json_loads(proof_text(l, "json"), 0, NULL);
        guard_mem char *name = mem_printf("decision %zu", number);
        if (!d)
            audit_add(problems, "decision %zu was deleted", number);
        else
            compare(name, was, now, problems);
        json_decref(now);
        json_decref(was);
    }
    old = began_without_chain(proof) ? json_array_size(decisions) : number;
    if (json_array_size(decisions) > old)
        audit_add(problems, "decision %zu was added: the chain does not have it", number + 1);
}

void audit_rows(const json_t *proof, audit *a)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        check_table(proof, &tables[i], a->problems);
    check_state(proof, a->problems);
    check_decisions(proof, a->problems);
}
