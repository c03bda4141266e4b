/* Full disks, read-only and vanished folders, few descriptors, damaged and newer stores, a clock that is set back: a
 * clear sentence, the right exit status, and nothing is lost. */
#include "world_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bed new_world(const char *of_b)
{
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", of_b));
    return b;
}

/* b, once: samples that pass only after so many, so that the run lives for a while. */
static const char slow[] = "trouble = [\"verify=not_yet:12\"]; interval = \"100ms\"; ready = \"60s\";";

static void assert_new(const bed *b)
{
    assert_string_equal(bed_file(b, "a"), "new");
    assert_string_equal(bed_file(b, "b"), "new");
}

/* ---- disks ------------------------------------------------------------------------------------------------------- */

/* Mounts of our own that nobody else sees; skips where that is not allowed. */
static void own_mounts(void)
{
    static bool done;
    if (!done && (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
        print_message("skipped: mounts of its own need root: %s\n", strerror(errno));
        skip();
    }
    done = true;
}

/* Moves the state folder to a disk of its own. */
static void give_own_disk(bed *b, const char *options)
{
    const char *disk = kit_folder();
    own_mounts();
    assert_int_equal(mount("tmpfs", disk, "tmpfs", 0, options), 0);
    (void)kit_output_of("cp", "-r", b->state, kit_path("%s/state", disk), NULL);
    b->state = kit_path("%s/state", disk);
}

static void fill(const char *path)
{
    char block[4096] = {0};
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, sizeof block) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void a_disk_that_fills_up_stops_the_run_and_loses_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *verb;
        int status;
    } ways[] = {{"resume", 0}, {"rollback", 10}};
    for (size_t i = 0; i < 2; i++) {
        bed b = new_world(slow);
        give_own_disk(&b, "size=64m");
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, "vb");
        const char *filler = kit_path("%s/../filler", b.state);
        fill(filler);
        assert_int_equal(bed_end(&b), 20);
        assert_contains(bed_events(&b), "the run stopped where it stood");
        assert_contains(bed_events(&b), "free space on its file system, then go on with `belay resume`");
        assert_int_equal(unlink(filler), 0);
        assert_int_equal(bed_belay(&b, ways[i].verb, NULL), ways[i].status);
        if (i == 0)
            assert_new(&b);
        else
            bed_assert_untouched(&b);
    }
}

static void artifacts_that_find_no_room_cost_neither_run_nor_rollback(void **state)
{
    (void)state;
    static const struct {
        const char *of_b;
        int status;
        const char *said;
    } cases[] = {{"", 0, "step 'b': write: No space left on device"},
                 {"trouble = [\"verify=fail\"];", 10, "the evidence of step 'b' was not saved"}};
    for (size_t i = 0; i < 2; i++) {
        bed b = new_world(cases[i].of_b);
        own_mounts();
        assert_int_equal(mkdir(kit_path("%s/runs", b.state), 0700), 0);
        assert_int_equal(mount("tmpfs", kit_path("%s/runs", b.state), "tmpfs", 0, "size=4k,mode=700"), 0);
        assert_int_equal(bed_run(&b), cases[i].status);
        assert_contains(bed_events(&b), cases[i].said);
        if (cases[i].status == 10)
            bed_assert_untouched(&b);
    }
}

static void a_read_only_state_folder_is_named_before_anything_begins(void **state)
{
    (void)state;
    bed b = new_world(slow);
    give_own_disk(&b, "size=64m");
    const char *disk = kit_path("%s/..", b.state);
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "vb");
    bed_signal(&b, SIGKILL);
    assert_int_equal(bed_end(&b), 128 + SIGKILL);
    assert_int_equal(usleep(300000), 0); /* the worker ends, and what it has open */
    assert_int_equal(mount("none", disk, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    const char *const verbs[] = {"resume", "rollback", "status"};
    bed_forget(&b);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(bed_belay(&b, verbs[i], NULL), 1);
        assert_contains(bed_events(&b), b.state);
        assert_contains(bed_events(&b),
                        "give this user the right to write to it, or choose another folder with --state");
    }
    assert_string_equal(bed_trace(&b), "");
    assert_int_equal(mount("none", disk, NULL, MS_REMOUNT, "size=64m"), 0);
    assert_int_equal(bed_belay(&b, "resume", NULL), 0);
    assert_new(&b);
}

static void a_state_folder_that_vanishes_stops_the_run_until_it_is_back(void **state)
{
    (void)state;
    bed b = new_world(slow);
    const char *away = kit_path("%s.away", b.state);
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "vb");
    assert_int_equal(rename(b.state, away), 0);
    assert_int_equal(bed_end(&b), 20);
    assert_contains(bed_events(&b), "was moved or removed while it was in use");
    assert_contains(bed_events(&b), "put the state folder back where it was");
    assert_int_not_equal(access(b.state, F_OK), 0); /* nor has a new one been made */
    assert_int_equal(rename(away, b.state), 0);
    assert_int_equal(bed_belay(&b, "resume", NULL), 0);
    assert_new(&b);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static void allow_16_files(void *user)
{
    const struct rlimit files = {.rlim_cur = 16, .rlim_max = *(rlim_t *)user};
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

static void with_16_open_files_nothing_is_begun_and_more_are_taken_when_allowed(void **state)
{
    (void)state;
    rlim_t hard = 16;
    bed b = new_world("");
    b.in_child = allow_16_files;
    b.user = &hard;
    assert_int_equal(bed_run(&b), 1);
    assert_contains(bed_events(&b), "this process may have only 16 files open; Belay needs 128");
    assert_contains(bed_events(&b), "ulimit -n 1024");
    assert_string_equal(bed_trace(&b), "");
    hard = 4096;
    assert_int_equal(bed_run(&b), 0);
    assert_new(&b);
}

/* ---- the store --------------------------------------------------------------------------------------------------- */

static void damage(const char *path, off_t at, size_t n)
{
    char junk[256];
    memset(junk, 0xA5, sizeof junk);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t done = 0; done < n; done += sizeof junk)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at + (off_t)done), sizeof junk);
    close(fd);
}

static void a_damaged_store_is_named_and_left_as_it_is(void **state)
{
    (void)state;
    static const char *const ways[] = {"header", "schema", "cut"};
    for (size_t i = 0; i < 3; i++) {
        bed b = new_world("");
        assert_int_equal(bed_run(&b), 0);
        const char *file = kit_path("%s/belay.db", b.state), *copy = kit_path("%s/copy", kit_folder());
        if (i == 2)
            assert_int_equal(truncate(file, 4096), 0);
        else
            damage(file, i == 0 ? 0 : 512, i == 0 ? 256 : 3584);
        assert_int_equal(kit_status_of("cp", file, copy, NULL), 0);
        bed_forget(&b);
        const char *const verbs[] = {"rollback", "status"};
        for (size_t v = 0; v < 2; v++) {
            if (bed_belay(&b, verbs[v], NULL) != 1)
                fail_msg("%s, %s: %s", ways[i], verbs[v], bed_events(&b));
            assert_contains(bed_events(&b), kit_path("the store '%s' ", file));
            assert_contains(bed_events(&b), "damaged");
            assert_contains(bed_events(&b), "it was left as it is");
        }
        assert_string_equal(bed_trace(&b), "");
        assert_int_equal(kit_status_of("cmp", "-s", file, copy, NULL), 0);
    }
}

/* An index that lacks a row: each page of the file is sound, only the whole is not. */
static void spoil_an_index(const char *file)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    const char *const script =
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX runs_by_environment ON runs (version, seq)'"
        " WHERE name = 'runs_by_environment';";
    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void doctor_finds_what_is_wrong_inside_the_store(void **state)
{
    (void)state;
    bed b = new_world("");
    assert_int_equal(bed_run(&b), 0);
    const char *build = getenv("BELAY_BUILD_DIR"), *report = kit_path("%s.doctor", b.output);
    const char *doctor =
        kit_path("%s/bin/belay doctor --state %s --plugin-dir %s/tests/world > %s 2>&1", build, b.state, build, report);
    assert_int_equal(kit_status_of("sh", "-c", doctor, NULL), 0);
    spoil_an_index(kit_path("%s/belay.db", b.state));
    assert_int_equal(kit_status_of("sh", "-c", doctor, NULL), 1);
    char *said = kit_read(report);
    assert_contains(said, "mend     store:");
    assert_contains(said, "is damaged");
    free(said);
}

static void a_store_of_a_newer_version_is_left_alone(void **state)
{
    (void)state;
    bed b = new_world("");
    assert_int_equal(bed_run(&b), 0);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(kit_path("%s/belay.db", b.state), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "rollback", NULL), 1);
    assert_contains(bed_events(&b), "99");
    assert_string_equal(bed_trace(&b), "");
}

/* ---- the clock --------------------------------------------------------------------------------------------------- */

static void a_clock_that_is_set_back_changes_neither_order_nor_durations(void **state)
{
    (void)state;
    bed b = new_world("trouble = [\"verify=not_yet:3\"]; interval = \"200ms\"; ready = \"60s\";");
    const char *back = kit_path("%s.back", b.output), *build = getenv("BELAY_BUILD_DIR");
    setenv("BELAY_CLOCK_BACK", back, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    setenv("LD_PRELOAD", kit_path("%s/tests/preload/clock_back.so", build), 1);
    bed_start(&b, "run", b.file, NULL);
    unsetenv("LD_PRELOAD");
    bed_wait(&b, "vb");
    kit_write(back, "");
    assert_int_equal(bed_end(&b), 0);
    assert_null(strstr(bed_events(&b), "_ms\":-"));
    assert_contains(bed_events(&b), "\"type\":\"stage.end\"");
    const char *first =
        kit_output_of("sh", "-c", kit_path("ls -d %s/runs/* | xargs -n1 basename | tr -d '\\n'", b.state), NULL);
    setenv("LD_PRELOAD", kit_path("%s/tests/preload/clock_back.so", build), 1);
    const int second = bed_run(&b); /* by its id an hour before the first */
    const int refused = bed_belay(&b, "rollback", first, NULL);
    assert_contains(bed_events(&b), "stands on it");
    const int status = bed_belay(&b, "rollback", NULL);
    unsetenv("LD_PRELOAD");
    assert_int_equal(second, 0);
    assert_int_equal(refused, 2);
    assert_int_equal(status, 10);
    assert_null(strstr(bed_events(&b), "_ms\":-"));
    assert_int_equal(bed_belay(&b, "rollback", first, NULL), 10);
    bed_assert_untouched(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_fills_up_stops_the_run_and_loses_nothing),
        cmocka_unit_test(artifacts_that_find_no_room_cost_neither_run_nor_rollback),
        cmocka_unit_test(a_read_only_state_folder_is_named_before_anything_begins),
        cmocka_unit_test(a_state_folder_that_vanishes_stops_the_run_until_it_is_back),
        cmocka_unit_test(with_16_open_files_nothing_is_begun_and_more_are_taken_when_allowed),
        cmocka_unit_test(a_damaged_store_is_named_and_left_as_it_is),
        cmocka_unit_test(doctor_finds_what_is_wrong_inside_the_store),
        cmocka_unit_test(a_store_of_a_newer_version_is_left_alone),
        cmocka_unit_test(a_clock_that_is_set_back_changes_neither_order_nor_durations),
    };
    return cmocka_run_group_tests_name("world resources", tests, NULL, NULL);
}
