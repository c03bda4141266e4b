/* The steps of the diagnosis: which failures they look into, and that they do no more than to look. */
#include <fnmatch.h>
#include <string.h>

#include <belay/plugin.h>

#include "pipeline/load.h"

/** What such a step can be given of the options common to all; the rest has no meaning where one look is taken. */
static const char *const meaningful[] = {"id", "use", "title", "covers", "timeout", "when", "answers", NULL};

static bool is_among(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static void check_options(load *l, const pipeline_step *s, const config_setting_t *group)
{
    for (size_t i = 0; i < (size_t)config_setting_length(group); i++) {
        const config_setting_t *given = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(given);
        if (step_common_name(name) && !is_among(name, meaningful))
            load_problem(l, load_place(l, given), "step '%s' of the diagnosis cannot have '%s': it looks once", s->id,
                         name);
    }
}

static void check_kind(load *l, const pipeline_step *s)
{
    if (!s->kind)
        return;
    const bool looks = s->kind->flags & BELAY_S_READ_ONLY && s->kind->has_verify;
    if (!looks || s->kind->flags & BELAY_S_WAITS) {
        load_problem(l, s->where, "%s cannot be a step of the diagnosis: it %s", s->kind->name,
                     looks                                ? "waits for people"
                     : s->kind->flags & BELAY_S_READ_ONLY ? "has no verify"
                                                          : "changes something");
        load_hint(l, "`belay plugins` lists the kinds; those that check can be used");
    }
}

/* A pattern with a dot is about kinds, for no stage or step has one in its name; others are about stages and steps. */
static bool matches(const char *pattern, const pipeline_step *s)
{
    return (s->kind && fnmatch(pattern, s->kind->name, 0) == 0) || fnmatch(pattern, s->stage->name, 0) == 0 ||
           fnmatch(pattern, s->id, 0) == 0;
}

static bool add_matching(const load *l, pipeline_step *s, const char *pattern, bool *answers)
{
    bool any = false;
    for (size_t i = 0; i < l->p->main_count; i++) {
        if (!matches(pattern, &l->p->steps[i]))
            continue;
        s->answer_count += !answers[i];
        answers[i] = any = true;
    }
    return any;
}

static void warn_of_nothing(load *l, const config_setting_t *at, const pipeline_step *s, const char *pattern)
{
    nearest n = nearest_to(pattern);
    for (size_t i = 0; i < l->p->main_count; i++) {
        const pipeline_step *other = &l->p->steps[i];
        nearest_offer(&n, other->id);
        nearest_offer(&n, other->stage->name);
        if (other->kind)
            nearest_offer(&n, other->kind->name);
    }
    guard_mem char *meant = load_did_you_mean(&n);
    load_warning(l, load_place(l, at), "step '%s' answers '%s', which is no step, stage or kind here%s", s->id, pattern,
                 meant);
}

/* Without `answers` it looks into every failure. */
static void load_answers(load *l, pipeline_step *s, const config_setting_t *given)
{
    guard_mem bool *answers = mem_array(l->p->main_count + 1, sizeof *answers);
    if (!given)
        (void)add_matching(l, s, "*", answers);
    for (size_t i = 0; given && i < setting_item_count(given); i++) {
        const config_setting_t *item = setting_item(given, i);
        guard_mem char *pattern = setting_text(l, item);
        if (pattern && !add_matching(l, s, pattern, answers))
            warn_of_nothing(l, item, s, pattern);
    }
    s->answers = mem_array(s->answer_count, sizeof *s->answers);
    size_t n = 0;
    for (size_t i = 0; i < l->p->main_count; i++)
        if (answers[i])
            s->answers[n++] = i;
}

/* The machine kills what still looks at the limit; told to stop a little earlier, a collector can still say what it has
 * found. */
static void limit_time(const load *l, pipeline_step *s)
{
    const int64_t most = l->p->diagnose_ms - l->p->diagnose_ms / 4;
    s->timeout_ms = s->timeout_ms < most ? s->timeout_ms : most;
}

void collectors_load(load *l)
{
    for (size_t i = 0; i < l->p->step_count; i++) {
        pipeline_step *s = &l->p->steps[i];
        const config_setting_t *answers = setting_member(l->step_settings[i], "answers");
        if (s->stage->diagnose) {
            check_options(l, s, l->step_settings[i]);
            check_kind(l, s);
            load_answers(l, s, answers);
            limit_time(l, s);
        } else if (answers) {
            load_problem(l, load_place(l, answers), "step '%s' is not part of the diagnosis, so it has no 'answers'",
                         s->id);
        }
    }
}
