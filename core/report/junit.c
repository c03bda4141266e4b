/* JUnit XML as Ant's and Jenkins' schemas have it: a suite for each stage, a case for each step; what was taken back is
 * a suite of its own. Cases have no properties there, so measurements are properties of the suite. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "base/xml.h"
#include "report/view.h"

/* ---- XML --------------------------------------------------------------------------------------------------------- */

/* Seconds, with a point in every locale. */
static void add_time(text *t, int64_t ms)
{
    ms = ms < 0 ? 0 : ms;
    text_printf(t, " time=\"%" PRId64 ".%03d\"", ms / 1000, (int)(ms % 1000));
}

static void add_property(text *t, const char *name, const char *value)
{
    text_puts(t, "      <property");
    xml_attribute(t, "name", name);
    xml_attribute(t, "value", value);
    text_puts(t, "/>\n");
}

/* ---- cases ------------------------------------------------------------------------------------------------------- */

typedef struct suite {
    const char *name;
    size_t tests, failures, errors, skipped;
    int64_t ms;
    text properties, cases, log;
} suite;

static void suite_done(suite *s)
{
    text_done(&s->properties);
    text_done(&s->cases);
    text_done(&s->log);
}
#define guard_suite __attribute__((cleanup(suite_done))) suite

static void add_result(text *t, const char *element, const char *type, const view_trouble *trouble)
{
    text_printf(t, "      <%s", element);
    xml_attribute(t, "message", *trouble->summary ? trouble->summary : type);
    xml_attribute(t, "type", type);
    text_puts(t, ">");
    xml_escape(t, trouble->phase, false);
    if (*trouble->hint) {
        text_puts(t, ": ");
        xml_escape(t, trouble->hint, false);
    }
    text_printf(t, "</%s>\n", element);
}

static void add_skipped(text *t, const char *message)
{
    text_puts(t, "      <skipped");
    xml_attribute(t, "message", message);
    text_puts(t, "/>\n");
}

static void add_case(suite *to, const view *v, const char *prefix, const view_step *s, view_verdict verdict,
                     int64_t duration_ms, const view_trouble *trouble)
{
    text *t = &to->cases;
    guard_mem char *name = mem_printf("%s%s", prefix, s->id);
    guard_mem char *class = mem_printf("%s.%s", v->pipeline, to->name);
    const char *word = view_verdict_word(verdict);
    text_puts(t, "    <testcase");
    xml_attribute(t, "name", name);
    xml_attribute(t, "classname", class);
    add_time(t, duration_ms);
    text_puts(t, ">\n");
    to->tests++;
    to->ms += duration_ms;
    switch (verdict) {
    case VIEW_FAILED:
        to->failures++;
        add_result(t, "failure", word, trouble);
        break;
    case VIEW_ERROR:
    case VIEW_INCONCLUSIVE:
    case VIEW_NOT_UNDONE:
    case VIEW_UNDO_SKIPPED:
        to->errors++;
        add_result(t, "error", word, trouble);
        break;
    case VIEW_NONE:
    case VIEW_NOT_YET:
    case VIEW_STOPPED:
    case VIEW_SKIPPED:
    case VIEW_IRREVERSIBLE:
        to->skipped++;
        add_skipped(t, verdict != VIEW_NONE ? word : s->begun ? "not ended" : "not reached");
        break;
    default: break;
    }
    text_puts(t, "    </testcase>\n");
}

static void add_measurements(text *t, const view_step *s)
{
    for (size_t i = 0; i < s->measurement_count; i++) {
        const view_measurement *m = &s->measurements[i];
        char shown[UNITS_TEXT];
        guard_mem char *name = mem_printf("%s.%s", s->id, m->name);
        guard_mem char *value =
            mem_printf("%s, %s%s%s", units_show_value(m->value, m->unit, shown), view_verdict_word(m->verdict),
                       *m->threshold ? ", bad if " : "", m->threshold);
        add_property(t, name, value);
    }
}

/* ---- suites ------------------------------------------------------------------------------------------------------ */

static void add_suite(text *out, const view *v, suite *s, size_t id)
{
    guard_mem char *at = mem_dup_n(v->started_at, strlen(v->started_at) < 19 ? strlen(v->started_at) : 19);
    text_puts(out, "  <testsuite");
    xml_attribute(out, "name", s->name);
    xml_attribute(out, "package", *v->pipeline ? v->pipeline : "belay");
    text_printf(out, " id=\"%zu\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", id, s->tests,
                s->failures, s->errors, s->skipped);
    add_time(out, s->ms);
    xml_attribute(out, "timestamp", at);
    text_puts(out, " hostname=\"localhost\">\n    <properties>\n");
    add_property(out, "run", v->run);
    add_property(out, "environment", v->environment);
    add_property(out, "version", v->version);
    add_property(out, "state", v->state);
    text_puts(out, text_get(&s->properties));
    text_puts(out, "    </properties>\n");
    text_puts(out, text_get(&s->cases));
    text_puts(out, "    <system-out>");
    xml_escape(out, text_get(&s->log), false);
    text_puts(out, "</system-out>\n    <system-err></system-err>\n  </testsuite>\n");
}

static void gather_log(text *log, const json_t *events, const char *stage)
{
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event)
        if (strcmp(event_text(event, "type"), "log") == 0 && strcmp(event_text(event, "stage"), stage) == 0)
            text_printf(log, "%s: %s\n", event_text(event, "step"), event_text(event, "line"));
}

static void add_stage(text *out, const view *v, size_t stage, const json_t *events, size_t id)
{
    guard_suite s = {.name = v->stages.items[stage].name};
    for (size_t i = 0; i < v->steps.count; i++) {
        const view_step *step = &v->steps.items[i];
        if (step->stage != stage)
            continue;
        add_case(&s, v, "", step, step->verdict, step->duration_ms, &step->trouble);
        add_measurements(&s.properties, step);
    }
    const view_step *failure = view_failure(v);
    for (size_t i = 0; failure && failure->stage == stage && i < v->found.count; i++)
        add_property(&s.properties, "found", v->found.items[i]);
    gather_log(&s.log, events, s.name);
    add_suite(out, v, &s, id);
}

static void add_undo(text *out, const view *v, size_t id)
{
    guard_suite s = {.name = "undo"};
    for (size_t i = 0; i < v->undone.count; i++) {
        const view_step *step = &v->steps.items[v->undone.items[i]];
        add_case(&s, v, "undo ", step, step->undo, step->undo_duration_ms, &step->undo_trouble);
    }
    add_suite(out, v, &s, id);
}

int report_junit(FILE *out, const json_t *events, error **err)
{
    guard(view) v = view_new();
    guard_text xml = {0};
    size_t i, id = 0;
    const json_t *event;
    json_array_foreach(events, i, event)
        view_apply(v, event, 0);
    if (!*v->started_at)
        return error_set(err, ERROR_NOT_FOUND, "the run has recorded no events");
    text_puts(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (size_t stage = 0; stage < v->stages.count; stage++)
        if (v->stages.items[stage].count > 0 && !v->stages.items[stage].diagnose)
            add_stage(&xml, v, stage, events, id++);
    if (v->undone.count)
        add_undo(&xml, v, id++);
    text_puts(&xml, "</testsuites>\n");
    if (fputs(text_get(&xml), out) == EOF || fflush(out) == EOF)
        return error_set(err, ERROR_IO, "write the report: %s", strerror(errno));
    return 0;
}
