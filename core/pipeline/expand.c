#include <stdlib.h>
#include <string.h>

#include "pipeline/load.h"

#define MAX_CHAIN 64 /* definitions that refer to one another */

definition *vars_find(const load *l, const char *section, const char *name)
{
    for (size_t i = 0; i < l->definitions.count; i++) {
        definition *d = &l->definitions.items[i];
        if (strcmp(d->section, section) == 0 && strcmp(d->name, name) == 0)
            return d;
    }
    return NULL;
}

/* ---- checks of one text ------------------------------------------------------------------------------------------ */

static const char *section_of(const reference *r)
{
    return r->kind == REF_VARS ? "vars" : "pipeline";
}

static void report_undefined(load *l, pipeline_place where, const reference *r)
{
    nearest n = nearest_to(r->name);
    for (size_t i = 0; i < l->definitions.count; i++)
        if (strcmp(l->definitions.items[i].section, section_of(r)) == 0)
            nearest_offer(&n, l->definitions.items[i].name);
    guard_mem char *meant = load_did_you_mean(&n);
    load_problem(l, where, "${%s.%s} is not defined%s", section_of(r), r->name, meant);
    if (!*meant && r->kind == REF_VARS)
        load_hint(l, "vars: { %s = \"...\"; };", r->name);
}

/* A run that was recorded goes on, or back, without what was set then. */
static bool report_unset(load *l, pipeline_place where, const char *name)
{
    if (l->recorded) {
        load_warning(l, where, "the environment variable %s is not set now", name);
        return true;
    }
    guard_mem char *near = environment_nearest(l->p->inner->environment, name);
    load_problem(l, where, "the environment variable %s is not set%s%s%s", name, near ? "; did you mean '" : "",
                 near ? near : "", near ? "'?" : "");
    load_hint(l, "export it, or name a file that sets it: env_files = [\"...\"];");
    return false;
}

static const config_setting_t *secrets_section(const load *l)
{
    return setting_member(config_root_setting(&l->config), "secrets");
}

static bool is_secret(const load *l, const char *name)
{
    const config_setting_t *section = secrets_section(l);
    return section && setting_member(section, name);
}

static void report_no_secret(load *l, pipeline_place where, const char *name)
{
    const config_setting_t *section = secrets_section(l);
    nearest n = nearest_to(name);
    for (int i = 0; section && config_setting_is_group(section) && i < config_setting_length(section); i++)
        nearest_offer(&n, config_setting_name(config_setting_get_elem(section, (unsigned)i)));
    guard_mem char *meant = load_did_you_mean(&n);
    load_problem(l, where, "there is no secret '%s'%s", name, meant);
    load_hint(l, "secrets: { %s = { provider = \"file\"; path = \"...\"; }; };", name);
}

static void report_bad(load *l, pipeline_place where, const reference *r)
{
    int n = r->length > 60 ? 60 : (int)r->length;
    load_problem(l, where, "not a reference: %.*s", n, r->begin);
    load_hint(
        l, "there are ${vars.NAME} ${pipeline.NAME} ${env:NAME} ${secret:NAME} ${steps.ID.OUTPUT}; a plain \"${\" is "
           "written \"$${\"");
}

/** Reports what is wrong with the references that the text itself holds. */
static bool check(load *l, pipeline_place where, const char *raw)
{
    bool good = true;
    reference r;
    while (reference_next(&raw, &r)) {
        bool fine = true;
        switch (r.kind) {
        case REF_VARS:
        case REF_PIPELINE:
            if (!(fine = vars_find(l, section_of(&r), r.name) != NULL))
                report_undefined(l, where, &r);
            break;
        case REF_ENV: fine = environment_get(l->p->inner->environment, r.name) || report_unset(l, where, r.name); break;
        case REF_SECRET:
            if (!(fine = is_secret(l, r.name)))
                report_no_secret(l, where, r.name);
            break;
        case REF_BAD:
            fine = false;
            report_bad(l, where, &r);
            break;
        case REF_TEXT:
        case REF_STEPS: break;
        }
        good = good && fine;
    }
    return good;
}

/* ---- putting values in ------------------------------------------------------------------------------------------- */

static bool add_template(text *out, const char *template)
{
    reference r;
    bool good = true;
    while (reference_next(&template, &r))
        good = template_add_piece(out, &r) && good;
    return good;
}

/** The text that was put together, or NULL. good: nothing that it needs is wrong; separate: see template_add_piece().
 */
static char *finish_text(load *l, pipeline_place where, text *out, bool good, bool separate)
{
    json_t *utf8 = json_stringn(text_get(out), out->count);
    json_decref(utf8);
    if (out->truncated)
        load_problem(l, where, "the text grows beyond %zu KiB", REFERENCE_MAX_TEXT / 1024);
    else if (!separate)
        load_problem(l, where, "a reference cannot stand right behind a '$'");
    else if (!utf8)
        load_problem(l, where, "the text is not UTF-8");
    else if (good)
        return text_take(out);
    text_done(out);
    return NULL;
}

/** Puts vars and pipeline in; the other references stay. NULL when something it needs is wrong. */
static char *put_definitions(load *l, pipeline_place where, const char *raw, const definition *asked_by)
{
    text out = {.max = REFERENCE_MAX_TEXT};
    reference r;
    bool good = true, separate = true;
    while (reference_next(&raw, &r)) {
        if (r.kind != REF_VARS && r.kind != REF_PIPELINE) {
            separate = template_add_piece(&out, &r) && separate;
            continue;
        }
        definition *d = vars_find(l, section_of(&r), r.name);
        const char *value = d ? vars_value(l, d, asked_by) : NULL;
        separate = (!value || add_template(&out, value)) && separate;
        good = good && value;
    }
    return finish_text(l, where, &out, good, separate);
}

static void report_circle(load *l, const definition *d, const definition *last)
{
    guard_text chain = {0};
    text_puts(&chain, d->full);
    const definition *names[MAX_CHAIN];
    size_t n = 0;
    for (const definition *at = last; at && at != d && n < MAX_CHAIN; at = at->asked_by)
        names[n++] = at;
    while (n > 0) {
        n--;
        text_printf(&chain, " -> %s", names[n]->full);
    }
    load_problem(l, d->where, "a definition refers to itself: %s -> %s", text_get(&chain), d->full);
}

const char *vars_value(load *l, definition *d, const definition *asked_by)
{
    size_t depth = 0;
    for (const definition *at = asked_by; at; at = at->asked_by)
        depth++;
    if (d->done)
        return d->value;
    if (d->entered || depth >= MAX_CHAIN) {
        if (d->entered)
            report_circle(l, d, asked_by);
        else
            load_problem(l, d->where, "more than %d definitions refer to one another in a chain", MAX_CHAIN);
        d->done = true;
        return NULL;
    }
    d->entered = true;
    d->asked_by = asked_by;
    char *value = check(l, d->where, d->raw) ? put_definitions(l, d->where, d->raw, d) : NULL;
    d->asked_by = NULL;
    if (d->done) { /* found to be part of a circle meanwhile */
        free(value);
        return NULL;
    }
    d->done = true;
    return d->value = value;
}

/** Puts env in. NULL when one is not set: that was reported where it is written. Of a recorded run it comes to nothing.
 */
static char *put_environment(load *l, pipeline_place where, const char *template)
{
    text out = {.max = REFERENCE_MAX_TEXT};
    reference r;
    bool good = true, separate = true;
    while (reference_next(&template, &r)) {
        if (r.kind != REF_ENV) {
            separate = template_add_piece(&out, &r) && separate;
            continue;
        }
        const char *value = environment_use(l->p->inner->environment, r.name);
        if (value)
            template_add_text(&out, value, strlen(value));
        good = good && (value || l->recorded);
    }
    return finish_text(l, where, &out, good, separate);
}

char *vars_expand(load *l, pipeline_place where, const char *raw, bool put_env)
{
    char *template = check(l, where, raw) ? put_definitions(l, where, raw, NULL) : NULL;
    if (!template || !put_env)
        return template;
    char *whole = put_environment(l, where, template);
    free(template);
    return whole;
}
