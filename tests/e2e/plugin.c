/* The commands for those who write plugins: new, try, doc. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

static const char *built(const char *name)
{
    return kit_path("%s/plugins/%s.so", getenv("BELAY_BUILD_DIR"), name);
}

static void new_refuses_bad_names_and_what_is_there(void **state)
{
    (void)state;
    const char *here = kit_folder();
    assert_int_equal(chdir(here), 0);
    assert_holds(belay("plugin", "new", "Disk", "--kind", "check", NULL).err, "'Disk' cannot be a plugin's name");
    assert_holds(belay("plugin", "new", "../up", "--kind", "check", NULL).err, "cannot be a plugin's name");
    assert_holds(belay("plugin", "new", "disk-age", NULL).err, "--kind check or --kind change");
    assert_holds(belay("plugin", "new", "disk-age", "--kind", "probe", NULL).err, "not 'probe'");
    kit_write(kit_path("%s/taken", here), "mine");
    outcome o = belay("plugin", "new", "taken", "--kind", "check", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "'taken' is there already");
    assert_string_equal(kit_output_of("ls", "-A", here, NULL), "taken\n");
}

static void new_writes_the_name_everywhere(void **state)
{
    (void)state;
    const char *here = kit_folder();
    assert_int_equal(chdir(here), 0);
    assert_int_equal(belay("plugin", "new", "disk-age", "--kind", "check", NULL).status, 0);
    assert_int_equal(belay("plugin", "new", "relink", "--kind", "change", NULL).status, 0);
    assert_string_equal(kit_output_of("ls", "-A", here, NULL), "disk-age\nrelink\n");
    assert_int_equal(access(kit_path("%s/disk-age/disk-age.c", here), F_OK), 0);
    assert_int_equal(kit_status_of("grep", "-rq", "@NAME@", here, NULL), 1);
    assert_int_equal(kit_status_of("grep", "-q", "relink.link", kit_path("%s/relink/README.md", here), NULL), 0);
}

static void doc_prints_the_tables_of_a_plugin(void **state)
{
    (void)state;
    outcome o = belay("plugin", "doc", built("host"), NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "## host.disk\n");
    assert_holds(o.out, "| `paths` | list, required | ");
    assert_holds(o.out, "| measurement | unit | warns if | fails if | what it is |");
    assert_int_equal(belay("plugin", "doc", kit_path("%s/none.so", kit_folder()), NULL).status, 1);
}

static void try_shows_options_figures_and_each_verdict(void **state)
{
    (void)state;
    outcome o = belay("plugin", "try", built("host"), "disk", "--set", "paths=/", "--set", "min_free=1MB", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "paths = [\"/\"]");
    assert_holds(o.out, "verify: passed in ");
    assert_holds(o.out, "free//");
    o = belay("plugin", "try", built("host"), "dsik", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "the plugin 'host' has no kind 'dsik'");
    assert_holds(o.err, "disk, memory");
}

static void try_shows_log_undo_records_and_the_way_back(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    outcome o = belay("plugin", "try", built("shell"), "run", "--set", "argv=touch,made", "--set",
                      kit_path("cwd=%s", folder), "--set", "undo=rm,-f,made", "--undo", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "undo record ");
    assert_holds(o.out, "execute: passed in ");
    assert_holds(o.out, "rollback: passed in ");
    assert_int_not_equal(access(kit_path("%s/made", folder), F_OK), 0);
}

static void nothing_of_a_tried_plugin_stays(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    setenv("TMPDIR", folder, 1);
    assert_int_equal(
        belay("plugin", "try", built("host"), "disk", "--set", "paths=/", "--set", "min_free=1MB", NULL).status, 0);
    unsetenv("TMPDIR");
    assert_string_equal(kit_output_of("ls", "-A", folder, NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses_bad_names_and_what_is_there),
        cmocka_unit_test(new_writes_the_name_everywhere),
        cmocka_unit_test(doc_prints_the_tables_of_a_plugin),
        cmocka_unit_test(try_shows_options_figures_and_each_verdict),
        cmocka_unit_test(try_shows_log_undo_records_and_the_way_back),
        cmocka_unit_test(nothing_of_a_tried_plugin_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
