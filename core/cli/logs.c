#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/nearest.h"
#include "cli/cli.h"

static const char *const levels[] = {"debug", "info", "warning", "error"};

typedef struct filter {
    const char *step; /* NULL: all */
    bool json;
    size_t lines;
} filter;

static const char *word(const json_t *event, const char *key)
{
    const char *s = json_string_value(json_object_get(event, key));
    return s ? s : "";
}

static bool print_event(void *user, const char *json)
{
    filter *f = user;
    json_t *event = json_loads(json, 0, NULL);
    bool wanted = strcmp(word(event, "type"), "log") == 0 && (!f->step || strcmp(f->step, word(event, "step")) == 0);
    if (wanted && f->json) {
        guard_text clean = {0};
        clean_json(&clean, json);
        puts(text_get(&clean));
    } else if (wanted) {
        json_int_t level = json_integer_value(json_object_get(event, "level"));
        printf("%s %s/%s %s: %s\n", word(event, "at"), word(event, "step"), word(event, "phase"),
               levels[level < 0 || level > 3 ? 1 : level], word(event, "line"));
    }
    f->lines += wanted;
    json_decref(event);
    return true;
}

static void print_artifact(void *user, const char *path)
{
    (void)user;
    printf("artifact: %s\n", path);
}

static bool take_step(void *user, const store_step *step)
{
    json_array_append_new(user, json_string(step->step));
    return true;
}

static int refuse_step(const char *run, const char *step, const json_t *names, error **err)
{
    nearest near = nearest_to(step);
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name)
        nearest_offer(&near, json_string_value(name));
    (void)error_set(err, ERROR_NOT_FOUND, "run %s has no step '%s'", run, step);
    return nearest_get(&near) ? error_hint(err, "did you mean '%s'?", nearest_get(&near))
                              : error_hint(err, "`belay show %s` shows its steps", run);
}

static int check_step(store *s, const char *run, const char *step, error **err)
{
    json_t *names = json_array();
    int r = store_steps(s, run, take_step, names, err);
    bool known = false;
    for (size_t i = 0; i < json_array_size(names); i++)
        known = known || strcmp(json_string_value(json_array_get(names, i)), step) == 0;
    if (r == 0 && !known)
        r = refuse_step(run, step, names, err);
    json_decref(names);
    return r;
}

int cli_logs(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    store_run run = {0};
    filter f = {.step = args->words[1], .json = args->json};
    if (cli_open_store(args, &s, &err) < 0 || cli_get_run(args, s, &run, &err) < 0)
        return cli_fail(err);
    int r = f.step ? check_step(s, run.id, f.step, &err) : 0;
    if (r == 0)
        r = store_events(s, run.id, NULL, print_event, &f, &err);
    if (r == 0 && !args->json) {
        if (f.lines == 0)
            printf("%s%s wrote no log lines in run %s.\n", f.step ? "Step " : "The steps", f.step ? f.step : "",
                   run.id);
        cli_artifacts(s, run.id, f.step, print_artifact, NULL);
    }
    store_run_done(&run);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}
