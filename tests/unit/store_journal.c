/* The journal: intents and results, undo records and their epochs, marks; also when the writer is killed. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "store_fixture.h"

static int open_one(void **state)
{
    int r = fixture_setup(state);
    if (r == 0)
        fixture_open(*state);
    return r;
}

static bool keep_phase(void *user, const store_phase *p)
{
    json_array_append_new(user, json_pack("{s:I, s:s, s:s, s:i, s:b, s:s, s:s}", "seq", (json_int_t)p->seq, "step",
                                          p->step, "phase", p->phase, "attempt", p->attempt, "ended", p->ended_ms != 0,
                                          "verdict", p->verdict, "summary", p->summary));
    return true;
}

/* The run's phases as compact JSON; the caller frees. */
static char *phases_of(fixture *f, const char *run, const char *step)
{
    guard(error) err = NULL;
    json_t *list = json_array();
    fixture_good(store_phases(f->store, run, step, keep_phase, list, &err), err);
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

static void a_phase_is_an_intent_until_its_result_is_known(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *run = fixture_run(f, "staging");
    int64_t first = 0, second = 0;
    fixture_good(store_phase_begin(f->store, run, "dump", "execute", 1, &first, &err), err);
    fixture_good(store_phase_begin(f->store, run, "tags", "execute", 2, &second, &err), err);
    assert_true(second > first);
    char step[] = "dump", phase[] = "execute", end[] = "returned", verdict[] = "failed", summary[] = "no", hint[] = "";
    const store_phase result = {.seq = first,
                                .step = step,
                                .phase = phase,
                                .ended_ms = 5,
                                .status = -1,
                                .end = end,
                                .verdict = verdict,
                                .summary = summary,
                                .hint = hint};
    fixture_good(store_phase_end(f->store, run, &result, &err), err);
    fixture_open(f);
    guard_mem char *all = phases_of(f, run, NULL);
    assert_string_equal(all, "[{\"seq\":1,\"step\":\"dump\",\"phase\":\"execute\",\"attempt\":1,\"ended\":true,"
                             "\"verdict\":\"failed\",\"summary\":\"no\"},"
                             "{\"seq\":2,\"step\":\"tags\",\"phase\":\"execute\",\"attempt\":2,\"ended\":false,"
                             "\"verdict\":\"\",\"summary\":\"\"}]");
    guard_mem char *one = phases_of(f, run, "tags");
    assert_null(strstr(one, "dump"));
    const store_phase unknown = {.seq = 77};
    assert_int_equal(store_phase_end(f->store, run, &unknown, &err), -ERROR_NOT_FOUND);
}

static void phases_of_two_runs_are_counted_apart(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *one = fixture_run(f, "staging");
    guard_mem char *two = fixture_run(f, "production");
    int64_t a = 0, b = 0;
    fixture_good(store_phase_begin(f->store, one, "dump", "execute", 1, &a, &err), err);
    fixture_good(store_phase_begin(f->store, two, "dump", "execute", 1, &b, &err), err);
    assert_int_equal(a, 1);
    assert_int_equal(b, 1);
}

static void the_first_undo_value_wins(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *run = fixture_run(f, "staging");
    guard_mem char *first = NULL;
    guard_mem char *again = NULL;
    fixture_good(store_undo_add(f->store, run, "tags", 0, "image", "old", &first, &err), err);
    fixture_good(store_undo_add(f->store, run, "tags", 0, "image", "new", &again, &err), err);
    assert_string_equal(first, "old");
    assert_string_equal(again, "old");
}

static void undo_records_come_newest_first_and_by_epoch(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *run = fixture_run(f, "staging");
    static const char *const keys[] = {"b", "a", "c"};
    int epoch = -1;
    fixture_good(store_epoch(f->store, run, "tags", &epoch, &err), err);
    assert_int_equal(epoch, 0);
    for (size_t i = 0; i < 3; i++) {
        guard_mem char *kept = NULL;
        fixture_good(store_undo_add(f->store, run, "tags", epoch, keys[i], "1", &kept, &err), err);
    }
    guard_mem char *rewritten = NULL; /* does not change the order */
    fixture_good(store_undo_add(f->store, run, "tags", epoch, "b", "2", &rewritten, &err), err);
    json_t *list = NULL;
    fixture_good(store_undo_list(f->store, run, "tags", epoch, &list, &err), err);
    guard_mem char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(text, "[{\"key\":\"c\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"1\"},"
                              "{\"key\":\"b\",\"value\":\"1\"}]");
    json_decref(list);
    fixture_good(store_epoch_next(f->store, run, "tags", &err), err);
    fixture_good(store_epoch(f->store, run, "tags", &epoch, &err), err);
    assert_int_equal(epoch, 1);
    fixture_good(store_undo_list(f->store, run, "tags", epoch, &list, &err), err);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static bool keep_mark(void *user, const char *key, const char *value)
{
    json_array_append_new(user, json_pack("[s, s]", key, value));
    return true;
}

static void a_mark_keeps_its_place_and_its_last_value(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *run = fixture_run(f, "staging");
    fixture_good(store_mark(f->store, run, "decision", "go", &err), err);
    fixture_good(store_mark(f->store, run, "approval", "pat", &err), err);
    fixture_good(store_mark(f->store, run, "decision", "rollback", &err), err);
    json_t *list = json_array();
    fixture_good(store_marks(f->store, run, keep_mark, list, &err), err);
    guard_mem char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(text, "[[\"decision\",\"rollback\"],[\"approval\",\"pat\"]]");
    json_decref(list);
}

static void a_step_can_be_recorded_again(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    guard_mem char *run = fixture_run(f, "staging");
    json_t *options = json_pack("{s:s}", "to", "/backups");
    fixture_good(store_step_put(f->store, run, "dump", 0, "backup", "postgres.backup", options, &err), err);
    fixture_good(store_step_put(f->store, run, "dump", 0, "backup", "postgres.backup", options, &err), err);
    json_decref(options);
}

/* Writes undo records, telling each one down the pipe once it is said to be durable, until it is killed. */
static _Noreturn void write_until_killed(const char *folder, const char *run, int out)
{
    guard(error) err = NULL;
    store *s = NULL;
    if (store_open(folder, &s, &err) < 0)
        _exit(1);
    for (int i = 0;; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        char *kept = NULL;
        if (store_undo_add(s, run, "tags", 0, key, "x", &kept, &err) < 0 || write(out, &i, sizeof i) != sizeof i)
            _exit(1);
        free(kept);
    }
}

static void nothing_that_was_acknowledged_is_lost_when_the_writer_is_killed(void **state)
{
    fixture *f = *state;
    guard_mem char *run = fixture_run(f, "staging");
    store_close(take(f->store));
    int last = -1;
    for (int round = 1; round <= 5; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            write_until_killed(f->folder, run, ends[1]);
        close(ends[1]);
        for (int n = 0; n < 7 * round; n++)
            assert_int_equal(read(ends[0], &last, sizeof last), sizeof last);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &last, sizeof last) == sizeof last)
            ;
        close(ends[0]);
        guard(error) err = NULL;
        json_t *list = NULL;
        fixture_open(f);
        fixture_good(store_check(f->store, &err), err);
        fixture_good(store_undo_list(f->store, run, "tags", 0, &list, &err), err);
        assert_true(json_array_size(list) >= (size_t)last + 1);
        json_decref(list);
        store_close(take(f->store));
    }
}

/* Records a run n times and n phases of `run`, if there is one; gives 0 when all was recorded. */
static int write_much(const char *folder, const char *run, int n)
{
    guard(error) err = NULL;
    guard(store) s = NULL;
    int64_t seq = 0;
    int r = store_open(folder, &s, &err);
    for (int i = 0; i < n && r == 0; i++) {
        store_run own = {0};
        r = store_run_create(s, &own, &err);
        if (r == 0 && run)
            r = store_phase_begin(s, run, "dump", "execute", i + 1, &seq, &err);
        free(own.id);
    }
    guard_mem char *text = error_text(err);
    if (r < 0)
        fprintf(stderr, "%s\n", text);
    return r < 0;
}

enum { WRITERS = 4, EACH = 25 };

/* Several processes at once. */
static void write_together(const char *folder, const char *run)
{
    pid_t children[WRITERS];
    for (size_t i = 0; i < WRITERS; i++)
        if ((children[i] = fork()) == 0)
            _exit(write_much(folder, run, EACH));
    for (size_t i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void several_processes_write_without_losing_a_record(void **state)
{
    fixture *f = *state;
    guard_mem char *run = fixture_run(f, "staging");
    store_close(take(f->store));
    write_together(f->folder, run);
    guard(error) err = NULL;
    json_t *list = json_array();
    fixture_open(f);
    fixture_good(store_phases(f->store, run, NULL, keep_phase, list, &err), err);
    assert_int_equal(json_array_size(list), WRITERS * EACH);
    json_decref(list);
}

static void several_processes_may_make_the_store(void **state)
{
    fixture *f = *state;
    write_together(f->folder, NULL); /* the folder is not there yet */
    fixture_open(f);
    guard(error) err = NULL;
    fixture_good(store_check(f->store, &err), err);
}

#define OPENED(f) cmocka_unit_test_setup_teardown(f, open_one, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPENED(a_phase_is_an_intent_until_its_result_is_known),
        OPENED(phases_of_two_runs_are_counted_apart),
        OPENED(the_first_undo_value_wins),
        OPENED(undo_records_come_newest_first_and_by_epoch),
        OPENED(a_mark_keeps_its_place_and_its_last_value),
        OPENED(a_step_can_be_recorded_again),
        OPENED(nothing_that_was_acknowledged_is_lost_when_the_writer_is_killed),
        OPENED(several_processes_write_without_losing_a_record),
        FIXTURE_TEST(several_processes_may_make_the_store),
    };
    return cmocka_run_group_tests_name("store_journal", tests, NULL, NULL);
}
