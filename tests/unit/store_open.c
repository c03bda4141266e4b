/* Opening: who may read the files, and what is said of a file that cannot be used. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/sha256.h"
#include "store_fixture.h"

static void a_new_store_is_private(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    mode_t old = umask(0);
    fixture_open(f);
    free(fixture_run(f, "staging"));
    guard_mem char *artifact = NULL;
    fixture_good(store_artifact_path(f->store, "r1", "dump", "log.txt", &artifact, &err), err);
    umask(old);

    static const struct {
        const char *name;
        mode_t mode;
    } want[] = {{"", 0700},         {"/belay.db", 0600},    {"/belay.db-wal", 0600}, {"/belay.db-shm", 0600},
                {"/runs/r1", 0700}, {"/runs/r1/dump", 0700}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        guard_mem char *path = mem_printf("%s%s", f->folder, want[i].name);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, want[i].mode);
    }
}

static void a_file_that_others_can_read_is_made_private(void **state)
{
    fixture *f = *state;
    fixture_open(f);
    store_close(take(f->store));
    guard_mem char *path = mem_printf("%s/belay.db", f->folder);
    assert_int_equal(chmod(path, 0644), 0);
    fixture_open(f);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void what_was_written_is_there_after_reopening(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    fixture_open(f);
    guard_mem char *id = fixture_run(f, "staging");
    fixture_open(f);
    store_run run = {0};
    fixture_good(store_run_get(f->store, id, &run, &err), err);
    assert_string_equal(run.environment, "staging");
    store_run_done(&run);
    fixture_good(store_check(f->store, &err), err);
}

static void a_folder_that_others_may_write_to_is_refused(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    assert_int_equal(mkdir(f->folder, 0700), 0);
    assert_int_equal(chmod(f->folder, 0770), 0);
    assert_int_equal(store_open(f->folder, &f->store, &err), -ERROR_STORE);
    fixture_says(err, f->folder, "0770");
    assert_non_null(strstr(error_get_hint(err), "chmod go-w"));
}

static void a_folder_that_others_can_read_is_made_private(void **state)
{
    fixture *f = *state;
    struct stat st;
    assert_int_equal(mkdir(f->folder, 0700), 0);
    assert_int_equal(chmod(f->folder, 0755), 0);
    fixture_open(f);
    assert_int_equal(stat(f->folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_folder_above_that_others_may_write_to_is_refused_by_its_name(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *chmod_it = mem_printf("chmod go-w %s", f->root);
    assert_int_equal(chmod(f->root, 0777), 0);
    assert_int_equal(store_open(f->folder, &f->store, &err), -ERROR_STORE);
    fixture_says(err, f->folder, "mode 0777");
    assert_string_equal(error_get_hint(err), chmod_it);
}

static void another_users_folder_and_a_link_to_it_are_refused(void **state)
{
    fixture *f = *state;
    if (geteuid() != 0)
        skip();
    guard_mem char *link = mem_printf("%s/link", f->root);
    assert_int_equal(mkdir(f->folder, 0700), 0);
    assert_int_equal(chown(f->folder, 65534, 65534), 0);
    assert_int_equal(symlink(f->folder, link), 0);
    for (int i = 0; i < 2; i++) {
        guard(error) err = NULL;
        assert_int_equal(store_open(i ? link : f->folder, &f->store, &err), -ERROR_STORE);
        fixture_says(err, f->folder, "belongs to user 65534");
    }
}

static void set_version(const char *folder, int version)
{
    guard_mem char *path = mem_printf("%s/belay.db", folder);
    guard_mem char *pragma = mem_printf("PRAGMA user_version = %d", version);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, pragma, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_newer_schema_is_refused_naming_both_versions(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    fixture_open(f);
    store_close(take(f->store));
    set_version(f->folder, 973);
    assert_int_equal(store_open(f->folder, &f->store, &err), -ERROR_STORE);
    fixture_says(err, "973", "knows up to 3");
    assert_non_null(strstr(error_get_hint(err), "newer belay"));
}

/* A store that the first version wrote; see store_v1.sql. */
static void make_first_version(const fixture *f)
{
    guard_mem char *path = mem_printf("%s/belay.db", f->folder), *script = NULL;
    guard_mem char *source = mem_printf("%s/tests/unit/store_v1.sql", getenv("BELAY_SOURCE_DIR"));
    guard(error) err = NULL;
    sqlite3 *db = NULL;
    fixture_good(file_read(source, 1 << 20, &script, NULL, &err), err);
    assert_int_equal(mkdir(f->folder, 0700), 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_store_of_the_first_version_is_brought_up_to_date(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *baseline = NULL;
    double value = 0;
    make_first_version(f);
    fixture_open(f);
    store_run run = {0};
    fixture_good(store_run_get(f->store, "latest", &run, &err), err);
    assert_string_equal(run.version, "v2");
    const store_run later = {.id = (char[]){""}, .pipeline = run.pipeline, .environment = run.environment};
    fixture_good(store_baseline(f->store, &later, "build", "size", &value, &baseline, &err), err);
    assert_string_equal(baseline, run.id);
    assert_float_equal(value, 7, 0);
    char word[] = "word";
    const store_approval a = {word, word, word, word, word, word, word, 1, word};
    fixture_good(store_approval_add(f->store, run.id, &a, 1, &err), err);
    fixture_good(store_check(f->store, &err), err);
    store_run_done(&run);
}

static void another_programs_database_is_refused_and_left_alone(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *path = mem_printf("%s/belay.db", f->folder);
    assert_int_equal(mkdir(f->folder, 0700), 0);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    char before[SHA256_TEXT], after[SHA256_TEXT];
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    fixture_good(sha256_file(fd, before, &err), err);
    assert_int_equal(store_open(f->folder, &f->store, &err), -ERROR_STORE);
    fixture_says(err, path, "another program's");
    error_free(take(err));
    fixture_good(sha256_file(fd, after, &err), err);
    assert_string_equal(before, after);
}

/* Overwrites n bytes at `at` of the database with 0xff. */
static void damage(const char *path, off_t at, size_t n)
{
    unsigned char junk[8192];
    memset(junk, 0xff, sizeof junk);
    guard_fd fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, junk, n, at), n);
}

static void a_damaged_file_is_named_and_left_alone(void **state)
{
    fixture *f = *state;
    guard_mem char *path = mem_printf("%s/belay.db", f->folder);
    static const struct {
        off_t at;
        size_t n;
    } cases[] = {{0, 64}, {100, 4000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard(error) err = NULL;
        unlink(path);
        fixture_open(f);
        free(fixture_run(f, "staging"));
        store_close(take(f->store));
        damage(path, cases[i].at, cases[i].n);
        char before[SHA256_TEXT], after[SHA256_TEXT];
        guard_fd fd = open(path, O_RDONLY | O_CLOEXEC);
        fixture_good(sha256_file(fd, before, &err), err);
        assert_int_equal(store_open(f->folder, &f->store, &err), -ERROR_STORE);
        fixture_says(err, path, "damaged");
        assert_non_null(error_get_hint(err));
        error_free(take(err));
        fixture_good(sha256_file(fd, after, &err), err);
        assert_string_equal(before, after);
    }
}

static void damage_inside_is_found_by_the_check(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *path = mem_printf("%s/belay.db", f->folder);
    fixture_open(f);
    free(fixture_run(f, "staging"));
    store_close(take(f->store));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    damage(path, 4096, (size_t)(st.st_size - 4096) < 8192 ? (size_t)(st.st_size - 4096) : 8192);
    int r = store_open(f->folder, &f->store, &err);
    if (r == 0)
        r = store_check(f->store, &err);
    assert_int_equal(r, -ERROR_STORE);
    fixture_says(err, path, "damaged");
}

static void what_is_no_folder_is_refused(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_fd fd = open(f->folder, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(store_open(f->folder, &f->store, &err) < 0);
    fixture_says(err, f->folder, "older");
}

/* Tries to open a store below a folder that this user may not write to; gives 0 when the refusal names it. */
static int try_unwritable(const char *root, const char *folder)
{
    guard(error) err = NULL;
    store *s = NULL;
    if (geteuid() == 0 && (chmod(root, 0755) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
        return 2;
    if (store_open(folder, &s, &err) == 0)
        return 3;
    guard_mem char *text = error_text(err);
    return strstr(text, folder) && strstr(text, "Permission denied") && error_get_hint(err) ? 0 : 4;
}

static void a_folder_that_cannot_be_written_to_is_named(void **state)
{
    fixture *f = *state;
    assert_int_equal(chmod(f->root, 0500), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(try_unwritable(f->root, f->folder));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(f->root, 0700), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_default_folder_follows_the_environment(void **state)
{
    (void)state;
    setenv("BELAY_STATE_DIR", "/somewhere/else", 1);
    guard_mem char *chosen = store_default_folder();
    assert_string_equal(chosen, "/somewhere/else");
    unsetenv("BELAY_STATE_DIR");
    setenv("XDG_STATE_HOME", "/home/pat/state", 1);
    guard_mem char *own = store_default_folder();
    assert_string_equal(own, geteuid() == 0 ? "/var/lib/belay" : "/home/pat/state/belay");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_new_store_is_private),
        FIXTURE_TEST(a_file_that_others_can_read_is_made_private),
        FIXTURE_TEST(what_was_written_is_there_after_reopening),
        FIXTURE_TEST(a_folder_that_others_may_write_to_is_refused),
        FIXTURE_TEST(a_folder_that_others_can_read_is_made_private),
        FIXTURE_TEST(a_folder_above_that_others_may_write_to_is_refused_by_its_name),
        FIXTURE_TEST(another_users_folder_and_a_link_to_it_are_refused),
        FIXTURE_TEST(a_newer_schema_is_refused_naming_both_versions),
        FIXTURE_TEST(a_store_of_the_first_version_is_brought_up_to_date),
        FIXTURE_TEST(another_programs_database_is_refused_and_left_alone),
        FIXTURE_TEST(a_damaged_file_is_named_and_left_alone),
        FIXTURE_TEST(damage_inside_is_found_by_the_check),
        FIXTURE_TEST(what_is_no_folder_is_refused),
        FIXTURE_TEST(a_folder_that_cannot_be_written_to_is_named),
        cmocka_unit_test(the_default_folder_follows_the_environment),
    };
    return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
