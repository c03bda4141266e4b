#include "bad_line.h"

#include <string.h>

#define LIMIT_MS 1500 /* of a phase that waits for bytes that never come */

/* Where it fails: after so many percent of the bytes that a good line brings. What waits for its time is tried once. */
static const struct {
    proxy_fault fault;
    size_t percent;
} failures[] = {
    {PROXY_CUT, 0},    {PROXY_CUT, 20},    {PROXY_CUT, 55},    {PROXY_CUT, 85},  {PROXY_END, 0},
    {PROXY_END, 20},   {PROXY_END, 55},    {PROXY_END, 85},    {PROXY_STALL, 0}, {PROXY_STALL, 55},
    {PROXY_GARBLE, 0}, {PROXY_GARBLE, 55}, {PROXY_GARBLE, 85}, {PROXY_SLOW, 0},
};
#define FAILURES (sizeof failures / sizeof *failures)

static bool ended_well(const kit_step *s, belay_status status)
{
    return strcmp(kit_end(s), "returned") == 0 && (status == BELAY_OK || status == BELAY_NOTHING);
}

/* However the line fails, the plugin neither crashes nor breaks the protocol, and says something. */
static void check_end(const kit_step *s, const char *phase, proxy_fault fault, size_t good, belay_status status)
{
    const bool returned = strcmp(kit_end(s), "returned") == 0;
    if (!returned && strcmp(kit_end(s), "timeout") != 0)
        fail_msg("%s, %s after %zu bytes: %s: %s", phase, proxy_fault_name(fault), good, kit_end(s), kit_summary(s));
    if (returned && status < 0 && !*kit_summary(s))
        fail_msg("%s, %s after %zu bytes: %d without a word", phase, proxy_fault_name(fault), good, status);
    /* slowed down or garbled it may have seen enough all the same */
    if (fault != PROXY_SLOW && fault != PROXY_GARBLE && ended_well(s, status))
        fail_msg("%s, %s after %zu bytes: passed", phase, proxy_fault_name(fault), good);
}

static void must_end_well(kit_step *s, kit_phase phase, const char *when)
{
    belay_status status = kit_run(s, phase);
    if (!ended_well(s, status))
        fail_msg("%s: %s, %d: %s\n%s", when, kit_end(s), status, kit_summary(s), kit_log(s));
}

/* Runs the phase of a step over a good line; gives how many bytes that takes. */
static size_t measure(proxy *line, kit_step *s, kit_phase phase)
{
    proxy_break(line, PROXY_GOOD, 0, false);
    must_end_well(s, phase, "over a good line");
    assert_true(proxy_bytes(line) > 0);
    return proxy_bytes(line);
}

static belay_status run_broken(proxy *line, kit_step *s, kit_phase phase, proxy_fault fault, size_t good)
{
    kit_limit(s, LIMIT_MS);
    proxy_break(line, fault, good, false);
    belay_status status = kit_run(s, phase);
    proxy_break(line, PROXY_GOOD, 0, false);
    kit_limit(s, 60000);
    return status;
}

void bad_line_verify(proxy *line, bad_line_make make)
{
    kit_step *first = make(line);
    const size_t all = measure(line, first, KIT_VERIFY);
    kit_step_free(first);
    for (size_t i = 0; i < FAILURES; i++) {
        kit_step *s = make(line);
        const size_t good = all * failures[i].percent / 100;
        belay_status status = run_broken(line, s, KIT_VERIFY, failures[i].fault, good);
        check_end(s, "verify", failures[i].fault, good, status);
        must_end_well(s, KIT_VERIFY, "once the line is good again");
        kit_step_free(s);
    }
}

static void check_same(const char *(*world)(void), const char *before, const char *phase, proxy_fault fault,
                       size_t good)
{
    const char *after = world();
    if (strcmp(after, before) != 0)
        fail_msg("%s, %s after %zu bytes: the world differs:\n%s\nbefore:\n%s", phase, proxy_fault_name(fault), good,
                 after, before);
}

static void change_broken(proxy *line, bad_line_make make, const char *(*world)(void), kit_phase broken, size_t all)
{
    const char *phase = broken == KIT_EXECUTE ? "execute" : "rollback";
    for (size_t i = 0; i < FAILURES; i++) {
        const size_t good = all * failures[i].percent / 100;
        const char *before = world();
        kit_step *s = make(line);
        if (broken == KIT_ROLLBACK)
            must_end_well(s, KIT_EXECUTE, "over a good line");
        belay_status status = run_broken(line, s, broken, failures[i].fault, good);
        check_end(s, phase, failures[i].fault, good, status);
        must_end_well(s, KIT_ROLLBACK, "once the line is good again");
        check_same(world, before, phase, failures[i].fault, good);
        kit_step_free(s);
    }
}

void bad_line_change(proxy *line, bad_line_make make, const char *(*world)(void))
{
    kit_step *s = make(line);
    const size_t execute = measure(line, s, KIT_EXECUTE), rollback = measure(line, s, KIT_ROLLBACK);
    kit_step_free(s);
    change_broken(line, make, world, KIT_EXECUTE, execute);
    change_broken(line, make, world, KIT_ROLLBACK, rollback);
}
