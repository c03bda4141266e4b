#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "cli/cli.h"
#include "store/store_lock.h"
#include "worker/worker.h"

/* One examination: good is 0, or -code with the error set. */
typedef struct patient {
    const cli_args *args;
    store *store;
    int ill, remarks;
} patient;

static void good(const char *what, const char *detail)
{
    printf("  good     %s%s%s\n", what, *detail ? ": " : "", detail);
}

static void remark(patient *p, const char *what, const char *detail)
{
    p->remarks++;
    printf("  remark   %s: %s\n", what, detail);
}

static void ill(patient *p, const char *what, const error *err)
{
    guard_mem char *text = error_text(err);
    p->ill++;
    printf("  mend     %s: %s\n", what, text);
    if (error_get_hint(err))
        printf("           %s\n", error_get_hint(err));
}

static void examine_store(patient *p)
{
    guard(error) err = NULL;
    if (cli_open_store(p->args, &p->store, &err) < 0 || store_check(p->store, &err) < 0) {
        ill(p, "store", err);
        return;
    }
    good("store", store_folder(p->store));
}

static void examine_plugins(patient *p)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    if (cli_open_catalog(p->args, &c, &err) < 0) {
        ill(p, "plugins", err);
        return;
    }
    for (size_t i = 0; i < catalog_plugin_count(c); i++)
        good("plugin", catalog_plugin_at(c, i)->path);
    for (size_t i = 0; i < catalog_problem_count(c); i++)
        remark(p, catalog_problem_at(c, i)->path, catalog_problem_at(c, i)->why);
    if (catalog_plugin_count(c) == 0)
        remark(p, "plugins", "none were found; --plugin-dir DIR names a folder to look in");
}

/* The programs that the shipped plugins run, and what for. */
static const struct {
    const char *name, *use;
} tools[] = {
    {"git", "git.checkout"},
    {"docker-compose", "the docker kinds that deploy with Compose (or the docker program with its compose plugin)"},
    {"pg_dump", "postgres.backup, unless it runs in the database's container"},
    {"pg_restore", "postgres.restore, unless it runs in the database's container"},
    {"psql", "postgres.migrate with runner = \"psql\""},
};

static void examine_tools(patient *p)
{
    guard(error) err = NULL;
    if (worker_init(&err) < 0)
        ill(p, "belay-worker", err);
    else
        good("belay-worker", "");
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        guard_mem char *missing = mem_printf("not in PATH; needed by %s", tools[i].use);
        if (program_in_path(tools[i].name))
            good(tools[i].name, "");
        else
            remark(p, tools[i].name, missing);
    }
}

static void examine_run(patient *p, const store_run *r)
{
    guard_mem char *text = mem_printf("%s; go on with 'belay resume %s' or take it back with 'belay rollback %s'",
                                      run_state_name(r->state), r->id, r->id);
    guard_mem char *name = mem_printf("run %s", r->id);
    remark(p, name, text);
}

/* A run that somebody drives needs nobody. */
static int examine_environment(patient *p, const char *name, error **err)
{
    store_run run = {0};
    bool driven = false;
    int r = store_run_newest(p->store, name, &run, err);
    if (r == 0 && run.id && run_state_is_open(run.state)) {
        r = store_lock_drives(p->store, &run, &driven, err);
        if (r == 0 && !driven)
            examine_run(p, &run);
    }
    store_run_done(&run);
    return r;
}

static void examine_runs(patient *p)
{
    guard(error) err = NULL;
    json_t *names = NULL;
    int r = store_environments(p->store, &names, &err);
    for (size_t i = 0; r == 0 && i < json_array_size(names); i++)
        r = examine_environment(p, json_string_value(json_array_get(names, i)), &err);
    if (r < 0)
        ill(p, "runs", err);
    json_decref(names);
}

int cli_doctor(const cli_args *args)
{
    patient p = {.args = args};
    examine_store(&p);
    examine_plugins(&p);
    examine_tools(&p);
    if (p.store && p.ill == 0)
        examine_runs(&p);
    store_close(p.store);
    if (p.ill)
        printf("%d to mend, %d remarks.\n", p.ill, p.remarks);
    else
        printf("All that Belay needs is in order%s.\n", p.remarks ? "; see the remarks" : "");
    return p.ill ? EXIT_USAGE : EXIT_COMMITTED;
}
