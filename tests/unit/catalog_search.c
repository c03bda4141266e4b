#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "catalog/catalog.h"
#include "kit.h"

/* A folder with a copy of the plugin "host" under this name, with `more` after its end: another digest, the same
 * plugin. */
static const char *folder_with(const char *name, const char *more)
{
    const char *folder = kit_folder(), *copy = kit_path("%s/%s", folder, name);
    (void)kit_output_of("cp", kit_path("%s/plugins/host.so", getenv("BELAY_BUILD_DIR")), copy, NULL);
    guard_fd fd = open(copy, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, more, strlen(more)), (ssize_t)strlen(more));
    assert_int_equal(chmod(copy, 0755), 0);
    return folder;
}

static catalog *opened(const char *state_folder, const char *folder)
{
    guard(error) err = NULL;
    catalog *c = NULL;
    const char *const folders[] = {folder, NULL};
    if (catalog_open(&(catalog_places){.folders = folder ? folders : NULL, .state_folder = state_folder}, &c, &err) <
        0) {
        guard_mem char *said = error_text(err);
        fail_msg("%s", said);
    }
    return c;
}

static const catalog_plugin *find(const catalog *c, const char *name)
{
    for (size_t i = 0; i < catalog_plugin_count(c); i++)
        if (strcmp(catalog_plugin_at(c, i)->name, name) == 0)
            return catalog_plugin_at(c, i);
    return NULL;
}

/* The problem of this path, or NULL. */
static const catalog_problem *problem_of(const catalog *c, const char *path)
{
    for (size_t i = 0; i < catalog_problem_count(c); i++)
        if (strcmp(catalog_problem_at(c, i)->path, path) == 0)
            return catalog_problem_at(c, i);
    return NULL;
}

static void a_named_folder_comes_first_and_what_it_hides_is_told(void **state)
{
    (void)state;
    const char *folder = folder_with("host.so", "other bytes");
    guard(catalog) c = opened(kit_folder(), folder);
    const catalog_plugin *p = find(c, "host");
    assert_non_null(p);
    assert_string_equal(p->path, kit_path("%s/host.so", folder));
    const catalog_problem *hidden = problem_of(c, kit_path("%s/plugins/host.so", getenv("BELAY_BUILD_DIR")));
    assert_non_null(hidden);
    assert_false(hidden->refused);
    assert_non_null(strstr(hidden->why, "comes first"));
}

static void the_same_content_twice_is_no_problem(void **state)
{
    (void)state;
    const char *folder = folder_with("host.so", "");
    guard(catalog) c = opened(kit_folder(), folder);
    assert_non_null(find(c, "host"));
    assert_null(problem_of(c, kit_path("%s/plugins/host.so", getenv("BELAY_BUILD_DIR"))));
}

static void kinds_options_and_metrics_are_found_by_name(void **state)
{
    (void)state;
    guard(catalog) c = opened(kit_folder(), NULL);
    const catalog_kind *k = catalog_kind_find(c, "host.disk");
    assert_non_null(k);
    assert_non_null(catalog_option_find(k, "min_free"));
    assert_null(catalog_option_find(k, "min_fre"));
    assert_non_null(catalog_metric_find(k, "free"));
    assert_non_null(catalog_metric_find(k, "free//var/lib"));
    assert_null(catalog_metric_find(k, "freed/x"));
    assert_null(catalog_kind_find(c, "host.dsk"));
    assert_string_equal(catalog_kind_nearest(c, "host.dsk"), "host.disk");
}

static void what_cannot_be_used_is_told_and_hides_nothing_else(void **state)
{
    (void)state;
    const char *folder = folder_with("host.so", "x");
    kit_write(kit_path("%s/text.so", folder), "no shared object");
    kit_write(kit_path("%s/README", folder), "not looked at");
    kit_write(kit_path("%s/.hidden.so", folder), "not looked at");
    (void)kit_output_of("cp", kit_path("%s/host.so", folder), kit_path("%s/alias.so", folder), NULL);
    (void)kit_output_of("cp", kit_path("%s/host.so", folder), kit_path("%s/open.so", folder), NULL);
    assert_int_equal(chmod(kit_path("%s/open.so", folder), 0777), 0);
    guard(catalog) c = opened(kit_folder(), folder);
    static const struct {
        const char *name, *why, *hint;
    } refused[] = {
        {"text.so", "not a shared object", ""},
        {"alias.so", "calls itself 'host'", "rename the file to 'host.so'"},
        {"open.so", "everybody may write", "chmod go-w "},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const catalog_problem *p = problem_of(c, kit_path("%s/%s", folder, refused[i].name));
        assert_non_null(p);
        assert_true(p->refused);
        if (!strstr(p->why, refused[i].why))
            fail_msg("'%s' is missing from: %s", refused[i].why, p->why);
        assert_non_null(strstr(p->hint ? p->hint : "", refused[i].hint));
    }
    assert_null(problem_of(c, kit_path("%s/README", folder)));
    assert_null(problem_of(c, kit_path("%s/.hidden.so", folder)));
    assert_string_equal(find(c, "host")->path, kit_path("%s/host.so", folder));
}

static void copies_of_plugins_are_not_kept_where_others_may_write(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    const char *folder = kit_folder();
    const catalog_places places = {.state_folder = folder};
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(catalog_open(&places, &c, &err), -ERROR_REFUSED);
    assert_non_null(strstr(error_get_hint(err), folder));
}

static void a_named_folder_that_is_not_there_is_told(void **state)
{
    (void)state;
    guard(catalog) c = opened(kit_folder(), "/no/such/folder");
    const catalog_problem *p = problem_of(c, "/no/such/folder");
    assert_non_null(p);
    assert_true(p->refused);
}

static void root_does_not_read_the_environment(void **state)
{
    (void)state;
    const char *folder = folder_with("host.so", "by environment"), *path = kit_path("%s/host.so", folder);
    setenv("BELAY_PLUGIN_PATH", folder, 1);
    guard(catalog) c = opened(kit_folder(), NULL);
    unsetenv("BELAY_PLUGIN_PATH");
    const catalog_problem *p = problem_of(c, "BELAY_PLUGIN_PATH");
    bool root = geteuid() == 0;
    assert_int_equal(strcmp(find(c, "host")->path, path) != 0, root);
    assert_int_equal(p != NULL, root);
    assert_true(!p || !p->refused);
}

static void a_plugin_is_described_once_for_each_digest(void **state)
{
    (void)state;
    const char *kept_state = kit_folder();
    guard(catalog) first = opened(kept_state, NULL);
    const catalog_plugin *p = find(first, "host");
    const char *kept = kit_path("%s/plugins/%s.json", kept_state, p->sha256);
    guard_mem char *descriptor = kit_read(kept);
    char *doc = strstr(descriptor, p->doc);
    assert_non_null(doc);
    memset(doc, 'K', 4); /* a mark that only the kept descriptor has */
    kit_write(kept, descriptor);
    guard(catalog) second = opened(kept_state, NULL);
    assert_int_equal(strncmp(find(second, "host")->doc, "KKKK", 4), 0);
    kit_write(kept, "{\"format\": 0, \"plugin\": {}}");
    guard(catalog) third = opened(kept_state, NULL);
    assert_string_equal(find(third, "host")->doc, p->doc);
}

static void a_pinned_copy_outlives_the_installed_plugin(void **state)
{
    (void)state;
    guard(error) err = NULL;
    struct stat st;
    const char *kept_state = kit_folder(), *folder = folder_with("host.so", "to be removed");
    char sha256[65];
    {
        guard(catalog) c = opened(kept_state, folder);
        memcpy(sha256, find(c, "host")->sha256, sizeof sha256);
    }
    assert_int_equal(unlink(kit_path("%s/host.so", folder)), 0);
    guard_mem char *path = NULL;
    assert_int_equal(catalog_pinned(kept_state, sha256, &path, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0500);
    guard(catalog_plugin) p = NULL;
    assert_int_equal(catalog_describe_pinned(kept_state, sha256, &p, &err), 0);
    assert_string_equal(p->name, "host");
    sha256[0] = sha256[0] == 'a' ? 'b' : 'a';
    assert_int_equal(catalog_pinned(kept_state, sha256, &path, &err), -ERROR_NOT_FOUND);
}

static void what_is_no_digest_is_not_found(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "abc", "../../../etc/passwd"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        guard(error) err = NULL;
        char *path = NULL;
        assert_int_equal(catalog_pinned("/tmp", wrong[i], &path, &err), -ERROR_NOT_FOUND);
    }
}

static void a_refused_plugin_leaves_nothing_in_the_store(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard(catalog_plugin) p = NULL;
    const char *kept_state = kit_folder(), *folder = folder_with("other.so", "");
    assert_int_equal(catalog_describe(kept_state, kit_path("%s/other.so", folder), &p, &err), -ERROR_PLUGIN);
    assert_string_equal(kit_output_of("find", kept_state, "-name", "*.so", NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_named_folder_comes_first_and_what_it_hides_is_told),
        cmocka_unit_test(the_same_content_twice_is_no_problem),
        cmocka_unit_test(kinds_options_and_metrics_are_found_by_name),
        cmocka_unit_test(what_cannot_be_used_is_told_and_hides_nothing_else),
        cmocka_unit_test(copies_of_plugins_are_not_kept_where_others_may_write),
        cmocka_unit_test(a_named_folder_that_is_not_there_is_told),
        cmocka_unit_test(root_does_not_read_the_environment),
        cmocka_unit_test(a_plugin_is_described_once_for_each_digest),
        cmocka_unit_test(a_pinned_copy_outlives_the_installed_plugin),
        cmocka_unit_test(what_is_no_digest_is_not_found),
        cmocka_unit_test(a_refused_plugin_leaves_nothing_in_the_store),
    };
    return cmocka_run_group_tests_name("catalog, search", tests, NULL, NULL);
}
