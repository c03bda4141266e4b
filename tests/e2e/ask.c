/* A gate's question on a terminal: what is answered there, from elsewhere, or not at all. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

#define PATIENCE_MS 20000

/* belay on a terminal of its own, and all that it has shown. */
typedef struct terminal {
    int master;
    pid_t pid;
    char shown[256 * 1024];
    size_t length, seen; /* seen: up to where expect() has come */
} terminal;

static const char *gated(const char *environment, const char *options)
{
    const char *path = kit_path("%s/%s.cfg", kit_folder(), environment);
    kit_write(path,
              kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; previous = \"v1\"; };\n"
                       "stages: ( { name = \"all\"; steps: (\n"
                       "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
                       "  { id = \"sign-off\"; use = \"gate.approval\"; interval = \"200ms\"; %s } ); } );\n",
                       environment, options));
    return path;
}

static terminal *start_command(const char *command, const char *word, const char *more, const char *value)
{
    static terminal t;
    const char *program = kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR"));
    (void)belay_state();
    t = (terminal){0};
    t.pid = forkpty(&t.master, NULL, NULL, NULL);
    if (t.pid == 0) {
        (void)setenv("TERM", "xterm", 1);
        execl(program, "belay", command, word, more, value, (char *)NULL);
        _exit(127);
    }
    (void)fcntl(t.master, F_SETFD, FD_CLOEXEC);
    return &t;
}

static terminal *start(const char *environment, const char *options, const char *more, const char *value)
{
    return start_command("run", gated(environment, options), more, value);
}

static bool show_more(terminal *t, int timeout_ms)
{
    struct pollfd in = {.fd = t->master, .events = POLLIN};
    if (poll(&in, 1, timeout_ms) <= 0)
        return false;
    const ssize_t n = read(t->master, t->shown + t->length, sizeof t->shown - 1 - t->length);
    if (n <= 0)
        return false;
    t->length += (size_t)n;
    t->shown[t->length] = '\0';
    return true;
}

static void expect(terminal *t, const char *part)
{
    for (;;) {
        const char *at = strstr(t->shown + t->seen, part);
        if (at) {
            t->seen = (size_t)(at - t->shown) + strlen(part);
            return;
        }
        if (!show_more(t, PATIENCE_MS)) {
            kill(t->pid, SIGKILL);
            fail_msg("expected \"%s\" in:\n%s", part, t->shown + t->seen);
        }
    }
}

static void type(const terminal *t, const char *keys)
{
    assert_int_equal(write(t->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void ends(terminal *t, int status)
{
    int got = 0;
    while (show_more(t, PATIENCE_MS))
        ;
    assert_int_equal(waitpid(t->pid, &got, 0), t->pid);
    close(t->master);
    if (!WIFEXITED(got) || WEXITSTATUS(got) != status)
        fail_msg("status %x, expected %d:\n%s", (unsigned)got, status, t->shown);
}

static char *decisions(void)
{
    const char *folder =
        kit_output_of("sh", "-c", kit_path("ls -d %s/runs/* | tail -n 1 | tr -d '\\n'", belay_state()), NULL);
    return kit_read(kit_path("%s/sign-off/decisions.txt", folder));
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static void yes_with_a_reason_lets_the_run_go_on(void **state)
{
    (void)state;
    static const char *const views[] = {NULL, "--plain"};
    for (size_t i = 0; i < 2; i++) {
        terminal *t = start(i ? "yes-plain" : "yes", "roles = [\"boss\"];", views[i], NULL);
        expect(t, "Gate 'sign-off' waits for boss.");
        expect(t, "or from elsewhere: belay approve ");
        expect(t, " sign-off --role boss");
        expect(t, "Approve as boss? yes/no [no]: ");
        type(t, "perhaps\n");
        expect(t, "Approve as boss? yes/no [no]: ");
        type(t, "yes\n");
        expect(t, "Reason");
        type(t, "it looks good\n");
        expect(t, "approved as boss.");
        ends(t, 0);
        char *kept = decisions();
        assert_holds(kept, "boss: approved by ");
        assert_holds(kept, "it looks good");
        free(kept);
    }
}

static void no_is_the_default_and_decides_nothing(void **state)
{
    (void)state;
    terminal *t = start("default", "roles = [\"boss\"];", NULL, NULL);
    expect(t, "Approve as boss?");
    type(t, "\n");
    expect(t, "Reject as boss, so that the run is taken back? yes/no [no]: ");
    type(t, "\n");
    expect(t, "Nothing was decided; Enter asks again.");
    type(t, "\n");
    expect(t, "Approve as boss?");
    assert_int_equal(belay("approve", "latest", "sign-off", "--role", "boss", NULL).status, 0);
    expect(t, "The gate no longer waits.");
    ends(t, 0);
}

static void a_no_that_is_meant_takes_the_run_back(void **state)
{
    (void)state;
    terminal *t = start("reject", "roles = [\"boss\"];", NULL, NULL);
    expect(t, "Approve as boss?");
    type(t, "no\n");
    expect(t, "Reject as boss");
    type(t, "yes\n");
    expect(t, "Reason");
    type(t, "costs are wrong\n");
    ends(t, 10);
    assert_holds(belay("history", "--environment", "reject", NULL).out, "costs are wrong");
}

static void each_role_is_asked_for(void **state)
{
    (void)state;
    terminal *t = start("roles", "roles = [\"tech-lead\", \"qa-lead\"]; distinct = false;", NULL, NULL);
    expect(t, "Role (tech-lead, qa-lead; Enter: not now): ");
    type(t, "qa-led\n");
    expect(t, "There is no role 'qa-led'.");
    type(t, "  qa-lead \n");
    expect(t, "Approve as qa-lead?");
    type(t, "y\n");
    expect(t, "Reason");
    type(t, "\n");
    expect(t, "waits for tech-lead.");
    expect(t, "Role (");
    type(t, "tech-lead\n");
    expect(t, "Approve as tech-lead?");
    type(t, "YES\n");
    expect(t, "Reason");
    type(t, "\n");
    ends(t, 0);
}

static void what_was_typed_before_the_question_is_no_answer(void **state)
{
    (void)state;
    terminal *t = start("ahead", "roles = [\"boss\"];", NULL, NULL);
    type(t, "yes\nyes\n");
    expect(t, "Approve as boss?");
    assert_false(show_more(t, 1500) && strstr(t->shown, "Reason"));
    type(t, "\n");
    expect(t, "Reject");
    type(t, "\n");
    expect(t, "Nothing was decided");
    type(t, "\003");
    ends(t, 10);
}

static void ctrl_c_at_the_question_cancels_the_run(void **state)
{
    (void)state;
    terminal *t = start("cancel", "roles = [\"boss\"];", NULL, NULL);
    expect(t, "Approve as boss?");
    type(t, "ye\003");
    expect(t, "The gate no longer waits.");
    expect(t, "cancelled by SIGINT");
    ends(t, 10);
}

static void ctrl_d_decides_nothing(void **state)
{
    (void)state;
    terminal *t = start("eof", "roles = [\"boss\"];", NULL, NULL);
    expect(t, "Approve as boss?");
    type(t, "\004");
    expect(t, "Reject as boss");
    type(t, "\004");
    expect(t, "Nothing was decided");
    type(t, "\003");
    ends(t, 10);
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */

static const char *signed_options(const char **ret_key)
{
    const char *key = kit_path("%s/alice", kit_folder()), *allowed = kit_path("%s/signers", kit_folder());
    kit_output_of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f", key, NULL);
    char *public_key = kit_read(kit_path("%s.pub", key));
    kit_write(allowed, kit_path("alice@example.org %s", public_key));
    free(public_key);
    *ret_key = key;
    return kit_path("roles = [\"boss=alice@example.org\"]; allowed_signers = \"%s\";", allowed);
}

static void the_answer_is_signed_where_the_gate_wants_it(void **state)
{
    (void)state;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        skip();
    const char *key, *options = signed_options(&key);
    for (int given = 0; given < 2; given++) {
        terminal *t = start(given ? "given" : "asked", options, given ? "--key" : NULL, key);
        expect(t, "Approve as boss?");
        type(t, "yes\n");
        expect(t, "Reason");
        type(t, "\n");
        if (!given) {
            expect(t, "SSH key that signs");
            type(t, "/no/such/key\n");
            expect(t, "Nothing was decided; Enter asks again.");
            type(t, "\n");
            expect(t, "Approve as boss?");
            type(t, "yes\n");
            expect(t, "Reason");
            type(t, "\n");
            expect(t, "SSH key that signs");
            type(t, kit_path("%s\n", key));
        }
        expect(t, "approved as boss, signed.");
        ends(t, 0);
        char *kept = decisions();
        assert_holds(kept, "alice@example.org (signed)");
        free(kept);
    }
}

/* ---- a committed run --------------------------------------------------------------------------------------------- */

static void the_rollback_of_a_committed_run_is_asked_about(void **state)
{
    (void)state;
    const char *path = kit_path("%s/committed.cfg", kit_folder());
    kit_write(path, "pipeline: { name = \"app\"; environment = \"committed\"; version = \"v2\"; previous = \"v1\"; };\n"
                    "stages: ( { name = \"all\"; steps: (\n"
                    "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; } ); } );\n");
    assert_int_equal(belay("run", path, NULL).status, 0);
    terminal *t = start_command("rollback", "latest", NULL, NULL);
    expect(t, "(v2 on committed) was committed ");
    expect(t, "Roll it back? [y/N] ");
    type(t, "\n");
    expect(t, "was not rolled back: the answer was not yes");
    ends(t, 2);
    assert_holds(belay("history", NULL).out, "committed");
    t = start_command("rollback", "latest", NULL, NULL);
    expect(t, "Roll it back? [y/N] ");
    type(t, "y\n");
    ends(t, 10);
    assert_int_equal(belay("run", path, NULL).status, 0);
    t = start_command("rollback", "--yes", "latest", NULL);
    ends(t, 10);
    if (strstr(t->shown, "Roll it back?"))
        fail_msg("asked in spite of --yes:\n%s", t->shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yes_with_a_reason_lets_the_run_go_on),
        cmocka_unit_test(no_is_the_default_and_decides_nothing),
        cmocka_unit_test(a_no_that_is_meant_takes_the_run_back),
        cmocka_unit_test(each_role_is_asked_for),
        cmocka_unit_test(what_was_typed_before_the_question_is_no_answer),
        cmocka_unit_test(ctrl_c_at_the_question_cancels_the_run),
        cmocka_unit_test(ctrl_d_decides_nothing),
        cmocka_unit_test(the_answer_is_signed_where_the_gate_wants_it),
        cmocka_unit_test(the_rollback_of_a_committed_run_is_asked_about),
    };
    return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
