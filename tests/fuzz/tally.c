/* Each line as TAP, and as a summary of counts: every test counts once, and what does not agree is never all passed. */

#include "shell/tally.h"
#include "fuzz.h"

typedef struct report {
    tally tap_tally, counts;
    tap tap;
    counts by_line;
    uint64_t taken;
} report;

static void on_line(void *user, char *line)
{
    report *r = user;
    tally before = r->counts;
    r->taken += tap_line(&r->tap, line);
    counts_line(&r->by_line, line);
    if (!strpbrk(line, "0123456789"))
        MUST(memcmp(&before, &r->counts, sizeof before) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    report r = {.tap = {.planned = -1}};
    r.tap.tally = &r.tap_tally;
    r.by_line.tally = &r.counts;
    fuzz_lines(bytes, size, on_line, &r);
    const tally *t = &r.tap_tally;
    MUST(t->passed + t->failed + t->skipped >= r.tap.seen && r.taken >= r.tap.seen);
    MUST(t->named <= t->failed && strlen(t->names) < sizeof t->names);
    uint64_t failed = t->failed;
    bool as_planned = r.tap.planned >= 0 && (uint64_t)r.tap.planned == r.tap.seen;
    tap_end(&r.tap);
    MUST(as_planned || r.tap.seen == 0 ? t->failed >= failed : t->failed > failed || t->broken[0]);
    MUST(!r.counts.broken[0]);
    return 0;
}
