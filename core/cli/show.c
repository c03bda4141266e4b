#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "bundle/bundle.h"
#include "cli/cli.h"
#include "store/store_lock.h"

static bool parse_event(void *user, const char *json)
{
    json_t *event = json_loads(json, 0, NULL);
    if (event)
        json_array_append_new(user, event);
    return true;
}

/* ---- what the diagnosis found, and the artifacts ----------------------------------------------------------------- */

static void print_diagnosis(const json_t *diagnosis)
{
    size_t i;
    const json_t *found, *list = json_object_get(diagnosis, "findings");
    printf("\nDiagnosis of %s\n", event_text(diagnosis, "step"));
    json_array_foreach(list, i, found)
        printf("  %3d  %-18s %s\n", (int)json_integer_value(json_object_get(found, "weight")),
               event_text(found, "collector"), event_text(found, "text"));
    if (json_array_size(list) == 0)
        printf("  nothing was found that explains the failure\n");
}

static void print_artifact(void *user, const char *path)
{
    int *count = user;
    if ((*count)++ == 0)
        printf("\nArtifacts\n");
    printf("  %s\n", path);
}

static void add_artifact(void *user, const char *path)
{
    json_array_append_new(user, json_string(path));
}

static int show_json(store *s, const store_run *run, error **err)
{
    json_t *document = NULL;
    int r = bundle_run_json(s, run, &document, err);
    if (r == 0) {
        json_t *artifacts = json_array();
        cli_artifacts(s, run->id, NULL, add_artifact, artifacts);
        json_object_set_new(document, "artifacts", artifacts);
        cli_print_json(document);
    }
    json_decref(document);
    return r;
}

static int show_junit(store *s, const store_run *run, error **err)
{
    json_t *events = json_array();
    int r = store_events(s, run->id, NULL, parse_event, events, err);
    if (r == 0)
        r = report_junit(stdout, events, err);
    json_decref(events);
    return r;
}

static bool print_phase(void *user, const store_phase *p)
{
    const bool *driven = user;
    char took[UNITS_TEXT];
    if (p->ended_ms)
        units_show_duration(p->ended_ms - p->started_ms, took);
    printf("  %-24s %-9s %2d  %-13s %10s  %s\n", p->step, p->phase, p->attempt, p->verdict,
           p->ended_ms ? took
           : *driven   ? "runs"
                       : "cut short",
           p->summary);
    return true;
}

static bool print_measurement(void *user, const store_measurement *m)
{
    int *count = user;
    char value[UNITS_TEXT];
    if ((*count)++ == 0)
        printf("\nMeasurements\n");
    printf("  %-24s %-28s %12s  %-8s %s%s\n", m->step, m->name, units_show_value(m->value, m->unit, value), m->verdict,
           *m->threshold ? "bad if " : "", m->threshold);
    return true;
}

static void print_header(const store_run *run)
{
    char started[32], ended[32], took[UNITS_TEXT];
    printf("%s  %s %s on %s: %s\n", run->id, run->pipeline, run->version, run->environment, run_state_name(run->state));
    if (*run->reason)
        cli_print_wrapped(2, run->reason);
    printf("  previous  %s\n  commit    %s\n  file      %s\n  by        %s on %s\n",
           *run->previous ? run->previous : "(first deploy)", *run->commit ? run->commit : "-", run->file, run->user,
           run->host);
    printf("  started   %s\n  ended     %s\n", clock_show(run->started_ms, started), clock_show(run->ended_ms, ended));
    if (run->failed_ms && run->healthy_ms)
        printf("  healthy   %s after the failure\n", units_show_duration(run->healthy_ms - run->failed_ms, took));
}

static int show_text(store *s, const store_run *run, error **err)
{
    int count = 0;
    bool driven = false;
    int r = store_lock_drives(s, run, &driven, err);
    if (r < 0)
        return r;
    print_header(run);
    printf("\nPhases, in order of start\n");
    r = store_phases(s, run->id, NULL, print_phase, &driven, err);
    if (r == 0)
        r = store_measurements(s, run->id, print_measurement, &count, err);
    json_t *diagnoses = json_array();
    if (r == 0)
        r = store_events(s, run->id, "diagnosis", parse_event, diagnoses, err);
    size_t i;
    const json_t *diagnosis;
    json_array_foreach(diagnoses, i, diagnosis)
        print_diagnosis(diagnosis);
    json_decref(diagnoses);
    count = 0;
    if (r == 0)
        cli_artifacts(s, run->id, NULL, print_artifact, &count);
    return r;
}

static const struct {
    const char *format;
    int (*show)(store *, const store_run *, error **);
} formats[] = {{"text", show_text}, {"json", show_json}, {"junit", show_junit}};

int cli_show(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    store_run run = {0};
    const char *format = args->format ? args->format : "text";
    int (*show)(store *, const store_run *, error **) = NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].format, format) == 0)
            show = formats[i].show;
    if (!show) {
        (void)error_set(&err, ERROR_USAGE, "--format takes text, json or junit, not '%s'", format);
        return cli_fail(err);
    }
    if (cli_open_store(args, &s, &err) < 0 || cli_get_run(args, s, &run, &err) < 0)
        return cli_fail(err);
    int r = show(s, &run, &err);
    store_run_done(&run);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}
