/* Each line as a duration, a size and a threshold: what is taken is a number in range, and is taken again as shown. */
#include <math.h>

#include "base/mem.h"
#include "base/units.h"
#include "fuzz.h"

typedef int parser(const char *s, int64_t *ret, error **err);

/* What is refused is explained, and how to write it is said. */
static bool taken(parser *parse, const char *s, int64_t *ret)
{
    guard(error) err = NULL;
    *ret = -1;
    if (parse(s, ret, &err) == 0) {
        MUST(!err && *ret >= 0);
        return true;
    }
    guard_mem char *why = error_text(err);
    MUST(*ret == -1 && *why && error_get_hint(err));
    return false;
}

static void check_amount(parser *parse, const char *smallest, char *(*show)(int64_t n, char buf[UNITS_TEXT]),
                         const char *s)
{
    int64_t n, again;
    char shown[UNITS_TEXT];
    if (!taken(parse, s, &n))
        return;
    guard_mem char *exact = mem_printf("%lld%s", (long long)n, smallest);
    MUST(taken(parse, exact, &again) && again == n);
    MUST(strlen(show(n, shown)) < UNITS_TEXT - 1);
}

static void check_threshold(const char *s, const char *unit)
{
    guard(error) err = NULL;
    units_threshold t = {0};
    if (units_threshold_parse(s, unit, &t, &err)) {
        guard_mem char *why = error_text(err);
        MUST(*why);
        return;
    }
    char shown[UNITS_TEXT];
    MUST(isfinite(t.a) && isfinite(t.b) && units_threshold_holds(&t, NAN) == 1);
    MUST(*units_show_value(t.a, unit, shown) && strlen(shown) < UNITS_TEXT);
    bool at = units_threshold_holds(&t, t.a), above = units_threshold_holds(&t, INFINITY);
    bool below = units_threshold_holds(&t, -INFINITY);
    switch (t.compare) {
    case UNITS_GT: MUST(!at && above && !below); break;
    case UNITS_GE: MUST(at && above && !below); break;
    case UNITS_LT: MUST(!at && !above && below); break;
    case UNITS_LE: MUST(at && !above && below); break;
    case UNITS_EQ: MUST(at && !above && !below); break;
    case UNITS_NE: MUST(!at && above && below); break;
    case UNITS_OUTSIDE: MUST(t.a <= t.b && !at && above && below && !units_threshold_holds(&t, t.b)); break;
    }
}

static void check_line(void *user, char *line)
{
    (void)user;
    check_amount(units_duration, "ms", units_show_duration, line);
    check_amount(units_size, "B", units_show_size, line);
    static const char *const metric_units[] = {"ms", "B", "%", "1/s", ""};
    for (size_t i = 0; i < sizeof metric_units / sizeof *metric_units; i++)
        check_threshold(line, metric_units[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_lines(bytes, size, check_line, NULL);
    return 0;
}
