/* host->run: programs by argument vector, captured within limits, stopped in time. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker_fixture.h"

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

static void run(phase_run *p, json_t *list, const char *text, int timeout_ms)
{
    p->plugin = "polite";
    p->step = "run";
    p->phase = WORKER_VERIFY;
    if (!p->options)
        p->options = json_object();
    json_object_set_new(p->options, "list", list);
    json_object_set_new(p->options, "number", json_integer(timeout_ms));
    if (text)
        json_object_set_new(p->options, "text", json_string(text));
    phase_run_do(p);
    if (p->end != WORKER_END_RETURNED)
        fail_msg("%s: %s", worker_end_name(p->end), p->summary);
}

static void write_program(const char *path, const char *content)
{
    guard_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

static void both_streams_and_the_exit_status_come_back(void **state)
{
    (void)state;
    guard_phase p = {0};
    run(&p, json_pack("[s,s,s]", "sh", "-c", "echo out; echo err >&2; printf half; exit 3"), NULL, 0);
    assert_int_equal(p.status, BELAY_OK);
    assert_contains(text_get(&p.log), "exit=3 signal=0 out=8 err=4 lines=<out>");
    assert_contains(text_get(&p.log), "<half>");
    assert_contains(text_get(&p.artifact), "out\n");
    assert_contains(text_get(&p.artifact), "err\n");
}

static void stdin_is_fed_also_when_it_is_larger_than_a_pipe(void **state)
{
    (void)state;
    guard_mem char *big = mem_array(300001, 1);
    memset(big, 'z', 300000);
    guard_phase p = {0};
    run(&p, json_pack("[s,s]", "wc", "-c"), big, 0);
    assert_int_equal(p.status, BELAY_OK);
    assert_contains(text_get(&p.log), "lines=<300000>");
}

static void a_program_that_does_not_read_its_stdin_is_fine(void **state)
{
    (void)state;
    guard_mem char *big = mem_array(300001, 1);
    memset(big, 'z', 300000);
    guard_phase p = {0};
    run(&p, json_pack("[s]", "true"), big, 0);
    assert_int_equal(p.status, BELAY_OK);
    assert_contains(text_get(&p.log), "exit=0 signal=0 out=0");
}

static void of_long_output_beginning_and_end_are_kept(void **state)
{
    (void)state;
    guard_phase p = {0};
    run(&p, json_pack("[s,s,s]", "sh", "-c", "echo FIRST; yes | head -c 3000000; echo LAST"), NULL, 0);
    assert_int_equal(p.status, BELAY_OK);
    assert_contains(text_get(&p.log), "out=3000011");
    const char *out = text_get(&p.second_artifact);
    assert_int_equal(strncmp(out, "FIRST\n", 6), 0);
    assert_contains(out, "[2737867 bytes left out]");
    assert_contains(out, "y\nLAST\n");
    assert_int_equal(p.artifact.count, 3000011);
}

/* The cause of a failure stands in the first lines or in the last: an artifact that cannot hold all keeps both. */
static void of_more_than_an_artifact_holds_beginning_and_end_are_kept(void **state)
{
    (void)state;
    guard_phase p = {0};
    run(&p, json_pack("[s,s,s]", "sh", "-c", "echo FIRST; yes 1234567 | head -c 20000000; echo FATAL the real cause"),
        NULL, 0);
    assert_int_equal(p.status, BELAY_OK);
    const char *kept = text_get(&p.artifact);
    assert_true(p.artifact.count > 12000000 && p.artifact.count < 16000000);
    assert_int_equal(strncmp(kept, "FIRST\n1234567\n", 14), 0);
    assert_contains(kept, " bytes left out here ...]\n1234567\n");
    assert_contains(kept, "\n1234567\nFATAL the real cause\n");
    assert_contains(text_get(&p.log), "keeps the beginning and the end of the output");
}

static void a_script_whose_interpreter_is_missing_is_told_by_it(void **state)
{
    (void)state;
    static const struct {
        const char *first, *says;
    } scripts[] = {
        {"#!/bin/sh\r\necho hi\r\n",
         "it has Windows line ends (CRLF), so that its first line names the interpreter \"/bin/sh\\r\""},
        {"#! /no/such/ruby -w\n", "the interpreter \"/no/such/ruby\" that its first line names is not there"},
    };
    char folder[] = "/tmp/belay-shebang-XXXXXX";
    assert_non_null(mkdtemp(folder));
    guard_mem char *path = mem_printf("%s/script", folder);
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
        assert_int_equal(write(fd, scripts[i].first, strlen(scripts[i].first)), strlen(scripts[i].first));
        close(fd);
        guard_phase p = {0};
        run(&p, json_pack("[s]", path), NULL, 0);
        assert_int_equal(p.status, BELAY_E_FAIL);
        assert_contains(p.summary, scripts[i].says);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void environment_and_folder_can_be_set(void **state)
{
    (void)state;
    guard_phase p = {.options = json_pack("{s:s}", "cwd", "/usr")};
    run(&p, json_pack("[s,s,s]", "sh", "-c", "echo $KIT $TMPDIR; pwd; env | grep -c ^TMPDIR="), NULL, 0);
    assert_contains(text_get(&p.log), "lines=<set /elsewhere></usr><1>");
}

static void a_program_that_cannot_be_started_is_said_by_name_and_reason(void **state)
{
    (void)state;
    guard_phase missing = {0};
    run(&missing, json_pack("[s]", "no-such-program"), NULL, 0);
    assert_int_equal(missing.status, BELAY_E_FAIL);
    assert_string_equal(missing.summary, "cannot run 'no-such-program': no folder of PATH has it");
    assert_string_equal(missing.hint, "install it, or give its full path");
    guard_phase plain = {0};
    run(&plain, json_pack("[s]", "/etc/passwd"), NULL, 0);
    assert_string_equal(plain.summary, "cannot run '/etc/passwd': Permission denied");
    guard_phase folder = {.options = json_pack("{s:s}", "cwd", "/no/such/folder")};
    run(&folder, json_pack("[s]", "true"), NULL, 0);
    assert_string_equal(folder.summary, "cannot run 'true' in the folder '/no/such/folder': No such file or directory");
}

static void what_is_no_program_is_not_handed_to_a_shell(void **state)
{
    (void)state;
    guard_mem char *script = mem_dup(phase_path("script")), *folder = mem_dup(phase_path("bin"));
    guard_mem char *mark = mem_printf("%s.ran", script), *named = mem_printf("%s/script", folder);
    guard_mem char *path = mem_printf("%s:/usr/bin", folder),
                   *refused = mem_printf("cannot run '%s': Exec format error", script);
    guard_mem char *line = mem_printf("touch %s\n", mark); /* no "#!" */
    assert_int_equal(mkdir(folder, 0700), 0);
    write_program(script, line);
    write_program(named, line);
    guard_phase by_path = {0};
    run(&by_path, json_pack("[s]", script), NULL, 0);
    assert_int_equal(by_path.status, BELAY_E_FAIL);
    assert_string_equal(by_path.summary, refused);
    guard_mem char *old = mem_dup(getenv("PATH"));
    setenv("PATH", path, 1);
    guard_phase by_name = {0};
    run(&by_name, json_pack("[s]", "script"), NULL, 0);
    setenv("PATH", old, 1);
    assert_int_equal(by_name.status, BELAY_E_FAIL);
    assert_string_equal(by_name.summary, "cannot run 'script': Exec format error");
    assert_int_not_equal(access(mark, F_OK), 0);
}

static void a_signal_is_told(void **state)
{
    (void)state;
    guard_phase p = {0};
    run(&p, json_pack("[s,s,s]", "sh", "-c", "kill -9 $$"), NULL, 0);
    assert_int_equal(p.status, BELAY_OK);
    assert_contains(text_get(&p.log), "exit=-1 signal=9");
}

static void a_program_out_of_time_is_asked_then_killed(void **state)
{
    (void)state;
    guard_phase p = {0};
    run(&p, json_pack("[s,s]", "sleep", "60"), NULL, 100);
    assert_int_equal(p.status, BELAY_E_RETRY);
    assert_contains(p.summary, "'sleep' did not end within 0.1 s");
    assert_contains(text_get(&p.log), "signal=15");
    guard_phase deaf = {0};
    run(&deaf, json_pack("[s,s,s]", "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"), NULL, 100);
    assert_int_equal(deaf.status, BELAY_E_RETRY);
    assert_contains(text_get(&deaf.log), "signal=9");
    assert_contains(text_get(&deaf.log), "<deaf>");
    assert_in_range(deaf.took_ms, 2000, 20000);
}

static void cancellation_stops_the_program(void **state)
{
    (void)state;
    guard_phase p = {.cancel_after_ms = 200, .grace_ms = 8000};
    run(&p, json_pack("[s,s]", "sleep", "60"), NULL, 0);
    assert_int_equal(p.status, BELAY_E_CANCELLED);
    assert_true(p.took_ms < 8000); /* its grace */
}

static void who_puts_something_into_the_background_is_told_so(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite", .step = "run", .phase = WORKER_VERIFY};
    p.options = json_pack("{s:[s,s,s], s:i}", "list", "sh", "-c", "sleep 4711 & echo started", "number", 0);
    phase_run_do(&p);
    assert_int_equal(p.end, WORKER_END_STRAY);
    assert_contains(p.summary, "left sleep 4711 (pid ");
    assert_true(p.took_ms < 20000);
}

static void programs_get_neither_our_descriptors_nor_our_signal_mask(void **state)
{
    (void)state;
    guard_phase p = {0};
    run(&p,
        json_pack("[s,s,s]", "sh", "-c", "ls /proc/self/fd | tr '\\n' ' '; grep -E '^Sig(Blk|Ign)' /proc/self/status"),
        NULL, 0);
    assert_contains(text_get(&p.log), "<0 1 2 3 SigBlk:\t0000000000000000>");
    assert_contains(text_get(&p.log), "SigIgn:\t0000000000000000");
}

static void descriptors_connect_programs(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "polite", .step = "pipe", .phase = WORKER_VERIFY};
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_OK);
    assert_string_equal(text_get(&p.log), "1 THROUGH THE PIPE\n");
}

static void no_argument_may_hold_a_secret(void **state)
{
    (void)state;
    guard_phase p = {.plugin = "hostile",
                     .step = "runs_with_secret",
                     .phase = WORKER_EXECUTE,
                     .options = json_pack("{s:s}", "secret", "correct horse"),
                     .secrets = redactor_new()};
    redactor_add(p.secrets, "correct horse");
    phase_run_do(&p);
    assert_int_equal(p.status, BELAY_E_HOST);
    assert_contains(p.summary, "an argument of '/bin/true' holds a secret");
}

static void a_run_that_is_not_filled_in_right_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *step, *part;
    } cases[] = {{"runs_without_size", "struct_size 0 and flags 0; it takes sizeof(belay_run), 120, and 0"},
                 {"runs_with_flags", "struct_size 120 and flags 4;"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_phase p = {.plugin = "hostile", .step = cases[i].step, .phase = WORKER_EXECUTE};
        phase_run_do(&p);
        assert_int_equal(p.status, BELAY_E_UNSUPPORTED);
        assert_contains(p.summary, cases[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_streams_and_the_exit_status_come_back),
        cmocka_unit_test(stdin_is_fed_also_when_it_is_larger_than_a_pipe),
        cmocka_unit_test(a_program_that_does_not_read_its_stdin_is_fine),
        cmocka_unit_test(of_long_output_beginning_and_end_are_kept),
        cmocka_unit_test(of_more_than_an_artifact_holds_beginning_and_end_are_kept),
        cmocka_unit_test(a_script_whose_interpreter_is_missing_is_told_by_it),
        cmocka_unit_test(environment_and_folder_can_be_set),
        cmocka_unit_test(a_program_that_cannot_be_started_is_said_by_name_and_reason),
        cmocka_unit_test(what_is_no_program_is_not_handed_to_a_shell),
        cmocka_unit_test(a_signal_is_told),
        cmocka_unit_test(a_program_out_of_time_is_asked_then_killed),
        cmocka_unit_test(cancellation_stops_the_program),
        cmocka_unit_test(who_puts_something_into_the_background_is_told_so),
        cmocka_unit_test(programs_get_neither_our_descriptors_nor_our_signal_mask),
        cmocka_unit_test(descriptors_connect_programs),
        cmocka_unit_test(no_argument_may_hold_a_secret),
        cmocka_unit_test(a_run_that_is_not_filled_in_right_says_what_is_wrong),
    };
    return cmocka_run_group_tests_name("worker run", tests, NULL, NULL);
}
