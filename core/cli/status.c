#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "store/store_lock.h"

/* Of each environment: what is live (the newest committed run), and the newest run of all. */
typedef struct collect {
    const char *only;
    json_t *environments; /* name -> {"live","run","state",...} */
} collect;

static json_t *describe(const store_run *r)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "run", r->id, "version", r->version, "previous",
                     r->previous, "state", run_state_name(r->state), "reason", r->reason, "started_ms",
                     (json_int_t)r->started_ms, "ended_ms", (json_int_t)r->ended_ms);
}

static bool visit(void *user, const store_run *r)
{
    collect *c = user;
    if (c->only && strcmp(c->only, r->environment) != 0)
        return true;
    json_t *e = json_object_get(c->environments, r->environment);
    if (!e) {
        e = json_object();
        json_object_set_new(c->environments, r->environment, e);
        json_object_set_new(e, "newest", describe(r));
    }
    bool settled = json_object_get(e, "live") != NULL;
    if (!settled && r->state == RUN_COMMITTED)
        json_object_set_new(e, "live", json_pack("{s:s, s:s}", "version", r->version, "run", r->id));
    if (!settled && r->state == RUN_ROLLED_BACK && *r->previous)
        json_object_set_new(e, "live", json_pack("{s:s, s:s}", "version", r->previous, "run", r->id));
    return true;
}

static int add_owners(const store *s, json_t *environments, error **err)
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
    }
    return 0;
}

static const char *word(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static void print_unfinished(const json_t *newest)
{
    const char *run = word(newest, "run");
    printf("  run %s of %s was cut short or waits (%s)%s%s\n", run, word(newest, "version"), word(newest, "state"),
           *word(newest, "reason") ? ": " : "", word(newest, "reason"));
    printf("  go on:     belay resume %s\n  take back: belay rollback %s\n", run, run);
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
        return;
    }
    if (*word(e, "left"))
        printf("  a dead run left running: %s\n", word(e, "left"));
    const char *state = word(newest, "state");
    bool ended = json_integer_value(json_object_get(newest, "ended_ms")) != 0;
    if (!ended || strcmp(state, run_state_name(RUN_NEEDS_PERSON)) == 0)
        print_unfinished(newest);
    else
        printf("  last run:  %s, %s, %s\n", word(newest, "run"), word(newest, "version"), state);
}

int cli_status(const cli_args *args)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    if (cli_open_store(args, &s, &err) < 0)
        return cli_fail(err);
    collect c = {.only = args->environment, .environments = json_object()};
    int r = store_runs(s, args->environment, 1000, visit, &c, &err);
    if (r == 0)
        r = add_owners(s, c.environments, &err);
    if (r == 0 && args->json) {
        cli_print_json(c.environments);
    } else if (r == 0) {
        const char *name;
        json_t *e;
        json_object_foreach(c.environments, name, e)
            print_environment(name, e);
        if (json_object_size(c.environments) == 0)
            puts("No runs are recorded yet.");
    }
    json_decref(c.environments);
    return r < 0 ? cli_fail(err) : EXIT_COMMITTED;
}
