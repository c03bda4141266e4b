/* The page that is printed and signed, from filled checklists written by hand. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checklist/checklist.h"

#define STEP(id, kind, verdict, more)                                                                                  \
    "{\"id\": \"" id "\", \"kind\": \"" kind "\", \"title\": \"\", \"verdict\": \"" verdict                            \
    "\", \"at_ms\": 1000, \"duration_ms\": 5" more "}"
#define BOX(id, state, reason, steps)                                                                                  \
    "{\"id\": \"" id "\", \"section\": \"One\", \"text\": \"It holds\", \"state\": \"" state                           \
    "\", \"reason\": \"" reason "\", \"steps\": [" steps "]}"
#define METRIC(name, value, threshold, verdict)                                                                        \
    "{\"name\": \"" name "\", \"value\": " value ", \"unit\": \"ms\", \"threshold\": \"" threshold                     \
    "\", \"verdict\": \"" verdict "\", \"samples\": 1}"

/* Everything but the style sheet. */
static char *page(const char *boxes, const char *more)
{
    char *written = NULL;
    assert_true(asprintf(&written,
                         "{\"title\": \"Shop <v2>\", \"run\": \"r1\", \"state\": \"committed\", \"boxes\": [%s]%s}",
                         boxes, more) > 0);
    json_t *filled = json_loads(written, 0, NULL);
    assert_non_null(filled);
    text out = {0};
    checklist_html(&out, filled);
    json_decref(filled);
    free(written);
    char *all = text_take(&out), *body = strdup(strstr(all, "<body>"));
    free(all);
    return body;
}

static void holds(const char *page, const char *part)
{
    if (!strstr(page, part))
        fail_msg("expected \"%s\" in:\n%s", part, page);
}

static void holds_not(const char *page, const char *part)
{
    if (strstr(page, part))
        fail_msg("did not expect \"%s\" in:\n%s", part, page);
}

static void what_is_not_ticked_stands_first_by_its_reason(void **state)
{
    (void)state;
    char *p = page(
        BOX("1", "ticked", "", STEP("a", "k.k", "passed", "")) "," BOX("2", "open", "x: it was taken back", "") "," BOX(
            "3", "failed", "y: failed, no <answer>", "") "," BOX("4", "open", "z: it was taken back", ""),
        "");
    holds(p, "<b>1 of 4</b> boxes are ticked by evidence, <b class=bad>1 failed</b>, <b class=open>2 are open</b>.");
    holds(p, "<p class=failed><a href=\"#box-3\">3</a>: y: failed, no &lt;answer&gt;</p>\n"
             "<p class=open><a href=\"#box-2\">2</a>, <a href=\"#box-4\">4</a>: it was taken back</p>");
    holds(p, "<small>1 of 4</small>");
    free(p);
    p = page(BOX("1", "ticked", "", STEP("a", "k.k", "passed", "")), "");
    holds_not(p, "Not ticked");
    free(p);
}

static void values_stand_against_their_thresholds(void **state)
{
    (void)state;
    char *p = page(BOX("1", "failed", "a: failed",
                       STEP("a", "k.k", "failed",
                            ", \"measurements\": [" METRIC("p95", "41.0", "> 500", "passed") "," METRIC(
                                "total/x", "7.0", "> 9",
                                "passed") "," METRIC("calls", "3.0", "", "passed") "," METRIC("total/y", "12.0", "> 9",
                                                                                              "failed") "]")),
                   "");
    holds(p, "<li class=limit>p95 <span class=passed><b>41 ms</b></span> <i>bad if &gt; 500</i></li>");
    holds(p,
          "<li class=limit>total, bad if &gt; 9: <span class=passed>x <b>7 ms</b></span>, <span class=failed>y <b>12 "
          "ms</b></span></li>");
    holds(p, "<li>calls <span class=passed><b>3 ms</b></span></li>");
    holds(p, "<span class=bad>failed</span>");
    free(p);
}

static void what_a_step_measured_stands_once(void **state)
{
    (void)state;
#define SHARED STEP("a", "k.k", "passed", ", \"measurements\": [" METRIC("p95", "41.0", "", "passed") "]")
    char *p = page(BOX("1", "ticked", "", SHARED) "," BOX("2", "ticked", "", SHARED), "");
#undef SHARED
    const char *first = strstr(p, "<b>41 ms</b>");
    assert_non_null(first);
    assert_null(strstr(first + 1, "<b>41 ms</b>"));
    holds(p, "measured: see 1");
    free(p);
}

static void a_decision_by_evidence_is_ticked(void **state)
{
    (void)state;
    char *p =
        page(BOX("1", "ticked", "", STEP("go", "gate.decision", "passed", ", \"summary\": \"GO: by <all>\"")), "");
    holds(p, "<span>&#9745; GO</span><span>&#9744; NO-GO</span>");
    holds(p, "<p class=said>GO: by &lt;all&gt;</p>");
    free(p);
    p = page(BOX("1", "failed", "", STEP("go", "gate.decision", "failed", "")), "");
    holds(p, "<span>&#9744; GO</span><span>&#9745; NO-GO</span>");
    free(p);
    p = page(BOX("1", "open", "", STEP("go", "gate.decision", "skipped", "")), "");
    holds(p, "<span>&#9744; GO</span><span>&#9744; NO-GO</span>Reason: ___");
    free(p);
}

static void who_decided_is_told_and_there_is_room_to_sign(void **state)
{
    (void)state;
    char *p = page(
        "", ", \"approvals\": [{\"gate\": \"sign-off\", \"role\": \"qa-lead\", \"decision\": \"approve\","
            " \"reason\": \"<fine>\", \"user\": \"alice\", \"person\": \"al@shop\", \"at_ms\": 1000},"
            "{\"gate\": \"go\", \"role\": \"boss\", \"decision\": \"approve\", \"user\": \"bob\", \"person\": \"\"}]");
    holds(p, "<td data-of=Role>qa-lead</td><td data-of=Decision>approved</td><td data-of=By>al@shop<small>signed with "
             "an SSH "
             "key</small></td><td data-of=At>1970-01-01 00:00:01 UTC</td><td data-of=Why>&lt;fine&gt;</td>");
    holds(p, "<td data-of=By>bob<small>user of the operating system</small></td>");
    holds(p, "<td data-of=Signature></td>");
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_ticked_stands_first_by_its_reason),
        cmocka_unit_test(values_stand_against_their_thresholds),
        cmocka_unit_test(what_a_step_measured_stands_once),
        cmocka_unit_test(a_decision_by_evidence_is_ticked),
        cmocka_unit_test(who_decided_is_told_and_there_is_room_to_sign),
    };
    return cmocka_run_group_tests_name("checklist, HTML", tests, NULL, NULL);
}
