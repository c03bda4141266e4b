#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "store/store_lock.h"

static json_t *describe(const store_run *r)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "run", r->id, "version", r->version, "previous",
                     r->previous, "state", run_state_name(r->state), "reason", r->reason, "started_ms",
                     (json_int_t)r->started_ms, "ended_ms", (json_int_t)r->ended_ms);
}

static bool take_newest(void *user, const store_run *r)
{
    json_object_set_new(user, "newest", describe(r));
    return false;
}

static int add_live(store *s, const char *name, json_t *e, error **err)
{
    guard_mem char *version = NULL, *run = NULL;
    int r = store_live(s, name, &version, &run, err);
    if (r == 0 && version)
        json_object_set_new(e, "live", json_pack("{s:s, s:s}", "version", version, "run", run));
    return r;
}

/* {"newest": the newest run of all, "live": {version, run}, "open": the run that somebody must go on with}; the latter
 * two where there is such a one. */
static int add_environment(store *s, const char *name, json_t *environments, error **err)
{
    store_run standing = {0};
    json_t *e = json_object();
    int r = store_runs(s, name, 1, take_newest, e, err);
    if (r == 0)
        r = add_live(s, name, e, err);
    if (r == 0)
        r = store_run_newest(s, name, &standing, err);
    if (r == 0 && standing.id && run_state_is_open(standing.state))
        json_object_set_new(e, "open", describe(&standing));
    if (json_object_get(e, "newest"))
        json_object_set(environments, name, e);
    store_run_done(&standing);
    json_decref(e);
    return r;
}

static int add_environments(store *s, const char *only, json_t *environments, error **err)
{
    json_t *names = NULL;
    int r = store_environments(s, &names, err);
    for (size_t i = 0; r == 0 && i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!only || strcmp(only, name) == 0)
            r = add_environment(s, name, environments, err);
    }
    json_decref(names);
    return r;
}

static const char *word(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

/* ---- what a live run waits for ----------------------------------------------------------------------------------- */

/* {"STEP": {"for": what it says that it waits for, "since_ms"}} of the steps that were asked last, and are not ready.
 */
static bool note_phase(void *user, const store_phase *p)
{
    json_t *waits = user;
    const json_t *before = json_object_get(waits, p->step);
    const json_int_t since = before ? json_integer_value(json_object_get(before, "since_ms")) : p->started_ms;
    if (strcmp(p->phase, "verify") != 0 || (p->ended_ms && strcmp(p->verdict, "not yet") != 0))
        json_object_del(waits, p->step);
    else if (p->ended_ms) /* while it is asked again, the last answer stands */
        json_object_set_new(waits, p->step, json_pack("{s:s, s:I}", "for", p->summary, "since_ms", since));
    return true;
}

static int add_waits(store *s, json_t *environment, json_t *owner, error **err)
{
    json_t *waits = json_object();
    int r = store_phases(s, json_string_value(json_object_get(owner, "run")), NULL, note_phase, waits, err);
    if (r == 0 && json_object_size(waits) > 0)
        json_object_set(environment, "waits", waits);
    json_decref(waits);
    return r;
}

static int add_owners(store *s, json_t *environments, error **err)
{
    const char *name;
    json_t *e;
    json_object_foreach(environments, name, e) {
        json_t *owner = NULL;
        int r = store_lock_owner(s, name, &owner, err);
        if (r < 0)
            return r;
        guard_mem char *left = owner ? NULL : store_lock_left(s, name);
        if (owner)
            json_object_set_new(e, "owner", owner);
        else if (*left)
            json_object_set_new(e, "left", json_string(left));
        if (owner && (r = add_waits(s, e, owner, err)) < 0)
            return r;
    }
    return 0;
}

/* ---- for people ------------------------------------------------------------------------------------------------- */

static void print_waits(const json_t *environment)
{
    const char *step;
    json_t *wait;
    char at[32];
    json_object_foreach(json_object_get(environment, "waits"), step, wait)
        printf("  step %s waits since %s%s%s\n", step,
               clock_show(json_integer_value(json_object_get(wait, "since_ms")), at), *word(wait, "for") ? ": " : "",
               word(wait, "for"));
}

static void print_open(const json_t *open)
{
    const char *run = word(open, "run");
    const char *state = word(open, "state"), *reason = word(open, "reason");
    printf("  run %s of %s ", run, word(open, "version"));
    if (strcmp(state, run_state_name(RUN_PAUSED)) == 0)
        printf("is paused");
    else if (strcmp(state, run_state_name(RUN_NEEDS_PERSON)) == 0)
        printf("needs manual intervention");
    else
        printf("was interrupted while it was %s", state);
    printf("%s%s\n  resume:    belay resume %s\n  roll back: belay rollback %s\n", *reason ? ": " : "", reason, run,
           run);
}

static void print_environment(const char *name, const json_t *e)
{
    const json_t *live = json_object_get(e, "live"), *newest = json_object_get(e, "newest");
    const json_t *owner = json_object_get(e, "owner");
    char at[32];
    printf("%s: %s\n", name, live ? word(live, "version") : "no version is known to be live");
    if (owner) {
        printf("  a run is live: %s, stage %s, since %s, by %s on %s (pid %lld)\n", word(owner, "run"),
               word(owner, "stage"), clock_show(json_integer_value(json_object_get(owner, "since_ms")), at),
               word(owner, "user"), word(owner, "host"), json_integer_value(json_object_get(owner, "pid")));
        print_waits(e);
        return;
    }
    if (*word(e, "left"))
        printf("  a dead run left running: %s\n", word(e, "left"));
    if (json_object_get(e, "open"))
        print_open(json_object_get(e, "open"));
    else
        printf("  last run:  %s, %s, %s\n", word(newest, "run"), word(newest, "version"), word(newest, "state"));
}

int cli_status(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    if (cli_open_store(args, &s, &err) < 0)
        return cli_fail(err);
    json_t *environments = json_object();
    int r = add_environments(s, args->environment, environments, &err);
    if (r == 0)
        r = add_owners(s, environments, &err);
    if (r == 0 && args->json) {
        cli_print_json(environments);
    } else if (r == 0) {
        const char *name;
        json_t *e;
        json_object_foreach(environments, name, e)
            print_environment(name, e);
        if (json_object_size(environments) == 0)
            r = cli_print_no_runs(s, args->environment, &err);
    }
    json_decref(environments);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}
