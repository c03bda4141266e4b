/* What is installed works where it is put, and is enough to build, try and install a plugin out of tree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kit.h"
#include "prefix.h"
#include "run.h"

static const char *prefix; /* of the installation, which was staged elsewhere and moved here */
static const char *work;   /* where plugins are written */
static const char *build_folder, *source_folder;

static int install(void **state)
{
    (void)state;
    build_folder = kit_path("%s", getenv("BELAY_BUILD_DIR"));
    source_folder = kit_path("%s", getenv("BELAY_SOURCE_DIR"));
    prefix = install_prefix();
    work = kit_folder();
    /* From here on as elsewhere, where nothing tells of a build tree. */
    unsetenv("BELAY_BUILD_DIR");
    unsetenv("BELAY_SOURCE_DIR");
    return prefix ? chdir(work) : -1;
}

static const char *installed(void)
{
    return kit_path("%s/bin/belay", prefix);
}

/* Writes the plugin NAME of a kind; gives its folder. */
static const char *scaffold(const char *name, const char *kind)
{
    assert_holds(kit_output_of(installed(), "plugin", "new", name, "--kind", kind, NULL), "is a whole plugin");
    return kit_path("%s/%s", work, name);
}

static void assert_exports_one_symbol(const char *file)
{
    const char *symbols = kit_output_of("nm", "-D", "--defined-only", file, NULL);
    assert_holds(symbols, " T belay_plugin_v1\n");
    assert_ptr_equal(strchr(symbols, '\n'), symbols + strlen(symbols) - 1);
    assert_holds_not(kit_output_of("objdump", "-p", file, NULL), "belay.so");
}

static void the_program_finds_its_worker_and_its_plugins(void **state)
{
    (void)state;
    const char *list = kit_output_of(installed(), "plugins", NULL);
    assert_holds(list, kit_path("%s/lib/belay/host.so", prefix));
    assert_holds(list, kit_path("%s/lib/belay/docker.so", prefix));
    assert_holds(kit_output_of(installed(), "try", "host.disk", "--set", "paths=/", "--set", "min_free=1MB", NULL),
                 "The step passed.");
}

/* Where it was installed to; it was moved since. */
static const char *unit(const char *name)
{
    return kit_path("%s/lib/systemd/system/%s", prefix, name);
}

static void units_for_systemd_name_the_program_where_it_was_installed(void **state)
{
    (void)state;
    char *service = kit_read(unit("belay-resume@.service"));
    assert_holds(service, "\nExecStart=/opt/belay/bin/belay resume --due --environment %i --plain\n");
    assert_holds(service, "file:///opt/belay/share/doc/belay/docs/OPERATING.md");
    assert_holds_not(service, "@belay");
    free(service);
    assert_int_equal(access(kit_path("%s/share/doc/belay/docs/OPERATING.md", prefix), F_OK), 0);
    assert_int_equal(access(kit_path("%s/libexec/belay/belay-vault", prefix), X_OK), 0);
}

static void systemd_finds_nothing_wrong_with_them(void **state)
{
    (void)state;
    if (kit_status_of("sh", "-c", "command -v systemd-analyze", NULL) != 0)
        skip();
    const char *folder = kit_folder();
    kit_output_of("sh", "-c",
                  kit_path("cp %s/lib/systemd/system/belay-resume@.* %s && sed -i 's|/opt/belay|%s|' %s/*.service && "
                           "cd %s && cp belay-resume@.service belay-resume@staging.service && "
                           "cp belay-resume@.timer belay-resume@staging.timer",
                           prefix, folder, prefix, folder, folder),
                  NULL);
    const char *verify = kit_path("cd %s && systemd-analyze verify --man=no ./belay-resume@staging.service "
                                  "./belay-resume@staging.timer 2>&1",
                                  folder);
    assert_int_equal(kit_status_of("sh", "-c", verify, NULL), 0);
    assert_holds_not(kit_output_of("sh", "-c", verify, NULL), "belay-resume");
}

static void pkg_config_tells_where_everything_is(void **state)
{
    (void)state;
    static const char *const variables[] = {"belay", "plugin_mk", "plugin_map", "plugin_dir"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        char *path = strdup(kit_output_of("pkg-config", kit_path("--variable=%s", variables[i]), "belay", NULL));
        path[strcspn(path, "\n")] = '\0';
        assert_int_equal(access(path, F_OK), 0);
        free(path);
    }
    assert_holds(kit_output_of("pkg-config", "--cflags", "belay", NULL), "-I");
    assert_int_equal(kit_output_of("pkg-config", "--libs", "belay", NULL)[0], '\n');
}

static void pages_and_completions_are_where_programs_look(void **state)
{
    (void)state;
    static const char *const files[] = {"bash-completion/completions/belay", "fish/vendor_completions.d/belay.fish",
                                        "zsh/site-functions/_belay", "doc/belay/docs/plugins/docker.md"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (access(kit_path("%s/share/%s", prefix, files[i]), R_OK) != 0)
            fail_msg("share/%s is not installed", files[i]);
    if (kit_status_of("sh", "-c", "command -v scdoc", NULL) != 0)
        skip();
    static const char *const pages[] = {"man1/belay.1", "man5/belay-pipeline.5", "man7/belay-plugin.7",
                                        "man7/belay-docker.7"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (access(kit_path("%s/share/man/%s", prefix, pages[i]), R_OK) != 0)
            fail_msg("share/man/%s is not installed", pages[i]);
}

static void a_scaffold_builds_with_make_and_passes_its_tests(const char *kind, const char *compiler)
{
    const char *name = kit_path("%s-of-%s", kind, compiler), *folder = scaffold(name, kind);
    kit_output_of("make", "-C", folder, kit_path("CC=%s", compiler),
                  "CFLAGS=-O2 -Wall -Wextra -Wpedantic -Wconversion -Werror", NULL);
    assert_exports_one_symbol(kit_path("%s/%s.so", folder, name));
    if (strcmp(compiler, "gcc") == 0)
        kit_output_of("make", "-C", folder, "check", NULL);
}

static void scaffolds_build_with_each_compiler_and_pass_their_tests(void **state)
{
    (void)state;
    a_scaffold_builds_with_make_and_passes_its_tests("check", "gcc");
    a_scaffold_builds_with_make_and_passes_its_tests("change", "gcc");
    if (kit_status_of("sh", "-c", "command -v clang", NULL) != 0)
        return;
    a_scaffold_builds_with_make_and_passes_its_tests("check", "clang");
    a_scaffold_builds_with_make_and_passes_its_tests("change", "clang");
}

static void make_check_notices_a_readme_that_is_not_true(void **state)
{
    (void)state;
    const char *folder = scaffold("untrue", "check"), *page = kit_path("%s/README.md", folder);
    kit_output_of("sed", "-i", "s/The file to look at/Any file/", page, NULL);
    assert_int_not_equal(kit_status_of("make", "-C", folder, "check", NULL), 0);
}

static void make_installs_a_plugin_where_the_program_finds_it(void **state)
{
    (void)state;
    const char *folder = scaffold("made", "check");
    kit_output_of("make", "-C", folder, "install", NULL);
    assert_holds(kit_output_of(installed(), "explain", "made.file", NULL), "The file to look at.");
    kit_output_of("make", "-C", folder, "uninstall", NULL);
    assert_int_not_equal(kit_status_of(installed(), "explain", "made.file", NULL), 0);
}

/* Builds the plugin whose one source lies in the folder; gives the build's folder. */
static const char *build_with_cmake(const char *folder, const char *language, const char *name, const char *source)
{
    const char *build = kit_path("%s/build", folder);
    kit_write(kit_path("%s/CMakeLists.txt", folder), kit_path("cmake_minimum_required(VERSION 3.25)\n"
                                                              "project(%s %s)\n"
                                                              "find_package(Belay 0.1 REQUIRED)\n"
                                                              "belay_add_plugin(%s SOURCES %s)\n",
                                                              name, language, name, source));
    kit_output_of("cmake", "-S", folder, "-B", build, kit_path("-DCMAKE_PREFIX_PATH=%s", prefix), NULL);
    kit_output_of("cmake", "--build", build, NULL);
    assert_exports_one_symbol(kit_path("%s/%s.so", build, name));
    return build;
}

static void cmake_builds_and_installs_a_plugin(void **state)
{
    (void)state;
    const char *build = build_with_cmake(scaffold("cmade", "change"), "C", "cmade", "cmade.c");
    kit_output_of("cmake", "--install", build, NULL);
    assert_holds(kit_output_of(installed(), "explain", "cmade.link", NULL), "What it shall point at.");
}

/* Unoptimized, what of the standard library is used stays in the file as functions of their own. */
static void a_plugin_in_cpp_exports_one_symbol_too(void **state)
{
    (void)state;
    const char *folder = kit_path("%s/in-cpp", work);
    kit_output_of("cp", "-r", kit_path("%s/examples/plugins/inodes-cpp", source_folder), folder, NULL);
    kit_output_of("make", "-C", folder, "CXXFLAGS=-O0 -g", NULL);
    assert_exports_one_symbol(kit_path("%s/inodes-cpp.so", folder));
    (void)build_with_cmake(folder, "CXX", "inodes-cpp", "inodes.cc");
}

static void cmake_builds_tests_with_the_testkit_and_ctest_runs_them(void **state)
{
    (void)state;
    const char *folder = scaffold("tested", "change"), *build = kit_path("%s/build", folder);
    kit_output_of("cp", kit_path("%s/tests/e2e/testkit/CMakeLists.txt", source_folder), folder, NULL);
    kit_output_of("sh", "-c", kit_path("cp %s/tests/e2e/testkit/*.c %s/test", source_folder, folder), NULL);
    kit_output_of("cmake", "-S", folder, "-B", build, kit_path("-DCMAKE_PREFIX_PATH=%s", prefix), NULL);
    kit_output_of("cmake", "--build", build, NULL);
    const char *output = kit_output_of("ctest", "--test-dir", build, "--output-on-failure", NULL);
    assert_holds(output, "100% tests passed, 0 tests failed out of 3");
}

static void a_symbol_that_nothing_defines_ends_the_build(void **state)
{
    (void)state;
    const char *folder = scaffold("undefined", "check");
    kit_output_of("sed", "-i",
                  "s/stat(path, &st) == 0/stat(path, \\&st) == nowhere()/; s/^static belay_status verify/"
                  "int nowhere(void);\\n&/",
                  kit_path("%s/undefined.c", folder), NULL);
    assert_int_not_equal(kit_status_of("make", "-C", folder, NULL), 0);
}

static void without_the_sdk_make_says_what_to_install(void **state)
{
    (void)state;
    const char *folder = scaffold("alone", "check"), *right = strdup(getenv("PKG_CONFIG_PATH"));
    setenv("PKG_CONFIG_PATH", "/nonexistent", 1);
    const char *output = kit_output_of("sh", "-c", kit_path("make -C %s 2>&1 || true", folder), NULL);
    setenv("PKG_CONFIG_PATH", right, 1);
    assert_holds(output, "install-belay-dev-first");
}

static void the_headers_compile_alone_as_c_and_as_cpp(void **state)
{
    (void)state;
    static const char *const compilers[] = {"gcc -x c -std=c11", "gcc -x c -std=c17", "g++ -x c++ -std=c++17"};
    for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++)
        kit_output_of("sh", "-c",
                      kit_path("printf '#include <belay/plugin.h>\\n#include <belay/testkit.h>\\n' | %s -Wall -Wextra "
                               "-Wpedantic -Werror -I%s/include "
                               "-fsyntax-only -",
                               compilers[i], prefix),
                      NULL);
}

/* All that the header's macros fill in, in the order of the structs, as C++ wants it. */
static const char tables[] =
    "#include <belay/plugin.h>\n"
    "static belay_status verify(belay_ctx *c, const belay_host *h) { (void)c; return BELAY_HAS(h, log) ? 0 : 3; }\n"
    "static const belay_option options[] = {{.name = \"file\", .type = BELAY_T_PATH, .doc = \"A file.\"}};\n"
    "static const belay_output outputs[] = {{.name = \"made\", .doc = \"A file.\", .type = BELAY_T_PATH}};\n"
    "static const belay_metric metrics[] = {{.name = \"size\", .unit = \"B\", .doc = \"Its size.\"}};\n"
    "static const belay_step steps[] = {{.name = \"file\", .doc = \"A file.\", BELAY_TABLE(option, options),\n"
    "    BELAY_TABLE(output, outputs), BELAY_TABLE(metric, metrics), .verify = verify}};\n"
    "static const belay_plugin plugin = {BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = \"t\",\n"
    "    .version = \"1\", .doc = \"All.\"};\n"
    "const belay_plugin *belay_plugin_v1(void) { return &plugin; }\n";

static void the_macros_fill_in_tables_in_c_and_in_cpp(void **state)
{
    (void)state;
    static const char *const compilers[] = {"gcc -x c -std=c17 -Wextra -Wpedantic", "g++ -x c++ -std=c++17",
                                            "g++ -x c++ -std=c++20 -Wpedantic"};
    const char *file = kit_path("%s/tables.c", work);
    kit_write(file, tables);
    for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++)
        kit_output_of("sh", "-c",
                      kit_path("%s -Wall -Werror -I%s/include -fsyntax-only %s", compilers[i], prefix, file), NULL);
}

/* The commands of a page: its indented lines that begin with "$ ". */
static char *commands_of(const char *page)
{
    text out = {0};
    char *whole = kit_read(kit_path("%s/%s", source_folder, page)), *rest = whole, *line;
    while ((line = strsep(&rest, "\n")))
        if (text_starts(line, "    $ ") && !text_starts(line, "    $ apt-get "))
            text_printf(&out, "%s\n", line + 6);
    free(whole);
    return text_take(&out);
}

static void the_guide_works_as_it_is_printed(void **state)
{
    (void)state;
    char *commands = commands_of("docs/PLUGINS.md");
    assert_holds(commands, "make check");
    const char *path = kit_path("PATH=%s/bin:$PATH; cd %s; set -e\n%s", prefix, kit_folder(), commands);
    const char *output = kit_output_of("bash", "-c", path, NULL);
    free(commands);
    assert_holds(output, "v2 is live on example.");
    assert_holds(output, "9 proved, 0 failed, 0 not proved.");
    unlink(kit_path("%s/lib/belay/disk-age.so", prefix));
}

static void the_debian_packages_hold_what_they_should(void **state)
{
    (void)state;
    const char *out = kit_folder(), *unpacked = kit_folder();
    if (kit_status_of("sh", "-c", "command -v dpkg-shlibdeps && command -v file", NULL) != 0)
        skip();
    kit_output_of("cpack", "--config", kit_path("%s/CPackConfig.cmake", build_folder), "-B", out, NULL);
    const char *all = kit_output_of("sh", "-c",
                                    kit_path("for f in %s/belay_*.deb %s/belay-dev_*.deb; do dpkg-deb -f $f "
                                             "Package Depends && dpkg-deb -x $f %s; done",
                                             out, out, unpacked),
                                    NULL);
    assert_holds(all, "Package: belay\n");
    assert_holds(all, "libsqlite3-0");
    assert_holds(all, "Package: belay-dev\n");
    assert_holds(all, "Depends: belay (= ");
    assert_holds(all, "libcmocka-dev, libuv1-dev, libjansson-dev, libssl-dev");
    assert_int_equal(access(kit_path("%s/usr/lib/libbelay-testkit.a", unpacked), R_OK), 0);
    const char *list = kit_output_of(kit_path("%s/usr/bin/belay", unpacked), "plugins", NULL);
    assert_holds(list, kit_path("%s/usr/lib/belay/host.so", unpacked));
    assert_int_equal(access(kit_path("%s/usr/share/belay/plugin.mk", unpacked), F_OK), 0);
    assert_int_equal(access(kit_path("%s/usr/share/belay/plugin.map", unpacked), F_OK), 0);
    assert_int_equal(access(kit_path("%s/usr/share/zsh/vendor-completions/_belay", unpacked), R_OK), 0);
    if (kit_status_of("sh", "-c", "command -v scdoc", NULL) == 0)
        assert_int_equal(access(kit_path("%s/usr/share/man/man7/belay-plugin.7", unpacked), R_OK), 0);
    assert_int_equal(access(kit_path("%s/usr/libexec/belay/belay-tracer", unpacked), X_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_finds_its_worker_and_its_plugins),
        cmocka_unit_test(units_for_systemd_name_the_program_where_it_was_installed),
        cmocka_unit_test(systemd_finds_nothing_wrong_with_them),
        cmocka_unit_test(pkg_config_tells_where_everything_is),
        cmocka_unit_test(pages_and_completions_are_where_programs_look),
        cmocka_unit_test(the_headers_compile_alone_as_c_and_as_cpp),
        cmocka_unit_test(the_macros_fill_in_tables_in_c_and_in_cpp),
        cmocka_unit_test(scaffolds_build_with_each_compiler_and_pass_their_tests),
        cmocka_unit_test(make_check_notices_a_readme_that_is_not_true),
        cmocka_unit_test(make_installs_a_plugin_where_the_program_finds_it),
        cmocka_unit_test(cmake_builds_and_installs_a_plugin),
        cmocka_unit_test(a_plugin_in_cpp_exports_one_symbol_too),
        cmocka_unit_test(cmake_builds_tests_with_the_testkit_and_ctest_runs_them),
        cmocka_unit_test(a_symbol_that_nothing_defines_ends_the_build),
        cmocka_unit_test(without_the_sdk_make_says_what_to_install),
        cmocka_unit_test(the_guide_works_as_it_is_printed),
        cmocka_unit_test(the_debian_packages_hold_what_they_should),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
