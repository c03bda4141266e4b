#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/cli.h"

#define NUMBER_MAX 1000000

const cli_option_row cli_option_rows[CLI_OPTION_COUNT] = {
#define X(id, name, value, help) [CLI_##id] = {name, value, help},
    CLI_OPTIONS(X)
#undef X
};

bool cli_takes(const cli_command *command, int id)
{
    return ((command->options | CLI_COMMON) >> id) & 1u;
}

void cli_list_add(cli_list *list, const char *item)
{
    list->items = mem_grow(list->items, list->count + 2, sizeof *list->items);
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

static int number(const char *name, const char *value, int least, int *ret, error **err)
{
    char *end = NULL;
    long n = strtol(value, &end, 10);
    if (end == value || *end || n < least || n > NUMBER_MAX)
        return error_set(err, ERROR_USAGE, "--%s takes a whole number from %d to %d, not '%s'", name, least, NUMBER_MAX,
                         value);
    *ret = (int)n;
    return 0;
}

static int duration(const char *name, const char *value, int64_t *ret_ms, error **err)
{
    return units_duration(value, ret_ms, err) < 0 ? error_wrap(err, "--%s", name) : 0;
}

static int store_value(cli_args *args, int id, const char *value, error **err)
{
    switch ((cli_option_id)id) {
    case CLI_SET: cli_list_add(&args->sets, value); return 0;
    case CLI_PLUGIN_DIR: cli_list_add(&args->plugin_dirs, value); return 0;
    case CLI_JSON: args->json = true; return 0;
    case CLI_PLAIN: args->plain = true; return 0;
    case CLI_VERBOSE: args->verbose = true; return 0;
    case CLI_NO_WAIT: args->no_wait = true; return 0;
    case CLI_DUE: args->due = true; return 0;
    case CLI_ROLE: args->role = value; return 0;
    case CLI_REASON: args->reason = value; return 0;
    case CLI_KEY: args->key = value; return 0;
    case CLI_OUTPUT: args->output = value; return 0;
    case CLI_SIGNERS: args->signers = value; return 0;
    case CLI_EXPECT: args->expect = value; return 0;
    case CLI_UNDO: args->undo = true; return 0;
    case CLI_YES: args->yes = true; return 0;
    case CLI_HELP: args->help = true; return 0;
    case CLI_ENVIRONMENT: args->environment = value; return 0;
    case CLI_ASSUME: args->assume = value; return 0;
    case CLI_FORMAT: args->format = value; return 0;
    case CLI_CASE: cli_list_add(&args->cases, value); return 0;
    case CLI_ONLY: args->only = value; return 0;
    case CLI_GDB: args->gdb = value; return 0;
    case CLI_JUNIT: args->junit = value; return 0;
    case CLI_KIND: args->kind = value; return 0;
    case CLI_STATE: args->state = value; return 0;
    case CLI_KILLS: return number("kills", value, 0, &args->kills, err);
    case CLI_KEEP: return number("keep", value, 0, &args->keep, err);
    case CLI_LIMIT: return number("limit", value, 1, &args->limit, err);
    case CLI_SINCE: return duration("since", value, &args->since_ms, err);
    case CLI_WAIT: return duration("wait", value, &args->wait_ms, err);
    case CLI_OPTION_COUNT: break;
    }
    return 0;
}

/* The id of the option that text ("set" or "set=...") names, or -1. */
static int find(const cli_command *command, const char *text, size_t length)
{
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        if (cli_takes(command, id) && strlen(cli_option_rows[id].name) == length &&
            strncmp(cli_option_rows[id].name, text, length) == 0)
            return id;
    return -1;
}

static int unknown(const cli_command *command, const char *word, error **err)
{
    nearest near = nearest_to(word + strspn(word, "-"));
    for (int id = 0; id < CLI_OPTION_COUNT; id++)
        if (cli_takes(command, id))
            nearest_offer(&near, cli_option_rows[id].name);
    (void)error_set(err, ERROR_USAGE, "belay %s has no option '%s'", command->name, word);
    if (nearest_get(&near))
        return error_hint(err, "did you mean '--%s'?", nearest_get(&near));
    return error_hint(err, "'belay %s --help' lists them", command->name);
}

/* Reads the option at argv[*i], with its value in the same word or the next. */
static int parse_option(const cli_command *command, int argc, char **argv, int *i, cli_args *args, error **err)
{
    const char *word = argv[*i];
    if (strcmp(word, "-h") == 0)
        word = "--help";
    if (!text_starts(word, "--"))
        return unknown(command, word, err);
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    int id = find(command, name, equals ? (size_t)(equals - name) : strlen(name));
    if (id < 0)
        return unknown(command, word, err);
    const char *value = equals ? equals + 1 : NULL;
    if (!cli_option_rows[id].value && value)
        return error_set(err, ERROR_USAGE, "--%s takes no value", cli_option_rows[id].name);
    if (cli_option_rows[id].value && !value) {
        if (*i + 1 >= argc)
            return error_set(err, ERROR_USAGE, "--%s needs a value: --%s %s", cli_option_rows[id].name,
                             cli_option_rows[id].name, cli_option_rows[id].value);
        value = argv[++*i];
    }
    return store_value(args, id, value, err);
}

static int check_words(const cli_command *command, const cli_args *args, error **err)
{
    if (args->help || args->word_count >= command->least)
        return 0;
    (void)error_set(err, ERROR_USAGE, "belay %s needs %s", command->name, command->words);
    return error_hint(err, "for example: %s", command->example);
}

int cli_args_parse(const cli_command *command, int argc, char **argv, cli_args *ret, error **err)
{
    cli_args args = {.keep = 1, .limit = 20};
    bool only_words = false;
    int r = 0;
    for (int i = 0; i < argc && r == 0; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && argv[i][0] == '-' && argv[i][1])
            r = parse_option(command, argc, argv, &i, &args, err);
        else if (args.word_count == command->most)
            r = error_set(err, ERROR_USAGE, "belay %s: what is '%s' for? usage: belay %s %s", command->name, argv[i],
                          command->name, command->words);
        else
            args.words[args.word_count++] = argv[i];
    }
    if (r == 0)
        r = check_words(command, &args, err);
    if (r < 0)
        cli_args_done(&args);
    else
        *ret = args;
    return r;
}

void cli_args_done(cli_args *args)
{
    free(args->plugin_dirs.items);
    free(args->sets.items);
    free(args->cases.items);
}

void cli_args_help(const cli_command *command)
{
    printf("belay %s: %s\n\nusage: belay %s %s%s[OPTIONS]\n\n", command->name, command->summary, command->name,
           command->words, *command->words ? " " : "");
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        if (!cli_takes(command, id))
            continue;
        guard_mem char *left = mem_printf("--%s%s%s", cli_option_rows[id].name, cli_option_rows[id].value ? " " : "",
                                          cli_option_rows[id].value ? cli_option_rows[id].value : "");
        printf("  %-24s %s\n", left, cli_option_rows[id].help);
    }
    putchar('\n');
    if (command->more)
        cli_print_wrapped(0, command->more);
    printf("Example: %s\n", command->example);
}
