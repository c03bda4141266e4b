/* What counts as a whole archive, and what does not. */
#include "kit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "docker/tarball.h"

/* A tar of two files in a folder, made by tar; *size receives its length. The caller frees. */
static char *make_tar(size_t *size)
{
    const char *folder = kit_folder(), *tar = kit_path("%s/x.tar", folder);
    kit_write(kit_path("%s/a", folder), "first");
    kit_write(kit_path("%s/b", folder), "second");
    (void)kit_output_of("tar", "-C", folder, "-cf", tar, "a", "b", NULL);
    int fd = open(tar, O_RDONLY);
    *size = (size_t)lseek(fd, 0, SEEK_END);
    char *bytes = test_malloc(*size);
    assert_int_equal(pread(fd, bytes, *size, 0), *size);
    close(fd);
    return bytes;
}

static int new_file(void)
{
    int fd = open(kit_path("%s/x.tar.zst", kit_folder()), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* Writes the first n bytes in pieces; what tarball_write_end() says. */
static bool write_all(int fd, const char *bytes, size_t n, tarball_facts *facts, char why[TARBALL_WHY])
{
    tarball_writer *w = tarball_write_begin(fd, why);
    assert_non_null(w);
    for (size_t at = 0; at < n; at += 700)
        assert_true(tarball_write(w, bytes + at, n - at < 700 ? n - at : 700, why));
    return tarball_write_end(w, facts, why);
}

static void a_whole_tar_reads_back_as_it_was(void **state)
{
    (void)state;
    char why[TARBALL_WHY] = "", copy[1 << 16];
    size_t size;
    char *bytes = make_tar(&size);
    tarball_facts written = {0}, read = {0};
    int fd = new_file();
    assert_true(write_all(fd, bytes, size, &written, why));
    assert_true(tarball_prove(fd, &read, why));
    assert_int_equal(read.entries, 2);
    assert_int_equal(read.bytes, size);
    assert_string_equal(read.sha256, written.sha256);
    tarball_reader *r = tarball_read_begin(fd, why);
    size_t got = 0;
    for (long n; (n = tarball_read(r, copy + got, 999)) > 0;)
        got += (size_t)n;
    tarball_read_end(r);
    assert_int_equal(got, size);
    assert_memory_equal(copy, bytes, size);
    close(fd);
    test_free(bytes);
}

static void a_tar_that_was_cut_off_is_none(void **state)
{
    (void)state;
    size_t size;
    char *bytes = make_tar(&size);
    static const size_t cuts[] = {0, 1, 512, 1024, 1500, 2048};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        char why[TARBALL_WHY] = "";
        tarball_facts facts = {0};
        int fd = new_file();
        assert_false(write_all(fd, bytes, cuts[i], &facts, why));
        assert_non_null(strstr(why, "cut off after"));
        close(fd);
    }
    test_free(bytes);
}

static void a_damaged_or_shortened_archive_is_not_proved(void **state)
{
    (void)state;
    size_t size;
    char *bytes = make_tar(&size);
    for (int damage = 0; damage < 3; damage++) {
        char why[TARBALL_WHY] = "";
        tarball_facts facts = {0}, read;
        int fd = new_file();
        assert_true(write_all(fd, bytes, size, &facts, why));
        off_t all = lseek(fd, 0, SEEK_END);
        if (damage == 0)
            assert_int_equal(ftruncate(fd, all / 2), 0);
        else if (damage == 1)
            assert_int_equal(pwrite(fd, "garbage", 7, all / 3), 7);
        else
            assert_int_equal(ftruncate(fd, 0), 0);
        bool proved = tarball_prove(fd, &read, why) && strcmp(read.sha256, facts.sha256) == 0;
        assert_false(proved);
        close(fd);
    }
    test_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_tar_reads_back_as_it_was),
        cmocka_unit_test(a_tar_that_was_cut_off_is_none),
        cmocka_unit_test(a_damaged_or_shortened_archive_is_not_proved),
    };
    return cmocka_run_group_tests_name("docker: archives", tests, NULL, NULL);
}
