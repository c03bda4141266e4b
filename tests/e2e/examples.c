/* The example plugins build out of tree as they are printed, with each compiler, and keep every promise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "prefix.h"
#include "run.h"

#define FLAGS "-O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"

static const char *const ladder[] = {"inodes", "maintenance", "readable", "keypass", "loglines", "archive", "tls"};
#define LADDER (sizeof ladder / sizeof *ladder)

static const char *prefix;

static int install(void **state)
{
    (void)state;
    prefix = install_prefix();
    return prefix ? 0 : -1;
}

static const char *source_of(const char *name)
{
    return kit_path("%s/examples/plugins/%s", getenv("BELAY_SOURCE_DIR"), name);
}

/* A copy, as somebody makes one who begins from it. */
static const char *copy_of(const char *name)
{
    const char *folder = kit_folder();
    kit_output_of("cp", "-R", source_of(name), folder, NULL);
    return kit_path("%s/%s", folder, name);
}

static bool there_is(const char *program)
{
    return kit_status_of("sh", "-c", kit_path("command -v %s", program), NULL) == 0;
}

static void assert_keeps_every_promise(const char *folder, const char *compiler)
{
    const char *said = kit_output_of("make", "-C", folder, compiler, "CFLAGS=" FLAGS, "CXXFLAGS=" FLAGS, "check", NULL);
    assert_holds(said, " 0 failed, 0 not proved.");
}

static void each_rung_builds_with_each_compiler_and_keeps_every_promise(void **state)
{
    (void)state;
    for (size_t i = 0; i < LADDER; i++) {
        const char *folder = copy_of(ladder[i]);
        if (there_is("clang")) {
            kit_output_of("make", "-C", folder, "CC=clang", "CFLAGS=" FLAGS, NULL);
            kit_output_of("make", "-C", folder, "clean", NULL);
        }
        assert_keeps_every_promise(folder, "CC=gcc");
    }
}

static void the_change_is_killed_at_each_of_its_calls(void **state)
{
    (void)state;
    const char *folder = copy_of("maintenance");
    kit_output_of("make", "-C", folder, NULL);
    const char *said =
        kit_output_of(kit_path("%s/bin/belay", prefix), "plugin", "check", kit_path("%s/maintenance.so", folder),
                      "--only", "C1", "--case", kit_path("%s/case/another-page", folder), NULL);
    assert_holds(said, "C1   a kill at any system call can be taken back    proved: ");
    assert_holds(said, " kills at the ");
}

static void each_page_shows_the_tables_of_its_plugin(void **state)
{
    (void)state;
    for (size_t i = 0; i < LADDER; i++) {
        const char *folder = copy_of(ladder[i]);
        kit_output_of("make", "-C", folder, NULL);
        const char *tables = kit_output_of(kit_path("%s/bin/belay", prefix), "plugin", "doc",
                                           kit_path("%s/%s.so", folder, ladder[i]), NULL);
        char *page = kit_read(kit_path("%s/README.md", folder));
        assert_holds(page, tables);
        free(page);
    }
}

static void the_first_check_is_the_same_in_cpp(void **state)
{
    (void)state;
    static const char *const compilers[] = {"clang++", "g++"};
    for (size_t i = 0; i < 2; i++) {
        if (!there_is(compilers[i]))
            continue;
        const char *folder = copy_of("inodes-cpp");
        assert_keeps_every_promise(folder, kit_path("CXX=%s", compilers[i]));
        assert_holds_not(kit_output_of("objdump", "-p", kit_path("%s/inodes-cpp.so", folder), NULL), "belay.so");
    }
}

static void the_first_check_is_the_same_in_rust(void **state)
{
    (void)state;
    if (!there_is("rustc")) {
        print_message("no rustc: the Rust example is not built\n");
        skip();
    }
    assert_keeps_every_promise(copy_of("inodes-rust"), "RUSTC=rustc");
}

static void the_three_languages_offer_the_same_step(void **state)
{
    (void)state;
    static const char *const names[] = {"inodes-cpp", "inodes-rust"};
    const char *c = copy_of("inodes"), *program = kit_path("%s/bin/belay", prefix);
    kit_output_of("make", "-C", c, NULL);
    const char *tables =
        strstr(kit_output_of(program, "plugin", "doc", kit_path("%s/inodes.so", c), NULL), "\n| option");
    for (size_t i = 0; i < 1u + there_is("rustc"); i++) {
        const char *folder = copy_of(names[i]);
        kit_output_of("make", "-C", folder, NULL);
        const char *others = kit_output_of(program, "plugin", "doc", kit_path("%s/%s.so", folder, names[i]), NULL);
        assert_string_equal(strstr(others, "\n| option"), tables);
    }
}

static void a_build_tree_serves_as_well_as_an_installation(void **state)
{
    (void)state;
    const char *folder = copy_of("inodes"), *build = getenv("BELAY_BUILD_DIR");
    const char *said =
        kit_output_of("env", kit_path("PKG_CONFIG_PATH=%s/sdk", build), "make", "-C", folder, "check", "V=1", NULL);
    assert_holds(said, kit_path("%s/bin/belay", build));
    assert_holds(said, " 0 failed, 0 not proved.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rung_builds_with_each_compiler_and_keeps_every_promise),
        cmocka_unit_test(the_change_is_killed_at_each_of_its_calls),
        cmocka_unit_test(each_page_shows_the_tables_of_its_plugin),
        cmocka_unit_test(the_first_check_is_the_same_in_cpp),
        cmocka_unit_test(the_first_check_is_the_same_in_rust),
        cmocka_unit_test(the_three_languages_offer_the_same_step),
        cmocka_unit_test(a_build_tree_serves_as_well_as_an_installation),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
