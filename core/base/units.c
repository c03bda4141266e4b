#include "base/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

typedef struct scale {
    const char *unit;
    int64_t factor;
} scale;

static const scale durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}, {0},
};

static const scale sizes[] = {
    {"B", 1},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000 * 1000 * 1000},
    {"TB", INT64_C(1000) * 1000 * 1000 * 1000},
    {"PB", INT64_C(1000) * 1000 * 1000 * 1000 * 1000},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
    {"PiB", INT64_C(1) << 50},
    {0},
};

/* What a family of units is called in messages, and how its values are written. */
typedef struct family {
    const char *noun, *how;
    const scale *scales;
} family;

static const family duration_family = {"duration", "write \"250ms\", \"30s\", \"5m\", \"24h\" or \"2d\"", durations};
static const family size_family = {
    "size", "write \"512B\", \"64KiB\", \"1.5GiB\" (powers of 1024) or \"200kB\", \"20GB\" (powers of 1000)", sizes};

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* The length of s without blanks at its end. */
static size_t trimmed(const char *s)
{
    size_t n = strlen(s);
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    return n;
}

static int64_t factor_of(const scale *scales, const char *unit, size_t n)
{
    for (const scale *s = scales; s->unit; s++)
        if (strlen(s->unit) == n && memcmp(s->unit, unit, n) == 0)
            return s->factor;
    return 0;
}

static int refuse(const family *f, const char *s, const char *why, error **err)
{
    (void)error_set(err, ERROR_CONFIG, "'%s' is no %s: %s", s, f->noun, why);
    return error_hint(err, "%s", f->how);
}

static int parse(const family *f, const char *s, int64_t *ret, error **err)
{
    const char *p = skip_blanks(s);
    if (*p == '-')
        return refuse(f, s, "it must not be negative", err);
    if (!isdigit((unsigned char)*p))
        return refuse(f, s, "it does not begin with a number", err);
    int64_t whole = 0;
    bool overflow = false;
    for (; isdigit((unsigned char)*p); p++)
        overflow |= __builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *p - '0', &whole);
    double fraction = 0, place = 0.1;
    if (*p == '.') {
        p++;
        if (!isdigit((unsigned char)*p))
            return refuse(f, s, "a digit must follow the point", err);
        for (; isdigit((unsigned char)*p); p++) {
            fraction += (*p - '0') * place;
            place /= 10;
        }
    }
    p = skip_blanks(p);
    size_t unit_length = trimmed(p);
    if (unit_length == 0)
        return refuse(f, s, "the unit is missing", err);
    int64_t factor = factor_of(f->scales, p, unit_length), value = 0;
    if (factor == 0)
        return refuse(f, s, "its unit is not known", err);
    int64_t part = llround(fraction * (double)factor);
    if (overflow || __builtin_mul_overflow(whole, factor, &value) || __builtin_add_overflow(value, part, &value))
        return refuse(f, s, "it is too large", err);
    *ret = value;
    return 0;
}

int units_duration(const char *s, int64_t *ret_ms, error **err)
{
    return parse(&duration_family, s, ret_ms, err);
}

int units_size(const char *s, int64_t *ret_bytes, error **err)
{
    return parse(&size_family, s, ret_bytes, err);
}

char *units_show_duration(int64_t ms, char buf[UNITS_TEXT])
{
    const char *sign = ms < 0 ? "-" : "";
    uint64_t n = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    uint64_t seconds = n / 1000, minutes = seconds / 60, hours = minutes / 60;
    if (n < 1000)
        (void)snprintf(buf, UNITS_TEXT, "%s%" PRIu64 " ms", sign, n);
    else if (seconds < 60)
        (void)snprintf(buf, UNITS_TEXT, "%s%" PRIu64 ".%" PRIu64 " s", sign, seconds, n % 1000 / 100);
    else if (minutes < 60)
        (void)snprintf(buf, UNITS_TEXT, "%s%" PRIu64 " min %02" PRIu64 " s", sign, minutes, seconds % 60);
    else if (hours < 48)
        (void)snprintf(buf, UNITS_TEXT, "%s%" PRIu64 " h %02" PRIu64 " min", sign, hours, minutes % 60);
    else
        (void)snprintf(buf, UNITS_TEXT, "%s%" PRIu64 " d %02" PRIu64 " h", sign, hours / 24, hours % 24);
    return buf;
}

char *units_show_size(int64_t bytes, char buf[UNITS_TEXT])
{
    static const char *const names[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes > -1000 && bytes < 1000) {
        (void)snprintf(buf, UNITS_TEXT, "%" PRId64 " B", bytes);
        return buf;
    }
    double value = (double)bytes / 1000;
    size_t i = 0;
    /* 999.95 would be shown as 1000.0. */
    for (; fabs(value) >= 999.95 && i + 1 < sizeof names / sizeof *names; i++)
        value /= 1000;
    (void)snprintf(buf, UNITS_TEXT, "%.1f %s", value, names[i]);
    return buf;
}

/* ---- thresholds -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *sign;
    units_compare compare;
} signs[] = {
    /* The longer sign first: ">=" begins with ">". */
    {">=", UNITS_GE}, {"<=", UNITS_LE}, {"==", UNITS_EQ},           {"!=", UNITS_NE},
    {">", UNITS_GT},  {"<", UNITS_LT},  {"outside", UNITS_OUTSIDE},
};

static int refuse_threshold(const char *s, const char *why, error **err)
{
    (void)error_set(err, ERROR_CONFIG, "'%s' is no threshold: %s", s, why);
    return error_hint(
        err, "write \"> 200\", \"< 99.5\", \">= 1\", \"<= 9\", \"== 0\", \"!= 1\" or \"outside 1..5\"; it holds "
             "when the measurement is bad");
}

/* A plain decimal number that fills s but for blanks. No exponent, no infinity: nobody writes a threshold so. */
static bool parse_plain(const char *s, double *ret)
{
    size_t n = trimmed(s);
    const char *p = skip_blanks(s), *digits = p + (*p == '-');
    if (!isdigit((unsigned char)*digits) || digits + strspn(digits, "0123456789.") < s + n)
        return false;
    char *end = NULL;
    double value = strtod(p, &end);
    if (end != s + n || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

/* What "B/h" is per hour; NULL when the unit is no such rate. The caller frees. */
static char *per_hour(const char *unit)
{
    const size_t n = strlen(unit);
    return n >= 2 && strcmp(unit + n - 2, "/h") == 0 ? mem_dup_n(unit, n - 2) : NULL;
}

/* A number of a threshold, converted to metric_unit, which is no rate. */
static int parse_amount(const char *s, const char *metric_unit, double *ret, error **err)
{
    if (parse_plain(s, ret))
        return 0;
    bool time = strcmp(metric_unit, "ms") == 0, bytes = strcmp(metric_unit, "B") == 0;
    if (time || bytes) {
        int64_t n = 0;
        int r = parse(time ? &duration_family : &size_family, s, &n, err);
        if (r == 0)
            *ret = (double)n;
        return r;
    }
    size_t n = trimmed(s), unit = strlen(metric_unit);
    if (unit && n > unit && memcmp(s + n - unit, metric_unit, unit) == 0) {
        guard_mem char *number = mem_dup_n(s, n - unit);
        if (parse_plain(number, ret))
            return 0;
    }
    return error_set(err, ERROR_CONFIG, "'%s' is no number%s%s", s, unit ? " of unit " : " (this metric has no unit)",
                     metric_unit);
}

static int parse_number(const char *s, const char *metric_unit, double *ret, error **err)
{
    guard_mem char *unit = per_hour(metric_unit);
    const size_t n = trimmed(s);
    if (!unit)
        return parse_amount(s, metric_unit, ret, err);
    if (n > 2 && memcmp(s + n - 2, "/h", 2) == 0) {
        guard_mem char *amount = mem_dup_n(s, n - 2);
        return parse_amount(amount, unit, ret, err);
    }
    (void)error_set(err, ERROR_CONFIG, "'%s' is not per hour", s);
    return error_hint(err, "write \"8MB/h\" or \"0.5/h\"");
}

static int parse_range(const char *range, const char *metric_unit, units_threshold *t, error **err)
{
    const char *dots = strstr(range, "..");
    if (!dots)
        return error_set(err, ERROR_CONFIG, "'%s' is no range: '..' is missing", range);
    guard_mem char *low = mem_dup_n(range, (size_t)(dots - range));
    int r = parse_number(low, metric_unit, &t->a, err);
    if (r == 0)
        r = parse_number(skip_blanks(dots + 2), metric_unit, &t->b, err);
    if (r == 0 && t->a > t->b)
        r = error_set(err, ERROR_CONFIG, "the lower end of '%s' is above its upper end", range);
    return r;
}

/* The text before "* baseline", or NULL when s does not end so. The caller frees. */
static char *before_baseline(const char *s)
{
    static const char word[] = "baseline";
    size_t n = trimmed(s), length = sizeof word - 1;
    if (n < length || memcmp(s + n - length, word, length) != 0)
        return NULL;
    for (n -= length; n > 0 && s[n - 1] == ' ';)
        n--;
    return n > 0 && s[n - 1] == '*' ? mem_dup_n(s, n - 1) : NULL;
}

static int parse_bounds(const char *s, const char *metric_unit, units_threshold *t, error **err)
{
    guard_mem char *factor = before_baseline(s);
    t->relative = factor != NULL;
    const char *bounds = factor ? factor : s, *unit = factor ? "" : metric_unit; /* a factor is a plain number */
    return t->compare == UNITS_OUTSIDE ? parse_range(bounds, unit, t, err) : parse_number(bounds, unit, &t->a, err);
}

int units_threshold_parse(const char *s, const char *metric_unit, units_threshold *ret, error **err)
{
    const char *p = skip_blanks(s);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!text_starts(p, signs[i].sign))
            continue;
        units_threshold t = {.compare = signs[i].compare};
        p = skip_blanks(p + strlen(signs[i].sign));
        if (parse_bounds(p, metric_unit, &t, err) < 0)
            return error_wrap(err, "threshold '%s'", s);
        *ret = t;
        return 0;
    }
    return refuse_threshold(s, "it does not begin with a comparison", err);
}

units_threshold units_threshold_against(const units_threshold *t, double baseline)
{
    return (units_threshold){.compare = t->compare, .a = t->a * baseline, .b = t->b * baseline};
}

int units_threshold_holds(const units_threshold *t, double value)
{
    if (isnan(value))
        return 1;
    switch (t->compare) {
    case UNITS_GT: return value > t->a;
    case UNITS_GE: return value >= t->a;
    case UNITS_LT: return value < t->a;
    case UNITS_LE: return value <= t->a;
    case UNITS_EQ: return !(value < t->a || value > t->a);
    case UNITS_NE: return value < t->a || value > t->a;
    case UNITS_OUTSIDE: return value < t->a || value > t->b;
    }
    return 1;
}

char *units_show_value(double value, const char *metric_unit, char buf[UNITS_TEXT])
{
    if (!isfinite(value)) {
        (void)snprintf(buf, UNITS_TEXT, "no value");
        return buf;
    }
    guard_mem char *unit_per_hour = per_hour(metric_unit);
    if (unit_per_hour) {
        char amount[UNITS_TEXT];
        (void)snprintf(buf, UNITS_TEXT, "%.21s/h", units_show_value(value, unit_per_hour, amount));
        return buf;
    }
    bool fits = fabs(value) < 9e18;
    if (fits && strcmp(metric_unit, "B") == 0)
        return units_show_size(llround(value), buf);
    if (fits && strcmp(metric_unit, "ms") == 0 && fabs(value) >= 100)
        return units_show_duration(llround(value), buf);
    bool rate = strcmp(metric_unit, "1/s") == 0;
    const char *gap = rate || !*metric_unit ? "" : " ";
    const char *unit = rate ? "/s" : metric_unit;
    if (fabs(value) >= 1e12 || fabs(value) < 100)
        (void)snprintf(buf, UNITS_TEXT, "%.3g%s%.7s", value, gap, unit);
    else
        (void)snprintf(buf, UNITS_TEXT, "%.*f%s%.7s", fabs(value - rint(value)) < 0.05 ? 0 : 1, value, gap, unit);
    return buf;
}
