/* However a plugin ends, its phase has exactly one clear result, and nothing of it stays alive. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker_fixture.h"

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

/* Runs a step of the plugin "hostile" that has no result of its own. */
static void ends_as(phase_run *p, worker_end end, const char *summary)
{
    p->plugin = "hostile";
    p->phase = WORKER_EXECUTE;
    phase_run_do(p);
    if (p->end != end)
        fail_msg("%s ended as '%s': %s", p->step, worker_end_name(p->end), p->summary);
    assert_int_equal(p->status, BELAY_E_RETRY);
    assert_contains(p->summary, summary);
}

static void a_segfault_is_a_crash_and_earlier_lines_are_kept(void **state)
{
    (void)state;
    guard_phase p = {.step = "segfault"};
    ends_as(&p, WORKER_END_CRASHED, "SIGSEGV");
    assert_int_equal(p.signal, SIGSEGV);
    assert_string_equal(text_get(&p.log), "1 about to crash\n");
    assert_non_null(p.hint);
}

static void an_abort_is_a_crash(void **state)
{
    (void)state;
    guard_phase p = {.step = "aborts"};
    ends_as(&p, WORKER_END_CRASHED, "SIGABRT");
}

static void exit_with_status_0_is_no_success(void **state)
{
    (void)state;
    guard_phase p = {.step = "exits"};
    ends_as(&p, WORKER_END_EXITED, "exit status 0");
}

static void a_hang_ends_after_timeout_and_grace(void **state)
{
    (void)state;
    guard_phase p = {.step = "hang", .timeout_ms = 100};
    ends_as(&p, WORKER_END_TIMEOUT, "did not end within 100 ms: waiting for godot");
    assert_in_range(p.took_ms, 100, 20000);
}

static void a_stopped_process_is_killed_too(void **state)
{
    (void)state;
    guard_phase p = {.step = "stops_itself", .timeout_ms = 100, .grace_ms = 50};
    ends_as(&p, WORKER_END_TIMEOUT, "did not end");
}

static void who_ignores_cancellation_is_killed(void **state)
{
    (void)state;
    guard_phase p = {.step = "ignores_cancel", .cancel_after_ms = 100};
    ends_as(&p, WORKER_END_KILLED, "did not return within 300 ms");
    assert_string_equal(text_get(&p.log), "1 so what\n");
}

static void who_heeds_cancellation_returns_cancelled(void **state)
{
    (void)state;
    guard_phase p = {
        .plugin = "hostile", .step = "heeds_cancel", .phase = WORKER_EXECUTE, .cancel_after_ms = 100, .grace_ms = 5000};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_E_CANCELLED);
    assert_true(p.took_ms < 5000); /* its grace */
}

static void the_grace_begins_when_it_is_asked_however_busy_the_core_was(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile",
                     .step = "heeds_cancel",
                     .phase = WORKER_EXECUTE,
                     .cancel_at_log = true,
                     .stall_ms = 3000,
                     .grace_ms = 2000};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_E_CANCELLED);
}

static void a_result_that_came_late_but_good_counts(void **state)
{
    (void)state;
    guard_phase p = {
        .plugin = "hostile", .step = "finishes_late", .phase = WORKER_EXECUTE, .timeout_ms = 100, .grace_ms = 5000};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_OK);
}

static void kill_ends_it_at_once(void **state)
{
    (void)state;
    guard_phase p = {.step = "hang", .kill_after_ms = 50, .grace_ms = 5000};
    ends_as(&p, WORKER_END_KILLED, "was killed");
    assert_true(p.took_ms < 5000); /* its grace */
}

static void cancelling_before_it_is_loaded_works(void **state)
{
    (void)state;
    guard_phase p = {.step = "hang", .cancel_after_ms = 1};
    ends_as(&p, WORKER_END_KILLED, "cancelled");
}

static void an_unknown_status_is_a_breach(void **state)
{
    (void)state;
    guard_phase p = {.step = "unknown_status"};
    ends_as(&p, WORKER_END_PROTOCOL, "returned 42 from execute");
    guard_phase q = {.step = "not_yet"};
    ends_as(&q, WORKER_END_PROTOCOL, "returned 2 from execute");
}

static void garbage_on_the_wire_is_a_breach(void **state)
{
    (void)state;
    static const struct {
        const char *step, *summary;
    } cases[] = {
        {"bad_length", "4294967295 bytes"},          {"bad_json", "not JSON"},
        {"unknown_message", "unknown type 'dance'"}, {"second_result", "unexpected 'result'"},
        {"wants_debugger", "unexpected 'attach'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_phase p = {.step = cases[i].step};
        ends_as(&p, WORKER_END_PROTOCOL, cases[i].summary);
        assert_true(p.took_ms < 5000);
    }
}

static void who_hangs_up_runs_into_the_timeout(void **state)
{
    (void)state;
    guard_phase p = {.step = "hangs_up", .timeout_ms = 200};
    ends_as(&p, WORKER_END_TIMEOUT, "did not end");
    guard_phase q = {.step = "asks_and_hangs_up", .timeout_ms = 200};
    ends_as(&q, WORKER_END_TIMEOUT, "did not end");
}

/* ---- strays ------------------------------------------------------------------------------------------------------ */

static json_t *pids_option(const char *path)
{
    return json_pack("{s:s}", "pids", path);
}

static void a_daemon_left_behind_is_named_killed_and_no_success(void **state)
{
    (void)state;
    const char *pids = phase_path("stray");
    guard_phase p = {.step = "stray", .options = pids_option(pids)};
    ends_as(&p, WORKER_END_STRAY, "returned, but left ");
    assert_contains(p.summary, "(pid ");
    assert_all_gone(pids, 1);
}

static void daemons_of_a_killed_phase_are_gone_too(void **state)
{
    (void)state;
    const char *pids = phase_path("killed");
    guard_phase p = {.step = "stray_and_hang", .options = pids_option(pids), .timeout_ms = 300, .grace_ms = 50};
    ends_as(&p, WORKER_END_TIMEOUT, "did not end");
    assert_all_gone(pids, 4);
}

static void a_helper_that_ends_by_itself_is_no_stray(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile", .step = "short_stray", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_OK);
}

/* The core, as a process of its own that can be killed. */
static pid_t start_core(const char *pids)
{
    pid_t core = fork();
    assert_true(core >= 0);
    if (core > 0)
        return core;
    uv_loop_t loop;
    uv_loop_init(&loop);
    phase_run p = {.plugin = "hostile",
                   .step = "stray_and_hang",
                   .phase = WORKER_EXECUTE,
                   .timeout_ms = 60000,
                   .options = pids_option(pids)};
    phase_run_start(&p, &loop);
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(1);
}

static off_t file_lines(const char *path)
{
    off_t lines = 0;
    FILE *f = fopen(path, "r");
    for (int c; f && (c = fgetc(f)) != EOF;)
        lines += c == '\n';
    if (f)
        fclose(f);
    return lines;
}

static void nothing_outlives_a_core_that_was_killed(void **state)
{
    (void)state;
    const char *pids = phase_path("orphans");
    pid_t core = start_core(pids);
    for (int64_t until = clock_steady_ms() + 5000; file_lines(pids) < 4 && clock_steady_ms() < until;)
        usleep(2000);
    kill(core, SIGKILL);
    waitpid(core, NULL, 0);
    assert_all_gone(pids, 4);
}

static const char *work_folder(const char *base, const char *name, int age_s)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    const struct timespec at[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
    assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
    return path;
}

/* The folder that a supervisor has made in base, or NULL. */
static char *only_folder(const char *base)
{
    DIR *open = opendir(base);
    char *found = NULL;
    for (struct dirent *entry; (entry = readdir(open));)
        if (!found && strncmp(entry->d_name, "belay-work-", 11) == 0)
            found = strdup(entry->d_name);
    closedir(open);
    return found;
}

/* A child of this process that hangs in a phase; the core that would remove nothing is the child. */
static pid_t hang_in(const char *base)
{
    const pid_t core = fork();
    if (core == 0) {
        setenv("TMPDIR", base, 1);
        phase_run p = {.plugin = "hostile", .step = "hang", .phase = WORKER_EXECUTE, .timeout_ms = 60000};
        phase_run_do(&p);
        _exit(0);
    }
    return core;
}

static void kill_supervisor_of(pid_t core)
{
    char path[64], line[64] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)core, (int)core);
    FILE *children = fopen(path, "r");
    assert_non_null(children);
    assert_non_null(fgets(line, sizeof line, children));
    fclose(children);
    assert_int_equal(kill((pid_t)atoi(line), SIGKILL), 0);
}

static void the_work_folder_of_a_killed_supervisor_is_removed_later(void **state)
{
    (void)state;
    char base[] = "/tmp/belay-left-XXXXXX", *name = NULL;
    assert_non_null(mkdtemp(base));
    const pid_t core = hang_in(base);
    while (!(name = only_folder(base)))
        usleep(10000);
    usleep(100000);
    setenv("TMPDIR", base, 1);
    (void)work_folder(base, name, 3600);
    worker_remove_leftovers();
    char *still = only_folder(base);
    assert_string_equal(still, name); /* it is in use */
    free(still);
    kill_supervisor_of(core);
    assert_int_equal(waitpid(core, NULL, 0), core);
    const char *path = work_folder(base, name, 3600);
    worker_remove_leftovers();
    assert_int_not_equal(access(path, F_OK), 0);
    path = work_folder(base, "belay-work-young", 0); /* its lock may be yet to come */
    worker_remove_leftovers();
    assert_int_equal(access(path, F_OK), 0);
    unsetenv("TMPDIR");
    assert_int_equal(rmdir(path) | rmdir(base), 0);
    free(name);
}

static void the_work_folder_is_removed_with_all_that_is_in_it(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile", .step = "litter", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    char *folder = p.log.items + 2;
    folder[strcspn(folder, "\n")] = '\0';
    assert_int_equal(folder[0], '/');
    assert_int_equal(access(folder, F_OK), -1);
    assert_int_equal(access("/etc/passwd", F_OK), 0);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static void a_flood_of_log_lines_is_cut_and_counted(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile", .step = "flood_log", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    assert_in_range(p.lines, 900, 5000);
    const int told = 1; /* the line that counts them */
    assert_int_equal(p.lines - told + (int)p.dropped, 100000);
    guard_mem char *last = mem_printf("\n2 %d more lines were left out of the log: it takes 200 a second, and 4 MiB of "
                                      "a call\n",
                                      (int)p.dropped);
    assert_contains(text_get(&p.log), last);
    assert_string_equal(text_get(&p.log) + p.log.count - strlen(last), last);
}

static void of_a_flood_that_has_no_end_the_cut_is_told_too(void **state)
{
    (void)state;
    guard_phase p = {.step = "flood_without_end", .timeout_ms = 1000};
    ends_as(&p, WORKER_END_TIMEOUT, "did not end");
    assert_contains(text_get(&p.log), " more lines were left out of the log");
}

static void a_flood_of_output_is_stopped(void **state)
{
    (void)state;
    guard_phase p = {.step = "flood_stdout"};
    ends_as(&p, WORKER_END_PROTOCOL, "more than 16 MiB");
    assert_true(p.log.count <= 6 << 20);
    assert_true(p.dropped > 0);
}

static void a_line_of_1_MiB_that_is_not_UTF_8_does_no_harm(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile", .step = "one_long_line", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    assert_true(p.lines > 60);
    for (const char *at = text_get(&p.log); *at; at++)
        assert_int_not_equal(*at, '\xff');
    assert_contains(text_get(&p.log), "\xef\xbf\xbd");
}

static void what_is_printed_becomes_log_lines(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile", .step = "prints", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    assert_contains(text_get(&p.log), "1 to stdout, buffered\n");
    assert_contains(text_get(&p.log), "1 to stderr\n");
}

static void undo_records_have_limits(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile", .step = "remembers_too_much", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_E_LIMIT);
    assert_int_equal(json_object_size(p.remembered), 1);
    guard_phase q = {.plugin = "hostile", .step = "remembers_too_often", .phase = WORKER_EXECUTE};
    phase_run_do(&q);
    assert_int_equal(q.status, BELAY_E_LIMIT);
    assert_int_equal(json_object_size(q.remembered), 256);
}

static void an_artifact_that_is_refused_is_told_with_the_rule(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile", .step = "keeps_badly_named", .phase = WORKER_EXECUTE};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_E_CONFIG);
    assert_contains(p.summary, "'.env' is no name of an artifact: 1 to 100 of A-Z a-z 0-9 . _ -, no dot in front");
    guard_phase q = {.plugin = "hostile", .step = "keeps_too_many", .phase = WORKER_EXECUTE};
    phase_run_do(&q);
    assert_int_equal(q.status, BELAY_E_LIMIT);
    assert_string_equal(q.summary, "the artifact 'file-65' exceeds a limit: 16 MiB each, 64 of a call");
    guard_phase r = {.plugin = "hostile", .step = "explains_and_keeps", .phase = WORKER_EXECUTE};
    phase_run_do(&r);
    assert_string_equal(r.summary, "what matters");
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static void a_plugin_that_hangs_while_it_loads_is_cancelled(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hang_load", .step = "check", .phase = WORKER_VERIFY, .cancel_after_ms = 50};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_KILLED);
}

static void a_plugin_that_prints_while_it_loads_works(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "noisy_load", .step = "check", .phase = WORKER_VERIFY};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_RETURNED);
    assert_int_equal(p.status, BELAY_OK);
    assert_contains(text_get(&p.log), "hello from the constructor");
}

static void a_step_that_there_is_not_is_no_start(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "noisy_load", .step = "chek", .phase = WORKER_VERIFY};
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_START);
    assert_contains(p.summary, "has no step 'chek'");
}

static void a_changed_plugin_is_not_started(void **state)
{
    (void)state;
    char hex[65];
    guard(error) err = NULL;
    guard_mem char *path = phase_plugin("polite", hex);
    hex[0] = hex[0] == '0' ? '1' : '0';
    uv_loop_t loop;
    uv_loop_init(&loop);
    worker *w = NULL;
    int r = worker_start(&loop, &(worker_request){.plugin = path, .sha256 = hex, .step = "nothing"},
                         &(worker_handlers){0}, &w, &err);
    assert_int_equal(r, -ERROR_PLUGIN);
    assert_null(w);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    guard_mem char *text = error_text(err);
    assert_contains(text, "not the one that was recorded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segfault_is_a_crash_and_earlier_lines_are_kept),
        cmocka_unit_test(an_abort_is_a_crash),
        cmocka_unit_test(exit_with_status_0_is_no_success),
        cmocka_unit_test(a_hang_ends_after_timeout_and_grace),
        cmocka_unit_test(a_stopped_process_is_killed_too),
        cmocka_unit_test(who_ignores_cancellation_is_killed),
        cmocka_unit_test(who_heeds_cancellation_returns_cancelled),
        cmocka_unit_test(the_grace_begins_when_it_is_asked_however_busy_the_core_was),
        cmocka_unit_test(a_result_that_came_late_but_good_counts),
        cmocka_unit_test(kill_ends_it_at_once),
        cmocka_unit_test(cancelling_before_it_is_loaded_works),
        cmocka_unit_test(an_unknown_status_is_a_breach),
        cmocka_unit_test(garbage_on_the_wire_is_a_breach),
        cmocka_unit_test(who_hangs_up_runs_into_the_timeout),
        cmocka_unit_test(a_daemon_left_behind_is_named_killed_and_no_success),
        cmocka_unit_test(daemons_of_a_killed_phase_are_gone_too),
        cmocka_unit_test(a_helper_that_ends_by_itself_is_no_stray),
        cmocka_unit_test(nothing_outlives_a_core_that_was_killed),
        cmocka_unit_test(the_work_folder_of_a_killed_supervisor_is_removed_later),
        cmocka_unit_test(the_work_folder_is_removed_with_all_that_is_in_it),
        cmocka_unit_test(a_flood_of_log_lines_is_cut_and_counted),
        cmocka_unit_test(of_a_flood_that_has_no_end_the_cut_is_told_too),
        cmocka_unit_test(a_flood_of_output_is_stopped),
        cmocka_unit_test(a_line_of_1_MiB_that_is_not_UTF_8_does_no_harm),
        cmocka_unit_test(what_is_printed_becomes_log_lines),
        cmocka_unit_test(undo_records_have_limits),
        cmocka_unit_test(an_artifact_that_is_refused_is_told_with_the_rule),
        cmocka_unit_test(a_plugin_that_hangs_while_it_loads_is_cancelled),
        cmocka_unit_test(a_plugin_that_prints_while_it_loads_works),
        cmocka_unit_test(a_step_that_there_is_not_is_no_start),
        cmocka_unit_test(a_changed_plugin_is_not_started),
    };
    signal(SIGPIPE, SIG_DFL); /* whatever we were started with: worker_init() has to see to it */
    return cmocka_run_group_tests_name("worker ends", tests, NULL, NULL);
}
