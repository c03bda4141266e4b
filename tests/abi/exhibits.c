/* Plugins that were built once at each minor of the interface: this Belay loads and runs all of them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

static const char *exhibit(unsigned minor, const char *suffix)
{
    return kit_path("%s/tests/abi/exhibits/exhibit-1-%u.%s", getenv("BELAY_SOURCE_DIR"), minor, suffix);
}

static int must_run_here(void **state)
{
    (void)state;
    if (strcmp(kit_output_of("uname", "-m", NULL), "x86_64\n") != 0) {
        print_message("skipped: the exhibits were built for x86-64\n");
        exit(77);
    }
    return 0;
}

static void each_minor_has_one(void **state)
{
    (void)state;
    for (unsigned minor = 0; minor <= BELAY_ABI_MINOR; minor++)
        if (access(exhibit(minor, "so"), R_OK) != 0 || access(exhibit(minor, "c"), R_OK) != 0)
            fail_msg("interface 1.%u has no exhibit: `./dev abi` builds it (docs/ABI.md)", minor);
}

static kit_step *step(unsigned minor, const char *path)
{
    kit_step *s = kit_step_of(exhibit(minor, "so"), "all");
    kit_set(s, "file", path);
    kit_set(s, "secret", "open sesame");
    return s;
}

static void goes_all_the_way(unsigned minor)
{
    const char *folder = kit_folder(), *path = kit_path("%s/made", folder);
    kit_step *s = step(minor, path);
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    assert_string_equal(kit_plan(s), "makes a file\n  undo: removes it\n");
    assert_non_null(strstr(kit_log(s), "text=hello number=7 flag=1 time=2000 size=4096 colour=green list=one,two"));
    assert_null(strstr(kit_log(s), "sesame"));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), "there is no file");
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_OK);
    assert_string_equal(kit_output(s, "made"), path);
    assert_string_equal(kit_artifact(s, "note.txt"), "kept\n");
    char *content = kit_read(path);
    assert_string_equal(content, "hello");
    free(content);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, "answer/one") == 42.5);
    assert_int_equal(kit_run(s, KIT_DISCARD), BELAY_OK);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
    assert_string_equal(kit_digest(folder), "");
    kit_step_free(s);
}

static void every_phase_of_each_works(void **state)
{
    (void)state;
    for (unsigned minor = 0; minor <= BELAY_ABI_MINOR; minor++)
        goes_all_the_way(minor);
}

static void each_can_be_killed_and_taken_back(void **state)
{
    (void)state;
    for (unsigned minor = 0; minor <= BELAY_ABI_MINOR; minor++) {
        const char *folder = kit_folder();
        kit_step *s = step(minor, kit_path("%s/made", folder));
        assert_int_equal(kit_run_killed(s, KIT_EXECUTE, 1, 0), KIT_BROKEN);
        assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_OK);
        assert_string_equal(kit_digest(folder), "");
        kit_step_free(s);
        kit_step *waits = kit_step_of(exhibit(minor, "so"), "wait");
        assert_int_equal(kit_run(waits, KIT_VERIFY), BELAY_NOT_YET);
        kit_step_free(waits);
    }
}

static void the_program_takes_each_in_a_pipeline(void **state)
{
    (void)state;
    for (unsigned minor = 0; minor <= BELAY_ABI_MINOR; minor++) {
        const char *folder = kit_folder(), *file = kit_path("%s/one.cfg", folder);
        kit_output_of("cp", exhibit(minor, "so"), folder, NULL);
        kit_write(file, kit_path("pipeline: { name = \"app\"; environment = \"age-%u\"; version = \"v2\"; };\n"
                                 "stages: ( { name = \"all\"; steps: ( { id = \"one\"; use = \"exhibit-1-%u.all\"; "
                                 "file = \"made\"; } ); } );\n",
                                 minor, minor));
        outcome o = belay("run", file, "--plugin-dir", folder, NULL);
        if (o.status != 0)
            fail_msg("exit status %d\n%s%s", o.status, o.out, o.err);
        assert_holds(o.out, "answer/one 42.5 ms");
        assert_int_equal(belay("rollback", "latest", "--plugin-dir", folder, NULL).status, 10);
        assert_int_not_equal(access(kit_path("%s/made", folder), F_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_minor_has_one),
        cmocka_unit_test(every_phase_of_each_works),
        cmocka_unit_test(each_can_be_killed_and_taken_back),
        cmocka_unit_test(the_program_takes_each_in_a_pipeline),
    };
    return cmocka_run_group_tests(tests, must_run_here, NULL);
}
