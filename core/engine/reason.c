/* Why, and what to do: the words for the machine's decisions. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/user.h"
#include "engine/reason.h"

static char *with_summary(const driver *d, size_t step, const char *fmt, const char *what)
{
    const char *summary = d->notes[step].summary;
    guard_mem char *head = mem_printf("step '%s' %s%s", driver_step(d, step)->id, fmt, what);
    return summary && *summary ? mem_printf("%s: %s", head, summary) : take(head);
}

static char *verdict_text(const driver *d, const machine_action *a)
{
    const char *phase = worker_phase_name(d->notes[a->step].phase);
    switch (a->verdict) {
    case MACHINE_FAILED: return with_summary(d, a->step, "failed in ", phase);
    case MACHINE_INCONCLUSIVE: return with_summary(d, a->step, "could not be judged in ", phase);
    default: return with_summary(d, a->step, "ended in an error in ", phase);
    }
}

static char *not_ready_text(const driver *d, size_t step)
{
    char window[UNITS_TEXT];
    return with_summary(d, step, "was not ready within ", units_show_duration(driver_step(d, step)->ready_ms, window));
}

/* The findings end the message of the failure that they explain. */
static char *with_findings(const driver *d, size_t step, char *why)
{
    if (!d->findings.best || step != d->findings.failed)
        return why;
    guard_mem char *bare = why;
    return mem_printf("%s; found: %s", bare, d->findings.best);
}

char *reason_text(const driver *d, const machine_action *a)
{
    const char *was = d->record.run.reason;
    char left[UNITS_TEXT];
    const char *id = a->step != MACHINE_NO_STEP ? driver_step(d, a->step)->id : "";
    switch (a->reason) {
    case MACHINE_BECAUSE_NOTHING: return mem_dup("");
    case MACHINE_BECAUSE_PREPARE: return with_summary(d, a->step, "cannot run", "");
    case MACHINE_BECAUSE_VERDICT: return with_findings(d, a->step, verdict_text(d, a));
    case MACHINE_BECAUSE_NOT_READY: return with_findings(d, a->step, not_ready_text(d, a->step));
    case MACHINE_BECAUSE_WAITING: return with_summary(d, a->step, "waits", "");
    case MACHINE_BECAUSE_SOAKING:
        return mem_printf("step '%s' soaks, and its next sample is due in %s", id,
                          units_show_duration(a->until - clock_steady_ms(), left));
    case MACHINE_BECAUSE_GAPS:
        return with_findings(
            d, a->step,
            mem_printf("step '%s' has not been watched well enough: more than %lld of its samples are missing", id,
                       (long long)driver_step(d, a->step)->max_gaps));
    case MACHINE_BECAUSE_CANCELLED: return mem_printf("cancelled by %s", d->cancelled_by);
    case MACHINE_BECAUSE_CUT_SHORT: return mem_printf("step '%s' was cut short while it executed", id);
    case MACHINE_BECAUSE_ASK:
        return mem_printf("step '%s' was cut short while it executed, and cannot be undone: was it done?", id);
    case MACHINE_BECAUSE_ASKED: {
        guard_mem char *user = user_name();
        return mem_printf("asked for by %s", user);
    }
    case MACHINE_BECAUSE_RESUMED: return a->state == MACHINE_RUNNING ? mem_dup("") : mem_dup(was);
    case MACHINE_BECAUSE_TRIAL: return mem_dup("the trial has ended");
    case MACHINE_BECAUSE_UNDO_FAILED: return with_summary(d, a->step, "could not be rolled back", "");
    case MACHINE_BECAUSE_STAGE_FAILED: return with_summary(d, a->step, "of the rollback stage failed", "");
    case MACHINE_BECAUSE_HALTED: return mem_printf("stopped by a second %s", d->cancelled_by);
    case MACHINE_BECAUSE_AGAIN:
    case MACHINE_BECAUSE_IGNORED: return mem_dup("");
    }
    return mem_dup("");
}

/* ---- next commands ----------------------------------------------------------------------------------------------- */

char *reason_command(const store *s, const char *verb, const char *run, const char *more)
{
    guard_mem char *usual = store_default_folder();
    const bool elsewhere = strcmp(usual, store_folder(s)) != 0;
    return mem_printf("belay %s %s%s%s%s", verb, run, more, elsewhere ? " --state " : "",
                      elsewhere ? store_folder(s) : "");
}

static void add(const driver *d, json_t *list, const char *verb, const char *more)
{
    guard_mem char *command = reason_command(d->record.store, verb, d->record.run.id, more);
    json_array_append_new(list, json_string(command));
}

json_t *reason_next(const driver *d)
{
    json_t *list = json_array();
    if (!d->record.store || !*d->record.run.id)
        return list;
    if (d->broken) {
        add(d, list, "resume", "");
        return list;
    }
    switch (d->record.run.state) {
    case RUN_PAUSED:
        if (d->finish == MACHINE_FINISH_PERSON) {
            add(d, list, "resume", " --assume done");
            add(d, list, "resume", " --assume not-done");
        } else {
            add(d, list, "resume", "");
        }
        add(d, list, "rollback", "");
        break;
    case RUN_RUNNING:
        add(d, list, "resume", "");
        add(d, list, "rollback", "");
        break;
    case RUN_ROLLING_BACK: add(d, list, "resume", ""); break;
    case RUN_NEEDS_PERSON:
        add(d, list, "show", "");
        add(d, list, "resume", "");
        break;
    case RUN_COMMITTED:
    case RUN_ROLLED_BACK:
    case RUN_REFUSED: break;
    }
    return list;
}
