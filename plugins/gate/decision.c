#include "gate.h"

static const char *word(const json_t *item, const char *name)
{
    const char *s = json_string_value(json_object_get(item, name));
    return s ? s : "";
}

bool decision_read(const json_t *item, decision *ret)
{
    *ret = (decision){.role = word(item, "role"),
                      .reason = word(item, "reason"),
                      .person = word(item, "person"),
                      .approve = strcmp(word(item, "decision"), "approve") == 0,
                      .is_signed = json_is_true(json_object_get(item, "signed")),
                      .at = json_number_value(json_object_get(item, "at")),
                      .why = word(item, "why")};
    if (!json_object_get(item, "counts"))
        ret->why = "this belay does not say whether it counts";
    return json_is_true(json_object_get(item, "counts"));
}
