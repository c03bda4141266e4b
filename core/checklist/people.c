/* Who signed is what the gate found, which checked the signature: the record of a decision alone knows the system's
 * user. */
#include "checklist/people.h"

#include <stdlib.h>
#include <string.h>

#include "checklist/filled.h"

#define SIGNED " (signed)"

static bool take_approval(void *user, const store_approval *a)
{
    json_array_append_new(user, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "gate", a->gate, "role", a->role,
                                          "decision", a->decision, "reason", a->reason, "user", a->user, "person", "",
                                          "at_ms", (json_int_t)a->at_ms));
    return true;
}

/* "qa-lead: bob (signed); tech-lead: ada (signed)": the person of a role whose signature counted, else NULL. */
static char *signer(const char *record, const char *role)
{
    const size_t head = strlen(role) + 2, tail = sizeof SIGNED - 1;
    guard_mem char *begin = mem_printf("%s: ", role);
    for (const char *item = record; *item;) {
        const size_t n = strcspn(item, ";");
        if (n > head + tail && strncmp(item, begin, head) == 0 && strncmp(item + n - tail, SIGNED, tail) == 0)
            return mem_dup_n(item + head, n - head - tail);
        item += n + strspn(item + n, "; ");
    }
    return NULL;
}

static int name_by(store *s, const char *run, const char *output, json_t *approval, error **err)
{
    char *record = NULL;
    int r = store_output_get(s, run, filled_text(approval, "gate"), output, &record, err);
    char *person = record ? signer(record, filled_text(approval, "role")) : NULL;
    if (person)
        json_object_set_new(approval, "person", json_string(person));
    free(person);
    free(record);
    return r;
}

/* Of decisions in the same role at the same gate the last is the one that counts. */
static bool is_last(const json_t *approvals, size_t i)
{
    const json_t *a = json_array_get(approvals, i);
    for (size_t k = i + 1; k < json_array_size(approvals); k++) {
        const json_t *later = json_array_get(approvals, k);
        if (strcmp(filled_text(a, "gate"), filled_text(later, "gate")) == 0 &&
            strcmp(filled_text(a, "role"), filled_text(later, "role")) == 0)
            return false;
    }
    return true;
}

int people_gather(store *s, const char *run, json_t **ret, error **err)
{
    json_t *approvals = json_array();
    int r = store_approvals(s, run, NULL, take_approval, approvals, err);
    for (size_t i = 0; i < json_array_size(approvals) && r == 0; i++) {
        json_t *a = json_array_get(approvals, i);
        if (!is_last(approvals, i))
            continue;
        r = name_by(s, run, "approved_by", a, err);
        if (r == 0)
            r = name_by(s, run, "overruled_by", a, err);
    }
    if (r == 0)
        *ret = approvals;
    else
        json_decref(approvals);
    return r;
}
