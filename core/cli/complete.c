#include "cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/candidates.h"

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

static void offer_word(const candidates_line *l)
{
    if (l->args.word_count >= l->command->most)
        return;
    guard_mem char *meant = usage_word(l->command, l->args.word_count);
    if (text_starts(meant, "FILE"))
        candidates_files(l);
    else if (strcmp(meant, "RUN") == 0)
        candidates_runs(l);
    else if (strcmp(meant, "STEP") == 0)
        candidates_steps(l);
    else if (strcmp(meant, "GATE") == 0)
        candidates_gates(l);
    else if (strcmp(meant, "KIND") == 0)
        l->args.word_count ? candidates_kinds_of_file(l) : candidates_kinds(l);
    else if (strchr(meant, '|'))
        candidates_alternatives(l, meant);
}

static void offer_option_value(const candidates_line *l, int id)
{
    const char *value = cli_option_rows[id].value;
    if (id == CLI_SET)
        candidates_settings(l);
    else if (id == CLI_ENVIRONMENT)
        candidates_environments(l);
    else if (id == CLI_FORMAT)
        candidates_alternatives(l, l->command->formats ? l->command->formats : "");
    else if (strcmp(value, "DIR") == 0 || strcmp(value, "FILE") == 0)
        candidates_files(l);
    else if (strchr(value, '|'))
        candidates_alternatives(l, value);
}

static void offer_command_options(const candidates_line *l)
{
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        guard_mem char *name = mem_printf("--%s", cli_option_rows[id].name);
        if (cli_takes(l->command, id))
            candidates_offer(l, name, cli_option_rows[id].help);
    }
}

/* ---- the line ------------------------------------------------------------------------------------------------------
 */

static void offer_commands(const cli_command *commands, size_t count, const char *first, const char *word)
{
    const candidates_line l = {.word = word, .written = ""};
    guard_mem char *last = mem_dup("");
    for (size_t i = 0; i < count; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        if (first && !(space && strncmp(name, first, (size_t)(space - name)) == 0 && !first[space - name]))
            continue;
        guard_mem char *one = first && space ? mem_dup(space + 1) : mem_dup_n(name, strcspn(name, " "));
        if (strcmp(one, last) != 0)
            candidates_offer(&l, one, !first && space ? "for those who write plugins" : commands[i].summary);
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

static void take_value(candidates_line *l, int id, const char *value)
{
    if (id == CLI_STATE)
        l->args.state = value;
    if (id == CLI_PLUGIN_DIR)
        cli_list_add(&l->args.plugin_dirs, value);
}

/* Reads the words before the last; gives the option whose value the last one is, or -1. */
static int read_words(candidates_line *l, int n, char **words)
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

static void complete(candidates_line *l, int n, char **words)
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
    candidates_line l = {.written = ""};
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
