#include "cli/candidates.h"

#include <belay/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/plugin.h"

#define RUNS_MAX 50

void candidates_offer(const candidates_line *l, const char *candidate, const char *what)
{
    if (!text_starts(candidate, l->word))
        return;
    printf("%s%s", l->written, candidate);
    if (what && *what) {
        putchar('\t');
        for (; *what && *what != '\n'; what++)
            putchar(*what == '\t' ? ' ' : *what);
    }
    putchar('\n');
}

void candidates_files(const candidates_line *l)
{
    (void)l;
    puts(":files");
}

/* "md|html|json" */
void candidates_alternatives(const candidates_line *l, const char *alternatives)
{
    guard_mem char *copy = mem_dup(alternatives);
    char *rest = copy, *one;
    while ((one = strsep(&rest, "|")))
        candidates_offer(l, one, NULL);
}

/* ---- what the store knows ------------------------------------------------------------------------------------------
 */

/* What could not be read to its end has the candidates that were found. */
static void settle(int r)
{
    (void)r;
}

/* NULL when there is none: looking makes no store. */
static store *open_store(const candidates_line *l)
{
    guard(error) err = NULL;
    guard_mem char *folder = l->args.state ? mem_dup(l->args.state) : store_default_folder();
    guard_mem char *file = mem_printf("%s/belay.db", folder);
    store *s = NULL;
    return access(file, R_OK) == 0 && store_open(folder, &s, &err) == 0 ? s : NULL;
}

static bool offer_run(void *user, const store_run *r)
{
    guard_mem char *what =
        mem_printf("%s %s to %s: %s", r->pipeline, r->version, r->environment, run_state_name(r->state));
    candidates_offer(user, r->id, what);
    return true;
}

void candidates_runs(const candidates_line *l)
{
    guard(error) err = NULL;
    guard(store) s = open_store(l);
    candidates_line copy = *l;
    candidates_offer(l, "latest", "the newest run");
    if (s)
        settle(store_runs(s, NULL, RUNS_MAX, offer_run, &copy, &err));
}

void candidates_environments(const candidates_line *l)
{
    guard(error) err = NULL;
    guard(store) s = open_store(l);
    json_t *names = NULL;
    size_t i;
    const json_t *name;
    if (s)
        settle(store_environments(s, &names, &err));
    json_array_foreach(names, i, name)
        candidates_offer(l, json_string_value(name), NULL);
    json_decref(names);
}

static bool offer_step(void *user, const store_step *step)
{
    candidates_offer(user, step->step, step->kind);
    return true;
}

static bool offer_gate(void *user, const store_step *step)
{
    return text_starts(step->kind, "gate.") ? offer_step(user, step) : true;
}

/* Of the run that the first word names. */
static void offer_steps_by(const candidates_line *l, bool (*fn)(void *user, const store_step *step))
{
    guard(error) err = NULL;
    guard(store) s = open_store(l);
    store_run run = {0};
    candidates_line copy = *l;
    if (!s || cli_get_run(&l->args, s, &run, &err) < 0)
        return;
    settle(store_steps(s, run.id, fn, &copy, &err));
    store_run_done(&run);
}

void candidates_steps(const candidates_line *l)
{
    offer_steps_by(l, offer_step);
}

void candidates_gates(const candidates_line *l)
{
    offer_steps_by(l, offer_gate);
}

/* ---- what the plugins know -----------------------------------------------------------------------------------------
 */

void candidates_kinds(const candidates_line *l)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    if (cli_open_catalog(&l->args, &c, &err) < 0)
        return;
    for (size_t i = 0; i < catalog_plugin_count(c); i++) {
        const catalog_plugin *p = catalog_plugin_at(c, i);
        for (size_t k = 0; k < p->kind_count; k++)
            candidates_offer(l, p->kinds[k].name, p->kinds[k].doc);
    }
}

void candidates_kinds_of_file(const candidates_line *l)
{
    guard(error) err = NULL;
    plugin_file f;
    if (plugin_file_open(&f, l->args.words[0], &err) < 0)
        return;
    const catalog_plugin *p = catalog_plugin_at(f.catalog, 0);
    for (size_t k = 0; k < p->kind_count; k++)
        candidates_offer(l, p->kinds[k].step, p->kinds[k].doc);
    plugin_file_done(&f);
}

static void offer_value_of(const candidates_line *l, const catalog_option *o)
{
    size_t n = strlen(o->name);
    guard_mem char *written = mem_printf("%s%s=", l->written, o->name);
    const candidates_line value = {.word = l->word + n + 1, .written = written};
    if (o->type == BELAY_T_PATH)
        candidates_files(&value);
    if (o->type == BELAY_T_BOOL)
        candidates_alternatives(&value, "true|false");
    for (char **c = o->choices; c && *c; c++)
        candidates_offer(&value, *c, NULL);
}

static void offer_options(const candidates_line *l, const catalog_kind *k)
{
    static const char *const common[] = {"fail_if=", "warn_if=", "timeout=", "ready="};
    size_t n = strcspn(l->word, "=");
    for (size_t i = 0; k && !l->word[n] && i < sizeof common / sizeof *common; i++)
        candidates_offer(l, common[i], "an option of every step");
    for (size_t i = 0; k && i < k->option_count; i++) {
        const catalog_option *o = &k->options[i];
        guard_mem char *candidate = mem_printf("%s=", o->name);
        if (!l->word[n])
            candidates_offer(l, candidate, o->doc);
        else if (strlen(o->name) == n && strncmp(o->name, l->word, n) == 0)
            offer_value_of(l, o);
    }
}

static void offer_options_of_kind(const candidates_line *l)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    if (l->args.word_count > 0 && cli_open_catalog(&l->args, &c, &err) == 0)
        offer_options(l, catalog_kind_find(c, l->args.words[0]));
}

static void offer_options_of_file(const candidates_line *l)
{
    guard(error) err = NULL;
    guard_mem char *kind = NULL;
    plugin_file f;
    if (l->args.word_count < 2 || plugin_file_open(&f, l->args.words[0], &err) < 0)
        return;
    if (plugin_file_kind(&f, l->args.words[1], &kind, &err) == 0)
        offer_options(l, catalog_kind_find(f.catalog, kind));
    plugin_file_done(&f);
}

void candidates_settings(const candidates_line *l)
{
    static const char *const names[] = {
        "pipeline.version=", "pipeline.previous=", "pipeline.environment=", "pipeline.name=", "vars."};
    if (text_starts(l->command->words, "KIND"))
        offer_options_of_kind(l);
    else if (strstr(l->command->words, "KIND"))
        offer_options_of_file(l);
    else
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            candidates_offer(l, names[i], NULL);
}
