/* What is known of a failure, as a page to read, before anything is undone. Log lines, measurements and summaries are
 * in the store already; this puts them side by side. */
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "engine/evidence.h"
#include "engine/reason.h"
#include "engine/verdict.h"

static void add_head(const driver *d, const pipeline_step *s, text *page)
{
    char now[CLOCK_TEXT];
    const store_run *run = &d->record.run;
    text_printf(page, "step      %s (%s), stage %s\n", s->id, s->kind->name, s->stage->name);
    text_printf(page, "run       %s: %s %s in %s\n", run->id, run->pipeline, run->version, run->environment);
    text_printf(page, "saved at  %s\n", clock_rfc3339(clock_wall_ms(), now));
    text_printf(page, "reason    %s\n", run->reason);
}

static void add_outcome(const notes *n, text *page)
{
    if (!n->ended)
        return;
    text_printf(page, "phase     %s: %s\n", worker_phase_name(n->phase), verdict_word(n->verdict));
    if (n->summary && *n->summary)
        text_printf(page, "summary   %s\n", n->summary);
    if (n->hint && *n->hint)
        text_printf(page, "hint      %s\n", n->hint);
}

static void add_findings(const driver *d, size_t step, text *page)
{
    if (step != d->findings.failed || d->findings.count == 0)
        return;
    text_puts(page, "\nfound:\n");
    for (size_t i = 0; i < d->findings.count; i++) {
        const finding *f = &d->findings.items[i];
        text_printf(page, "  %3d  %s (%s)\n", f->weight, f->text, driver_step(d, f->step)->id);
    }
}

static void add_lines(const notes *n, text *page)
{
    const size_t first = n->line_count > NOTES_LINES ? n->line_count - NOTES_LINES : 0;
    text_printf(page, "\nlast log lines (%zu of %zu):\n", n->line_count - first, n->line_count);
    for (size_t i = first; i < n->line_count; i++)
        text_printf(page, "  %s\n", n->lines[i % NOTES_LINES]);
}

static void add_where_more_is(const driver *d, const pipeline_step *s, text *page)
{
    if (!d->record.store || !*d->record.run.id)
        return;
    guard_mem char *step = mem_printf(" %s", s->id);
    guard_mem char *command = reason_command(d->record.store, "logs", d->record.run.id, step);
    text_printf(page, "all of them: %s\n", command);
}

int evidence_save(driver *d, size_t step, error **err)
{
    const pipeline_step *s = driver_step(d, step);
    const notes *n = &d->notes[step];
    guard_text page = {0};
    add_head(d, s, &page);
    add_outcome(n, &page);
    if (n->measured.count)
        text_printf(&page, "\nmeasured:\n%s", n->measured.items);
    add_findings(d, step, &page);
    add_lines(n, &page);
    add_where_more_is(d, s, &page);
    guard_mem char *masked = redactor_mask(d->secrets, text_get(&page));
    guard_text clean = {0};
    clean_text(&clean, masked);
    return record_artifact(&d->record, s->id, "failure.txt", text_get(&clean), clean.count, err);
}
