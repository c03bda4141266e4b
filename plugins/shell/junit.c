#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tally.h"

/* JUnit XML has no standard; what all writers agree on is <testcase name classname> with a child <failure>, <error> or
 * <skipped>. The totals that <testsuite> repeats are not read: some writers get them wrong. */
struct junit {
    tally *tally;
    const char *file;
    XML_Parser parser;
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

static void on_start(void *user, const XML_Char *element, const XML_Char **attributes)
{
    junit *j = user;
    if (strcmp(element, "testcase") == 0) {
        const char *class = attribute(attributes, "classname"), *name = attribute(attributes, "name");
        j->in_case = true;
        j->failed = j->skipped = false;
        (void)snprintf(j->name, sizeof j->name, "%.90s%s%.90s", class, *class ? "." : "", name);
    } else if (j->in_case && (strcmp(element, "failure") == 0 || strcmp(element, "error") == 0)) {
        j->failed = true;
    } else if (j->in_case && strcmp(element, "skipped") == 0) {
        j->skipped = true;
    }
}

static void on_end(void *user, const XML_Char *element)
{
    junit *j = user;
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
    if (j->tally->broken[0] || XML_Parse(j->parser, bytes, (int)n, last) == XML_STATUS_OK)
        return;
    tally_broken(j->tally, "'%.150s', line %lu is no XML: %s", j->file,
                 (unsigned long)XML_GetCurrentLineNumber(j->parser), XML_ErrorString(XML_GetErrorCode(j->parser)));
}

void junit_free(junit *j)
{
    if (!j)
        return;
    XML_ParserFree(j->parser);
    free(j);
}
