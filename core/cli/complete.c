#include "cli/complete.h"

#include <belay/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/plugin.h"
#include "cli/schema.h"

#define RUNS_MAX 50

/* What is being completed. */
typedef struct line {
    const cli_command *command;
    cli_args args;       /* the words and folders that stand before */
    const char *word;    /* begins what is wanted */
    const char *written; /* stands before it in the same shell word: "--set=" */
} line;

static void offer(const line *l, const char *candidate, const char *what)
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

static void offer_files(const line *l)
{
    (void)l;
    puts(":files");
}

/* "md|html|json" */
static void offer_alternatives(const line *l, const char *alternatives)
{
    guard_mem char *copy = mem_dup(alternatives);
    char *rest = copy, *one;
    while ((one = strsep(&rest, "|")))
        offer(l, one, NULL);
}

/* ---- what the store knows ------------------------------------------------------------------------------------------
 */

/* What could not be read to its end has the candidates that were found. */
static void settle(int r)
{
    (void)r;
}

/* NULL when there is none: looking makes no store. */
static store *open_store(const line *l)
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
    offer(user, r->id, what);
    return true;
}

static void offer_runs(const line *l)
{
    guard(error) err = NULL;
    guard(store) s = open_store(l);
    line copy = *l;
    offer(l, "latest", "the newest run");
    if (s)
        settle(store_runs(s, NULL, RUNS_MAX, offer_run, &copy, &err));
}

typedef struct seen {
    const line *line;
    text names; /* each between newlines */
} seen;

static bool offer_environment(void *user, const store_run *r)
{
    seen *s = user;
    guard_mem char *mark = mem_printf("\n%s\n", r->environment);
    if (!strstr(text_get(&s->names), mark)) {
        text_puts(&s->names, mark);
        offer(s->line, r->environment, NULL);
    }
    return true;
}

static void offer_environments(const line *l)
{
    guard(error) err = NULL;
    guard(store) s = open_store(l);
    seen all = {.line = l};
    if (s)
        settle(store_runs(s, NULL, -1, offer_environment, &all, &err));
    text_done(&all.names);
}

static bool offer_step(void *user, const store_step *step)
{
    offer(user, step->step, step->kind);
    return true;
}

static bool offer_gate(void *user, const store_step *step)
{
    return text_starts(step->kind, "gate.") ? offer_step(user, step) : true;
}

/* Of the run that the first word names. */
static void offer_steps(const line *l, bool (*fn)(void *user, const store_step *step))
{
    guard(error) err = NULL;
    guard(store) s = open_store(l);
    store_run run = {0};
    line copy = *l;
    if (!s || cli_get_run(&l->args, s, &run, &err) < 0)
        return;
    settle(store_steps(s, run.id, fn, &copy, &err));
    store_run_done(&run);
}

/* ---- what the plugins know -----------------------------------------------------------------------------------------
 */

static void offer_kinds(const line *l)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    if (cli_open_catalog(&l->args, &c, &err) < 0)
        return;
    for (size_t i = 0; i < catalog_plugin_count(c); i++) {
        const catalog_plugin *p = catalog_plugin_at(c, i);
        for (size_t k = 0; k < p->kind_count; k++)
            offer(l, p->kinds[k].name, p->kinds[k].doc);
    }
}

static void offer_kinds_of_file(const line *l)
{
    guard(error) err = NULL;
    plugin_file f;
    if (plugin_file_open(&f, l->args.words[0], &err) < 0)
        return;
    const catalog_plugin *p = catalog_plugin_at(f.catalog, 0);
    for (size_t k = 0; k < p->kind_count; k++)
        offer(l, p->kinds[k].step, p->kinds[k].doc);
    plugin_file_done(&f);
}

static void offer_value_of(const line *l, const catalog_option *o)
{
    size_t n = strlen(o->name);
    guard_mem char *written = mem_printf("%s%s=", l->written, o->name);
    const line value = {.word = l->word + n + 1, .written = written};
    if (o->type == BELAY_T_PATH)
        offer_files(&value);
    if (o->type == BELAY_T_BOOL)
        offer_alternatives(&value, "true|false");
    for (char **c = o->choices; c && *c; c++)
        offer(&value, *c, NULL);
}

static void offer_options(const line *l, const catalog_kind *k)
{
    static const char *const common[] = {"fail_if=", "warn_if=", "timeout=", "ready="};
    size_t n = strcspn(l->word, "=");
    for (size_t i = 0; k && !l->word[n] && i < sizeof common / sizeof *common; i++)
        offer(l, common[i], "an option of every step");
    for (size_t i = 0; k && i < k->option_count; i++) {
        const catalog_option *o = &k->options[i];
        guard_mem char *candidate = mem_printf("%s=", o->name);
        if (!l->word[n])
            offer(l, candidate, o->doc);
        else if (strlen(o->name) == n && strncmp(o->name, l->word, n) == 0)
            offer_value_of(l, o);
    }
}

static void offer_options_of_kind(const line *l)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    if (l->args.word_count > 0 && cli_open_catalog(&l->args, &c, &err) == 0)
        offer_options(l, catalog_kind_find(c, l->args.words[0]));
}

static void offer_options_of_file(const line *l)
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

static void offer_settings(const line *l)
{
    static const char *const names[] = {
        "pipeline.version=", "pipeline.previous=", "pipeline.environment=", "pipeline.name=", "vars."};
    if (text_starts(l->command->words, "KIND"))
        offer_options_of_kind(l);
    else if (strstr(l->command->words, "KIND"))
        offer_options_of_file(l);
    else
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            offer(l, names[i], NULL);
}

/* ---- words ---------------------------------------------------------------------------------------------------------
 */

/* The n-th of the words of the usage line, without its brackets: "RUN" of "[RUN]"; "" past the end. The caller frees.
 */
static char *usage_word(const cli_command *c, int n)
{
    const char *at = c->words;
    for (; n > 0 && *at; n--) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    at += strspn(at, "[");
    return mem_dup_n(at, strcspn(at, " ]"));
}

static void offer_word(const line *l)
{
    if (l->args.word_count >= l->command->most)
        return;
    guard_mem char *meant = usage_word(l->command, l->args.word_count);
    if (text_starts(meant, "FILE"))
        offer_files(l);
    else if (strcmp(meant, "RUN") == 0)
        offer_runs(l);
    else if (strcmp(meant, "STEP") == 0)
        offer_steps(l, offer_step);
    else if (strcmp(meant, "GATE") == 0)
        offer_steps(l, offer_gate);
    else if (strcmp(meant, "KIND") == 0)
        l->args.word_count ? offer_kinds_of_file(l) : offer_kinds(l);
    else if (strchr(meant, '|'))
        offer_alternatives(l, meant);
}

static void offer_option_value(const line *l, int id)
{
    const char *value = cli_option_rows[id].value;
    if (id == CLI_SET)
        offer_settings(l);
    else if (id == CLI_ENVIRONMENT)
        offer_environments(l);
    else if (id == CLI_FORMAT)
        offer_alternatives(l, l->command->formats ? l->command->formats : "");
    else if (strcmp(value, "DIR") == 0 || strcmp(value, "FILE") == 0)
        offer_files(l);
    else if (strchr(value, '|'))
        offer_alternatives(l, value);
}

static void offer_command_options(const line *l)
{
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        guard_mem char *name = mem_printf("--%s", cli_option_rows[id].name);
        if (cli_takes(l->command, id))
            offer(l, name, cli_option_rows[id].help);
    }
}

/* ---- the line ------------------------------------------------------------------------------------------------------
 */

static void offer_commands(const cli_command *commands, size_t count, const char *first, const char *word)
{
    const line l = {.word = word, .written = ""};
    guard_mem char *last = mem_dup("");
    for (size_t i = 0; i < count; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        if (first && !(space && strncmp(name, first, (size_t)(space - name)) == 0 && !first[space - name]))
            continue;
        guard_mem char *one = first ? mem_dup(space + 1) : mem_dup_n(name, strcspn(name, " "));
        if (strcmp(one, last) != 0)
            offer(&l, one, !first && space ? "for those who write plugins" : commands[i].summary);
        free(last);
        last = mem_dup(one);
    }
}

static const cli_command *find_command(const cli_command *commands, size_t count, char **words, int n, int *ret_words)
{
    for (size_t i = 0; i < count; i++) {
        const char *space = strchr(commands[i].name, ' ');
        guard_mem char *name = space && n > 1 ? mem_printf("%s %s", words[0], words[1]) : mem_dup(words[0]);
        *ret_words = space ? 2 : 1;
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* The id of the option that the word names, its value's place behind '=', or NULL. -1: none. */
static int find_option(const cli_command *c, const char *word, const char **ret_value)
{
    size_t n = strcspn(word, "=");
    *ret_value = word[n] ? word + n + 1 : NULL;
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        if (cli_takes(c, id) && n > 2 && strlen(cli_option_rows[id].name) == n - 2 &&
            strncmp(cli_option_rows[id].name, word + 2, n - 2) == 0 && text_starts(word, "--"))
            return id;
    return -1;
}

static void take_value(line *l, int id, const char *value)
{
    if (id == CLI_STATE)
        l->args.state = value;
    if (id == CLI_PLUGIN_DIR)
        cli_list_add(&l->args.plugin_dirs, value);
}

/* Reads the words before the last; gives the option whose value the last one is, or -1. */
static int read_words(line *l, int n, char **words)
{
    int id = -1;
    for (int i = 0; i < n; i++) {
        const char *value;
        if (id >= 0) {
            take_value(l, id, words[i]);
            id = -1;
            continue;
        }
        if (words[i][0] != '-') {
            if (l->args.word_count < l->command->most)
                l->args.words[l->args.word_count++] = words[i];
            continue;
        }
        id = find_option(l->command, words[i], &value);
        if (id >= 0 && (value || !cli_option_rows[id].value)) {
            take_value(l, id, value);
            id = -1;
        }
    }
    return id;
}

static void complete(line *l, int n, char **words)
{
    const char *value;
    l->word = words[n - 1];
    int id = read_words(l, n - 1, words);
    int same = id < 0 ? find_option(l->command, l->word, &value) : -1;
    guard_mem char *written = NULL;
    if (id >= 0) {
        offer_option_value(l, id);
    } else if (same >= 0 && value && cli_option_rows[same].value) {
        l->written = written = mem_dup_n(l->word, (size_t)(value - l->word));
        l->word = value;
        offer_option_value(l, same);
        l->written = "";
    } else if (l->word[0] == '-') {
        offer_command_options(l);
    } else {
        offer_word(l);
    }
}

void complete_print(const cli_command *commands, size_t count, int word_count, char **words)
{
    int taken = 0;
    line l = {.written = ""};
    if (word_count < 2) {
        offer_commands(commands, count, NULL, word_count ? words[0] : "");
        return;
    }
    l.command = find_command(commands, count, words, word_count - 1, &taken);
    if (!l.command) {
        offer_commands(commands, count, words[0], words[1]);
        return;
    }
    complete(&l, word_count - taken, words + taken);
    cli_args_done(&l.args);
}
