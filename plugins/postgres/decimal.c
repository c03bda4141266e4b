#include "decimal.h"

#include <stdlib.h>
#include <string.h>

#define EXPONENT_MAX 1000000

/* 0.DIGITS * 10^exponent, where the first digit is not 0; no digits: zero. The point may stand among the digits. */
typedef struct decimal {
    bool negative;
    const char *digits, *end;
    long exponent;
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* s: at "e10", or elsewhere; adds the exponent. NULL when it is not one. */
static const char *read_exponent(const char *s, long *exponent)
{
    if (*s != 'e' && *s != 'E')
        return s;
    const char *digits = s + 1 + (s[1] == '+' || s[1] == '-');
    char *end = NULL;
    long value = strtol(s + 1, &end, 10);
    if (!is_digit(*digits) || value > EXPONENT_MAX || value < -EXPONENT_MAX)
        return NULL;
    *exponent += value;
    return end;
}

static bool parse(const char *s, decimal *ret)
{
    s = skip_blanks(s);
    *ret = (decimal){.negative = *s == '-'};
    s += *s == '-' || *s == '+';
    bool any = false, point = false;
    for (; is_digit(*s) || (*s == '.' && !point); s++) {
        point |= *s == '.';
        any |= *s != '.';
        if (!ret->digits && *s != '0' && *s != '.')
            ret->digits = s;
        if (*s != '.')
            ret->exponent += ret->digits && !point ? 1 : !ret->digits && point ? -1 : 0;
    }
    ret->end = s;
    s = any ? read_exponent(s, &ret->exponent) : NULL;
    return s && !*skip_blanks(s);
}

bool decimal_is(const char *text)
{
    decimal unused;
    return parse(text, &unused);
}

/* The next digit, without the point; '0' past the end. */
static char next_digit(const char **at, const char *end)
{
    if (*at < end && **at == '.')
        ++*at;
    return *at < end ? *(*at)++ : '0';
}

static int compare_digits(const decimal *a, const decimal *b)
{
    const char *x = a->digits, *y = b->digits;
    while (x < a->end || y < b->end) {
        int difference = next_digit(&x, a->end) - next_digit(&y, b->end);
        if (difference)
            return difference;
    }
    return 0;
}

int decimal_compare(const char *a, const char *b)
{
    decimal x, y;
    (void)parse(a, &x);
    (void)parse(b, &y);
    int sign_x = !x.digits ? 0 : x.negative ? -1 : 1, sign_y = !y.digits ? 0 : y.negative ? -1 : 1;
    if (sign_x != sign_y || sign_x == 0)
        return sign_x - sign_y;
    if (x.exponent != y.exponent)
        return x.exponent > y.exponent ? sign_x : -sign_x;
    return sign_x * compare_digits(&x, &y);
}
