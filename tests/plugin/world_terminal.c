/* Terminals that close, readers that stop or go away, descriptors that are not there: the transaction goes its way. */
#include "world_bed.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static bed new_world(const char *of_b)
{
    bed b = bed_new();
    bed_pipeline(&b, bed_two_writes(&b, "", of_b));
    return b;
}

/* What the store has of the latest run: its state, and the end of its story. */
static void assert_recorded(const bed *b, const char *state)
{
    bed other = *b;
    other.output = kit_path("%s.show", b->output);
    other.in_child = NULL;
    assert_int_equal(bed_belay(&other, "show", "latest", NULL), 0);
    assert_contains(bed_events(&other), kit_path("\"state\": \"%s\"", state));
    assert_int_equal(bed_belay(&other, "logs", "latest", NULL), 0);
    assert_contains(bed_events(&other), "the token is");
}

/* ---- pipes ------------------------------------------------------------------------------------------------------- */

/* One that holds no more than a page. */
static void small_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
}

static void write_there(void *user)
{
    const int fd = *(int *)user;
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
}

static void a_reader_that_leaves_does_not_end_the_run(void **state)
{
    (void)state;
    static const struct {
        const char *of_b, *state;
        int status;
    } cases[] = {{"", "committed", 0}, {"trouble = [\"verify=fail\"];", "rolled back", 10}};
    for (size_t i = 0; i < 2; i++) {
        bed b = new_world(cases[i].of_b);
        int ends[2];
        char first;
        small_pipe(ends);
        b.in_child = write_there;
        b.user = &ends[1];
        bed_start(&b, "run", b.file, NULL);
        close(ends[1]);
        assert_int_equal(read(ends[0], &first, 1), 1); /* as head -1 does */
        close(ends[0]);
        assert_int_equal(bed_end(&b), cases[i].status);
        assert_recorded(&b, cases[i].state);
    }
}

static void a_reader_that_never_reads_does_not_hold_the_run_up(void **state)
{
    (void)state;
    bed b = new_world("");
    int ends[2];
    small_pipe(ends);
    b.in_child = write_there;
    b.user = &ends[1];
    bed_start(&b, "run", b.file, NULL);
    const int64_t begun = bed_now_ms();
    bed_wait(&b, "vb"); /* far beyond a page of events */
    bed other = b;
    other.in_child = NULL;
    other.output = kit_path("%s.other", b.output);
    bed_forget(&b);
    assert_int_equal(bed_belay(&other, "run", b.file, "--wait", "15s", NULL), 0); /* the environment is free again */
    assert_true(bed_now_ms() - begun < 9000);
    assert_int_equal(bed_end(&b), 0); /* after its patience with the reader */
    close(ends[0]);
    close(ends[1]);
    assert_recorded(&b, "committed");
}

static void write_to_a_full_disk(void *user)
{
    (void)user;
    int full = open("/dev/full", O_WRONLY);
    write_there(&full);
}

static void close_all(void *user)
{
    (void)user;
    (void)close_range(0, ~0U, 0);
}

/* What opens a file next must not get the number of a stream that others write to. */
static void without_any_stream_nothing_is_written_to_a_wrong_file(void **state)
{
    (void)state;
    void (*const ways[])(void *) = {close_all, write_to_a_full_disk};
    for (size_t i = 0; i < 2; i++) {
        bed b = new_world("");
        b.in_child = ways[i];
        assert_int_equal(bed_run(&b), 0);
        assert_recorded(&b, "committed");
        char *lock = kit_read(kit_path("%s/locks/test.lock", b.state));
        char *lease = kit_read(kit_path("%s/locks/test.lease", b.state));
        assert_null(strstr(lock, "\"type\""));
        assert_null(strstr(lease, "\"type\""));
        free(lock);
        free(lease);
    }
}

/* ---- terminals --------------------------------------------------------------------------------------------------- */

static void take_terminal(void *user)
{
    const int slave = *(int *)user;
    (void)setsid();
    (void)ioctl(slave, TIOCSCTTY, 0);
    (void)setenv("TERM", "xterm", 1);
    dup2(slave, STDIN_FILENO);
    write_there(user);
}

static void a_terminal_that_closes_cancels_the_run(void **state)
{
    (void)state;
    static const char *const points[] = {"execute=nap", "execute.midway=nap", "verify=nap"};
    for (size_t i = 0; i < 3; i++) {
        bed b = new_world(kit_path("trouble = [\"%s\"];", points[i]));
        int master, slave;
        assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
        b.in_child = take_terminal;
        b.user = &slave;
        bed_start(&b, "run", b.file, NULL);
        close(slave);
        (void)fcntl(master, F_SETFD, FD_CLOEXEC);
        bed_wait(&b, i == 2 ? "vb" : "eb");
        close(master);
        assert_int_equal(bed_end(&b), 10);
        bed_assert_untouched(&b);
        assert_recorded(&b, "rolled back");
    }
}

/* A session leader that holds the terminal, and belay in the background of it. */
static void take_background_of_terminal(void *user)
{
    struct termios settings;
    take_terminal(user);
    (void)tcgetattr(STDIN_FILENO, &settings);
    settings.c_lflag |= TOSTOP;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &settings);
    const pid_t background = fork();
    if (background == 0) {
        (void)setpgid(0, 0);
        return;
    }
    int status = 0;
    (void)waitpid(background, &status, WUNTRACED);
    if (WIFSTOPPED(status))
        (void)kill(background, SIGKILL);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

static void a_terminal_that_stops_who_writes_in_the_background_does_not_stop_a_run(void **state)
{
    (void)state;
    bed b = new_world("");
    int master, slave;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    (void)fcntl(master, F_SETFD, FD_CLOEXEC);
    b.in_child = take_background_of_terminal;
    b.user = &slave;
    assert_int_equal(bed_run(&b), 0);
    assert_recorded(&b, "committed");
    close(slave);
    close(master);
}

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static void ignore_hangup(void *user)
{
    (void)user;
    (void)signal(SIGHUP, SIG_IGN);
}

static void under_nohup_a_hangup_is_ignored(void **state)
{
    (void)state;
    bed b = new_world("trouble = [\"verify=not_yet:2\"]; interval = \"300ms\"; ready = \"60s\";");
    b.in_child = ignore_hangup;
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "vb");
    bed_signal(&b, SIGHUP);
    assert_int_equal(bed_end(&b), 0);
    assert_recorded(&b, "committed");
}

static void each_signal_stops_any_phase_and_takes_all_back(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    static const char *const points[] = {"execute=nap", "execute.midway=nap", "execute.end=nap", "verify=nap"};
    for (size_t i = 0; i < 12; i++) {
        bed b = new_world(kit_path("trouble = [\"%s\"];", points[i / 3]));
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, i / 3 == 3 ? "vb" : "eb");
        bed_signal(&b, signals[i % 3]);
        assert_int_equal(bed_end(&b), 10);
        assert_contains(bed_events(&b), kit_path("cancelled by SIG%s", sigabbrev_np(signals[i % 3])));
        bed_assert_untouched(&b);
    }
}

static void a_plugin_that_ignores_its_cancellation_is_killed_after_its_grace(void **state)
{
    (void)state;
    bed b = new_world("trouble = [\"execute.midway=hang\"]; timeout = \"60s\";");
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "eb");
    const int64_t begun = bed_now_ms();
    bed_signal(&b, SIGINT);
    assert_int_equal(bed_end(&b), 10);
    assert_in_range(bed_now_ms() - begun, 4500, 12000);
    assert_contains(bed_events(&b), "\"end\":\"killed\"");
    bed_assert_untouched(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_leaves_does_not_end_the_run),
        cmocka_unit_test(a_reader_that_never_reads_does_not_hold_the_run_up),
        cmocka_unit_test(without_any_stream_nothing_is_written_to_a_wrong_file),
        cmocka_unit_test(a_terminal_that_closes_cancels_the_run),
        cmocka_unit_test(a_terminal_that_stops_who_writes_in_the_background_does_not_stop_a_run),
        cmocka_unit_test(under_nohup_a_hangup_is_ignored),
        cmocka_unit_test(each_signal_stops_any_phase_and_takes_all_back),
        cmocka_unit_test(a_plugin_that_ignores_its_cancellation_is_killed_after_its_grace),
    };
    return cmocka_run_group_tests_name("world terminal", tests, NULL, NULL);
}
