#include "engine/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "approval/plan.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/user.h"

#define ARTIFACT_MAX ((off_t)16 * 1024 * 1024)

void record_init(record *r, store *s)
{
    *r = (record){.store = s, .past = s, .undo = json_object(), .outputs = json_object(), .samples = json_object()};
    r->run.id = mem_dup("");
}

void record_done(record *r)
{
    store_run_done(&r->run);
    json_decref(r->undo);
    json_decref(r->outputs);
    json_decref(r->samples);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static char *host_name(void)
{
    char name[256] = "";
    (void)gethostname(name, sizeof name - 1);
    return mem_dup(name);
}

void record_describe(record *r, const pipeline *p, const char *const *sets)
{
    store_run_done(&r->run);
    json_t *list = json_array();
    for (size_t i = 0; sets && sets[i]; i++)
        json_array_append_new(list, json_string(sets[i]));
    r->run = (store_run){
        .id = mem_dup(""),
        .pipeline = mem_dup(p->name),
        .environment = mem_dup(p->environment),
        .version = mem_dup(p->version),
        .previous = mem_dup(p->previous),
        .commit = mem_dup(""),
        .file = mem_dup(p->path),
        .text = mem_dup(p->text),
        .sets = list,
        .state = RUN_RUNNING,
        .reason = mem_dup(""),
        .user = user_name(),
        .host = host_name(),
        .started_ms = clock_wall_ms(),
    };
}

static int pin_plugins(record *r, const pipeline *p, error **err)
{
    json_t *seen = json_object();
    int result = 0;
    for (size_t i = 0; i < p->step_count && result == 0; i++) {
        const catalog_plugin *plugin = p->steps[i].kind->plugin;
        if (json_object_get(seen, plugin->name))
            continue;
        json_object_set_new(seen, plugin->name, json_true());
        result = store_plugin_add(r->store, r->run.id, plugin->name, plugin->version, plugin->sha256,
                                  plugin->undo_format, err);
    }
    json_decref(seen);
    return result;
}

/* Such a box has an answer only when there was a failure to look into. */
static bool is_of_diagnosis(const pipeline *p, const pipeline_box *box)
{
    bool any = false;
    for (size_t i = 0; i < p->step_count; i++)
        for (char **id = p->steps[i].covers; *id; id++) {
            if (strcmp(*id, box->id) != 0)
                continue;
            if (!p->steps[i].stage->diagnose)
                return false;
            any = true;
        }
    return any;
}

static json_t *covering_steps(const pipeline *p, const pipeline_box *box)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < p->step_count; i++)
        for (char **id = p->steps[i].covers; *id; id++)
            if (strcmp(*id, box->id) == 0)
                json_array_append_new(steps, json_pack("{s:s, s:s}", "id", p->steps[i].id, "title",
                                                       p->steps[i].title ? p->steps[i].title : ""));
    return steps;
}

/* So that the checklist can be filled in later from the store alone. */
static int keep_checklist(record *r, const pipeline *p, error **err)
{
    if (!p->checklist)
        return 0;
    json_t *boxes = json_array();
    for (size_t i = 0; i < p->box_count; i++)
        json_array_append_new(boxes,
                              json_pack("{s:s, s:s, s:s, s:b, s:o}", "id", p->boxes[i].id, "section",
                                        p->boxes[i].section, "text", p->boxes[i].text, "diagnosis",
                                        is_of_diagnosis(p, &p->boxes[i]), "steps", covering_steps(p, &p->boxes[i])));
    json_t *checklist = json_pack("{s:s, s:o}", "title", p->checklist, "boxes", boxes);
    guard_mem char *text = json_dumps(checklist, JSON_COMPACT);
    json_decref(checklist);
    return store_mark(r->store, r->run.id, STORE_MARK_CHECKLIST, text, err);
}

int record_begin(record *r, const pipeline *p, error **err)
{
    if (!r->store)
        return 0;
    int result = store_run_create(r->store, &r->run, err);
    if (result < 0 || (result = pin_plugins(r, p, err)) < 0 || (result = keep_checklist(r, p, err)) < 0)
        return result;
    guard_mem store_step *steps = mem_array(p->step_count, sizeof *steps);
    for (size_t i = 0; i < p->step_count; i++)
        steps[i] = (store_step){.step = p->steps[i].id,
                                .index = i,
                                .stage = p->steps[i].stage->name,
                                .kind = p->steps[i].kind->name,
                                .options = p->steps[i].options};
    result = store_steps_put(r->store, r->run.id, steps, p->step_count, err);
    return result == 0 ? plan_record(r->store, &r->run, false, err) : result;
}

int record_update(record *r, error **err)
{
    return r->store ? store_run_update(r->store, &r->run, err) : 0;
}

/* ---- phases ------------------------------------------------------------------------------------------------------ */

int record_intent(record *r, const char *step, const char *phase, int attempt, int64_t *ret_seq, error **err)
{
    *ret_seq = 0;
    return r->store ? store_phase_begin(r->store, r->run.id, step, phase, attempt, ret_seq, err) : 0;
}

int record_result(record *r, const store_phase *result, error **err)
{
    return r->store ? store_phase_end(r->store, r->run.id, result, err) : 0;
}

/* ---- undo -------------------------------------------------------------------------------------------------------- */

static json_t *member(json_t *object, const char *name, json_t *(*make)(void))
{
    json_t *value = json_object_get(object, name);
    if (!value) {
        value = make();
        json_object_set_new(object, name, value);
    }
    return value;
}

static char *remember_here(record *r, const char *step, const char *key, const char *value)
{
    json_t *list = member(r->undo, step, json_array);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *old = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(old, "key")), key) == 0)
            return mem_dup(json_string_value(json_object_get(old, "value")));
    }
    json_array_insert_new(list, 0, json_pack("{s:s, s:s}", "key", key, "value", value));
    return mem_dup(value);
}

int record_remember(record *r, const char *step, const char *key, const char *value, char **ret_kept, error **err)
{
    if (!r->store) {
        *ret_kept = remember_here(r, step, key, value);
        return 0;
    }
    int epoch = 0;
    int result = store_epoch(r->store, r->run.id, step, &epoch, err);
    return result < 0 ? result : store_undo_add(r->store, r->run.id, step, epoch, key, value, ret_kept, err);
}

int record_recall(record *r, const char *step, json_t **ret, error **err)
{
    if (!r->store) {
        *ret = json_incref(member(r->undo, step, json_array));
        return 0;
    }
    int epoch = 0;
    int result = store_epoch(r->store, r->run.id, step, &epoch, err);
    return result < 0 ? result : store_undo_list(r->store, r->run.id, step, epoch, ret, err);
}

/* ---- outputs, samples, artifacts --------------------------------------------------------------------------------- */

int record_output(record *r, const char *step, const char *name, const char *value, bool secret, error **err)
{
    int result = r->store && !secret ? store_output_put(r->store, r->run.id, step, name, value, err) : 0;
    if (result == 0)
        json_object_set_new(member(r->outputs, step, json_object), name, json_string(value));
    return result;
}

const char *record_output_get(void *user, const char *step, const char *name)
{
    record *r = user;
    json_t *known = member(r->outputs, step, json_object);
    if (!json_object_get(known, name) && r->store && *r->run.id) {
        guard(error) ignored = NULL; /* it then counts as missing, and the step that needs it says so */
        guard_mem char *value = NULL;
        if (store_output_get(r->store, r->run.id, step, name, &value, &ignored) == 0 && value)
            json_object_set_new(known, name, json_string(value));
    }
    return json_string_value(json_object_get(known, name));
}

static int64_t count_sample(record *r, const char *step, const char *name, int64_t more)
{
    json_t *of_step = member(r->samples, step, json_object);
    int64_t n = json_integer_value(json_object_get(of_step, name)) + more;
    json_object_set_new(of_step, name, json_integer(n));
    return n;
}

int record_measure(record *r, store_measurement *m, error **err)
{
    int result = r->store ? store_measurement_put(r->store, r->run.id, m, err) : 0;
    if (result == 0)
        m->samples = count_sample(r, m->step, m->name, 1);
    return result;
}

int record_baseline(record *r, const char *step, const char *name, double *ret, char **ret_run, error **err)
{
    *ret_run = NULL;
    return r->past ? store_baseline(r->past, &r->run, step, name, ret, ret_run, err) : 0;
}

bool record_has_sample(const record *r, const char *step, const char *metric)
{
    json_t *of_step = json_object_get(r->samples, step);
    const size_t n = strlen(metric);
    for (void *at = json_object_iter(of_step); at; at = json_object_iter_next(of_step, at)) {
        const char *name = json_object_iter_key(at);
        if (strncmp(name, metric, n) == 0 && (name[n] == '\0' || name[n] == '/'))
            return true;
    }
    return false;
}

static bool load_sample(void *user, const store_measurement *m)
{
    count_sample(user, m->step, m->name, m->samples);
    return true;
}

int record_load_samples(record *r, error **err)
{
    return r->store ? store_measurements(r->store, r->run.id, load_sample, r, err) : 0;
}

int record_artifact(record *r, const char *step, const char *name, const void *bytes, size_t n, error **err)
{
    if (!r->store || !*r->run.id)
        return 0;
    guard_mem char *path = NULL;
    int result = store_artifact_path(r->store, r->run.id, step, name, &path, err);
    if (result < 0)
        return result;
    guard_fd fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set(err, ERROR_IO, "open '%s': %s", path, strerror(errno));
    if (st.st_size + (off_t)n > ARTIFACT_MAX)
        return error_set(err, ERROR_IO, "'%s' would grow beyond 16 MiB", path);
    return file_write_all(fd, bytes, n, err);
}
