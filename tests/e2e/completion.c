/* What may stand next on a command line: asked of the program, and in real shells. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kit.h"
#include "run.h"

static const char *folder; /* with a program named belay, a file and a pipeline */

static const char *built(const char *name)
{
    return kit_path("%s/%s", getenv("BELAY_BUILD_DIR"), name);
}

static int prepare(void **state)
{
    (void)state;
    folder = kit_folder();
    kit_write(kit_path("%s/one.cfg", folder),
              "pipeline: { name = \"app\"; environment = \"local\"; version = \"v2\"; };\n"
              "stages: ( { name = \"all\"; steps: (\n"
              "  { id = \"note\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
              "  { id = \"sign-off\"; use = \"gate.approval\"; roles = [\"lead\"]; } ); } );\n");
    if (belay("run", kit_path("%s/one.cfg", folder), "--no-wait", NULL).status != 3)
        return -1;
    setenv("PATH", kit_path("%s:%s", built("bin"), getenv("PATH")), 1);
    return chdir(folder);
}

/* The candidates for the last of the words, each in a line. */
static const char *candidates(const char *words)
{
    return kit_output_of("bash", "-c", kit_path("belay --complete %s | cut -f1", words), NULL);
}

static void commands_and_their_second_words(void **state)
{
    (void)state;
    assert_string_equal(candidates("ro"), "rollback\n");
    assert_holds(candidates("''"), "\nexplain\n");
    assert_string_equal(candidates("plug"), "plugins\nplugin\n");
    assert_string_equal(candidates("plugin ''"), "new\ntry\ncheck\ndoc\n");
    assert_string_equal(candidates("nonsense ''"), "");
    assert_string_equal(candidates("completion ''"), "bash\nzsh\nfish\n");
}

static void options_of_the_command_and_their_values(void **state)
{
    (void)state;
    assert_string_equal(candidates("show --f"), "--format\n");
    assert_string_equal(candidates("show --format ''"), "text\njson\njunit\n");
    assert_string_equal(candidates("checklist --format=h"), "--format=html\n");
    assert_string_equal(candidates("plugin new x --kind c"), "check\nchange\n");
    assert_string_equal(candidates("history --environment ''"), "local\n");
    assert_string_equal(candidates("plan --state ''"), ":files\n");
    assert_string_equal(candidates("plan ''"), ":files\n");
    assert_string_equal(candidates("plan one.cfg ''"), "");
}

static void kinds_and_what_they_take(void **state)
{
    (void)state;
    assert_string_equal(candidates("explain host.dis"), "host.disk\n");
    assert_string_equal(candidates("try host.port --set s"), "state=\n");
    assert_string_equal(candidates("try host.port --set state="), "state=free\nstate=open\n");
    assert_string_equal(candidates("try host.port --set=state=o"), "--set=state=open\n");
    assert_string_equal(candidates("try host.env --set file="), ":files\n");
    assert_string_equal(candidates("try none.such --set ''"), "");
    assert_string_equal(candidates(kit_path("plugin try %s por", built("plugins/host.so"))), "port\n");
    assert_string_equal(candidates(kit_path("plugin try %s port --set po", built("plugins/host.so"))), "ports=\n");
}

static void runs_steps_and_gates_of_the_store(void **state)
{
    (void)state;
    const char *runs = candidates("show ''");
    assert_true(text_starts(runs, "latest\n20"));
    assert_string_equal(candidates("logs latest ''"), "note\nsign-off\n");
    assert_string_equal(candidates("approve latest ''"), "sign-off\n");
    assert_holds(kit_output_of("belay", "--complete", "show", "20", NULL), "\tapp v2 to local: paused\n");
}

static void looking_makes_no_store(void **state)
{
    (void)state;
    const char *none = kit_path("%s/none", kit_folder());
    assert_string_equal(candidates(kit_path("show --state %s ''", none)), "latest\n");
    assert_int_not_equal(access(none, F_OK), 0);
}

static void the_script_of_an_unknown_shell_is_refused(void **state)
{
    (void)state;
    outcome o = belay("completion", "tcsh", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "one for bash, for zsh and for fish");
}

/* ---- in real shells ------------------------------------------------------------------------------------------------
 */

static void must_have(const char *shell)
{
    if (kit_status_of("sh", "-c", kit_path("command -v %s", shell), NULL) == 0)
        return;
    print_message("skipped: %s is not installed (apt-get install %s)\n", shell, shell);
    skip();
}

/* What bash would reply to a line, taken apart as bash does, with the cursor at its end. */
static const char *in_bash(const char *words)
{
    const char *script = kit_path("source <(belay completion bash); COMP_WORDS=(belay %s); "
                                  "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; _belay; "
                                  "printf '%%s\\n' \"${COMPREPLY[@]}\"",
                                  words);
    return kit_output_of("bash", "--norc", "-c", script, NULL);
}

static void bash_completes(void **state)
{
    (void)state;
    assert_string_equal(in_bash("rollb"), "rollback\n");
    assert_string_equal(in_bash("explain host.dis"), "host.disk\n");
    assert_string_equal(in_bash("plan o"), "one.cfg\n");
    assert_string_equal(in_bash("show --format = h"), "\n");
    assert_string_equal(in_bash("checklist --format = h"), "html\n");
    assert_string_equal(in_bash("try host.port --set state = o"), "open\n");
    assert_string_equal(in_bash("try host.port --set state ="), "free\nopen\n");
    assert_string_equal(in_bash("try host.env --set file = on"), "one.cfg\n");
    assert_string_equal(in_bash("approve latest ''"), "sign-off\n");
    assert_int_equal(
        kit_status_of("bash", "--norc", "-c", "source <(belay completion bash) && complete -p belay", NULL), 0);
}

/* Types lines into an interactive bash on a pseudo-terminal, where "\\t" completes, and gives what the screen got. */
static const char *in_a_terminal(const char *typed)
{
    return kit_output_of("sh", "-c",
                         kit_path("printf 'source <(belay completion bash)\\n%s\\nexit\\n' | "
                                  "TERM=dumb timeout 60 script -qec 'bash --norc' /dev/null",
                                  typed),
                         NULL);
}

static void bash_completes_on_a_terminal(void **state)
{
    (void)state;
    must_have("script");
    assert_holds(in_a_terminal("belay explain host.dis\\t"), "host.disk: Checks that filesystems");
    assert_holds(in_a_terminal("belay try host.port --set ports=1 --set state=f\\t"), "The step passed.");
    assert_holds(in_a_terminal("belay validate on\\t"), "one.cfg is good");
}

/* Types into an interactive zsh on a pseudo-terminal, with a tab, and gives what the line became. */
static const char *in_zsh(const char *typed)
{
    const char *script =
        kit_path("zmodload zsh/zpty; zpty z zsh -f -i; "
                 "zpty -w z 'PS1=; autoload -Uz compinit; compinit -D -u; source <(belay completion zsh); "
                 "show() { print -r -- \"<$BUFFER>\" }; zle -N show; bindkey \"^X\" show; print rea\"\"dy'; "
                 "zpty -r -m z seen '*ready*'; zpty -w -n z $'%s\\t\\x18'; zpty -r -m z seen '*<*>*'; "
                 "print -r -- \"${${seen##*<}%%%%>*}\"; zpty -d z",
                 typed);
    return kit_output_of("timeout", "30", "zsh", "-f", "-c", script, NULL);
}

static void zsh_completes(void **state)
{
    (void)state;
    must_have("zsh");
    assert_string_equal(in_zsh("belay rollb"), "belay rollback \n");
    assert_string_equal(in_zsh("belay explain host.dis"), "belay explain host.disk \n");
    assert_string_equal(in_zsh("belay try host.port --set sta"), "belay try host.port --set state=\n");
    assert_string_equal(in_zsh("belay plan on"), "belay plan one.cfg \n");
}

static const char *in_fish(const char *typed)
{
    setenv("XDG_CONFIG_HOME", kit_folder(), 1);
    setenv("XDG_DATA_HOME", getenv("XDG_CONFIG_HOME"), 1);
    return kit_output_of("fish", "--no-config", "-c",
                         kit_path("belay completion fish | source; complete -C '%s' | cut -f1", typed), NULL);
}

static void fish_completes(void **state)
{
    (void)state;
    must_have("fish");
    assert_string_equal(in_fish("belay rollb"), "rollback\n");
    assert_string_equal(in_fish("belay explain host.dis"), "host.disk\n");
    assert_string_equal(in_fish("belay try host.port --set state="), "state=free\nstate=open\n");
    assert_string_equal(in_fish("belay plan on"), "one.cfg\n");
    assert_string_equal(in_fish("belay approve latest "), "sign-off\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_their_second_words),
        cmocka_unit_test(options_of_the_command_and_their_values),
        cmocka_unit_test(kinds_and_what_they_take),
        cmocka_unit_test(runs_steps_and_gates_of_the_store),
        cmocka_unit_test(looking_makes_no_store),
        cmocka_unit_test(the_script_of_an_unknown_shell_is_refused),
        cmocka_unit_test(bash_completes),
        cmocka_unit_test(bash_completes_on_a_terminal),
        cmocka_unit_test(zsh_completes),
        cmocka_unit_test(fish_completes),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
