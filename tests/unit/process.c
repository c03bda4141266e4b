#include "base/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static pid_t start(void)
{
    const pid_t pid = fork();
    if (pid == 0)
        for (;;)
            (void)pause();
    assert_true(pid > 0);
    return pid;
}

static void what_runs_is_told_with_its_parent(void **state)
{
    (void)state;
    process p;
    assert_true(process_look(getpid(), &p));
    assert_int_equal(p.state, 'R');
    assert_int_equal(p.parent, getppid());
    assert_false(process_has_ended(getpid()));
}

static void what_has_ended_is_not_alive_before_it_is_reaped(void **state)
{
    (void)state;
    const pid_t pid = start();
    assert_false(process_has_ended(pid));
    assert_int_equal(kill(pid, SIGKILL), 0);
    siginfo_t end;
    assert_int_equal(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
    assert_int_equal(kill(pid, 0), 0);
    assert_true(process_has_ended(pid));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(process_has_ended(pid));
    process p;
    assert_false(process_look(pid, &p));
}

static void a_name_is_no_state(void **state)
{
    (void)state;
    process p;
    assert_int_equal(prctl(PR_SET_NAME, "a) Z 1 ("), 0);
    assert_true(process_look(getpid(), &p));
    assert_int_equal(p.state, 'R');
    assert_int_equal(p.parent, getppid());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_is_told_with_its_parent),
        cmocka_unit_test(what_has_ended_is_not_alive_before_it_is_reaped),
        cmocka_unit_test(a_name_is_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
