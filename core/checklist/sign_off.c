/* The end of the HTML page: the decision, who made it, and where those sign who sign by hand. */
#include <string.h>

#include "base/clock.h"
#include "checklist/filled.h"
#include "checklist/page.h"

#define BLANK_ROWS 3

/* What the last gate.decision among the boxes' steps came to: true GO, false NO-GO. */
static bool find_decision(const json_t *filled, bool *ret_go)
{
    size_t i, k;
    const json_t *box, *step;
    bool found = false;
    json_array_foreach(json_object_get(filled, "boxes"), i, box)
        json_array_foreach(json_object_get(box, "steps"), k, step) {
            const char *verdict = filled_text(step, "verdict");
            if (strcmp(filled_text(step, "kind"), "gate.decision") != 0 || !*verdict || strcmp(verdict, "skipped") == 0)
                continue;
            found = true;
            *ret_go = strcmp(verdict, "passed") == 0;
        }
    return found;
}

static void add_choice(text *out, const json_t *filled)
{
    bool go = false;
    const bool decided = find_decision(filled, &go);
    text_puts(out, "<p class=choice>");
    text_printf(out, "<span>%s GO</span>", decided && go ? "&#9745;" : "&#9744;");
    text_printf(out, "<span>%s NO-GO</span>", decided && !go ? "&#9745;" : "&#9744;");
    text_puts(out, decided ? "by the evidence of this run.</p>\n" : "Reason: ______________________________</p>\n");
}

static void add_person(text *out, const json_t *a)
{
    char at[CLOCK_TEXT];
    const char *person = filled_text(a, "person");
    text_puts(out, "<tr>");
    page_element(out, "td", " data-of=Role", filled_text(a, "role"));
    page_element(out, "td", " data-of=Decision",
                 strcmp(filled_text(a, "decision"), "approve") == 0 ? "approved" : "rejected");
    text_puts(out, "<td data-of=By>");
    page_text(out, *person ? person : filled_text(a, "user"));
    text_printf(out, "<small>%s</small></td><td data-of=At>%s</td>",
                *person ? "signed with an SSH key" : "user of the operating system",
                clock_show(filled_int(a, "at_ms"), at));
    page_element(out, "td", *filled_text(a, "reason") ? " data-of=Why" : "", filled_text(a, "reason"));
    page_element(out, "td", " data-of=Gate", filled_text(a, "gate"));
    text_puts(out, "</tr>\n");
}

static void add_approvals(text *out, const json_t *approvals)
{
    size_t i;
    const json_t *a;
    text_puts(out, "<table class=said-by><tr><th>Role<th>Decision<th>By<th>At<th>Why<th>Gate</tr>\n");
    json_array_foreach(approvals, i, a)
        add_person(out, a);
    text_puts(out, "</table>\n");
}

static void add_blanks(text *out)
{
    text_puts(out, "<table><tr><th style=\"width:22%\">Role<th style=\"width:28%\">Name<th style=\"width:18%\">Date"
                   "<th>Signature</tr>\n");
    for (int i = 0; i < BLANK_ROWS; i++)
        text_puts(out, "<tr class=ink><td data-of=Role></td><td data-of=Name></td><td data-of=Date></td>"
                       "<td data-of=Signature></td></tr>\n");
    text_puts(out, "</table>\n");
}

void page_sign_off(text *out, const json_t *filled)
{
    const json_t *approvals = json_object_get(filled, "approvals");
    text_puts(out, "<section class=sign><h2><span>Decision and sign-off</span></h2>\n");
    add_choice(out, filled);
    if (json_array_size(approvals))
        add_approvals(out, approvals);
    add_blanks(out);
    text_puts(out, "</section>\n<footer>Filled in by Belay from what run ");
    page_text(out, filled_text(filled, "run"));
    text_puts(out, " recorded; <code>belay bundle ");
    page_text(out, filled_text(filled, "run"));
    text_puts(out, "</code> hands on the evidence itself.</footer>\n");
}
