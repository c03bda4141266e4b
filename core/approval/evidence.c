#include "approval/evidence.h"

#include <string.h>

#include "approval/proof.h"
#include "base/text.h"

/* A quote within a text is escaped in JSON, so what is sought can only be the member itself. */
static bool is_evidence(const char *kind, const char *json)
{
    if (strcmp(kind, STORE_CHAIN_PHASE) == 0)
        return !strstr(json, "\"verdict\":\"not yet\"") && !strstr(json, "\"verdict\":\"\"");
    return strcmp(kind, STORE_CHAIN_PLAN) == 0 || strcmp(kind, STORE_CHAIN_MEASUREMENT) == 0 ||
           strcmp(kind, STORE_CHAIN_OUTPUT) == 0;
}

static void add(text *all, const char *kind, const char *json)
{
    if (is_evidence(kind, json))
        text_printf(all, "%s %s\n", kind, json);
}

void evidence_at(const json_t *proof, size_t count, char hex[SHA256_TEXT])
{
    guard_text all = {0};
    const json_t *links = json_object_get(proof, "links");
    for (size_t i = 0; i < count && i < json_array_size(links); i++) {
        const json_t *l = json_array_get(links, i);
        add(&all, proof_text(l, "kind"), proof_text(l, "json"));
    }
    sha256_bytes(text_get(&all), all.count, hex);
}

static bool add_link(void *user, const store_link *l)
{
    add(user, l->kind, l->json);
    return true;
}

int approval_evidence(store *s, const store_run *run, char hex[SHA256_TEXT], error **err)
{
    guard_text all = {0};
    int r = store_chain(s, run->id, add_link, &all, err);
    if (r == 0)
        sha256_bytes(text_get(&all), all.count, hex);
    return r;
}
