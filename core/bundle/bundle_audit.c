/* A bundle held against its manifest, and what people read of it against the proof that it holds. */
#include <stdlib.h>
#include <string.h>

#include "approval/proof.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "bundle/unpack.h"

static const char *text_of(const unpacked *u, const char *name)
{
    const unpacked_file *f = unpacked_find(u, name);
    return f && f->text ? f->text : "";
}

/* ---- the manifest ------------------------------------------------------------------------------------------------ */

static size_t check_line(const unpacked *u, const char *line, size_t n, json_t *problems)
{
    guard_mem char *whole = mem_dup_n(line, n);
    const char *name = strstr(whole, "  ");
    if (!name)
        return 0;
    const unpacked_file *f = unpacked_find(u, name + 2);
    if (!f)
        audit_add(problems, "%s is missing from the bundle", name + 2);
    else if (strncmp(f->hex, whole, SHA256_TEXT - 1) != 0)
        audit_add(problems, "%s is not what the manifest tells", f->name);
    return 1;
}

static void check_manifest(const unpacked *u, json_t *problems)
{
    size_t listed = 0;
    for (const char *line = text_of(u, "MANIFEST.sha256"); *line;) {
        const size_t n = strcspn(line, "\n");
        listed += check_line(u, line, n, problems);
        line += n + (line[n] == '\n');
    }
    if (listed + 1 != u->count)
        audit_add(problems, "the manifest lists %zu files, the bundle holds %zu", listed, u->count - 1);
}

/* ---- what people read -------------------------------------------------------------------------------------------- */

static void check_members(const char *file, const char *what, const json_t *shown, const json_t *proved,
                          json_t *problems)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)shown, key, value) {
        const json_t *other = json_object_get(proved, key);
        const bool number = json_is_real(value) && json_is_string(other);
        if (!other ||
            (number ? strtod(json_string_value(other), NULL) == json_real_value(value) : json_equal(value, other)))
            continue;
        audit_add(problems, "%s: %s of %s is not what the record tells", file, key, what);
    }
}

static void check_lists(const char *file, const json_t *shown, const json_t *proved, json_t *problems)
{
    size_t i, n = 0;
    const json_t *item;
    json_array_foreach(shown, i, item) {
        const json_t *ended = json_object_get(item, "ended_ms");
        if (ended && json_integer_value(ended) == 0) /* it was running when the bundle was made */
            continue;
        guard_mem char *what =
            mem_printf("%s %s", proof_text(item, "step"),
                       *proof_text(item, "phase") ? proof_text(item, "phase") : proof_text(item, "name"));
        check_members(file, what, item, json_array_get(proved, n++), problems);
    }
    if (n != json_array_size(proved))
        audit_add(problems, "%s lists %zu of %zu", file, n, json_array_size(proved));
}

static void check_run(const unpacked *u, const json_t *proof, json_t *problems)
{
    json_t *run = json_loads(text_of(u, "run.json"), 0, NULL);
    json_t *measured = json_loads(text_of(u, "measurements.json"), 0, NULL);
    check_members("run.json", "the run", run, json_object_get(proof, "run"), problems);
    check_lists("run.json", json_object_get(run, "phases"), json_object_get(proof, "phases"), problems);
    check_lists("run.json", json_object_get(run, "measurements"), json_object_get(proof, "measurements"), problems);
    check_lists("measurements.json", measured, json_object_get(proof, "measurements"), problems);
    json_decref(measured);
    json_decref(run);
    if (strcmp(text_of(u, "pipeline.cfg"), proof_text(json_object_get(proof, "run"), "text")) != 0)
        audit_add(problems, "pipeline.cfg is not the text that was recorded");
}

static void check_events(const unpacked *u, const json_t *proof, json_t *problems)
{
    guard_text all = {0};
    size_t i;
    const json_t *l;
    json_array_foreach(json_object_get(proof, "links"), i, l)
        if (!*proof_text(l, "kind"))
            text_printf(&all, "%s\n", proof_text(l, "json"));
    if (strcmp(text_get(&all), text_of(u, "events.jsonl")) != 0)
        audit_add(problems, "events.jsonl is not what was recorded");
}

static void check_approvals(const unpacked *u, const json_t *proof, json_t *problems)
{
    const json_t *decisions = json_object_get(proof, "decisions"), *d;
    json_t *list = json_loads(text_of(u, "approvals.json"), 0, NULL);
    size_t i;
    json_array_foreach(decisions, i, d) {
        guard_mem char *name = mem_printf("approvals/%zu.statement", i + 1), *sig = mem_printf("%s.sig", name);
        guard_mem char *what = mem_printf("decision %zu", i + 1);
        json_t *proved = json_copy((json_t *)(uintptr_t)d);
        json_object_del(proved, "statement"); /* there it is a file's name */
        if (strcmp(text_of(u, name), proof_text(d, "statement")) != 0)
            audit_add(problems, "%s is not what was signed", name);
        if (strcmp(text_of(u, sig), proof_text(d, "signature")) != 0)
            audit_add(problems, "%s is not the signature that was recorded", sig);
        check_members("approvals.json", what, json_array_get(list, i), proved, problems);
        json_decref(proved);
    }
    if (json_array_size(list) != json_array_size(decisions))
        audit_add(problems, "approvals.json lists %zu of %zu decisions", json_array_size(list),
                  json_array_size(decisions));
    json_decref(list);
}

int bundle_audit(const char *path, const char *signers, json_t **ret_proof, audit *ret, error **err)
{
    unpacked u = {0};
    int r = unpack(path, &u, err);
    if (r < 0)
        return r;
    json_t *proof = json_loads(text_of(&u, "proof.json"), 0, NULL);
    if (!json_object_get(proof, "links")) {
        const char *why = proof_text(proof, "withheld");
        r = error_set(err, ERROR_REFUSED, "'%s' holds no proof.json that could be checked%s%s", path, *why ? ": " : "",
                      why);
    }
    if (r == 0)
        r = audit_run(proof, signers, ret, err);
    if (r == 0) {
        check_manifest(&u, ret->problems);
        check_run(&u, proof, ret->problems);
        check_events(&u, proof, ret->problems);
        check_approvals(&u, proof, ret->problems);
        audit_add(ret->facts, "unsigned: artifacts, logs, checklist and report.xml; only the manifest covers them");
        *ret_proof = json_incref(proof);
    }
    json_decref(proof);
    unpacked_done(&u);
    return r;
}
