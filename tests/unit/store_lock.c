/* The lock of an environment: one live owner, named to the others; a dead one never blocks. */
#include "store/store_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "store_fixture.h"

static int open_one(void **state)
{
    int r = fixture_setup(state);
    if (r == 0)
        fixture_open(*state);
    return r;
}

static void a_live_owner_is_named_to_the_next(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard(store_lock) mine = NULL;
    guard(store_lock) second = NULL;
    fixture_good(store_lock_take(f->store, "staging", NULL, &mine, &err), err);
    fixture_good(store_lock_run(mine, "20261123-184512-k7f2", &err), err);
    fixture_good(store_lock_stage(mine, "migrate", &err), err);
    assert_int_equal(store_lock_take(f->store, "staging", NULL, &second, &err), -ERROR_LOCKED);
    fixture_says(err, "20261123-184512-k7f2", "stage migrate");
    guard_mem char *pid = mem_printf("process %d", getpid());
    fixture_says(err, pid, "'staging'");
    json_t *owner = NULL;
    error_free(take(err));
    fixture_good(store_lock_owner(f->store, "staging", &owner, &err), err);
    assert_int_equal(json_integer_value(json_object_get(owner, "pid")), getpid());
    assert_string_equal(json_string_value(json_object_get(owner, "stage")), "migrate");
    assert_true(json_string_length(json_object_get(owner, "boot_id")) > 0);
    json_decref(owner);
}

static void a_shorter_stage_leaves_nothing_of_the_longer_one(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard(store_lock) mine = NULL;
    fixture_good(store_lock_take(f->store, "staging", "r1", &mine, &err), err);
    fixture_good(store_lock_stage(mine, "a very long name of a stage", &err), err);
    fixture_good(store_lock_stage(mine, "up", &err), err);
    json_t *owner = NULL;
    fixture_good(store_lock_owner(f->store, "staging", &owner, &err), err);
    assert_string_equal(json_string_value(json_object_get(owner, "stage")), "up");
    json_decref(owner);
}

static void environments_are_locked_apart(void **state)
{
    static const char *const names[] = {"staging",   "production", "Staging", "sta ging",
                                        "../escape", "",           "eu/1",    "eu.1"};
    enum { COUNT = sizeof names / sizeof *names };
    fixture *f = *state;
    guard(error) err = NULL;
    store_lock *locks[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++)
        fixture_good(store_lock_take(f->store, names[i], "r", &locks[i], &err), err);
    for (size_t i = 0; i < COUNT; i++)
        store_lock_free(locks[i]);
}

static void a_freed_lock_can_be_taken_again_and_has_no_owner(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    json_t *owner = NULL;
    fixture_good(store_lock_owner(f->store, "staging", &owner, &err), err);
    assert_null(owner);
    for (int i = 0; i < 2; i++) {
        guard(store_lock) mine = NULL;
        fixture_good(store_lock_take(f->store, "staging", "r1", &mine, &err), err);
    }
    fixture_good(store_lock_owner(f->store, "staging", &owner, &err), err);
    assert_null(owner);
}

static _Noreturn void hold(const char *folder, int out)
{
    guard(error) err = NULL;
    store *s = NULL;
    store_lock *l = NULL;
    if (store_open(folder, &s, &err) < 0 || store_lock_take(s, "staging", "theirs", &l, &err) < 0)
        _exit(1);
    if (write(out, "x", 1) == 1)
        pause();
    _exit(1);
}

static void an_owner_that_was_killed_does_not_block(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard(store_lock) mine = NULL;
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        hold(f->folder, ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(store_lock_take(f->store, "staging", "mine", &mine, &err), -ERROR_LOCKED);
    fixture_says(err, "theirs", "'staging'");
    error_free(take(err));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    fixture_good(store_lock_take(f->store, "staging", "mine", &mine, &err), err);
    close(ends[0]);
    close(ends[1]);
}

static void a_started_program_does_not_keep_the_lock(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard(store_lock) mine = NULL;
    fixture_good(store_lock_take(f->store, "staging", "r1", &mine, &err), err);
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sleep", "sleep", "30", (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* its end was closed by the start of the program */
    close(ends[0]);
    store_lock_free(take(mine));
    int r = store_lock_take(f->store, "staging", "r2", &mine, &err);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    fixture_good(r, err);
}

/* Waits until the process is what it shall become; its name comes a little after its descriptors are closed. */
static bool becomes(pid_t pid, const char *name)
{
    guard_mem char *path = mem_printf("/proc/%d/comm", (int)pid), *line = mem_printf("%s\n", name);
    for (int i = 0; i < 500; i++) {
        guard_mem char *comm = NULL;
        guard(error) err = NULL;
        if (file_read(path, 64, &comm, NULL, &err) == 0 && strcmp(comm, line) == 0)
            return true;
        usleep(10000);
    }
    return false;
}

/* A process that keeps this descriptor, as workers keep the lease. */
static pid_t start_one_that_keeps(int fd)
{
    pid_t child = fork();
    if (child == 0) {
        (void)fcntl(fd, F_SETFD, 0);
        execl("/bin/sleep", "sleep", "30", (char *)NULL);
        _exit(1);
    }
    return child;
}

static void what_keeps_the_lease_blocks_the_next_owner_and_is_named(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard(store_lock) mine = NULL;
    guard(store_lock) next = NULL;
    fixture_good(store_lock_take(f->store, "staging", NULL, &mine, &err), err);
    assert_int_equal(store_lock_lease_fd(mine), -1);
    fixture_good(store_lock_lease(mine, &err), err);
    fixture_good(store_lock_run(mine, "20261123-184512-k7f2", &err), err);
    const pid_t child = start_one_that_keeps(store_lock_lease_fd(mine));
    assert_true(becomes(child, "sleep"));
    store_lock_free(take(mine));
    fixture_good(store_lock_take(f->store, "staging", NULL, &next, &err), err);
    int r = store_lock_lease(next, &err);
    guard_mem char *name = mem_printf("sleep (process %d)", (int)child);
    guard_mem char *left = store_lock_left(f->store, "staging");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(r, -ERROR_LOCKED);
    fixture_says(err, "what is left of run 20261123-184512-k7f2", name);
    assert_string_equal(left, name);
    error_free(take(err));
    guard_mem char *nothing = store_lock_left(f->store, "staging");
    assert_string_equal(nothing, "");
    fixture_good(store_lock_lease(next, &err), err);
}

/* Holds the environment, and makes its files again when a byte comes. */
static _Noreturn void hold_and_keep(const char *folder, int in, int out)
{
    guard(error) err = NULL;
    store *s = NULL;
    store_lock *l = NULL;
    bool made = false;
    char byte = 0;
    if (store_open(folder, &s, &err) < 0 || store_lock_take(s, "staging", "theirs", &l, &err) < 0 ||
        store_lock_lease(l, &err) < 0 || write(out, "x", 1) != 1 || read(in, &byte, 1) != 1 ||
        store_lock_keep(l, &made, &err) < 0 || !made || write(out, "x", 1) != 1)
        _exit(1);
    pause();
    _exit(1);
}

static void a_lock_whose_files_were_removed_still_holds_and_is_made_again(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard(store_lock) mine = NULL;
    int to[2], from[2];
    char byte = 0;
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t child = fork();
    if (child == 0)
        hold_and_keep(f->folder, to[0], from[1]);
    assert_int_equal(read(from[0], &byte, 1), 1);
    guard_mem char *locks = mem_printf("%s/locks", f->folder);
    fixture_good(file_remove_tree(locks, &err), err);
    int r = store_lock_take(f->store, "staging", "mine", &mine, &err);
    json_t *owner = NULL;
    guard(error) ignored = NULL;
    const int looked = store_lock_owner(f->store, "staging", &owner, &ignored);
    const bool live = owner != NULL;
    json_decref(owner);
    error *first = take(err);
    assert_int_equal(write(to[1], "x", 1), 1);
    assert_int_equal(read(from[0], &byte, 1), 1);
    int again = store_lock_take(f->store, "staging", "mine", &mine, &err);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(r, -ERROR_LOCKED);
    fixture_says(first, "lock file", "was removed");
    error_free(first);
    assert_int_equal(looked, 0);
    assert_true(live);
    assert_int_equal(again, -ERROR_LOCKED);
    fixture_says(err, "run theirs", "'staging'");
    error_free(take(err));
    fixture_good(store_lock_take(f->store, "staging", "mine", &mine, &err), err);
}

#define OPENED(f) cmocka_unit_test_setup_teardown(f, open_one, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPENED(a_live_owner_is_named_to_the_next),
        OPENED(a_shorter_stage_leaves_nothing_of_the_longer_one),
        OPENED(environments_are_locked_apart),
        OPENED(a_freed_lock_can_be_taken_again_and_has_no_owner),
        OPENED(an_owner_that_was_killed_does_not_block),
        OPENED(a_started_program_does_not_keep_the_lock),
        OPENED(a_lock_whose_files_were_removed_still_holds_and_is_made_again),
        OPENED(what_keeps_the_lease_blocks_the_next_owner_and_is_named),
    };
    return cmocka_run_group_tests_name("store_lock", tests, NULL, NULL);
}
