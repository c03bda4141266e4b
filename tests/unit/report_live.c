/* The live view on pseudo-terminals: what it leaves on the screen, while it runs and at the end. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "report_events.h"
#include "report_screen.h"

typedef struct terminal {
    int master;
    FILE *out;
    report_sink sink;
    screen *screen;
} terminal;

static terminal *open_terminal(unsigned short columns, unsigned short rows)
{
    terminal *t = mem_new(terminal);
    const struct winsize size = {.ws_col = columns, .ws_row = rows};
    int slave = -1;
    setenv("LANG", "C.UTF-8", 1);
    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    assert_int_equal(openpty(&t->master, &slave, NULL, NULL, &size), 0);
    t->out = fdopen(slave, "w");
    t->sink = report_live(t->out, false, true);
    t->screen = screen_new(columns, rows);
    return t;
}

/* Shows what the view has written so far. */
static void look(terminal *t)
{
    struct pollfd ready = {.fd = t->master, .events = POLLIN};
    char bytes[65536];
    size_t n = 0;
    while (n + 1 < sizeof bytes && poll(&ready, 1, 8) == 1) {
        ssize_t got = read(t->master, bytes + n, sizeof bytes - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    bytes[n] = '\0';
    screen_write(t->screen, bytes);
    assert_false(t->screen->overflowed);
    assert_false(t->screen->hidden);
    assert_null(t->screen->unknown);
}

static void close_terminal(terminal *t)
{
    if (t->sink.free)
        t->sink.free(t->sink.user);
    fclose(t->out);
    close(t->master);
    screen_free(t->screen);
    free(t);
}

/* Feeds events up to and with the n-th of the type, then lets the view draw. */
static void feed_until(terminal *t, const char *const *events, const char *type, int n)
{
    for (; *events && n > 0; events++) {
        events_feed_one(&t->sink, *events);
        n -= strstr(*events, type) != NULL;
        if (strstr(*events, "step.end")) {
            t->sink.tick(t->sink.user);
            look(t);
        }
    }
    t->sink.tick(t->sink.user);
    look(t);
}

static void end_terminal(terminal *t)
{
    t->sink.free(t->sink.user);
    t->sink.free = NULL;
    look(t);
}

static char *shown(const terminal *t)
{
    char *text = screen_text(t->screen);
    for (char *p = text; (p = strstr(p, "\u280b")) != NULL;)
        *p = '*';
    return text;
}

static void shows(const terminal *t, const char *const *lines)
{
    guard_mem char *text = shown(t);
    for (; *lines; lines++)
        if (!strstr(text, *lines))
            fail_msg("'%s' is not on the screen:\n%s", *lines, text);
}

static void shows_not(const terminal *t, const char *line)
{
    guard_mem char *text = shown(t);
    if (strstr(text, line))
        fail_msg("'%s' is on the screen:\n%s", line, text);
}

static void a_committed_run_leaves_its_steps_and_a_summary(void **state)
{
    (void)state;
    terminal *t = open_terminal(80, 24);
    feed_until(t, events_committed, "run.end", 1);
    end_terminal(t);
    guard_mem char *text = shown(t);
    events_same(text, "temponest v1.8.0 to staging, where v1.7.0 is\n"
                      "run 20261123-184512-k7f2 \u00b7 2026-11-23 18:45:12 UTC \u00b7 /opt/staging.cfg\n"
                      "\n"
                      "checked 4 steps, nothing is touched yet\n"
                      "preflight\n"
                      "  \u2713 disk    host.disk              12 ms  free 20.1 GB\n"
                      "build\n"
                      "  ! images  Build the images      42.1 s  warned\n"
                      "      warned: size 456.0 MB, bad if > 400MB\n"
                      "  \u2713 tags    docker.tag            300 ms\n"
                      "migrate\n"
                      "  \u2713 apply   postgres.migrate       2.3 s\n"
                      "\n"
                      "v1.8.0 is live on staging. 4 steps passed in 1 min 52 s, 1 measurement within\n"
                      "its limit.\n"
                      "  warned       build/images: size 456.0 MB, bad if > 400MB\n"
                      "  commit       ab12cd3\n"
                      "  next         belay discard --keep 1\n");
    close_terminal(t);
}

static void what_runs_is_shown_with_its_progress_and_last_line(void **state)
{
    (void)state;
    terminal *t = open_terminal(80, 24);
    feed_until(t, events_committed, "COPY", 1);
    static const char *const lines[] = {
        "3 of 7 agents",
        "      Step 4/9 : COPY . /app\n",
        "then tags",
        "\u2713 preflight  \u25cf build  \u00b7 migrate",
        "staging \u00b7 1 of 4 steps",
        "\u2501\u2501\u2501\u2501\u2500",
        NULL,
    };
    shows(t, lines);
    feed_until(t, &(const char *const){NULL}, "", 0);
    end_terminal(t);
    shows_not(t, "3 of 7"); /* the block goes, what is finished stays */
    close_terminal(t);
}

static void a_rollback_says_why_and_what_is_undone(void **state)
{
    (void)state;
    terminal *t = open_terminal(80, 24);
    feed_until(t, events_rolled_back, "\"rollback\",\"attempt\"", 1);
    static const char *const lines[] = {
        "  \u2717 apply   postgres.migrate       2.3 s  failed\n",
        "      execute: 008_bad.sql:12: 42601 syntax error at or near \"TABEL\"\n",
        "      do: mend the file and run again\n",
        "rolling back\n",
        "  because migrate/apply failed\n",
        "undoing",
        "\u2717 migrate",
        "staging \u00b7 rolling back \u00b7 0 undone",
        NULL,
    };
    shows(t, lines);
    close_terminal(t);
    t = open_terminal(80, 24);
    feed_until(t, events_rolled_back, "run.end", 1);
    end_terminal(t);
    static const char *const end[] = {
        "  \u21b6 apply   postgres.migrate       1.2 s\n",
        "bringing v1.7.0 back\n",
        "v1.7.0 is back on staging, proved healthy 8.4 s after the failure.\n",
        "  undone       apply, tags\n",
        NULL,
    };
    shows(t, end);
    close_terminal(t);
}

static void a_narrow_terminal_loses_no_words_of_an_error(void **state)
{
    (void)state;
    terminal *t = open_terminal(40, 10);
    feed_until(t, events_rolled_back, "run.end", 1);
    end_terminal(t);
    static const char *const lines[] = {
        "      execute: 008_bad.sql:12: 42601\n      syntax error at or near \"TABEL\"\n",
        "v1.7.0 is back on staging, proved\nhealthy 8.4 s after the failure.\n",
        NULL,
    };
    shows(t, lines);
    close_terminal(t);
}

/* A run with one stage of 30 steps that all run at once. */
static void start_many(terminal *t)
{
    json_t *steps = json_array();
    for (int i = 0; i < 30; i++)
        json_array_append_new(steps, json_pack("{s:o, s:s}", "id", json_sprintf("step%d", i), "kind", "shell.run"));
    json_t *start = event_new("r", "run.start");
    json_object_set_new(start, "environment", json_string("staging"));
    json_object_set_new(start, "stages", json_pack("[{s:s, s:o}]", "name", "load", "steps", steps));
    t->sink.event(t->sink.user, start);
    json_decref(start);
    for (int i = 0; i < 30; i++) {
        guard_mem char *event = mem_printf("{\"type\":\"phase.start\",\"stage\":\"load\",\"step\":\"step%d\","
                                           "\"kind\":\"shell.run\",\"phase\":\"execute\",\"attempt\":1}",
                                           i);
        events_feed_one(&t->sink, event);
    }
}

static size_t count_lines(const terminal *t)
{
    guard_mem char *text = shown(t);
    size_t n = 0;
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
        n++;
    return n;
}

static void more_steps_than_rows_never_scroll_the_block(void **state)
{
    (void)state;
    static const unsigned short sizes[][2] = {{80, 24}, {40, 10}, {40, 4}, {20, 2}, {10, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        terminal *t = open_terminal(sizes[i][0], sizes[i][1]);
        start_many(t);
        usleep(60000);
        t->sink.tick(t->sink.user);
        look(t);
        size_t first = count_lines(t);
        for (int k = 0; k < 5; k++) {
            usleep(20000);
            t->sink.tick(t->sink.user);
            look(t);
        }
        assert_int_equal(count_lines(t), first); /* a block that scrolled would leave lines behind */
        if (sizes[i][1] >= 4)
            shows(t, (const char *const[]){" more\n", NULL});
        close_terminal(t);
    }
}

static void a_resized_terminal_is_filled_to_its_new_width(void **state)
{
    (void)state;
    terminal *t = open_terminal(80, 24);
    feed_until(t, events_committed, "COPY", 1);
    const struct winsize small = {.ws_col = 30, .ws_row = 12};
    assert_int_equal(ioctl(t->master, TIOCSWINSZ, &small), 0);
    screen_free(t->screen);
    t->screen = screen_new(30, 12); /* overflow is seen from here on */
    t->sink.tick(t->sink.user);
    look(t);
    feed_until(t, events_committed, "run.end", 1);
    end_terminal(t);
    shows(t, (const char *const[]){"v1.8.0 is live on staging.", NULL});
    close_terminal(t);
}

static void escape_sequences_in_a_log_line_do_not_reach_the_terminal(void **state)
{
    (void)state;
    terminal *t = open_terminal(80, 24);
    feed_until(t, events_committed, "COPY", 1);
    events_feed_one(&t->sink, "{\"type\":\"log\",\"stage\":\"build\",\"step\":\"images\",\"kind\":\"k\",\"level\":3,"
                              "\"line\":\"\\u001b[2J\\u001b]0;title\\u0007gone\\r\\u009b2J \\u202eevil\"}");
    usleep(60000);
    t->sink.tick(t->sink.user);
    look(t);
    shows(t, (const char *const[]){"images: ?[2J?]0;title?gone ?2J ?evil", "temponest v1.8.0", NULL});
    close_terminal(t);
}

static void a_stopped_terminal_does_not_hold_the_run_up(void **state)
{
    (void)state;
    terminal *t = open_terminal(80, 24);
    assert_int_equal(tcflow(fileno(t->out), TCOOFF), 0); /* as Ctrl-S does */
    for (int i = 0; i < 3; i++)
        feed_until(t, events_committed, "run.end", 1); /* would block here */
    assert_int_equal(tcflow(fileno(t->out), TCOON), 0);
    t->sink.tick(t->sink.user);
    look(t);
    shows(t, (const char *const[]){"v1.8.0 is live on staging.", NULL});
    close_terminal(t);
}

static void an_idle_view_writes_only_what_changes(void **state)
{
    (void)state;
    terminal *t = open_terminal(80, 24);
    feed_until(t, events_committed, "COPY", 1);
    usleep(110000); /* the spinner's next frame */
    t->sink.tick(t->sink.user);
    usleep(20000);
    int waiting = 0;
    assert_int_equal(ioctl(t->master, FIONREAD, &waiting), 0);
    assert_in_range(waiting, 1, 250);
    look(t);
    shows(t, (const char *const[]){"3 of 7 agents", "then tags", NULL});
    close_terminal(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_committed_run_leaves_its_steps_and_a_summary),
        cmocka_unit_test(what_runs_is_shown_with_its_progress_and_last_line),
        cmocka_unit_test(a_rollback_says_why_and_what_is_undone),
        cmocka_unit_test(a_narrow_terminal_loses_no_words_of_an_error),
        cmocka_unit_test(more_steps_than_rows_never_scroll_the_block),
        cmocka_unit_test(a_resized_terminal_is_filled_to_its_new_width),
        cmocka_unit_test(escape_sequences_in_a_log_line_do_not_reach_the_terminal),
        cmocka_unit_test(a_stopped_terminal_does_not_hold_the_run_up),
        cmocka_unit_test(an_idle_view_writes_only_what_changes),
    };
    return cmocka_run_group_tests_name("report_live", tests, NULL, NULL);
}
