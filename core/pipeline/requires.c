/* requires: what must have been deployed, and signed off, elsewhere before. The engine asks the store. */
#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#include "pipeline/load.h"

static const char example[] = "requires: { environment = \"staging\"; signed_off_within = \"48h\"; };";

static void load_environment(load *l, const config_setting_t *s)
{
    char *name = setting_text(l, s);
    const char *own = l->p->environment;
    l->p->required_environment = name;
    if (!name)
        return;
    if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name)) {
        load_problem(l, load_place(l, s), "requires.environment cannot be '%s'", name);
        load_hint(l, "small letters, digits and '-' can be used");
    } else if (own && strcmp(own, name) == 0) {
        load_problem(l, load_place(l, s), "requires.environment is '%s', which this pipeline deploys to", name);
        load_hint(l, "name the environment that comes before it");
    }
}

static bool gives_commit(const pipeline_step *s)
{
    for (size_t i = 0; i < s->kind->output_count; i++)
        if (s->kind->outputs[i].flags & BELAY_F_COMMIT)
            return true;
    return false;
}

/* "The very same commit" can only be held against a step that says which it is, and that no policy lets pass. */
static void check_commit_step(load *l, pipeline_place where)
{
    bool found = false;
    for (size_t i = 0; i < l->p->main_count; i++) {
        const pipeline_step *s = &l->p->steps[i];
        if (!s->kind || !gives_commit(s) || s->skipped)
            continue;
        found = true;
        if (s->on_failure == POLICY_ROLLBACK)
            continue;
        load_problem(l, s->where,
                     "step '%s' resolves the commit that 'requires' asks for; a failure of it must end the run", s->id);
        load_hint(l, "on_failure = \"rollback\", which is the default");
    }
    if (found)
        return;
    load_problem(l, where, "'requires' asks for the same commit, and no step resolves the commit that is deployed");
    load_hint(l, "such a step is git.checkout");
}

void requires_load(load *l, const config_setting_t *root)
{
    static const char *const names[] = {"environment", "signed_off_within", NULL};
    const config_setting_t *group = setting_member(root, "requires");
    if (!group)
        return;
    if (!config_setting_is_group(group)) {
        load_problem(l, load_place(l, group), "'requires' is %s; it must be a group", setting_type_name(group));
        load_hint(l, "%s", example);
        return;
    }
    setting_check_names(l, group, "'requires'", names);
    const config_setting_t *environment = setting_member(group, "environment");
    const config_setting_t *within = setting_member(group, "signed_off_within");
    if (!environment || !within) {
        load_problem(l, load_place(l, group), "'requires' lacks '%s'", environment ? names[1] : names[0]);
        load_hint(l, "%s", example);
    }
    if (environment)
        load_environment(l, environment);
    if (within)
        (void)setting_duration(l, within, 1, &l->p->signed_off_within_ms);
    check_commit_step(l, load_place(l, group));
}
