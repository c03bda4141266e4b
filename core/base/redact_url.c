#include "base/redact_url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/redact.h"

#define USER_MAX 1024 /* bytes of a user part; what is longer is no URL */

typedef enum answer { NO, YES, NEED_MORE } answer;

/* "://", also as JSON writers escape it. Gives its length. */
static answer separator(const char *s, size_t n, size_t *ret_length)
{
    static const char *const ways[] = {"://", ":\\/\\/"};
    answer found = NO;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        *ret_length = strlen(ways[i]);
        if (n >= *ret_length && memcmp(s, ways[i], *ret_length) == 0)
            return YES;
        if (n < *ret_length && memcmp(s, ways[i], n) == 0)
            found = NEED_MORE;
    }
    return found;
}

static bool ends_url(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f || strchr("\"'`<>\\", c);
}

/* A password that was masked before, or a variable that stands for one. */
static bool is_placeholder(const char *s, size_t n)
{
    const size_t mask = strlen(REDACT_MASK);
    return n == 0 || (n == mask && memcmp(s, REDACT_MASK, n) == 0) || (n > 2 && s[0] == '$' && s[n - 1] == '}') ||
           strspn(s, "*") >= n;
}

/* The password in front of the last '@' of the authority, which begins at s: [*ret_from, *ret_to). */
static answer authority_password(const char *s, size_t n, bool final, size_t *ret_from, size_t *ret_to)
{
    size_t end = 0, colon = 0, at = 0;
    for (; end < n && end < USER_MAX && !ends_url(s[end]) && !strchr("/?#", s[end]); end++) {
        if (s[end] == ':' && !colon)
            colon = end + 1;
        if (s[end] == '@')
            at = end;
    }
    if (end == n && n < USER_MAX && !final)
        return NEED_MORE;
    if (!colon || at < colon || is_placeholder(s + colon, at - colon))
        return NO;
    *ret_from = colon;
    *ret_to = at;
    return YES;
}

/* "?password=", "&sslpassword=", "&amp;password=" at s, and what follows it. */
static answer query_password(const char *s, size_t n, bool final, size_t *ret_from, size_t *ret_to)
{
    static const char *const names[] = {"password=", "sslpassword=", "amp;password=", "amp;sslpassword="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t length = strlen(names[i]), left = n - 1;
        if (strncasecmp(s + 1, names[i], length < left ? length : left) != 0)
            continue;
        size_t end = 1 + length;
        while (end < n && end < USER_MAX && !ends_url(s[end]) && !strchr("&#", s[end]))
            end++;
        if (end >= n && n < USER_MAX && !final)
            return NEED_MORE;
        if (left < length || is_placeholder(s + 1 + length, end - 1 - length))
            return NO;
        *ret_from = 1 + length;
        *ret_to = end;
        return YES;
    }
    return NO;
}

static answer password_at(const char *s, size_t n, bool final, size_t *ret_from, size_t *ret_to)
{
    size_t length = 0;
    if (*s == '?' || *s == '&')
        return query_password(s, n, final, ret_from, ret_to);
    const answer found = separator(s, n, &length);
    if (found != YES)
        return final ? NO : found;
    const answer password = authority_password(s + length, n - length, final, ret_from, ret_to);
    *ret_from += length;
    *ret_to += length;
    return password;
}

size_t redact_urls(const char *s, size_t n, bool final, text *out)
{
    size_t plain = 0;
    for (size_t at = 0; at < n; at++) {
        size_t from = 0, to = 0;
        if (s[at] != ':' && s[at] != '?' && s[at] != '&')
            continue;
        const answer found = password_at(s + at, n - at, final, &from, &to);
        if (found == NEED_MORE) {
            text_add(out, s + plain, at - plain);
            return at;
        }
        if (found == NO)
            continue;
        text_add(out, s + plain, at + from - plain);
        text_puts(out, REDACT_MASK);
        plain = at + to;
        at = plain - 1;
    }
    text_add(out, s + plain, n - plain);
    return n;
}
