#include "approval/weigh.h"

#include <stdlib.h>
#include <string.h>

#include "approval/evidence.h"
#include "approval/plan.h"
#include "approval/proof.h"
#include "approval/signer.h"
#include "approval/statement.h"
#include "base/text.h"

/* ---- the statement ----------------------------------------------------------------------------------------------- */

/* What was known of the commit when the chain had `count` links. */
static char *commit_at(const json_t *proof, size_t count)
{
    char *commit = mem_dup("");
    const json_t *links = json_object_get(proof, "links");
    for (size_t i = 0; i < count; i++) {
        const json_t *l = json_array_get(links, i);
        if (strcmp(proof_text(l, "kind"), STORE_CHAIN_STATE) != 0)
            continue;
        json_t *body = json_loads(proof_text(l, "json"), 0, NULL);
        free(commit);
        commit = mem_dup(proof_text(body, "commit"));
        json_decref(body);
    }
    return commit;
}

static const json_t *decision_of(const json_t *proof, size_t number)
{
    return json_array_get(json_object_get(proof, "decisions"), number - 1);
}

int weigh_expected(const json_t *proof, size_t number, char **ret, error **err)
{
    char plan_hex[SHA256_TEXT], evidence[SHA256_TEXT], signers[SHA256_TEXT];
    const json_t *d = decision_of(proof, number), *run = json_object_get(proof, "run");
    const char *list = proof_text(d, "signers");
    guard_mem char *head = statement_value(proof_text(d, "statement"), "head");
    const size_t count = proof_find(proof, head);
    guard_mem char *commit = commit_at(proof, count);
    json_t *plan = plan_of(proof);
    plan_digest(plan, plan_hex);
    json_decref(plan);
    evidence_at(proof, count, evidence);
    sha256_bytes(list, strlen(list), signers);
    const statement s = {.pipeline = proof_text(run, "pipeline"),
                         .version = proof_text(run, "version"),
                         .previous = proof_text(run, "previous"),
                         .commit = commit,
                         .environment = proof_text(run, "environment"),
                         .run = proof_text(run, "run"),
                         .gate = proof_text(d, "gate"),
                         .role = proof_text(d, "role"),
                         .decision = proof_text(d, "decision"),
                         .reason = proof_text(d, "reason"),
                         .plan = plan_hex,
                         .evidence = evidence,
                         .signers = signers,
                         .sequence = (int64_t)number,
                         .head = count ? head : "",
                         .user = proof_text(d, "user"),
                         .at_ms = proof_number(d, "at_ms")};
    return statement_write(&s, ret, err);
}

/* ---- who --------------------------------------------------------------------------------------------------------- */

static int check_signature(const json_t *d, const char *list, int64_t at_ms, char **ret_person, char **ret_why,
                           error **err)
{
    json_t *signers = json_loads(list, 0, NULL);
    const char *allowed = json_string_value(json_object_get(signers, "allowed_signers"));
    guard_mem char *people = signer_people(json_object_get(signers, "roles"), proof_text(d, "role"));
    const signature s = {.statement = proof_text(d, "statement"),
                         .signature = proof_text(d, "signature"),
                         .allowed = allowed,
                         .people = people,
                         .at_ms = at_ms};
    int r = 0;
    if (!people)
        *ret_why = mem_dup("the gate has no such role");
    else if (!allowed)
        *ret_person = mem_dup(proof_text(d, "user"));
    else if (!*s.signature)
        *ret_why = mem_dup("it is not signed");
    else
        r = signer_check(&s, ret_person, ret_why, err);
    json_decref(signers);
    return r;
}

int weigh_signer(const json_t *proof, size_t number, char **ret_person, char **ret_why, error **err)
{
    const json_t *d = decision_of(proof, number);
    *ret_person = *ret_why = NULL;
    if (!*proof_text(d, "signature")) {
        *ret_why = mem_dup("it is not signed");
        return 0;
    }
    return check_signature(d, proof_text(d, "signers"), proof_number(d, "at_ms"), ret_person, ret_why, err);
}

/* ---- the gate's rules -------------------------------------------------------------------------------------------- */

static bool option_holds(const json_t *options, const char *name)
{
    const json_t *value = json_object_get(options, name);
    return !value || json_is_true(value) || json_integer_value(value) != 0;
}

/* "alice" and "alice@example.org" are one person. */
static bool is_same_person(const char *starter, const char *person)
{
    const size_t n = strcspn(person, "@");
    return strcmp(starter, person) == 0 || (strlen(starter) == n && strncmp(starter, person, n) == 0);
}

static bool has_role(const char *people, const char *person)
{
    guard_mem char *copy = mem_dup(people);
    char *rest = copy, *one;
    while ((one = strsep(&rest, " ")))
        if (*one && strcmp(one, person) == 0)
            return true;
    return !people[strspn(people, " ")];
}

/* Among what counts so far: does the person, or the same key by another name, speak in another role? */
static bool speaks_elsewhere(const json_t *items, const json_t *d, const char *person)
{
    const char *role = proof_text(d, "role");
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item)
        if (json_is_true(json_object_get(item, "counts")) && strcmp(proof_text(item, "role"), role) != 0 &&
            (strcmp(proof_text(item, "person"), person) == 0 ||
             signer_same_key(proof_text(item, "signature"), proof_text(d, "signature"))))
            return true;
    return false;
}

static const char *refusal(const weighing *w, const json_t *items, const json_t *d, const char *person)
{
    guard_mem char *people = signer_people(json_object_get(w->options, "roles"), proof_text(d, "role"));
    const char *starter = proof_text(json_object_get(w->proof, "run"), "user");
    const bool approves = strcmp(proof_text(d, "decision"), "approve") == 0;
    if (!people)
        return "the gate has no such role";
    if (!has_role(people, person) && !*proof_text(d, "signature"))
        return "that person does not have this role";
    if (approves && !option_holds(w->options, "own_run") && is_same_person(starter, person))
        return "nobody approves a run of their own";
    if (option_holds(w->options, "distinct") && speaks_elsewhere(items, d, person))
        return "one person cannot speak for two roles";
    return NULL;
}

static char *stale(const weighing *w, size_t number, const json_t *d, error **err)
{
    const char *said = proof_text(d, "statement");
    guard_mem char *expected = NULL, *evidence = statement_value(said, "evidence");
    if (!statement_is_current(said))
        return mem_dup("it was made with an earlier version of Belay, and does not cover what is deployed");
    if (weigh_expected(w->proof, number, &expected, err) < 0)
        return NULL;
    guard_mem char *difference = statement_difference(expected, said);
    if (*difference)
        return mem_printf("it is about something else (%s)", difference);
    if (strcmp(evidence, w->evidence) != 0)
        return mem_dup("the run has found something new since");
    if (w->signers && strcmp(w->signers, proof_text(d, "signers")) != 0)
        return mem_dup("the roles or the list of signers have changed since");
    return NULL;
}

/* *ret_why NULL: it counts. */
static int judge(const weighing *w, const json_t *items, size_t number, char **ret_person, char **ret_why, error **err)
{
    const json_t *d = decision_of(w->proof, number);
    *ret_why = stale(w, number, d, err);
    if (*err)
        return -(int)error_get_code(*err);
    if (*ret_why)
        return 0;
    const char *list = w->signers ? w->signers : proof_text(d, "signers");
    int r = check_signature(d, list, w->signers ? 0 : proof_number(d, "at_ms"), ret_person, ret_why, err);
    if (r == 0 && *ret_person)
        *ret_why = mem_dup_or_null(refusal(w, items, d, *ret_person));
    return r;
}

/* A later decision of the same person takes the place of this one. */
static void supersede(json_t *items, const char *role, const char *person)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        if (!json_is_true(json_object_get(item, "counts")) || strcmp(proof_text(item, "role"), role) != 0 ||
            strcmp(proof_text(item, "person"), person) != 0)
            continue;
        json_object_set_new(item, "counts", json_false());
        json_object_set_new(item, "why", json_string("a later decision of the same person takes its place"));
    }
}

static int weigh_one(const weighing *w, json_t *items, size_t number, error **err)
{
    const json_t *d = decision_of(w->proof, number);
    guard_mem char *person = NULL, *why = NULL;
    int r = judge(w, items, number, &person, &why, err);
    if (r < 0)
        return r;
    if (!why)
        supersede(items, proof_text(d, "role"), person);
    json_t *item =
        json_pack("{s:I, s:f, s:b, s:b, s:s, s:s}", "number", (json_int_t)number, "at",
                  (double)proof_number(d, "at_ms") / 1000, "counts", why == NULL, "signed",
                  *proof_text(d, "signature") != '\0', "why", why ? why : "", "person", person ? person : "");
    static const char *const same[] = {"role", "decision", "reason", "statement", "signature", "user"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        json_object_set(item, same[i], json_object_get(d, same[i]));
    json_array_append_new(items, item);
    return 0;
}

int weigh(const weighing *w, json_t **ret, error **err)
{
    json_t *items = json_array();
    const size_t n = json_array_size(json_object_get(w->proof, "decisions"));
    int r = 0;
    for (size_t number = 1; number <= n && r == 0; number++)
        if (strcmp(proof_text(decision_of(w->proof, number), "gate"), w->gate) == 0)
            r = weigh_one(w, items, number, err);
    if (r == 0)
        *ret = items;
    else
        json_decref(items);
    return r;
}
