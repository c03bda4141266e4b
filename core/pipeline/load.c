#include "pipeline/load.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* ---- the pipeline itself ----------------------------------------------------------------------------------------- */

void pipeline_step_done(pipeline_step *s)
{
    free(s->id);
    free(s->title);
    texts_free(s->covers);
    free(s->needs);
    free(s->answers);
    for (size_t i = 0; i < s->threshold_count; i++) {
        free(s->thresholds[i].metric);
        free(s->thresholds[i].text);
    }
    free(s->thresholds);
    json_decref(s->options);
}

void pipeline_free(pipeline *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->step_count; i++)
        pipeline_step_done(&p->steps[i]);
    for (size_t i = 0; i < p->stage_count; i++)
        free(p->stages[i].name);
    for (size_t i = 0; i < p->box_count; i++) {
        free(p->boxes[i].id);
        free(p->boxes[i].text);
    }
    free(p->boxes);
    texts_free(p->sections);
    free(p->checklist);
    free(p->required_environment);
    free(p->steps);
    free(p->stages);
    free(p->name);
    free(p->environment);
    free(p->version);
    free(p->previous);
    free(p->lock);
    free(p->path);
    free(p->folder);
    free(p->text);
    json_decref(p->vars);
    json_decref(p->given);
    source_done(&p->inner->source);
    environment_free(p->inner->environment);
    secrets_free(p->inner->secrets);
    free(p->inner);
    free(p);
}

const pipeline_step *pipeline_step_find(const pipeline *p, const char *id)
{
    for (size_t i = 0; i < p->step_count; i++)
        if (strcmp(p->steps[i].id, id) == 0)
            return &p->steps[i];
    return NULL;
}

/** Where relative names start: the file's folder, without symbolic links, so that a run keeps its place. */
static void set_paths(pipeline *p, const char *path)
{
    char here[PATH_MAX], real[PATH_MAX];
    guard_mem char *absolute = file_absolute(getcwd(here, sizeof here) ? here : "/", path);
    guard_mem char *for_folder = mem_dup(absolute), *for_name = mem_dup(absolute);
    const char *folder = dirname(for_folder), *name = basename(for_name);
    p->folder = mem_dup(realpath(folder, real) ? real : folder);
    p->path = file_absolute(p->folder, name);
}

static pipeline *new_pipeline(const char *path)
{
    pipeline *p = mem_new(pipeline);
    p->inner = mem_new(struct pipeline_inner);
    p->inner->environment = environment_new();
    p->inner->secrets = secrets_new();
    set_paths(p, path);
    return p;
}

/* ---- the recorded text ------------------------------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return strncmp(a, b, n + 1) == 0;
}

/** Of two overrides of one name the later counts. */
static void add_override(json_t *all, const char *set)
{
    for (size_t i = json_array_size(all); i > 0; i--)
        if (same_name(json_string_value(json_array_get(all, i - 1)), set))
            json_array_remove(all, i - 1);
    json_array_append_new(all, json_string(set));
}

static void add_used(void *user, const char *name, const char *value)
{
    guard_mem char *set = mem_printf("env.%s=%s", name, value);
    add_override(user, set);
}

/** The text that a run stores: the source, and as its last section all overrides, and what ${env:...} came to. */
static char *recorded_text(const load *l, const config_setting_t *root, const char *const *sets)
{
    const char *source = text_get(&l->p->inner->source.text);
    const config_setting_t *overrides = setting_member(root, "overrides");
    json_t *all = json_array();
    for (size_t i = 0; overrides && i < setting_item_count(overrides); i++)
        add_override(all, config_setting_get_string(setting_item(overrides, i)));
    for (size_t i = 0; sets && sets[i]; i++)
        add_override(all, sets[i]);
    if (!l->recorded)
        environment_used(l->p->inner->environment, add_used, all);
    if (json_array_size(all) == (overrides ? setting_item_count(overrides) : 0) && (!sets || !sets[0])) {
        json_decref(all);
        return mem_dup(source);
    }
    const char *end = source;
    for (unsigned line = 1; overrides ? line < config_setting_source_line(overrides) : *end; line++)
        end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
    text out = {0};
    text_add(&out, source, (size_t)(end - source));
    text_printf(&out, "%soverrides: (", end > source && end[-1] != '\n' ? "\n" : "");
    for (size_t i = 0; i < json_array_size(all); i++) {
        text_puts(&out, i ? ", " : "");
        const char *set = json_string_value(json_array_get(all, i));
        setting_quote(&out, set, strlen(set));
    }
    text_puts(&out, ");\n");
    json_decref(all);
    return text_take(&out);
}

/** Belay writes this section; recorded_text() cuts it off again, so it must be where Belay puts it. */
static void check_overrides(load *l, const config_setting_t *root)
{
    const config_setting_t *s = setting_member(root, "overrides");
    if (!s)
        return;
    const char *at = text_get(&l->p->inner->source.text);
    for (unsigned line = 1; line < config_setting_source_line(s); line++)
        at += strcspn(at, "\n") + 1;
    if (config_setting_index(s) != config_setting_length(root) - 1 || !text_starts(at, "overrides"))
        load_problem(l, load_place(l, s), "'overrides' must be the last section, at the beginning of a line");
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

void environment_load(load *l, const config_setting_t *root)
{
    const config_setting_t *files = setting_member(root, "env_files");
    for (size_t i = 0; files && i < setting_item_count(files); i++) {
        const config_setting_t *item = setting_item(files, i);
        guard_mem char *written = setting_text(l, item);
        if (!written)
            continue;
        guard_mem char *path = file_absolute(l->p->folder, written);
        guard(error) err = NULL;
        guard_mem char *note = NULL;
        load_check_writers(l, load_place(l, item), path);
        if (environment_read(l->p->inner->environment, path, &note, &err)) {
            guard_mem char *why = error_text(err);
            (l->recorded ? load_warning : load_problem)(l, load_place(l, item), "env_files: %s", why);
        } else if (note) {
            load_warning(l, load_place(l, item), "env_files: %s", note);
        }
    }
}

static void check_sections(load *l, const config_setting_t *root)
{
    static const char *const names[] = {"pipeline", "vars",     "secrets",  "env_files", "checklist", "requires",
                                        "stages",   "diagnose", "rollback", "overrides", NULL};
    setting_check_names(l, root, "a pipeline file", names);
    check_overrides(l, root);
}

static void check_name(load *l, const char *name, const char *value, const char *allowed, const char *hint)
{
    if (*value && strspn(value, allowed) == strlen(value))
        return;
    load_problem(l, vars_place(l, "pipeline", name), "pipeline.%s cannot be '%s'", name, value);
    load_hint(l, "%s", hint);
}

/** Takes one value of the pipeline section; it must be made of `allowed`. */
static char *take_name(load *l, const char *name, const char *allowed, const char *hint)
{
    char *value = vars_text(l, "pipeline", name);
    if (value && vars_find(l, "pipeline", name)->given)
        check_name(l, name, value, allowed, hint);
    return value;
}

static void load_names(load *l)
{
#define SMALL   "abcdefghijklmnopqrstuvwxyz0123456789-"
#define ANY     SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ._"
#define VERSION ANY "/+:@"
    static const char versions[] = "letters, digits and . _ - / + : @ can be used";
    l->p->name = take_name(l, "name", ANY, "letters, digits and . _ - can be used");
    l->p->environment = take_name(l, "environment", SMALL, "small letters, digits and '-' can be used");
    l->p->version = take_name(l, "version", VERSION, versions);
    l->p->previous = vars_text(l, "pipeline", "previous");
    if (l->p->previous && *l->p->previous)
        check_name(l, "previous", l->p->previous, VERSION, versions);
    guard_mem char *lock = vars_text(l, "pipeline", "lock");
    if (lock && *lock)
        l->p->lock = file_absolute(l->p->folder, lock);
#undef SMALL
#undef ANY
#undef VERSION
}

/* Who may write the files of a deploy to production deploys to production. What a run recorded is not held up: its text
 * is no file, and a rollback is the last to be refused. */
static void protect(load *l)
{
    guard_mem char *given = vars_text(l, "pipeline", "protected");
    const definition *d = vars_find(l, "pipeline", "protected");
    const char *environment = l->p->environment;
    bool is_production = environment && strcmp(environment, "production") == 0;
    if (d->given && given && strcmp(given, "true") != 0 && strcmp(given, "false") != 0) {
        load_problem(l, d->where, "pipeline.protected cannot be '%s'", given);
        load_hint(l, "true or false; when it is not given: true for the environment 'production'");
    } else if (!l->recorded && (d->given ? given && strcmp(given, "true") == 0 : is_production)) {
        load_refuse_writers(l);
    }
}

static void load_sections(load *l, const char *const *sets)
{
    const config_setting_t *root = config_root_setting(&l->config);
    check_sections(l, root);
    vars_collect(l, root, sets);
    environment_load(l, root);
    vars_settle(l);
    load_names(l);
    secrets_load(l, root);
    stages_load(l, root);
    checklist_load(l, root);
    requires_load(l, root);
    protect(l);
    if (!pipeline_problems_fatal(l->problems))
        l->p->text = recorded_text(l, root, sets);
}

static void parse(load *l, const char *const *sets)
{
    config_init(&l->config);
    if (config_read_string(&l->config, text_get(&l->p->inner->source.text))) {
        load_sections(l, sets);
    } else {
        unsigned line = (unsigned)config_error_line(&l->config);
        load_problem(l, source_place(&l->p->inner->source, line), "%s", config_error_text(&l->config));
        if (strcmp(config_error_text(&l->config), "syntax error") == 0)
            load_hint(l, "the fault is here or at the end of the line before: look for a missing ; , or quote");
    }
    config_destroy(&l->config);
}

static void load_done(load *l)
{
    vars_done(l);
    json_decref(l->ids);
    free(l->writers.items);
    free(l->step_settings);
}

int pipeline_load(const pipeline_source *source, const catalog *catalog, pipeline **ret, pipeline_problems *problems,
                  error **err)
{
    guard(pipeline) p = new_pipeline(source->path);
    load l = {.catalog = catalog, .p = p, .problems = problems, .recorded = source->text != NULL};
    bool whole = false;
    int r = splice_read(&l, source->path, source->text, &whole, err);
    if (r)
        return r;
    if (whole)
        parse(&l, source->sets);
    load_sort_problems(&l);
    load_done(&l);
    if (pipeline_problems_fatal(problems)) {
        size_t count = l.problems_dropped;
        for (size_t i = 0; i < problems->count; i++)
            count += !problems->items[i].warning;
        count -= l.problems_dropped > 0; /* the line that counts them */
        return error_set(err, ERROR_CONFIG, "%s has %zu problem%s", source->path, count, count == 1 ? "" : "s");
    }
    *ret = take(p);
    return 0;
}
