#include "flow_order.h"

#include <string.h>

#include "json_path.h"

static const char *value_at(const flow_order *o, int i)
{
    return config_setting_get_string_elem(config_setting_get_member(o->rule, "values"), i);
}

static int count_of(const flow_order *o)
{
    return config_setting_length(config_setting_get_member(o->rule, "values"));
}

static int index_of(const flow_order *o, const char *state)
{
    for (int i = 0; i < count_of(o); i++)
        if (strcmp(value_at(o, i), state) == 0)
            return i;
    return -1;
}

static void add_seen(flow_order *o, const char *state)
{
    text_add(&o->seen, "%s%.40s", o->seen.length ? ", " : "", state);
}

void flow_order_begin(flow_order *o, const flow_run *run, const config_setting_t *poll)
{
    *o = (flow_order){.rule = config_setting_get_member(poll, "order"), .last = -1};
    const char *after = o->rule ? flow_text(o->rule, "after") : NULL;
    guard_mem char *why = NULL, *state = after ? flow_vars_expand(&run->vars, after, &why) : NULL;
    if (!state)
        return;
    o->last = index_of(o, state);
    add_seen(o, state);
}

static void add_wanted(const flow_order *o, text *why)
{
    text_add(why, "expected the order ");
    for (int i = 0; i < count_of(o); i++)
        text_add(why, "%s%s", i ? ", " : "", value_at(o, i));
    text_add(why, "; came %s", o->seen.length ? text_of(&o->seen) : "none of them");
}

bool flow_order_see(flow_order *o, const flow_run *run, const flow_answer *a, text *why)
{
    if (!o->rule)
        return true;
    guard_mem char *unset = NULL, *at = flow_vars_expand(&run->vars, flow_text(o->rule, "at"), &unset);
    const json_t *value = at && a->json ? json_path_get(a->json, at) : NULL;
    guard_mem char *state = value ? json_path_text(value) : text_dup("nothing");
    int i = index_of(o, state);
    if (i >= 0 && i == o->last)
        return true;
    const config_setting_t *may_skip = config_setting_get_member(o->rule, "may_skip");
    bool skipped = i > o->last + 1 && !(may_skip && config_setting_get_bool(may_skip));
    bool good = i > o->last && !skipped;
    add_seen(o, state);
    if (!good)
        add_wanted(o, why);
    if (skipped)
        text_add(why, " (poll more often to see '%s', or set may_skip)", value_at(o, o->last + 1));
    o->last = i;
    return good;
}

bool flow_order_end(const flow_order *o, text *why)
{
    if (!o->rule || o->last == count_of(o) - 1)
        return true;
    add_wanted(o, why);
    return false;
}

void flow_order_done(flow_order *o)
{
    text_clear(&o->seen);
}
