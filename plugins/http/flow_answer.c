#include "flow_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/text.h"

/* True of digits that no json_int_t holds. */
static bool is_huge(const char *number, size_t n)
{
    char digits[21] = "";
    const size_t sign = *number == '-';
    if (strspn(number + sign, "0123456789") != n - sign || n - sign < 19)
        return false;
    if (n - sign > 19)
        return true;
    memcpy(digits, number, n);
    errno = 0;
    (void)strtoll(digits, NULL, 10);
    return errno == ERANGE;
}

/* The document with integers beyond 64 bits as texts, so that one of them does not spoil all of it. */
static char *huge_as_text(const char *json)
{
    guard_text out = {0};
    const char *plain = json;
    for (const char *s = json; *s;) {
        if (*s == '"') { /* a text: to its end */
            for (s++; *s && *s != '"'; s++)
                s += *s == '\\' && s[1];
            s += *s == '"';
            continue;
        }
        const size_t n = strspn(s, "-+.0123456789eE");
        if (n && is_huge(s, n)) {
            text_add(&out, "%.*s\"%.*s\"", (int)(s - plain), plain, (int)n, s);
            plain = s + n;
        }
        s += n ? n : 1;
    }
    text_add(&out, "%s", plain);
    return take(out.s);
}

void flow_answer_parse(flow_answer *a)
{
    json_error_t error;
    a->json = json_loads(a->body, JSON_DECODE_ANY, &error);
    if (!a->json && json_error_code(&error) == json_error_numeric_overflow) {
        guard_mem char *readable = huge_as_text(a->body);
        a->json = json_loads(readable, JSON_DECODE_ANY, &error);
    }
    if (!a->json)
        snprintf(a->not_json, sizeof a->not_json, "%s", *a->body ? error.text : "it is empty");
}

void flow_answer_done(flow_answer *a)
{
    json_decref(a->json);
    a->json = NULL;
}

char *flow_answer_header(const flow_answer *a, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = a->head; line && *line;) {
        size_t n = strcspn(line, "\r\n");
        if (n > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            const char *value = line + length + 1, *end = line + n;
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            return text_printf("%.*s", (int)(end - value), value);
        }
        line += n;
        line += strspn(line, "\r\n");
    }
    return NULL;
}

typedef struct wanted_cookie {
    const char *name;
    char *value;
} wanted_cookie;

static void take_cookie(void *user, const char *name, const char *value)
{
    wanted_cookie *w = user;
    if (strcmp(name, w->name) != 0)
        return;
    free(w->value);
    w->value = text_dup(value);
}

char *flow_answer_cookie(const flow_answer *a, const char *name)
{
    wanted_cookie wanted = {.name = name};
    if (a->session)
        transfer_session_cookies(a->session, take_cookie, &wanted);
    return wanted.value;
}
