#include "pipeline/scan.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

scan scan_begin(void)
{
    return (scan){.line = 1, .line_start = true};
}

static void open(scan *s, scan_state state)
{
    s->state = state;
    s->opened = s->line;
    s->word = NULL;
}

static void step_code(scan *s, const char *at)
{
    char c = *at;
    bool slash = s->before == '/';
    if (c == '"')
        open(s, SCAN_STRING);
    else if (c == '#' || (c == '/' && slash))
        open(s, SCAN_LINE_COMMENT);
    else if (c == '*' && slash)
        open(s, SCAN_BLOCK_COMMENT);
    else if (strchr("([{", c))
        s->depth++;
    else if (strchr(")]}", c) && s->depth > 0)
        s->depth--;
    if (s->state != SCAN_CODE)
        return;
    bool in_word = isalnum((unsigned char)c) || strchr("+-._*", c);
    if (!in_word)
        s->word = NULL;
    else if (!s->word)
        s->word = at;
}

void scan_step(scan *s, const char *at)
{
    char c = *at;
    bool used = false;
    scan_state was = s->state;
    switch (s->state) {
    case SCAN_CODE: step_code(s, at); break;
    case SCAN_STRING:
        used = s->before == '\\'; /* "\\" does not escape what comes after it */
        if (c == '"' && !used)
            s->state = SCAN_CODE;
        used = used && c == '\\';
        break;
    case SCAN_LINE_COMMENT:
        if (c == '\n')
            s->state = SCAN_CODE;
        break;
    case SCAN_BLOCK_COMMENT:
        if (c == '/' && s->before == '*')
            s->state = SCAN_CODE;
        break;
    }
    s->before = used || s->state != was ? '\0' : c;
    if (c == '\n')
        s->line++;
    s->line_start = c == '\n' || (s->line_start && (c == ' ' || c == '\t'));
}

bool scan_number_too_big(const char *word, const char *end, bool *ret_long)
{
    char digits[80];
    size_t n = (size_t)(end - word);
    if (n == 0 || n >= sizeof digits)
        return false;
    memcpy(digits, word, n);
    digits[n] = '\0';
    char *rest;
    errno = 0;
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    long long value = strtoll(digits, &rest, hex ? 16 : 10);
    bool has_l = strcmp(rest, "L") == 0 || strcmp(rest, "LL") == 0;
    if (rest == digits || (*rest && !has_l))
        return false;
    *ret_long = errno == 0;
    return errno == ERANGE || (!has_l && (value > INT_MAX || value < INT_MIN));
}
