#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <belay/plugin.h>

#include "base/nearest.h"
#include "base/redact_shape.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/manual.h"
#include "cli/screen.h"

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
     .options = CLI_BIT(SET) | CLI_BIT(WAIT) | CLI_BIT(NO_WAIT) | CLI_BIT(KEY) | CLI_VIEW,
     .run = cli_run,
     .summary = "deploy: execute the pipeline as one transaction",
     .more =
         "Prepares every step before any is executed. On failure or Ctrl-C everything is taken back and the previous "
         "version is proved healthy.",
     .example = "belay run conf/staging.cfg --set pipeline.version=v1.8.1"},
    {.name = "resume",
     .words = "[RUN]",
     .most = 1,
     .options = CLI_BIT(ASSUME) | CLI_BIT(WAIT) | CLI_BIT(NO_WAIT) | CLI_BIT(DUE) | CLI_BIT(ENVIRONMENT) |
                CLI_BIT(KEY) | CLI_VIEW,
     .run = cli_resume,
     .summary = "resume a run that was interrupted or is paused",
     .more =
         "Works from what the run recorded: its pipeline text, its plugins, its journal. With --due it is for timers: "
         "it goes on with a run that waits for people or a time once that has come, and does nothing otherwise.",
     .example = "belay resume"},
    {.name = "rollback",
     .words = "[RUN]",
     .most = 1,
     .options = CLI_BIT(WAIT) | CLI_BIT(YES) | CLI_VIEW,
     .run = cli_rollback,
     .summary = "take a run back: one that has not ended, or one that is committed",
     .more = "Without RUN: the newest one, where that has not ended or is committed. An older one must be named, and "
             "those after it go first. A committed run can be taken back until `belay discard` lets go of what that "
             "needs. "
             "On a terminal it asks before it takes a committed run back, for what was written since leaves the "
             "applications' sight; --yes does not ask.",
     .example = "belay rollback latest"},
    {.name = "approve",
     .words = "RUN GATE",
     .least = 2,
     .most = 2,
     .options = CLI_BIT(ROLE) | CLI_BIT(REASON) | CLI_BIT(KEY),
     .run = cli_approve,
     .summary = "say yes at a gate that a run waits at",
     .more =
         "The decision is bound to the run, the gate and all that the run has found so far; whatever is found later "
         "voids it. With --key it is signed by that SSH key (ssh-keygen -Y sign).",
     .example = "belay approve latest sign-off --role qa-lead --key ~/.ssh/id_ed25519"},
    {.name = "reject",
     .words = "RUN GATE",
     .least = 2,
     .most = 2,
     .options = CLI_BIT(ROLE) | CLI_BIT(REASON) | CLI_BIT(KEY),
     .run = cli_reject,
     .summary = "say no at a gate: the run is taken back",
     .example = "belay reject latest sign-off --role qa-lead --reason 'the cost page is wrong'"},
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
     .formats = "text|json|junit",
     .run = cli_show,
     .summary = "show one run: its steps, measurements and outcome",
     .more = "RUN is an id, the beginning of one, or 'latest' (the default).",
     .example = "belay show latest --format junit > report.xml"},
    {.name = "checklist",
     .words = "[RUN]",
     .most = 1,
     .options = CLI_BIT(FORMAT),
     .formats = "md|html|json",
     .run = cli_checklist,
     .summary = "print the pipeline's checklist, ticked by what a run found",
     .more = "Formats: md (the default), html, json. RUN is an id, the beginning of one, or 'latest' (the default).",
     .example = "belay checklist latest --format html > checklist.html"},
    {.name = "bundle",
     .words = "[RUN]",
     .most = 1,
     .options = CLI_BIT(OUTPUT),
     .run = cli_bundle,
     .summary = "pack all that is known of a run into one file, to be handed on",
     .more =
         "Events, logs, measurements, artifacts, checklist, reports, the pipeline's text and people's decisions, with "
         "the SHA-256 of each. Secrets are masked. Of a run that has ended every bundle is the same, byte for byte.",
     .example = "belay bundle latest --output release-evidence.tar.zst"},
    {.name = "verify",
     .words = "[RUN|BUNDLE]",
     .most = 1,
     .options = CLI_BIT(SIGNERS) | CLI_BIT(EXPECT) | CLI_BIT(JSON),
     .run = cli_verify,
     .summary = "check that the record of a run is what people signed",
     .more = "Checks the chain of the run's events, the tables, the plan, and every signature, and says what is not "
             "signed. BUNDLE is a file that `belay bundle` wrote; no state folder is needed for it. Whoever can write "
             "the record could also have replaced its list of signers: --signers FILE names yours. Exit status 1 when "
             "anything does not match.",
     .example = "belay verify belay-20261123-184512-k7f2.tar.zst --signers allowed_signers"},
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
     .more = "Without KIND, or with a plugin's name, the kinds are listed.",
     .example = "belay explain docker.build"},
    {.name = "doctor",
     .words = "",
     .options = 0,
     .run = cli_doctor,
     .summary = "check the store, the plugins, the tools and the permissions",
     .example = "belay doctor"},
    {.name = "discard",
     .words = "",
     .options = CLI_BIT(KEEP) | CLI_BIT(ENVIRONMENT) | CLI_BIT(WAIT) | CLI_VIEW,
     .run = cli_discard,
     .summary = "let go of what older runs kept for their rollback",
     .more = "The newest N committed runs stay ready for `belay rollback`.",
     .example = "belay discard --environment staging --keep 1"},
    {.name = "try",
     .words = "KIND|FILE#STEP",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(SET) | CLI_BIT(UNDO) | CLI_BIT(SINCE) | CLI_VIEW,
     .run = cli_try,
     .summary = "run one step alone, outside any pipeline",
     .more = "Runs prepare, execute and verify; with --undo also rollback. Nothing is recorded: a later call cannot "
             "roll back "
             "what this one leaves. FILE#STEP is a step of a "
             "pipeline file, with its options; what it needs of other steps is given by --set steps.ID.OUTPUT=VALUE.",
     .example = "belay try conf/staging.cfg#health --set vars.ports=180"},
    {.name = "plugin new",
     .words = "NAME",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(KIND),
     .run = cli_plugin_new,
     .summary = "write a folder with a small plugin of your own, complete with tests",
     .more = "Makes the folder NAME here. A check looks at the world; a change changes it and can take that back.",
     .example = "belay plugin new disk-age --kind check"},
    {.name = "plugin try",
     .words = "FILE.so KIND",
     .least = 2,
     .most = 2,
     .options = CLI_BIT(SET) | CLI_BIT(UNDO) | CLI_BIT(JSON),
     .run = cli_plugin_try,
     .summary = "run one step of a plugin file, showing all that it does",
     .more =
         "Like `belay try`, but for a file that is installed nowhere; shows options, log, outputs, undo records and "
         "the verdict of each phase.",
     .example = "belay plugin try ./disk-age.so file --set path=/etc/hostname"},
    {.name = "plugin check",
     .words = "FILE.so",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(CASE) | CLI_BIT(ONLY) | CLI_BIT(GDB) | CLI_BIT(KILLS) | CLI_BIT(JSON) | CLI_BIT(JUNIT),
     .run = cli_plugin_check,
     .summary = "prove that a plugin file keeps its promises: kills it at each system call",
     .more = "Exit status: 0 all is proved, 1 something failed, 3 nothing failed and something is not proved: give a "
             "case of each kind.",
     .example = "belay plugin check ./relink.so --case case/no-link-yet"},
    {.name = "plugin doc",
     .words = "FILE.so",
     .least = 1,
     .most = 1,
     .options = CLI_BIT(FORMAT),
     .formats = "md|page|man",
     .run = cli_plugin_doc,
     .summary = "print the kinds and options of a plugin file, as Markdown or as a manual page",
     .more =
         "Formats: md (the default), for a README; page, with title and overview; man, the source of a manual page, "
         "for scdoc.",
     .example = "belay plugin doc ./disk-age.so"},
    {.name = "completion",
     .words = "bash|zsh|fish",
     .least = 1,
     .most = 1,
     .options = 0,
     .run = cli_completion,
     .summary = "print the script that completes belay's command lines in a shell",
     .more = "Packages put it where the shell finds it. It completes commands, options, step kinds and what they take, "
             "runs, steps and gates.",
     .example = "belay completion bash > ~/.local/share/bash-completion/completions/belay"},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_usage(FILE *out)
{
    fputs("belay: deploys a release as one transaction, and takes it back when it fails\n\n"
          "usage: belay COMMAND [ARGUMENTS]\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-13s %s\n", commands[i].name, commands[i].summary);
    fputs(
        "\nexit status: 0 committed or good, 1 usage or pipeline error, 2 refused with nothing touched, 3 waiting,\n"
        "             4 locked by a live run or by what a dead one left running, 10 rolled back, 20 needs a person\n\n"
        "belay COMMAND --help tells more.  Example: belay plan conf/staging.cfg\n",
        out);
}

/* True for "plugin", the first word of "plugin new". */
static bool begins_two_words(const cli_command *command, const char *first)
{
    size_t n = strlen(first);
    return n && strncmp(command->name, first, n) == 0 && command->name[n] == ' ';
}

static const cli_command *find_named(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Of "plugin" alone, or with a second word that is none of its own. */
static int refuse_half(const char *first, error **err)
{
    guard_text list = {0};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (begins_two_words(&commands[i], first))
            text_printf(&list, "%s%s", list.count ? ", " : "", commands[i].name + strlen(first) + 1);
    if (!list.count)
        return 0;
    (void)error_set(err, ERROR_USAGE, "belay %s needs a second word: %s", first, text_get(&list));
    return error_hint(err, "'belay --help' tells what each does");
}

static int refuse_unknown(const char *name, error **err)
{
    nearest near = nearest_to(name);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        nearest_offer(&near, commands[i].name);
    (void)error_set(err, ERROR_USAGE, "there is no command '%s'", name);
    if (nearest_get(&near))
        return error_hint(err, "did you mean 'belay %s'?", nearest_get(&near));
    return error_hint(err, "'belay --help' lists the commands");
}

/* The command that the first words of argv name, and how many words that takes. */
static const cli_command *find(int argc, char **argv, int *ret_words, error **err)
{
    const char *first = argv[1];
    bool second = argc > 2 && argv[2][0] != '-';
    guard_mem char *both = second ? mem_printf("%s %s", first, argv[2]) : mem_dup(first);
    const cli_command *one = strchr(first, ' ') ? NULL : find_named(first), *two = second ? find_named(both) : NULL;
    *ret_words = two ? 2 : 1;
    if (!one && !two && refuse_half(first, err) == 0)
        (void)refuse_unknown(first, err);
    return two ? two : one;
}

/* True of a terminal that closed and of a pipe that nobody reads on: who left misses nothing. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

/* The status that a command ends with once its output is written, or is lost. That of a run stays what became of it. */
static int told(int status, bool is_run)
{
    errno = 0;
    const bool written = fflush(stdout) == 0 && !ferror(stdout);
    const int why = errno;
    if (written || reader_left())
        return status;
    fprintf(stderr, "belay: error: what was printed is not whole: standard output cannot be written%s%s\n",
            why ? ": " : "", why ? strerror(why) : "");
    return status == EXIT_COMMITTED && !is_run ? EXIT_USAGE : status;
}

static int dispatch(int argc, char **argv)
{
    guard(error) err = NULL;
    int words = 1;
    const cli_command *command = find(argc, argv, &words, &err);
    if (!command)
        return cli_fail(err);
    cli_args args;
    if (cli_args_parse(command, argc - 1 - words, argv + 1 + words, &args, &err) < 0)
        return cli_fail(err);
    int status = EXIT_COMMITTED;
    if (args.help)
        cli_args_help(command);
    else
        status = command->run(&args);
    cli_args_done(&args);
    return told(status, cli_takes(command, CLI_WAIT) && !args.help);
}

/* What is asked of the program itself, and not of a command of its. */
static bool answer(int argc, char **argv)
{
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        print_usage(stdout);
    else if (strcmp(argv[1], "--manual") == 0) /* for docs/make */
        manual_print_commands(commands, COMMAND_COUNT);
    else if (strcmp(argv[1], "--complete") == 0) /* for the scripts of `belay completion` */
        complete_print(commands, COMMAND_COUNT, argc - 2, argv + 2);
    else if (strcmp(argv[1], "--version") == 0)
        printf("belay %s (plugin interface 1.%u)\n", BELAY_VERSION, BELAY_ABI_MINOR);
    else
        return false;
    return true;
}

/* The contents of database rows in what programs print: kept only where somebody asks for them. */
static void read_wishes(void)
{
    const char *rows = getenv("BELAY_SHOW_ROWS");
    if (rows && strcmp(rows, "1") == 0)
        redact_show_rows();
}

int main(int argc, char **argv)
{
    if (!cli_begin())
        return EXIT_USAGE;
    screen_begin();
    read_wishes();
    mem_init();
    mem_on_exhausted(
        "belay: out of memory. What was done is recorded: go on with 'belay resume' or 'belay rollback'.\n",
        EXIT_PERSON);
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    return answer(argc, argv) ? told(EXIT_COMMITTED, false) : dispatch(argc, argv);
}
