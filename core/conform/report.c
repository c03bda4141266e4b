#include "conform/report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/xml.h"

#define CLAIM_COLUMNS 46

static const char *const words[] = {
    [CONFORM_PROVED] = "proved", [CONFORM_FAILED] = "FAILED", [CONFORM_NOT_PROVED] = "not proved"};

void conform_report_done(conform_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->items[i].subject);
        free(r->items[i].text);
    }
    free(r->items);
    free(r->plugin);
    *r = (conform_report){0};
}

conform_verdict conform_report_verdict(const conform_report *r)
{
    conform_verdict worst = r->count ? CONFORM_PROVED : CONFORM_NOT_PROVED;
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].verdict == CONFORM_FAILED)
            return CONFORM_FAILED;
        if (r->items[i].verdict == CONFORM_NOT_PROVED)
            worst = CONFORM_NOT_PROVED;
    }
    return worst;
}

void conform_print_row(FILE *out, const conform_row *row)
{
    fprintf(out, "%-4s %-*s %s%s%s  [%s]\n", row->id, CLAIM_COLUMNS, row->claim, words[row->verdict],
            *row->text ? ": " : "", row->text, row->subject);
    fflush(out);
}

void conform_print_json(FILE *out, const conform_report *r)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < r->count; i++) {
        const conform_row *row = &r->items[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "id", row->id, "claim", row->claim,
                                              "subject", row->subject, "verdict", words[row->verdict], "text",
                                              row->text, "duration_ms", (json_int_t)row->ms));
    }
    json_t *document =
        json_pack("{s:s, s:s, s:o}", "plugin", r->plugin, "verdict", words[conform_report_verdict(r)], "proofs", rows);
    guard_mem char *bytes = json_dumps(document, JSON_INDENT(2));
    json_decref(document);
    fprintf(out, "%s\n", bytes);
}

static void add_junit_row(text *t, const conform_row *row)
{
    static const char *const elements[] = {[CONFORM_FAILED] = "failure", [CONFORM_NOT_PROVED] = "skipped"};
    text_printf(t, "    <testcase name=\"%s %s\"", row->id, row->claim);
    xml_attribute(t, "classname", row->subject);
    text_printf(t, " time=\"%d.%03d\"", (int)(row->ms / 1000), (int)(row->ms % 1000));
    if (row->verdict == CONFORM_PROVED) {
        text_puts(t, "/>\n");
        return;
    }
    text_printf(t, ">\n      <%s", elements[row->verdict]);
    xml_attribute(t, "message", row->text);
    text_puts(t, "/>\n    </testcase>\n");
}

static size_t count(const conform_report *r, conform_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++)
        n += r->items[i].verdict == verdict;
    return n;
}

int conform_write_junit(const char *path, const conform_report *r, error **err)
{
    guard_text t = {0};
    text_puts(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
    xml_attribute(&t, "name", r->plugin);
    text_printf(&t, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", r->count,
                count(r, CONFORM_FAILED), count(r, CONFORM_NOT_PROVED));
    for (size_t i = 0; i < r->count; i++)
        add_junit_row(&t, &r->items[i]);
    text_puts(&t, "  </testsuite>\n</testsuites>\n");
    guard_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_set(err, ERROR_IO, "write '%s': %s", path, strerror(errno));
    return file_write_all(fd, text_get(&t), t.count, err);
}
