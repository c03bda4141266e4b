#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/redact.h"
#include "base/redact_shape.h"

#define USER_MAX 1024 /* bytes of a user part; what is longer is no URL */

/* "://", also as JSON writers escape it. Gives its length. */
static shape_answer separator(const char *s, size_t n, size_t *ret_length)
{
    static const char *const ways[] = {"://", ":\\/\\/"};
    shape_answer found = SHAPE_NO;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        *ret_length = strlen(ways[i]);
        if (n >= *ret_length && memcmp(s, ways[i], *ret_length) == 0)
            return SHAPE_YES;
        if (n < *ret_length && memcmp(s, ways[i], n) == 0)
            found = SHAPE_NEED_MORE;
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
static shape_answer authority_password(const char *s, size_t n, bool final, size_t *ret_from, size_t *ret_to)
{
    size_t end = 0, colon = 0, at = 0;
    for (; end < n && end < USER_MAX && !ends_url(s[end]) && !strchr("/?#", s[end]); end++) {
        if (s[end] == ':' && !colon)
            colon = end + 1;
        if (s[end] == '@')
            at = end;
    }
    if (end == n && n < USER_MAX && !final)
        return SHAPE_NEED_MORE;
    if (!colon || at < colon || is_placeholder(s + colon, at - colon))
        return SHAPE_NO;
    *ret_from = colon;
    *ret_to = at;
    return SHAPE_YES;
}

/* "?password=", "&sslpassword=", "&amp;password=" at s, and what follows it. */
static shape_answer query_password(const char *s, size_t n, bool final, size_t *ret_from, size_t *ret_to)
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
            return SHAPE_NEED_MORE;
        if (left < length || is_placeholder(s + 1 + length, end - 1 - length))
            return SHAPE_NO;
        *ret_from = 1 + length;
        *ret_to = end;
        return SHAPE_YES;
    }
    return SHAPE_NO;
}

shape_answer redact_url_at(const char *s, size_t n, bool final, shape_cut *ret)
{
    size_t length = 0;
    ret->mask = REDACT_MASK;
    if (*s == '?' || *s == '&')
        return query_password(s, n, final, &ret->from, &ret->to);
    const shape_answer found = separator(s, n, &length);
    if (found != SHAPE_YES)
        return final ? SHAPE_NO : found;
    const shape_answer password = authority_password(s + length, n - length, final, &ret->from, &ret->to);
    ret->from += length;
    ret->to += length;
    return password;
}
