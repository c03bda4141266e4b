/* Files are read and removed whole or not at all; links are not followed; digests are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"

static char folder[] = "/tmp/belay-file-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    guard(error) err = NULL;
    return chdir("/") == 0 && file_remove_tree(folder, &err) == 0 && access(folder, F_OK) < 0 ? 0 : -1;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    guard(error) err = NULL;
    guard_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, bytes, n, &err), 0);
}

static void a_file_is_read_whole(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard_mem char *bytes = NULL;
    guard_mem char *big = mem_array(100000, 1);
    size_t n = 0;
    memset(big, 'x', 100000);
    write_file("big", big, 100000);
    assert_int_equal(file_read("big", 100000, &bytes, &n, &err), 0);
    assert_int_equal(n, 100000);
    assert_memory_equal(bytes, big, 100000);
    assert_int_equal(bytes[n], '\0');
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    (void)state;
    guard(error) err = NULL;
    char *bytes = NULL;
    write_file("eleven", "eleven bytes", 11);
    assert_int_equal(file_read("eleven", 10, &bytes, NULL, &err), -ERROR_IO);
    assert_null(bytes);
    error_free(take(err));
    assert_int_equal(file_read("eleven", 11, &bytes, NULL, &err), 0);
    assert_string_equal(bytes, "eleven byte");
    free(bytes);
}

static void a_missing_file_is_told_from_an_unreadable_one(void **state)
{
    (void)state;
    guard(error) err = NULL;
    char *bytes = NULL;
    assert_int_equal(file_read("no-such-file", 10, &bytes, NULL, &err), -ERROR_NOT_FOUND);
    error_free(take(err));
    assert_int_equal(file_read(".", 10, &bytes, NULL, &err), -ERROR_IO);
}

static void folders_are_made_with_their_parents_and_again(void **state)
{
    (void)state;
    guard(error) err = NULL;
    struct stat st;
    assert_int_equal(file_make_folder("a/b//c/", &err), 0);
    assert_int_equal(file_make_folder("a/b/c", &err), 0);
    assert_int_equal(stat("a/b/c", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    write_file("plain", "x", 1);
    assert_int_equal(file_make_folder("plain/sub", &err), -ERROR_IO);
}

static void a_tree_is_removed_and_links_are_not_followed(void **state)
{
    (void)state;
    guard(error) err = NULL;
    assert_int_equal(file_make_folder("tree/deep/er", &err), 0);
    assert_int_equal(file_make_folder("outside", &err), 0);
    write_file("outside/kept", "x", 1);
    write_file("tree/deep/er/file", "x", 1);
    assert_int_equal(symlink("../../outside", "tree/deep/link"), 0);
    assert_int_equal(symlink("nowhere", "tree/dangling"), 0);
    assert_int_equal(mkfifo("tree/fifo", 0600), 0);
    assert_int_equal(chmod("tree/deep/er", 0), 0);
    assert_int_equal(file_remove_tree("tree", &err), 0);
    assert_int_equal(access("tree", F_OK), -1);
    assert_int_equal(access("outside/kept", F_OK), 0);
    assert_int_equal(file_remove_tree("tree", &err), 0);
    assert_int_equal(file_remove_tree("outside/kept", &err), 0);
}

static void absolute_names_stay_and_others_get_the_folder(void **state)
{
    (void)state;
    guard_mem char *a = file_absolute("/f", "/x/y");
    assert_string_equal(a, "/x/y");
    guard_mem char *b = file_absolute("/f", "x/y");
    assert_string_equal(b, "/f/x/y");
}

/* The examples of FIPS 180. */
static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const char million[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    guard(error) err = NULL;
    char hex[SHA256_TEXT];
    sha256_bytes("abc", 3, hex);
    assert_string_equal(hex, abc);
    guard_mem char *many = mem_array(1000000, 1);
    memset(many, 'a', 1000000);
    write_file("million", many, 1000000);
    guard_fd fd = open("million", O_RDONLY | O_CLOEXEC);
    assert_int_equal(lseek(fd, 17, SEEK_SET), 17);
    assert_int_equal(sha256_file(fd, hex, &err), 0);
    assert_string_equal(hex, million);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(a_file_that_is_too_large_is_refused),
        cmocka_unit_test(a_missing_file_is_told_from_an_unreadable_one),
        cmocka_unit_test(folders_are_made_with_their_parents_and_again),
        cmocka_unit_test(a_tree_is_removed_and_links_are_not_followed),
        cmocka_unit_test(absolute_names_stay_and_others_get_the_folder),
        cmocka_unit_test(digests_are_those_of_the_standard),
    };
    return cmocka_run_group_tests_name("file", tests, make_folder, remove_folder);
}
