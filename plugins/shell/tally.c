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

void tally_empty(tally *t, const char *what, const char *name)
{
    const size_t used = strlen(t->empty_names);
    t->empty++;
    if (used + 120 < sizeof t->empty_names)
        (void)snprintf(t->empty_names + used, sizeof t->empty_names - used, "%s'%s%.90s'", used ? ", " : "", what,
                       name);
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

/* Where "# SKIP why" or "# TODO why" begins, in any case: behind a blank and not escaped; NULL: there is none. Another
 * '#' belongs to the description. */
static const char *directive_of(const char *rest)
{
    for (const char *hash = rest; (hash = strchr(hash, '#')); hash++) {
        const char *word = hash + 1 + strspn(hash + 1, " \t");
        const bool apart = hash == rest || isspace((unsigned char)hash[-1]);
        if (apart && (strncasecmp(word, "skip", 4) == 0 ||
                      (strncasecmp(word, "todo", 4) == 0 && !isalnum((unsigned char)word[4]))))
            return hash;
    }
    return NULL;
}

static bool is_directive(const char *hash, const char *word)
{
    return hash && strncasecmp(hash + 1 + strspn(hash + 1, " \t"), word, strlen(word)) == 0;
}

/* What follows "ok": a number, then " - " and the description, up to the directive. */
static void name_of(const char *rest, const char *directive, char *buf, size_t room)
{
    const char *end = directive ? directive : rest + strlen(rest);
    rest += strspn(rest, " \t");
    const char *number = rest;
    rest += strspn(rest, "0123456789");
    int digits = (int)(rest - number);
    rest += strspn(rest, " \t");
    if (*rest == '-')
        rest += 1 + strspn(rest + 1, " \t");
    while (end > rest && isspace((unsigned char)end[-1]))
        end--;
    if (end > rest)
        (void)snprintf(buf, room, "%.*s", (int)(end - rest), rest);
    else
        (void)snprintf(buf, room, "test %.*s", digits, number);
}

/* A number is not needed; where there is one, it is the test's place. */
static void check_number(tap *t, const char *rest)
{
    char *end = NULL;
    rest += strspn(rest, " \t");
    const uint64_t number = isdigit((unsigned char)*rest) ? strtoull(rest, &end, 10) : t->seen;
    if (number == t->seen || (end && *end && !isspace((unsigned char)*end)))
        return;
    if (t->out_of_sequence++ == 0) {
        t->first_number = number;
        t->first_place = t->seen;
    }
}

static void test_line(tap *t, bool ok, const char *rest)
{
    char name[200];
    const char *directive = directive_of(rest);
    t->seen++;
    check_number(t, rest);
    name_of(rest, directive, name, sizeof name);
    if (is_directive(directive, "skip"))
        t->tally->skipped++;
    else if (ok || is_directive(directive, "todo")) /* a test that is known to fail does not */
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
        test_line(t, true, line + strlen("ok"));
    else if (is_word(line, "not ok"))
        test_line(t, false, line + strlen("not ok"));
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
    if (t->out_of_sequence) {
        (void)snprintf(text, sizeof text, "%llu tests out of sequence: number %llu came as test %llu",
                       (unsigned long long)t->out_of_sequence, (unsigned long long)t->first_number,
                       (unsigned long long)t->first_place);
        tally_failed(t->tally, text);
    }
    if (t->planned < 0 || (uint64_t)t->planned == t->seen)
        return;
    (void)snprintf(text, sizeof text, "%lld planned, %llu ran", (long long)t->planned, (unsigned long long)t->seen);
    tally_failed(t->tally, text);
}

/* ---- counts ------------------------------------------------------------------------------------------------------ */

/* What a word counts: an index into passed, failed, skipped; -1: nothing. *names: the line is one of tests. */
static int meaning_of(const char *word, size_t n, bool *names)
{
    static const struct {
        const char *word;
        int counter;
        bool names;
    } words[] = {
        {"passed", 0, true},   {"failed", 1, true},   {"failure", 1, true},  {"failures", 1, true},
        {"error", 1, false},   {"errors", 1, false},  {"skipped", 2, false}, {"ignored", 2, false},
        {"xfailed", 2, false}, {"xpassed", 0, false},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == n && strncasecmp(words[i].word, word, n) == 0) {
            *names |= words[i].names;
            return words[i].counter;
        }
    return -1;
}

/* "1204" or "1,204"; *end is behind it. */
static uint64_t read_number(const char *s, const char **end)
{
    uint64_t number = 0;
    for (size_t digits = 0;; s++) {
        if (isdigit((unsigned char)*s)) {
            number = number * 10 + (uint64_t)(*s - '0');
            digits++;
        } else if (*s != ',' || digits > 3 || strspn(s + 1, "0123456789") != 3) {
            *end = s;
            return number;
        } else {
            digits = 0;
        }
    }
}

static bool read_counts(const char *line, uint64_t found[3])
{
    bool names = false;
    for (const char *p = line; *p;) {
        if (!isdigit((unsigned char)*p)) {
            p++;
            continue;
        }
        const char *end = p;
        const uint64_t number = read_number(p, &end);
        const char *word = end + strspn(end, " ");
        size_t n = 0;
        while (isalpha((unsigned char)word[n]))
            n++;
        const int counter = word > end ? meaning_of(word, n, &names) : -1;
        if (counter >= 0)
            found[counter] += number;
        p = end;
    }
    return names;
}

static bool begins(const char *line, const char *word)
{
    line += strspn(line, " \t");
    const size_t n = strlen(word);
    return strncmp(line, word, n) == 0 && (line[n] == ':' || line[n] == ' ');
}

static void take_counts(tally *t, const uint64_t found[3])
{
    t->passed = found[0];
    t->failed = found[1];
    t->skipped = found[2];
}

void counts_line(counts *c, const char *line)
{
    uint64_t found[3] = {0};
    if (begins(line, "Snapshots") || !read_counts(line, found))
        return;
    if (begins(line, "test result")) {
        for (int i = 0; i < 3; i++)
            c->sum[i] += found[i];
        c->summed = true;
        take_counts(c->tally, c->sum);
        return;
    }
    const bool tests = begins(line, "Tests"), files = begins(line, "Test Suites") || begins(line, "Test Files");
    if (found[1] < c->tally->failed || (found[1] == 0 && (c->summed || (c->labelled && !tests) || files)))
        return;
    c->labelled |= tests;
    take_counts(c->tally, found);
}
