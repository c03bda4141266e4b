/* Secrets: fetched when a phase needs them, never shown. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/process.h"
#include "pipeline_fixture.h"

#define SECRET(inside) HEAD "\nsecrets: { s = { " inside " }; };\n" STAGE(BUILD("a", "password = \"${secret:s}\";"))

/** The password that step a gets, or the error; the caller frees. */
static char *fetch(const pipeline *p)
{
    guard(error) err = NULL;
    guard(redactor) secrets = redactor_new();
    json_t *options = NULL, *pending = NULL;
    if (pipeline_options(p, &p->steps[0], NULL, NULL, false, &options, &pending, secrets, &err)) {
        assert_int_equal(error_get_code(err), ERROR_CONFIG);
        return error_text(err);
    }
    char *value = mem_dup(json_string_value(json_object_get(options, "password")));
    assert_true(strlen(value) < REDACT_SHORTEST || redactor_finds(secrets, value, strlen(value)));
    json_decref(options);
    json_decref(pending);
    return value;
}

/** What pipeline text t comes to, without the place in front of an error. */
static void assert_fetches(const char *content, const char *expected)
{
    guard(pipeline) p = fixture_load(content);
    guard_mem char *found = fetch(p);
    const char *place = strstr(found, "t.cfg:");
    const char *bare = place ? strstr(place, "secret '") : found;
    assert_string_equal(bare ? bare : found, expected);
}

static void reads_a_file_and_cuts_one_newline(void **state)
{
    (void)state;
    fixture_file("one", "hunter22\n", 0600);
    fixture_file("two", "hunter22\n\n", 0600);
    fixture_file("crlf", "hunter22\r\n", 0600);
    fixture_file("none", "hunter22", 0600);
    assert_fetches(SECRET("provider = \"file\"; path = \"one\";"), "hunter22");
    assert_fetches(SECRET("provider = \"file\"; path = \"two\";"), "hunter22\n");
    assert_fetches(SECRET("provider = \"file\"; path = \"crlf\";"), "hunter22");
    assert_fetches(SECRET("provider = \"file\"; path = \"none\";"), "hunter22");
}

static void reads_the_environment(void **state)
{
    (void)state;
    setenv("BELAY_T_SECRET", "hunter22", 1);
    assert_fetches(SECRET("provider = \"env\"; name = \"BELAY_T_SECRET\";"), "hunter22");
}

static void takes_the_output_of_a_command(void **state)
{
    (void)state;
    setenv("BELAY_T_SECRET", "hunter22", 1);
    assert_fetches(SECRET("provider = \"command\"; argv = [\"printenv\", \"BELAY_T_SECRET\"];"), "hunter22");
    guard(pipeline) p = fixture_load(SECRET("provider = \"command\"; argv = \"whoami-not-there\";"));
    guard_mem char *why = fetch(p);
    assert_non_null(strstr(why, "secret 's' (provider command): 'whoami-not-there' cannot be started"));
    assert_fetches(
        SECRET("provider = \"command\"; argv = [\"cat\", \"/nonexistent/key\"];"),
        "secret 's' (provider command): 'cat' exited with 1: cat: /nonexistent/key: No such file or directory");
}

static void a_number_that_is_secret_is_masked_as_a_plugin_would_write_it(void **state)
{
    (void)state;
    fixture_file("size", "7777777B\n", 0600);
    fixture_file("pin", "+48151623\n", 0600);
    static const struct {
        const char *step, *written;
    } cases[] = {
        {"{ id = \"a\"; use = \"docker.tag\"; tag = \"x\"; pin = 48151623; }", "48151623"},
        {"{ id = \"a\"; use = \"docker.tag\"; tag = \"x\"; pin = \"${secret:pin}\"; }", "48151623"},
        {BUILD("a", "free = \"${secret:size}\";"), "7777777"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *content =
            mem_printf("%s\nsecrets: { size = { provider = \"file\"; path = \"size\"; }; pin = { provider = \"file\"; "
                       "path = \"pin\"; }; };\n" STAGE("%s"),
                       HEAD, cases[i].step);
        guard(pipeline) p = fixture_load(content);
        guard(redactor) secrets = redactor_new();
        guard(error) err = NULL;
        json_t *options = NULL, *pending = NULL;
        assert_int_equal(pipeline_options(p, &p->steps[0], NULL, NULL, false, &options, &pending, secrets, &err), 0);
        assert_true(redactor_finds(secrets, cases[i].written, strlen(cases[i].written)));
        json_decref(options);
        json_decref(pending);
    }
}

static void a_secret_that_does_not_resolve_says_so_without_its_value(void **state)
{
    (void)state;
    fixture_file("empty", "\n", 0600);
    unsetenv("BELAY_T_NONE");
    assert_fetches(SECRET("provider = \"file\"; path = \"empty\";"), "secret 's' (provider file): the value is empty");
    assert_fetches(SECRET("provider = \"env\"; name = \"BELAY_T_NONE\";"),
                   "secret 's' (provider env): the environment variable BELAY_T_NONE is not set");
    guard(pipeline) p = fixture_load(SECRET("provider = \"file\"; path = \"not-there\";"));
    guard_mem char *why = fetch(p);
    assert_non_null(strstr(why, "t.cfg:4: step 'a', option 'password': secret 's' (provider file): "));
    assert_non_null(strstr(why, "not-there"));
    assert_non_null(strstr(why, "No such file"));
}

static void a_secret_that_is_missing_comes_with_what_to_do(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard(redactor) seen = redactor_new();
    json_t *options = NULL, *pending = NULL;
    guard(pipeline) p = fixture_load(SECRET("provider = \"file\"; path = \"not-there\";"));
    assert_true(pipeline_options(p, &p->steps[0], NULL, NULL, false, &options, &pending, seen, &err) < 0);
    assert_string_equal(error_get_hint(err), "write the secret there, or correct its 'path'");
}

static void output_of_a_failed_command_stays_unseen(void **state)
{
    (void)state;
    fixture_file("tell", "#!/bin/sh\necho hunter22\nprintf 'first\\033 line\\nsecond\\n' >&2\nexit 3\n", 0700);
    assert_fetches(SECRET("provider = \"command\"; argv = \"./tell\";"),
                   "secret 's' (provider command): './tell' exited with 3: first  line");
    fixture_file("die", "#!/bin/sh\nkill -9 $$\n", 0700);
    assert_fetches(SECRET("provider = \"command\"; argv = \"./die\";"),
                   "secret 's' (provider command): './die' was ended by signal 9");
    assert_fetches(SECRET("provider = \"command\"; argv = [\"printf\", \"a\\\\0b\"];"),
                   "secret 's' (provider command): the value holds a NUL byte");
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_command_that_hangs_or_floods_is_ended_with_what_it_started(void **state)
{
    (void)state;
    double begin = seconds();
    fixture_file("hang", "#!/bin/sh\nsleep 60 & echo $! > pid\nwait\n", 0700);
    assert_fetches(SECRET("provider = \"command\"; argv = \"./hang\"; timeout = \"300ms\";"),
                   "secret 's' (provider command): './hang' did not end within 0.3 s");
    guard_mem char *path = mem_printf("%s/pid", fixture_folder());
    guard_mem char *pid = NULL;
    guard(error) err = NULL;
    assert_int_equal(file_read(path, 100, &pid, NULL, &err), 0);
    bool gone = false;
    for (int i = 0; i < 200 && !gone; i++) {
        gone = process_has_ended((pid_t)atoi(pid));
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_true(gone);
    assert_fetches(SECRET("provider = \"command\"; argv = \"yes\";"),
                   "secret 's' (provider command): 'yes' wrote more than 65536 bytes");
    assert_true(seconds() - begin < 10);
}

static void a_command_may_leave_a_child_that_holds_its_output(void **state)
{
    (void)state;
    double begin = seconds();
    fixture_file("agent", "#!/bin/sh\nsleep 5 & echo $! > agent-pid\necho hunter22\n", 0700);
    assert_fetches(SECRET("provider = \"command\"; argv = \"./agent\";"), "hunter22");
    assert_true(seconds() - begin < 3);
    guard_mem char *path = mem_printf("%s/agent-pid", fixture_folder());
    guard_mem char *pid = NULL;
    guard(error) err = NULL;
    assert_int_equal(file_read(path, 100, &pid, NULL, &err), 0);
    assert_int_equal(kill((pid_t)atoi(pid), SIGKILL), 0);
}

static void a_command_is_asked_once_and_a_file_each_time(void **state)
{
    (void)state;
    fixture_file("count", "#!/bin/sh\necho asked >> asked\nwc -l < asked | tr -d ' \\n'\necho ' times'\n", 0700);
    guard(pipeline) p = fixture_load(SECRET("provider = \"command\"; argv = \"./count\";"));
    guard_mem char *first = fetch(p), *second = fetch(p);
    assert_string_equal(first, "1 times");
    assert_string_equal(second, "1 times");
    fixture_file("rotated", "before", 0600);
    guard(pipeline) q = fixture_load(SECRET("provider = \"file\"; path = \"rotated\";"));
    guard_mem char *before = fetch(q);
    fixture_file("rotated", "after", 0600);
    guard_mem char *after = fetch(q);
    assert_string_equal(before, "before");
    assert_string_equal(after, "after");
}

static void only_this_machine_is_asked_over_http_without_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool warned;
    } cases[] = {{"http://vault.example.org:8200", true},
                 {"http://localhost.evil.example:8200", true},
                 {"http://127.evil.example:8200", true},
                 {"http://127.0.0.1.evil.example", true},
                 {"http://[::1].evil.example", true},
                 {"http://localhost:8200", false},
                 {"http://localhost", false},
                 {"http://127.0.0.1:8200/", false},
                 {"http://127.8.9.1", false},
                 {"http://[::1]:8200", false},
                 {"https://vault.example.org", false}};
    const char *token = fixture_file("token", "t", 0600);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *content =
            mem_printf(HEAD "\nsecrets: { s = { provider = \"vault\"; mount = \"m\"; path = \"p\"; "
                            "field = \"f\"; token_file = \"%s\"; address = \"%s\"; }; };\n%s",
                       token, cases[i].address, STAGE(INFO("a", "")));
        guard_mem char *found = fixture_problems(NULL, content, NULL);
        if ((strstr(found, "as plain text") != NULL) != cases[i].warned)
            fail_msg("%s: %s", cases[i].address, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_file_and_cuts_one_newline),
        cmocka_unit_test(reads_the_environment),
        cmocka_unit_test(takes_the_output_of_a_command),
        cmocka_unit_test(a_number_that_is_secret_is_masked_as_a_plugin_would_write_it),
        cmocka_unit_test(a_secret_that_does_not_resolve_says_so_without_its_value),
        cmocka_unit_test(a_secret_that_is_missing_comes_with_what_to_do),
        cmocka_unit_test(output_of_a_failed_command_stays_unseen),
        cmocka_unit_test(a_command_that_hangs_or_floods_is_ended_with_what_it_started),
        cmocka_unit_test(a_command_may_leave_a_child_that_holds_its_output),
        cmocka_unit_test(a_command_is_asked_once_and_a_file_each_time),
        cmocka_unit_test(only_this_machine_is_asked_over_http_without_a_warning),
    };
    return cmocka_run_group_tests_name("pipeline secrets", tests, NULL, fixture_remove);
}
