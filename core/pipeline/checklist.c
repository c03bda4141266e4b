#include <stdlib.h>
#include <string.h>

#include "pipeline/load.h"

#define BOX_ID_MAX 32

static const pipeline_box *find(const load *l, const char *id)
{
    for (size_t i = 0; i < l->p->box_count; i++)
        if (strcmp(l->p->boxes[i].id, id) == 0)
            return &l->p->boxes[i];
    return NULL;
}

/* ---- the section ------------------------------------------------------------------------------------------------- */

/** A member that must be there, as text; NULL when it was reported. The caller frees. */
static char *member_text(load *l, const config_setting_t *group, const char *what, const char *name)
{
    const config_setting_t *s = setting_member(group, name);
    if (s)
        return setting_text(l, s);
    load_problem(l, load_place(l, group), "%s lacks '%s'", what, name);
    return NULL;
}

static void add_box(load *l, const config_setting_t *group, const char *section)
{
    static const char *const names[] = {"id", "text", NULL};
    if (!config_setting_is_group(group)) {
        load_problem(l, load_place(l, group), "a box is %s; it must be a group", setting_type_name(group));
        load_hint(l, "{ id = \"1.1\"; text = \"The environment is provisioned\"; }");
        return;
    }
    setting_check_names(l, group, "a box", names);
    guard_mem char *id = member_text(l, group, "a box", "id"), *text = member_text(l, group, "a box", "text");
    if (!id || !text)
        return;
    if (!*id || strlen(id) > BOX_ID_MAX || find(l, id)) {
        load_problem(l, load_place(l, group), find(l, id) ? "there are two boxes '%s'" : "'%s' cannot be a box's id",
                     id);
        return;
    }
    pipeline *p = l->p;
    p->boxes = mem_grow(p->boxes, p->box_count + 1, sizeof *p->boxes);
    p->boxes[p->box_count++] = (pipeline_box){.id = take(id), .section = section, .text = take(text)};
}

/** The members `name` of a group, which must be a list of groups; NULL when it was reported. */
static const config_setting_t *list_of(load *l, const config_setting_t *group, const char *what, const char *name)
{
    const config_setting_t *list = setting_member(group, name);
    if (list && config_setting_is_list(list))
        return list;
    load_problem(l, load_place(l, list ? list : group), "%s needs '%s', a list of groups: ( {...}, {...} )", what,
                 name);
    return NULL;
}

static void load_section(load *l, const config_setting_t *group, char **slot)
{
    static const char *const names[] = {"name", "boxes", NULL};
    if (config_setting_is_group(group))
        setting_check_names(l, group, "a section of the checklist", names);
    char *name = member_text(l, group, "a section of the checklist", "name");
    *slot = name ? name : mem_dup("");
    const config_setting_t *boxes = list_of(l, group, "a section of the checklist", "boxes");
    for (size_t i = 0; boxes && i < setting_item_count(boxes); i++)
        add_box(l, setting_item(boxes, i), *slot);
}

/* ---- against the steps ------------------------------------------------------------------------------------------- */

static void check_covers(load *l, const pipeline_step *s)
{
    for (char **id = s->covers; *id; id++) {
        if (find(l, *id))
            continue;
        nearest n = nearest_to(*id);
        for (size_t i = 0; i < l->p->box_count; i++)
            nearest_offer(&n, l->p->boxes[i].id);
        guard_mem char *meant = load_did_you_mean(&n);
        load_problem(l, s->where, "step '%s' covers the box '%s', which the checklist does not have%s", s->id, *id,
                     meant);
    }
}

static bool is_covered(const load *l, const pipeline_box *box)
{
    for (size_t i = 0; i < l->p->step_count; i++)
        for (char **id = l->p->steps[i].covers; *id; id++)
            if (strcmp(*id, box->id) == 0)
                return true;
    return false;
}

static void warn_of_uncovered(load *l, pipeline_place where)
{
    guard_text ids = {0};
    for (size_t i = 0; i < l->p->box_count; i++)
        if (!is_covered(l, &l->p->boxes[i]))
            text_printf(&ids, "%s%s", ids.count ? ", " : "", l->p->boxes[i].id);
    if (!ids.count)
        return;
    load_warning(l, where, "no step covers these boxes of the checklist: %s", text_get(&ids));
    load_hint(l, "a step with covers = [\"ID\"] ticks a box; the others stay open");
}

void checklist_load(load *l, const config_setting_t *root)
{
    static const char *const names[] = {"title", "sections", NULL};
    const config_setting_t *group = setting_member(root, "checklist");
    if (!group)
        return;
    if (!config_setting_is_group(group)) {
        load_problem(l, load_place(l, group), "'checklist' is %s; it must be a group", setting_type_name(group));
        return;
    }
    setting_check_names(l, group, "the checklist", names);
    l->p->checklist = member_text(l, group, "the checklist", "title");
    const config_setting_t *sections = list_of(l, group, "the checklist", "sections");
    const size_t count = sections ? setting_item_count(sections) : 0;
    l->p->sections = mem_array(count + 1, sizeof *l->p->sections);
    for (size_t i = 0; i < count; i++)
        load_section(l, setting_item(sections, i), &l->p->sections[i]);
    for (size_t i = 0; i < l->p->step_count; i++)
        check_covers(l, &l->p->steps[i]);
    warn_of_uncovered(l, load_place(l, group));
}
