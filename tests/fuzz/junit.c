/* Any bytes as a JUnit file: cut differently they count the same, and a file that is no XML never counts as read. */

#include "fuzz.h"
#include "shell/tally.h"

static void read_file(const char *bytes, size_t size, fuzz_cuts *cuts, tally *ret)
{
    *ret = (tally){0};
    junit *j = junit_new(ret, "report.xml");
    MUST(j != NULL);
    for (size_t at = 0; at < size;) {
        size_t n = cuts ? fuzz_piece(cuts, size - at) : size - at;
        junit_add(j, bytes + at, n, false);
        at += n;
    }
    junit_add(j, "", 0, true);
    junit_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_cuts cuts = fuzz_cuts_of(bytes, size);
    tally whole, cut;
    read_file((const char *)bytes, size, NULL, &whole);
    read_file((const char *)bytes, size, &cuts, &cut);
    MUST(!whole.broken[0] == !cut.broken[0]);
    MUST(whole.named <= whole.failed && strlen(whole.names) < sizeof whole.names);
    MUST(size > 0 || whole.broken[0]);
    if (whole.broken[0])
        return 0;
    MUST(whole.passed == cut.passed && whole.failed == cut.failed && whole.skipped == cut.skipped);
    MUST(strcmp(whole.names, cut.names) == 0);
    return 0;
}
