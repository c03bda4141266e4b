#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#include "pipeline/env_secrets.h"
#include "pipeline/load.h"

/** One option on its way to a phase. */
typedef struct resolution {
    const pipeline *p;
    const pipeline_step *step;
    const catalog_option *option;
    pipeline_output_fn output;
    void *user;
    redactor *secrets;
    bool pending; /**< an output is not there yet */
    bool lenient; /**< a variable that is not set is no error */
    bool unset;   /**< one was not: there is no value */
    bool hide;    /**< something in it is secret */
} resolution;

static void add_secret(resolution *r, text *out, const char *value)
{
    redactor_add(r->secrets, value);
    r->hide = true;
    text_puts(out, value);
}

static int put_secret(resolution *r, const char *name, text *out, error **err)
{
    char *value = NULL;
    int status = secrets_fetch(r->p->inner->secrets, r->p->inner->environment, name, &value, err);
    if (status)
        return status;
    add_secret(r, out, value);
    mem_wipe_free(value, strlen(value));
    return 0;
}

/** A reference to env that is still there is in an option marked secret. */
static int put_env(resolution *r, const char *name, text *out, error **err)
{
    const char *value = environment_get(r->p->inner->environment, name);
    r->unset = r->unset || !value;
    if (!value && r->lenient)
        return 0;
    if (!value)
        return error_set(err, ERROR_CONFIG, "the environment variable %s is not set", name);
    add_secret(r, out, value);
    return 0;
}

static int put_output(resolution *r, const reference *ref, text *out)
{
    const char *value = r->output ? r->output(r->user, ref->name, ref->output) : NULL;
    const pipeline_step *from = pipeline_step_find(r->p, ref->name);
    const catalog_output *declared = from ? catalog_output_find(from->kind, ref->output) : NULL;
    if (!value)
        r->pending = true;
    else if (declared && (declared->flags & BELAY_F_SECRET))
        add_secret(r, out, value);
    else
        text_puts(out, value);
    return 0;
}

static int put_pieces(resolution *r, const char *template, text *out, error **err)
{
    reference ref;
    int status = 0;
    while (status == 0 && reference_next(&template, &ref))
        switch (ref.kind) {
        case REF_SECRET: status = put_secret(r, ref.name, out, err); break;
        case REF_ENV: status = put_env(r, ref.name, out, err); break;
        case REF_STEPS: status = put_output(r, &ref, out); break;
        default: text_add(out, ref.begin, ref.length); break;
        }
    if (status == 0 && out->truncated)
        status = error_set(err, ERROR_CONFIG, "the text grows beyond %zu KiB", REFERENCE_MAX_TEXT / 1024);
    return status;
}

/** A number is masked as a plugin would write it; that may differ from how the file or the provider has it. */
static void hide_number(const resolution *r, const json_t *value)
{
    char *plain = mem_printf("%lld", (long long)json_integer_value(value));
    if (json_is_integer(value))
        redactor_add(r->secrets, plain);
    mem_wipe_free(plain, strlen(plain));
}

/** The value of a template; *ret stays NULL when it is pending, or lacks a variable. */
static int resolve_text(resolution *r, const char *template, json_t **ret, error **err)
{
    text out = {.max = REFERENCE_MAX_TEXT};
    text_puts(&out, "");
    int status = put_pieces(r, template, &out, err);
    if (status == 0 && !r->pending && !r->unset) {
        bool marked = r->option->flags & BELAY_F_SECRET;
        if (marked && out.count > 0)
            redactor_add(r->secrets, text_get(&out));
        status = value_of(r->option, r->p->folder, text_get(&out), r->hide || marked, ret, err);
        if (status == 0 && (r->hide || marked))
            hide_number(r, *ret);
    }
    mem_wipe_free(out.items, out.count);
    return status;
}

static int resolve_list(resolution *r, const json_t *items, json_t **ret, error **err)
{
    json_t *list = json_array();
    int status = 0;
    for (size_t i = 0; status == 0 && !r->pending && i < json_array_size(items); i++) {
        json_t *value = NULL;
        r->unset = false; /* of a list, only the item that lacks it is left out */
        status = resolve_text(r, json_string_value(json_array_get(items, i)), &value, err);
        if (value)
            json_array_append_new(list, value);
    }
    r->unset = false;
    if (status == 0 && !r->pending)
        *ret = list;
    else
        json_decref(list);
    return status;
}

static int resolve(resolution *r, json_t *stored, json_t **ret, error **err)
{
    if (json_is_string(stored))
        return resolve_text(r, json_string_value(stored), ret, err);
    if (json_is_array(stored))
        return resolve_list(r, stored, ret, err);
    if (r->option->flags & BELAY_F_SECRET)
        hide_number(r, stored);
    *ret = json_incref(stored);
    return 0;
}

static void name_missing(void *user, const char *step, const char *output)
{
    text_printf(user, " ${steps.%s.%s}", step, output);
}

static void references_of(const char *template, void (*fn)(void *user, const char *step, const char *output),
                          void *user)
{
    reference ref;
    while (reference_next(&template, &ref))
        if (ref.kind == REF_STEPS)
            fn(user, ref.name, ref.output);
}

static void references_in(const json_t *stored, void (*fn)(void *user, const char *step, const char *output),
                          void *user)
{
    if (json_is_string(stored))
        references_of(json_string_value(stored), fn, user);
    for (size_t i = 0; i < json_array_size(stored); i++)
        references_in(json_array_get(stored, i), fn, user);
}

int pipeline_options(const pipeline *p, const pipeline_step *s, pipeline_output_fn output, void *user,
                     pipeline_lack lack, json_t **ret_options, json_t **ret_pending, redactor *secrets, error **err)
{
    json_t *options = json_object(), *pending = json_array();
    int status = 0;
    for (size_t i = 0; status == 0 && i < s->kind->option_count; i++) {
        const catalog_option *o = &s->kind->options[i];
        json_t *stored = json_object_get(s->options, o->name), *value = NULL;
        if (!stored)
            continue;
        resolution r = {.p = p, .step = s, .option = o, .output = output, .user = user, .secrets = secrets};
        r.lenient = lack == PIPELINE_LACKS_VARIABLES && !(o->flags & BELAY_F_REQUIRED);
        status = resolve(&r, stored, &value, err);
        if (status == 0 && r.pending && lack == PIPELINE_LACKS_NOTHING) {
            guard_text missing = {0};
            references_in(stored, name_missing, &missing);
            status = error_set(err, ERROR_CONFIG, "not produced yet:%s", text_get(&missing));
        }
        if (status)
            error_wrap(err, "%s:%u: step '%s', option '%s'", s->where.file, s->where.line, s->id, o->name);
        else if (r.pending)
            json_array_append_new(pending, json_string(o->name));
        else if (value)
            json_object_set_new(options, o->name, value);
    }
    if (status) {
        json_decref(options);
        json_decref(pending);
        return status;
    }
    env_secrets_add(options, secrets);
    *ret_options = options;
    *ret_pending = pending;
    return 0;
}

static void name_unset(const pipeline *p, const json_t *stored, text *names)
{
    const char *template = json_is_string(stored) ? json_string_value(stored) : "";
    reference ref;
    while (reference_next(&template, &ref))
        if (ref.kind == REF_ENV && !environment_get(p->inner->environment, ref.name))
            text_printf(names, "%s%s", names->count ? ", " : "", ref.name);
    for (size_t i = 0; i < json_array_size(stored); i++)
        name_unset(p, json_array_get(stored, i), names);
}

char *pipeline_unset_variables(const pipeline *p, const pipeline_step *s)
{
    guard_text names = {0};
    const char *name;
    json_t *stored;
    json_object_foreach(s->options, name, stored) {
        name_unset(p, stored, &names);
    }
    return mem_dup(text_get(&names));
}

void pipeline_secrets(const pipeline *p, redactor *into, char **ret_why)
{
    *ret_why = NULL;
    for (size_t i = 0; i < p->step_count; i++) {
        const pipeline_step *s = &p->steps[i];
        json_t *options = json_object();
        for (size_t k = 0; k < s->kind->option_count; k++) {
            guard(error) err = NULL;
            json_t *stored = json_object_get(s->options, s->kind->options[k].name), *value = NULL;
            resolution r = {.p = p, .step = s, .option = &s->kind->options[k], .secrets = into};
            if (stored && resolve(&r, stored, &value, &err) < 0 && !*ret_why)
                *ret_why = error_text(err);
            if (value)
                json_object_set_new(options, s->kind->options[k].name, value);
        }
        env_secrets_add(options, into);
        json_decref(options);
    }
}

void pipeline_references(const pipeline_step *s, void (*fn)(void *user, const char *step, const char *output),
                         void *user)
{
    const char *name;
    json_t *stored;
    json_object_foreach(s->options, name, stored) {
        references_in(stored, fn, user);
    }
}
