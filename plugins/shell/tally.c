#include "tally.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void tally_failed(tally *t, const char *name)
{
    size_t used = strlen(t->names), n = strlen(name);
    t->failed++;
    if (used + (n > 160 ? 160 : n) + 8 > sizeof t->names)
        return;
    (void)snprintf(t->names + used, sizeof t->names - used, "%s'%.160s'", used ? ", " : "", name);
    t->named++;
}

void tally_broken(tally *t, const char *fmt, ...)
{
    va_list ap;
    if (t->broken[0])
        return;
    va_start(ap, fmt);
    (void)vsnprintf(t->broken, sizeof t->broken, fmt, ap);
    va_end(ap);
}

/* ---- TAP --------------------------------------------------------------------------------------------------------- */

/* "# SKIP why" or "# TODO why" at the end of a test's line, in any case. */
static bool has_directive(const char *line, const char *word)
{
    const char *hash = strrchr(line, '#');
    if (!hash || (hash > line && hash[-1] == '\\'))
        return false;
    hash += 1 + strspn(hash + 1, " \t");
    return strncasecmp(hash, word, strlen(word)) == 0;
}

/* What follows "ok": a number, then " - " and the description. */
static void name_of(const char *rest, char *buf, size_t room)
{
    rest += strspn(rest, " \t");
    const char *number = rest;
    rest += strspn(rest, "0123456789");
    int digits = (int)(rest - number);
    rest += strspn(rest, " \t");
    if (*rest == '-')
        rest += 1 + strspn(rest + 1, " \t");
    const char *hash = strstr(rest, " #");
    int n = hash ? (int)(hash - rest) : (int)strlen(rest);
    if (n > 0)
        (void)snprintf(buf, room, "%.*s", n, rest);
    else
        (void)snprintf(buf, room, "test %.*s", digits, number);
}

static void test_line(tap *t, bool ok, const char *line, const char *rest)
{
    char name[200];
    t->seen++;
    name_of(rest, name, sizeof name);
    if (has_directive(line, "skip"))
        t->tally->skipped++;
    else if (ok || has_directive(line, "todo")) /* a test that is known to fail does not */
        t->tally->passed++;
    else
        tally_failed(t->tally, name);
}

static bool is_word(const char *line, const char *word)
{
    size_t n = strlen(word);
    return strncmp(line, word, n) == 0 && (line[n] == '\0' || line[n] == ' ' || line[n] == '\t' || line[n] == '\r');
}

bool tap_line(tap *t, const char *line)
{
    if (is_word(line, "ok"))
        test_line(t, true, line, line + strlen("ok"));
    else if (is_word(line, "not ok"))
        test_line(t, false, line, line + strlen("not ok"));
    else if (strncmp(line, "1..", 3) == 0 && isdigit((unsigned char)line[3]))
        t->planned = strtoll(line + 3, NULL, 10);
    else if (strncmp(line, "Bail out!", 9) == 0)
        tally_failed(t->tally, line);
    else
        return false;
    return true;
}

void tap_end(tap *t)
{
    char text[100];
    if (t->planned < 0 && t->seen)
        tally_broken(t->tally, "the TAP output has no plan (\"1..N\"): whether all tests ran is not known");
    if (t->planned < 0 || (uint64_t)t->planned == t->seen)
        return;
    (void)snprintf(text, sizeof text, "%lld planned, %llu ran", (long long)t->planned, (unsigned long long)t->seen);
    tally_failed(t->tally, text);
}

/* ---- counts ------------------------------------------------------------------------------------------------------ */

static uint64_t *counter_of(tally *t, const char *word, size_t n)
{
    const struct {
        const char *word;
        uint64_t *counter;
    } words[] = {
        {"passed", &t->passed},   {"failed", &t->failed},  {"failure", &t->failed},  {"failures", &t->failed},
        {"error", &t->failed},    {"errors", &t->failed},  {"skipped", &t->skipped}, {"ignored", &t->skipped},
        {"xfailed", &t->skipped}, {"xpassed", &t->passed},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == n && strncasecmp(words[i].word, word, n) == 0)
            return words[i].counter;
    return NULL;
}

void counts_line(tally *t, const char *line)
{
    tally found = {0};
    bool counted = false;
    for (const char *p = line; *p;) {
        if (!isdigit((unsigned char)*p)) {
            p++;
            continue;
        }
        char *end = NULL;
        uint64_t number = strtoull(p, &end, 10);
        const char *word = end + strspn(end, " ");
        size_t n = 0;
        while (isalpha((unsigned char)word[n]))
            n++;
        uint64_t *counter = word > end ? counter_of(&found, word, n) : NULL;
        if (counter) {
            *counter += number;
            counted |= counter != &found.skipped;
        }
        p = end;
    }
    if (!counted)
        return;
    t->passed = found.passed;
    t->failed = found.failed;
    t->skipped = found.skipped;
}
