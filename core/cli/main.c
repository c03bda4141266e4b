#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <belay/plugin.h>

#include "base/nearest.h"
#include "cli/cli.h"

static const cli_command commands[] = {
    {.name = "plan",
     .words = "FILE",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(SET) | CLI_VIEW,
     .run = cli_plan,
     .summary = "show what a run would do, step by step, and how each step is undone",
     .more = "Prepares every step and touches nothing. Steps that cannot be undone are named.",
     .example = "belay plan conf/staging.cfg"},
    {.name = "run",
     .words = "FILE",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(SET) | CLI_VIEW,
     .run = cli_run,
     .summary = "deploy: execute the pipeline as one transaction",
     .more =
         "Prepares every step before any is executed. On failure or Ctrl-C everything is taken back and the previous "
         "version is proved healthy.",
     .example = "belay run conf/staging.cfg --set pipeline.version=v1.8.1"},
    {.name = "resume",
     .words = "[RUN]",
     .most = 1,
     .options = CLI_BIT(ASSUME) | CLI_VIEW,
     .run = cli_resume,
     .summary = "go on with a run that was cut short or waits",
     .more = "Works from what the run recorded: its pipeline text, its plugins, its journal.",
     .example = "belay resume"},
    {.name = "rollback",
     .words = "[RUN]",
     .most = 1,
     .options = CLI_VIEW,
     .run = cli_rollback,
     .summary = "take a run back: one that has not ended, or the last committed one",
     .more = "A committed run can be taken back until `belay discard` lets go of what that needs.",
     .example = "belay rollback latest"},
    {.name = "status",
     .words = "",
     .options = CLI_BIT(ENVIRONMENT) | CLI_BIT(JSON),
     .run = cli_status,
     .summary = "show what is live, what runs, and what waits for a person",
     .example = "belay status --environment staging"},
    {.name = "history",
     .words = "",
     .options = CLI_BIT(ENVIRONMENT) | CLI_BIT(LIMIT) | CLI_BIT(JSON),
     .run = cli_history,
     .summary = "list runs, newest first",
     .example = "belay history --limit 5"},
    {.name = "show",
     .words = "[RUN]",
     .most = 1,
     .options = CLI_BIT(FORMAT),
     .run = cli_show,
     .summary = "show one run: its steps, measurements and outcome",
     .more = "RUN is an id, the beginning of one, or 'latest' (the default).",
     .example = "belay show latest --format junit > report.xml"},
    {.name = "logs",
     .words = "RUN [STEP]",
     .least = 1,
     .most = 2,
     .options = CLI_BIT(JSON),
     .run = cli_logs,
     .summary = "print what the steps of a run wrote, and where its artifacts lie",
     .example = "belay logs latest migrate"},
    {.name = "validate",
     .words = "FILE",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(SET),
     .run = cli_validate,
     .summary = "check a pipeline file; all problems in one go, each with file:line",
     .example = "belay validate conf/staging.cfg"},
    {.name = "plugins",
     .words = "",
     .options = CLI_BIT(JSON),
     .run = cli_plugins,
     .summary = "list the plugins, and those that were refused and why",
     .example = "belay plugins"},
    {.name = "explain",
     .words = "[KIND]",
     .most = 1,
     .options = CLI_BIT(JSON),
     .run = cli_explain,
     .summary = "describe a step kind: its options, outputs and measurements",
     .example = "belay explain docker.build"},
    {.name = "doctor",
     .words = "",
     .options = 0,
     .run = cli_doctor,
     .summary = "check the store, the plugins, the tools and the permissions",
     .example = "belay doctor"},
    {.name = "discard",
     .words = "",
     .options = CLI_BIT(KEEP) | CLI_BIT(ENVIRONMENT) | CLI_VIEW,
     .run = cli_discard,
     .summary = "let go of what older runs kept for their rollback",
     .more = "The newest N committed runs stay ready for `belay rollback`.",
     .example = "belay discard --environment staging --keep 1"},
    {.name = "try",
     .words = "KIND",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(SET) | CLI_BIT(UNDO) | CLI_VIEW,
     .run = cli_try,
     .summary = "run one step alone, outside any pipeline",
     .more = "Runs prepare, execute and verify; with --undo also rollback. Nothing is recorded.",
     .example = "belay try host.disk --set paths=/ --set min_free=1GB"},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_usage(FILE *out)
{
    fputs("belay: deploys a release as one transaction, and takes it back when it fails\n\n"
          "usage: belay COMMAND [ARGUMENTS]\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\nexit status: 0 committed or good, 1 usage or pipeline error, 2 refused with nothing touched, 3 waiting,\n"
          "             4 locked by a live run, 10 rolled back, 20 needs a person\n\n"
          "belay COMMAND --help tells more.  Example: belay plan conf/staging.cfg\n",
          out);
}

static const cli_command *find(const char *name, error **err)
{
    nearest near = nearest_to(name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
        nearest_offer(&near, commands[i].name);
    }
    (void)error_set(err, ERROR_USAGE, "there is no command '%s'", name);
    if (nearest_get(&near))
        (void)error_hint(err, "did you mean 'belay %s'?", nearest_get(&near));
    else
        (void)error_hint(err, "'belay --help' lists the commands");
    return NULL;
}

static int dispatch(int argc, char **argv)
{
    guard(error) err = NULL;
    const cli_command *command = find(argv[1], &err);
    if (!command)
        return cli_fail(err);
    cli_args args;
    if (cli_args_parse(command, argc - 2, argv + 2, &args, &err) < 0)
        return cli_fail(err);
    int status = EXIT_COMMITTED;
    if (args.help)
        cli_args_help(command);
    else
        status = command->run(&args);
    cli_args_done(&args);
    return status;
}

/* This process holds secrets. No core file is written, also where core files are piped to a program, and nobody else of
 * this user may read its memory. AddressSanitizer's search for leaks must. */
static void keep_to_itself(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#ifndef BELAY_SANITIZE
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
    keep_to_itself();
    mem_init();
    mem_on_exhausted(
        "belay: out of memory. What was done is recorded: go on with 'belay resume' or 'belay rollback'.\n",
        EXIT_PERSON);
    signal(SIGPIPE, SIG_IGN); /* a reader that left must not end a transaction */
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_COMMITTED;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("belay %s (plugin interface 1.%u)\n", BELAY_VERSION, BELAY_ABI_MINOR);
        return EXIT_COMMITTED;
    }
    return dispatch(argc, argv);
}
