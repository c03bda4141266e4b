#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"
#include "kit.h"

#define STRANGER 65534

/* Opens folder/name as the catalog does; gives 0 or the error, with what it said and what mends it. */
static int open_plugin(const char *folder, const char *name, char **ret_said, char **ret_hint)
{
    guard(error) err = NULL;
    guard_mem char *real = NULL;
    int at = -1, fd = -1;
    int r = trust_open_folder(folder, &at, &real, &err);
    guard_fd folder_guard = at;
    if (r == 0)
        r = trust_open_file(folder_guard, name, name, &fd, &err);
    guard_fd file_guard = fd;
    *ret_said = r < 0 ? error_text(err) : mem_dup("");
    *ret_hint = mem_dup(r < 0 && error_get_hint(err) ? error_get_hint(err) : "");
    return r;
}

static void assert_refused(const char *folder, const char *name, int code, const char *says, const char *hint)
{
    guard_mem char *said = NULL, *hinted = NULL;
    assert_int_equal(open_plugin(folder, name, &said, &hinted), -code);
    if (!strstr(said, says))
        fail_msg("'%s' is missing from: %s", says, said);
    if (!strstr(hinted, hint))
        fail_msg("'%s' is missing from: %s", hint, hinted);
}

static void assert_taken(const char *folder, const char *name)
{
    guard_mem char *said = NULL, *hinted = NULL;
    if (open_plugin(folder, name, &said, &hinted) != 0)
        fail_msg("refused: %s", said);
}

/* A folder with the file a.so in it. */
static const char *plugin_folder(void)
{
    const char *folder = kit_folder();
    kit_write(kit_path("%s/a.so", folder), "x");
    return folder;
}

static void a_private_folder_below_tmp_is_trusted(void **state)
{
    (void)state;
    assert_taken(plugin_folder(), "a.so");
}

static void a_file_that_others_may_write_is_refused_with_the_chmod(void **state)
{
    (void)state;
    const char *folder = plugin_folder(), *file = kit_path("%s/a.so", folder);
    assert_int_equal(chmod(file, 0664), 0);
    assert_refused(folder, "a.so", ERROR_REFUSED, "a group may write", "chmod go-w ");
    assert_int_equal(chmod(file, 0646), 0);
    assert_refused(folder, "a.so", ERROR_REFUSED, "everybody may write", "chmod go-w ");
    assert_int_equal(chmod(file, 0444), 0);
    assert_taken(folder, "a.so");
}

static void a_folder_anywhere_above_that_others_may_write_is_refused_by_its_name(void **state)
{
    (void)state;
    const char *above = kit_folder(), *folder = kit_path("%s/it's deep/b", above),
               *middle = kit_path("%s/it's deep", above);
    assert_int_equal(mkdir(middle, 0755), 0);
    assert_int_equal(mkdir(folder, 0755), 0);
    kit_write(kit_path("%s/a.so", folder), "x");
    assert_taken(folder, "a.so");
    assert_int_equal(chmod(middle, 0777), 0);
    assert_refused(folder, "a.so", ERROR_REFUSED, middle, kit_path("chmod go-w '%s/it'\\''s deep'", above));
    /* As /tmp: what we own in it stays where it is. */
    assert_int_equal(chmod(middle, 01777), 0);
    assert_taken(folder, "a.so");
}

static void a_sticky_folder_itself_holds_no_plugins(void **state)
{
    (void)state;
    const char *folder = plugin_folder();
    assert_int_equal(chmod(folder, 01777), 0);
    assert_refused(folder, "a.so", ERROR_REFUSED, folder, "chmod go-w ");
}

static void what_another_user_owns_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    const char *folder = plugin_folder(), *file = kit_path("%s/a.so", folder);
    assert_int_equal(chown(file, STRANGER, STRANGER), 0);
    assert_refused(folder, "a.so", ERROR_REFUSED, "belongs to user 65534", "chown root ");
    assert_int_equal(chown(file, 0, 0), 0);
    assert_int_equal(chown(folder, STRANGER, STRANGER), 0);
    assert_refused(folder, "a.so", ERROR_REFUSED, folder, kit_path("chown root %s", folder));
}

static void a_symbolic_link_a_fifo_and_a_folder_are_no_plugins(void **state)
{
    (void)state;
    const char *folder = plugin_folder();
    assert_int_equal(symlink("a.so", kit_path("%s/link.so", folder)), 0);
    assert_refused(folder, "link.so", ERROR_REFUSED, "symbolic link", "--plugin-dir");
    assert_int_equal(mkfifo(kit_path("%s/fifo.so", folder), 0600), 0);
    assert_refused(folder, "fifo.so", ERROR_REFUSED, "not a regular file", "");
    assert_int_equal(mkdir(kit_path("%s/dir.so", folder), 0700), 0);
    assert_refused(folder, "dir.so", ERROR_REFUSED, "not a regular file", "");
}

static void a_folder_reached_by_a_link_is_judged_where_it_is(void **state)
{
    (void)state;
    const char *folder = plugin_folder(), *link = kit_path("%s/link", kit_folder());
    assert_int_equal(symlink(folder, link), 0);
    assert_taken(link, "a.so");
    assert_int_equal(chmod(folder, 0777), 0);
    assert_refused(link, "a.so", ERROR_REFUSED, folder, "chmod go-w ");
}

static void a_link_that_others_can_turn_elsewhere_is_refused_though_it_leads_to_a_good_folder(void **state)
{
    (void)state;
    const char *folder = plugin_folder(), *above = kit_folder(), *shared = kit_path("%s/shared", above);
    const char *link = kit_path("%s/link", shared);
    assert_int_equal(mkdir(shared, 0755), 0);
    assert_int_equal(symlink(folder, link), 0);
    assert_taken(link, "a.so");
    assert_taken(kit_path("%s/./../shared//link/../%s", shared, strrchr(folder, '/') + 1), "a.so");
    assert_int_equal(chmod(shared, 0777), 0);
    assert_refused(link, "a.so", ERROR_REFUSED, shared, "chmod go-w ");
    assert_int_equal(chmod(shared, 01777), 0);
    assert_taken(link, "a.so");
    if (geteuid() == 0) {
        assert_int_equal(lchown(link, STRANGER, STRANGER), 0);
        assert_refused(link, "a.so", ERROR_REFUSED, "belongs to user 65534", link);
    }
}

static void links_that_lead_to_each_other_come_to_an_end(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    assert_int_equal(symlink("b", kit_path("%s/a", folder)), 0);
    assert_int_equal(symlink("a", kit_path("%s/b", folder)), 0);
    assert_refused(kit_path("%s/a", folder), "a.so", ERROR_IO, "Too many levels of symbolic links", "");
}

/* Somebody puts another file, or folder, in the place of the one that was looked at: what was opened is what is read.
 */
static void what_was_opened_stays_what_it_was_when_its_name_is_given_to_another(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard_mem char *real = NULL;
    const char *above = kit_folder(), *folder = kit_path("%s/plugins", above);
    const char *file = kit_path("%s/a.so", folder);
    int at = -1, opened = -1;
    char byte = 0;
    assert_int_equal(mkdir(folder, 0755), 0);
    kit_write(file, "good");
    assert_int_equal(trust_open_folder(folder, &at, &real, &err), 0);
    guard_fd at_guard = at;
    assert_int_equal(rename(folder, kit_path("%s/aside", above)), 0);
    assert_int_equal(mkdir(folder, 0777), 0);
    kit_write(file, "evil");
    assert_int_equal(trust_open_file(at_guard, "a.so", file, &opened, &err), 0);
    guard_fd opened_guard = opened;
    assert_int_equal(unlink(kit_path("%s/aside/a.so", above)), 0);
    kit_write(kit_path("%s/aside/a.so", above), "evil");
    assert_int_equal(pread(opened_guard, &byte, 1, 0), 1);
    assert_int_equal(byte, 'g');
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_refused("/no/such/folder", "a.so", ERROR_NOT_FOUND, "/no/such/folder", "");
    assert_refused(plugin_folder(), "b.so", ERROR_NOT_FOUND, "b.so", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_private_folder_below_tmp_is_trusted),
        cmocka_unit_test(a_file_that_others_may_write_is_refused_with_the_chmod),
        cmocka_unit_test(a_folder_anywhere_above_that_others_may_write_is_refused_by_its_name),
        cmocka_unit_test(a_sticky_folder_itself_holds_no_plugins),
        cmocka_unit_test(what_another_user_owns_is_refused),
        cmocka_unit_test(a_symbolic_link_a_fifo_and_a_folder_are_no_plugins),
        cmocka_unit_test(a_folder_reached_by_a_link_is_judged_where_it_is),
        cmocka_unit_test(a_link_that_others_can_turn_elsewhere_is_refused_though_it_leads_to_a_good_folder),
        cmocka_unit_test(links_that_lead_to_each_other_come_to_an_end),
        cmocka_unit_test(what_was_opened_stays_what_it_was_when_its_name_is_given_to_another),
        cmocka_unit_test(what_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests_name("catalog, trust", tests, NULL, NULL);
}
