/* JUnit XML, read back with a parser: every element and attribute that Ant's schema requires, in its order. */
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "report_events.h"

/* The report of the events; the caller frees. */
static char *report(const char *const *events)
{
    guard(error) err = NULL;
    char *xml = NULL;
    size_t n = 0;
    json_t *array = events_array(events);
    FILE *out = open_memstream(&xml, &n);
    assert_int_equal(report_junit(out, array, &err), 0);
    fclose(out);
    json_decref(array);
    return xml;
}

/* What was read: "suite(NAME tests failures errors skipped) ok(CASE) failure(CASE) error(CASE) skipped(CASE) ..." */
typedef struct reader {
    text seen, text;
    char name[64], result[16];
    int properties;
} reader;

static const char *attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    fail_msg("attribute %s is missing", name);
    return "";
}

static void on_start(void *user, const char *name, const char **a)
{
    reader *r = user;
    r->text.count = 0;
    if (strcmp(name, "testsuite") == 0) {
        static const char *const required[] = {"package", "id", "timestamp", "hostname", "time"};
        for (size_t i = 0; i < sizeof required / sizeof *required; i++)
            assert_true(*attribute(a, required[i]));
        assert_string_equal(attribute(a, "timestamp"), "2026-11-23T18:45:12");
        text_printf(&r->seen, "suite(%s %s %s %s %s) ", attribute(a, "name"), attribute(a, "tests"),
                    attribute(a, "failures"), attribute(a, "errors"), attribute(a, "skipped"));
    } else if (strcmp(name, "testcase") == 0) {
        assert_true(strncmp(attribute(a, "classname"), "temponest.", 10) == 0);
        (void)attribute(a, "time");
        snprintf(r->name, sizeof r->name, "%s", attribute(a, "name"));
        snprintf(r->result, sizeof r->result, "ok");
    } else if (strcmp(name, "failure") == 0 || strcmp(name, "error") == 0) {
        assert_true(*attribute(a, "type"));
        assert_true(*attribute(a, "message"));
        snprintf(r->result, sizeof r->result, "%s", name);
    } else if (strcmp(name, "skipped") == 0) {
        snprintf(r->result, sizeof r->result, "%s", name);
    } else if (strcmp(name, "property") == 0) {
        r->properties++;
        if (strcmp(attribute(a, "name"), "images.size") == 0)
            text_printf(&r->seen, "size(%s) ", attribute(a, "value"));
    }
}

static void on_end(void *user, const char *name)
{
    reader *r = user;
    if (strcmp(name, "testcase") == 0)
        text_printf(&r->seen, "%s(%s) ", r->result, r->name);
    else if (strcmp(name, "system-out") == 0 && r->text.count)
        text_printf(&r->seen, "out(%s) ", text_get(&r->text));
}

static void on_text(void *user, const char *bytes, int n)
{
    text_add(&((reader *)user)->text, bytes, (size_t)n);
}

/* Fails the test unless the report is well-formed and holds what `want` says. */
static void reads_as(const char *const *events, const char *want)
{
    guard_mem char *xml = report(events);
    reader r = {0};
    XML_Parser parser = XML_ParserCreate(NULL);
    XML_SetUserData(parser, &r);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    if (XML_Parse(parser, xml, (int)strlen(xml), 1) != XML_STATUS_OK)
        fail_msg("line %lu: %s\n%s", XML_GetCurrentLineNumber(parser), XML_ErrorString(XML_GetErrorCode(parser)), xml);
    XML_ParserFree(parser);
    events_same(text_get(&r.seen), want);
    assert_true(r.properties > 0);
    text_done(&r.seen);
    text_done(&r.text);
}

static void a_committed_run_is_all_green(void **state)
{
    (void)state;
    reads_as(events_committed, "suite(preflight 1 0 0 0) ok(disk) "
                               "suite(build 2 0 0 0) size(456.0 MB, warned, bad if > 400MB) ok(images) ok(tags) "
                               "out(images: Step 4/9 : COPY . /app\n) "
                               "suite(migrate 1 0 0 0) ok(apply) "
                               "suite(rollback 1 0 0 1) skipped(up) ");
}

static void a_failed_step_is_a_failure_and_what_was_undone_a_suite(void **state)
{
    (void)state;
    reads_as(events_rolled_back, "suite(preflight 1 0 0 0) ok(disk) "
                                 "suite(build 2 0 0 0) size(456.0 MB, warned, bad if > 400MB) ok(images) ok(tags) "
                                 "out(images: Step 4/9 : COPY . /app\n) "
                                 "suite(migrate 1 1 0 0) failure(apply) "
                                 "suite(rollback 1 0 0 0) ok(up) "
                                 "suite(undo 2 0 0 0) ok(undo apply) ok(undo tags) ");
}

static void what_the_diagnosis_found_is_told_with_the_failure(void **state)
{
    (void)state;
    FILE *out = tmpfile();
    guard(error) err = NULL;
    json_t *events = events_array(events_diagnosed);
    assert_int_equal(report_junit(out, events, &err), 0);
    char xml[16384] = "";
    rewind(out);
    assert_true(fread(xml, 1, sizeof xml - 1, out) > 0);
    const char *found = strstr(xml, "name=\"found\" value=\"port 8001 is held by pid 812 (nginx)\"");
    assert_non_null(found);
    assert_true(found > strstr(xml, "<testsuite name=\"migrate\"") &&
                found < strstr(xml, "<testsuite name=\"rollback\""));
    assert_null(strstr(found + strlen("name=\"found\" value=\"port 8001 is held by pid 812"), "pid 812"));
    assert_null(strstr(xml, "<testsuite name=\"diagnose\""));
    json_decref(events);
    (void)fclose(out);
}

static void an_undo_that_failed_is_an_error(void **state)
{
    (void)state;
    reads_as(events_needs_person, "suite(preflight 1 0 0 0) ok(disk) "
                                  "suite(build 2 0 0 0) size(456.0 MB, warned, bad if > 400MB) ok(images) ok(tags) "
                                  "out(images: Step 4/9 : COPY . /app\n) "
                                  "suite(migrate 1 1 0 0) failure(apply) "
                                  "suite(rollback 1 0 0 1) skipped(up) "
                                  "suite(undo 1 0 1 0) error(undo apply) ");
}

static void characters_that_xml_cannot_hold_are_replaced(void **state)
{
    (void)state;
    static const char *const events[] = {
        "{\"at\":\"2026-11-23T18:45:12.345Z\",\"type\":\"run.start\",\"pipeline\":\"temponest\",\"stages\":["
        "{\"name\":\"a<b>&\\\"c\\\"\",\"steps\":[{\"id\":\"x\\u0001\\uffffy\",\"kind\":\"k\"}]}]}",
        "{\"type\":\"log\",\"stage\":\"a<b>&\\\"c\\\"\",\"step\":\"x\\u0001\\uffffy\",\"level\":1,"
        "\"line\":\"]]> \\u001b[1m caf\\u00e9\"}",
        NULL};
    reads_as(events, "suite(a<b>&\"c\" 1 0 0 1) skipped(x??y) out(x??y: ]]> ?[1m caf\u00e9\n) ");
}

static void a_run_without_events_is_an_error(void **state)
{
    (void)state;
    guard(error) err = NULL;
    json_t *nothing = json_array();
    assert_int_equal(report_junit(stdout, nothing, &err), -ERROR_NOT_FOUND);
    json_decref(nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_committed_run_is_all_green),
        cmocka_unit_test(a_failed_step_is_a_failure_and_what_was_undone_a_suite),
        cmocka_unit_test(what_the_diagnosis_found_is_told_with_the_failure),
        cmocka_unit_test(an_undo_that_failed_is_an_error),
        cmocka_unit_test(characters_that_xml_cannot_hold_are_replaced),
        cmocka_unit_test(a_run_without_events_is_an_error),
    };
    return cmocka_run_group_tests_name("report_junit", tests, NULL, NULL);
}
