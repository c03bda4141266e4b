/* belay plugin check --gdb: one trial, and gdb stops in the plugin's own code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "run.h"

static const char *file, *trial_case;

/* The example is built as its author would for a debugger. */
static int build_example(void **state)
{
    (void)state;
    const char *example = kit_path("%s/examples/plugins/maintenance", getenv("BELAY_SOURCE_DIR"));
    file = kit_path("%s/maintenance.so", kit_folder());
    trial_case = kit_path("%s/case/another-page", example);
    return kit_status_of("cc", "-g", "-fPIC", "-shared", "-fvisibility=hidden", "-I",
                         kit_path("%s/sdk/include", getenv("BELAY_SOURCE_DIR")), "-o", file,
                         kit_path("%s/maintenance.c", example), NULL);
}

/* What belay and gdb print, when a person types these commands. */
static const char *check(const char *only, const char *phase, const char *commands)
{
    const char *typed = kit_path("%s/commands", kit_folder());
    kit_write(typed, commands);
    return kit_output_of("sh", "-c", "\"$0\" plugin check \"$1\" --case \"$2\" --only $3 --gdb $4 <\"$5\" 2>&1 || true",
                         kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR")), file, trial_case, only, phase, typed,
                         NULL);
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

static void gdb_stops_where_the_phase_begins_and_at_breakpoints(void **state)
{
    (void)state;
    const char *out = check("D4", "execute", "break write_page\ncontinue\nbacktrace\nprint path\ncontinue\n");
    assert_holds(out, "gdb: execute");
    assert_holds(out, "Temporary breakpoint 1, execute (");
    assert_holds(out, "Breakpoint 2, write_page (");
    const char *stop = strstr(out, "Breakpoint 2, write_page (");
    assert_holds(stop, "maintenance.c:5"); /* the line of the breakpoint, and the frame of who called it */
    assert_holds(stop, "#1  ");
    assert_holds(strstr(stop, "#1  "), "execute (");
    assert_holds(stop, "/maintenance.html\"");
    assert_holds(out, "D4   rollback restores the world, also twice        proved");
}

static void one_trial_of_many_is_replayed(void **state)
{
    (void)state;
    const char *out = check("C1#9", "rollback", "backtrace 1\n");
    assert_int_equal(count(out, "Temporary breakpoint 1, rollback ("), 2); /* a trial of C1 rolls back twice */
    assert_int_equal(count(out, "#0  rollback ("), 1);                     /* the commands end with the first */
    assert_holds(out, "C1   a kill at any system call can be taken back    proved: 1 kills");
}

static void a_phase_that_somebody_ends_in_gdb_has_crashed(void **state)
{
    (void)state;
    assert_holds(check("D4", "execute", "kill\n"), "not proved: execute of the case ended as 'crashed'");
}

static outcome refused(const char *only, const char *phase)
{
    return belay("plugin", "check", file, "--case", trial_case, "--only", only, "--gdb", phase, NULL);
}

static void what_gdb_cannot_look_at_is_said(void **state)
{
    (void)state;
    assert_holds(refused("D4", "dream").err, "--gdb takes prepare, execute, verify or rollback, not 'dream'");
    assert_holds(refused("C1", "rollback").err, "--gdb looks at one trial");
    assert_holds(belay("plugin", "check", file, "--case", trial_case, "--gdb", "execute", NULL).err,
                 "--gdb looks at one trial");
    assert_holds(belay("plugin", "check", file, "--only", "D4", "--gdb", "execute", "--json", NULL).err,
                 "leave out one of them");
    outcome o = refused("C1#3", "execute");
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "C1#3 runs no execute that gdb can look at");
    assert_holds(refused("D4", "verify").err, "D4 runs no verify that gdb can look at");
}

static void without_gdb_it_says_what_to_install(void **state)
{
    (void)state;
    const char *path = kit_path("%s", getenv("PATH"));
    setenv("PATH", kit_folder(), 1);
    outcome o = refused("D4", "execute");
    setenv("PATH", path, 1);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "gdb is not in PATH");
}

int main(void)
{
    if (kit_status_of("gdb", "--version", NULL) != 0) {
        puts("skipped: gdb is not installed");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gdb_stops_where_the_phase_begins_and_at_breakpoints),
        cmocka_unit_test(one_trial_of_many_is_replayed),
        cmocka_unit_test(a_phase_that_somebody_ends_in_gdb_has_crashed),
        cmocka_unit_test(what_gdb_cannot_look_at_is_said),
        cmocka_unit_test(without_gdb_it_says_what_to_install),
    };
    return cmocka_run_group_tests(tests, build_example, NULL);
}
