/* Whatever a step, a pipeline or an argument says, no command prints what would steer a terminal or turn a line round.
 */
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "run.h"

/* Clipboard, screen, title, 8-bit CSI, right-to-left override, backspace. */
#define HOSTILE "\\\\033]52;c;ZXZpbA==\\\\007\\\\033[2J\\\\033]0;t\\\\007\\\\302\\\\2332J\\\\342\\\\200\\\\256evil\\\\b"

static const char *pipeline(void)
{
    const char *path = kit_path("%s/hostile.cfg", kit_folder());
    kit_write(path,
              "pipeline: { name = \"q\"; environment = \"q\"; version = \"v2\"; previous = \"v1\"; };\n"
              "checklist: { title = \"Q\"; sections: ( { name = \"All\"; boxes: ( { id = \"1\"; text = \"it "
              "\\x1b]0;t\\x07\"; } ); } ); };\n"
              "stages: ( { name = \"s\"; steps: (\n"
              "  { id = \"x\"; use = \"shell.run\"; title = \"\\x1b[2Jtitle\"; argv = [\"true\", \"\\x1b]0;t\\x07\"]; "
              "undo = [\"true\"]; },\n"
              "  { id = \"a\"; use = \"shell.check\"; covers = [\"1\"]; argv = [\"sh\", \"-c\", \"printf '" HOSTILE
              "\\\\n'; exit 1\"]; } ); } );\n"
              "rollback: ( { id = \"p\"; use = \"shell.check\"; argv = [\"sh\", \"-c\", \"printf '" HOSTILE
              "'; exit 1\"]; } );\n");
    return path;
}

static void assert_harmless(const char *command, const char *output)
{
    static const char *const harmful[] = {"\033", "\007", "\b", "\xc2\x9b", "\xe2\x80\xae"};
    for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++)
        if (strstr(output, harmful[i]))
            fail_msg("%s prints \\x%02x: %s", command, (unsigned char)*harmful[i], output);
}

static void no_command_prints_what_would_steer_a_terminal(void **state)
{
    (void)state;
    const char *file = pipeline();
    static const char *const commands[][4] = {
        {"status"},
        {"status", "--json"},
        {"history"},
        {"history", "--json"},
        {"show", "latest"},
        {"logs", "latest"},
        {"logs", "latest", "--json"},
        {"show", "latest", "--format", "json"},
        {"show", "latest", "--format", "junit"},
        {"checklist", "latest"},
        {"checklist", "latest", "--format", "html"},
        {"checklist", "latest", "--format", "json"},
        {"rollback", "latest"},
    };
    assert_harmless("plan", belay("plan", file, NULL).out);
    assert_harmless("run --json", belay("run", file, "--json", NULL).out);
    outcome o = belay("rollback", "latest", "--verbose", NULL);
    assert_int_equal(o.status, 20);
    assert_holds(o.out, "evil");
    assert_harmless("rollback --verbose", o.out);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *const *c = commands[i];
        o = belay(c[0], c[1], c[1] ? c[2] : NULL, c[1] && c[2] ? c[3] : NULL, NULL);
        assert_harmless(kit_path("%s %s", c[0], c[1] ? c[1] : ""), o.out);
        assert_harmless(c[0], o.err);
    }
    assert_holds(belay("show", "latest", NULL).out, "?]52;c;ZXZpbA==??[2J?]0;t??2J?evil?");
}

static void errors_quote_arguments_harmlessly(void **state)
{
    (void)state;
    const char *file = kit_path("%s/bad.cfg", kit_folder());
    kit_write(file, "pipeline: { name = \"a\"; environment = \"e\"; version = \"\\x1b]0;OWN\\x07\"; };\n");
    outcome o = belay("run", "x\033]0;OWN\a", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "'x?]0;OWN?'");
    assert_harmless("run", o.err);
    o = belay("validate", file, NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "'?]0;OWN?'");
    assert_harmless("validate", o.err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_command_prints_what_would_steer_a_terminal),
        cmocka_unit_test(errors_quote_arguments_harmlessly),
    };
    return cmocka_run_group_tests_name("escapes", tests, NULL, NULL);
}
