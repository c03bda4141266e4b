#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tally.h"

#define DEPTH 64 /* suites in suites */

/* A <testsuite> that is being read. */
typedef struct suite {
    char name[100];
    uint64_t claimed, shown; /* failures and errors: by its attributes, by what is in it */
    uint64_t cases;
} suite;

/* JUnit XML has no standard; what all writers agree on is <testcase name classname> with a child <failure>, <error> or
 * <skipped>. Of the totals that <testsuite> repeats only failures and errors are read, and only where they are more
 * than what stands in it: a suite that could not be loaded has no cases. Some writers get the others wrong. */
struct junit {
    tally *tally;
    const char *file;
    XML_Parser parser;
    suite suites[DEPTH];
    size_t depth, elements;
    uint64_t cases;
    bool in_case, failed, skipped;
    char name[200];
};

static const char *attribute(const XML_Char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    return "";
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(word, *words) == 0)
            return true;
    return false;
}

/* GoogleTest, CTest and others tell by attributes that a case did not run. */
static void read_state(junit *j, const char *state)
{
    static const char *const skipped[] = {"notrun", "disabled", "skipped", "ignored", "suppressed", "pending", NULL};
    static const char *const failed[] = {"fail", "failed", "failure", "error", NULL};
    j->skipped |= is_one_of(state, skipped);
    j->failed |= is_one_of(state, failed);
}

static void show_failure(junit *j)
{
    for (size_t i = 0; i < j->depth; i++)
        j->suites[i].shown++;
}

static void begin_case(junit *j, const XML_Char **attributes)
{
    const char *class = attribute(attributes, "classname"), *name = attribute(attributes, "name");
    j->in_case = true;
    j->failed = j->skipped = false;
    (void)snprintf(j->name, sizeof j->name, "%.90s%s%.90s", class, *class ? "." : "", name);
    read_state(j, attribute(attributes, "status"));
    read_state(j, attribute(attributes, "result"));
    j->cases++;
    for (size_t i = 0; i < j->depth; i++)
        j->suites[i].cases++;
    if (j->failed)
        show_failure(j);
}

static uint64_t count_of(const XML_Char **attributes, const char *name)
{
    const char *text = attribute(attributes, name);
    return strchr("0123456789", *text) ? strtoull(text, NULL, 10) : 0;
}

static void begin_suite(junit *j, const XML_Char **attributes)
{
    if (j->depth == DEPTH) {
        tally_broken(j->tally, "'%.150s' has suites in suites, more than %d deep", j->file, DEPTH);
        return;
    }
    suite *s = &j->suites[j->depth++];
    *s = (suite){.claimed = count_of(attributes, "failures") + count_of(attributes, "errors")};
    (void)snprintf(s->name, sizeof s->name, "%s", attribute(attributes, "name"));
}

static bool is_suite(const char *element)
{
    return strcmp(element, "testsuite") == 0 || strcmp(element, "testsuites") == 0;
}

/* The root: any other document is no report. With a prefix its elements are not ours, and nothing counts. */
static void check_root(junit *j, const char *element)
{
    const char *colon = strchr(element, ':');
    if (j->elements++ == 0 && !is_suite(colon ? colon + 1 : element))
        tally_broken(j->tally, "'%.150s' is not a JUnit report: its root is <%.60s>, not <testsuites> or <testsuite>",
                     j->file, element);
}

static void on_start(void *user, const XML_Char *element, const XML_Char **attributes)
{
    junit *j = user;
    const bool bad = strcmp(element, "failure") == 0 || strcmp(element, "error") == 0;
    check_root(j, element);
    if (is_suite(element)) {
        begin_suite(j, attributes);
    } else if (strcmp(element, "testcase") == 0) {
        begin_case(j, attributes);
    } else if (j->in_case && bad) {
        j->failed = true;
        show_failure(j);
    } else if (j->in_case && strcmp(element, "skipped") == 0) {
        j->skipped = true;
    } else if (bad && j->depth > 0) { /* of the suite itself: it could not be set up */
        char name[140];
        (void)snprintf(name, sizeof name, "suite %s", j->suites[j->depth - 1].name);
        tally_failed(j->tally, name);
        show_failure(j);
    }
}

/* What a suite counts and does not show has failed all the same. */
static void end_suite(junit *j)
{
    if (j->depth == 0)
        return;
    const suite s = j->suites[--j->depth];
    char name[200];
    if (s.claimed > s.shown) {
        (void)snprintf(name, sizeof name, "suite %s: %llu failures or errors without a test case", s.name,
                       (unsigned long long)(s.claimed - s.shown));
        tally_failed(j->tally, name);
        for (size_t i = 0; i < j->depth; i++)
            j->suites[i].shown += s.claimed - s.shown;
    } else if (s.cases == 0) {
        tally_empty(j->tally, "suite ", s.name);
    }
}

static void on_end(void *user, const XML_Char *element)
{
    junit *j = user;
    if (is_suite(element))
        end_suite(j);
    if (strcmp(element, "testcase") != 0 || !j->in_case)
        return;
    j->in_case = false;
    if (j->failed)
        tally_failed(j->tally, j->name);
    else if (j->skipped)
        j->tally->skipped++;
    else
        j->tally->passed++;
}

junit *junit_new(tally *t, const char *file)
{
    junit *j = calloc(1, sizeof *j);
    XML_Parser parser = j ? XML_ParserCreate(NULL) : NULL;
    if (!parser) {
        free(j);
        return NULL;
    }
    *j = (junit){.tally = t, .file = file, .parser = parser};
    XML_SetUserData(parser, j);
    XML_SetElementHandler(parser, on_start, on_end);
    return j;
}

void junit_add(junit *j, const char *bytes, size_t n, bool last)
{
    if (j->tally->broken[0])
        return;
    if (XML_Parse(j->parser, bytes, (int)n, last) != XML_STATUS_OK)
        tally_broken(j->tally, "'%.150s', line %lu is no XML: %s", j->file,
                     (unsigned long)XML_GetCurrentLineNumber(j->parser), XML_ErrorString(XML_GetErrorCode(j->parser)));
    else if (last && j->cases == 0)
        tally_empty(j->tally, "", j->file);
}

void junit_free(junit *j)
{
    if (!j)
        return;
    XML_ParserFree(j->parser);
    free(j);
}
