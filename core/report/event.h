/**
 * @file event.h
 * The one stream of events of a run. What the terminal shows, what --json prints, what the store keeps: all are this.
 *
 * An event is a JSON object: "at" (RFC 3339, UTC, ms), "run", "type", and by type (step events always have "step",
 * "kind", "stage"):
 *
 * - run.start: mode pipeline environment version previous file stages:[{name,steps:[{id,kind,title,verdict}]}]
 *   diagnose:[..] rollback:[..] resumed. mode: "run" (default) "plan" "try" "rollback" "discard"; diagnose, rollback:
 *   steps, like those of a stage; verdict: of a resumed run, what the step had come to before ("passed", "skipped" ...)
 * - run.state: state reason (rolling back, paused, ...)
 * - run.end: state reason exit_status duration_ms failed_ms healthy_after_ms commit evidence next. healthy_after_ms:
 *   only when the rollback stage has proved the previous version; evidence: the folder with the run's artifacts; next:
 *   array of the commands to go on with
 * - stage.start: stage
 * - stage.end: stage duration_ms verdict
 * - phase.start: phase attempt soak_begins (true: the first sample of a soak is about to be taken)
 * - phase.end: phase attempt status end verdict duration_ms summary hint option
 * - step.end: verdict duration_ms (passed failed error inconclusive stopped skipped warned; of an undo: undone "not
 *   undone" "undo skipped" irreversible); of a step that soaked also soak_ms soak_samples soak_gaps: how long it was
 *   to hold, the samples that held, those that are missing
 * - progress: phase done all what
 * - log: phase level line
 * - plan: change undo irreversible pending. pending: array of the options that are known later
 * - output: name value
 * - measure: name value unit threshold verdict samples at_ms
 * - finding: weight text (of a collector of the diagnosis; weight: 0 to 100, how well it explains the failure)
 * - diagnosis: best findings duration_ms. Of the step that failed, once its diagnosis is over; best: array of the texts
 *   that end the message of the failure, findings: array of {collector weight text}, heaviest first
 * - note: text (a remark of the core's own)
 * - warning: text hint
 * - remember: key value (an undo record; only of a step that is tried alone)
 *
 * All texts are masked before they become events.
 */
#ifndef REPORT_EVENT_H
#define REPORT_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

/** Somebody who reads the stream. A reader that is slow, stuck or gone never holds the run up: what cannot be written
 * waits in memory, and is dropped when it becomes too much. The caller ignores SIGPIPE. */
typedef struct report_sink {
    void *user;
    void (*event)(void *user, const json_t *event);
    void (*tick)(void *user); /**< about ten times a second while a run lives; may be NULL */
    void (*free)(void *user); /**< may be NULL */
    /** Keeps off the terminal while held: somebody types there. May be NULL. */
    void (*hold)(void *user, bool held);
} report_sink;

/** A new event with "at", "run" and "type"; the caller adds the rest and decrefs. run may be NULL. */
json_t *event_new(const char *run, const char *type);
/** A text of an event, "" when it has none of that name; borrowed. */
const char *event_text(const json_t *event, const char *name);
/** A whole number of an event, 0 when it has none of that name. */
int64_t event_int(const json_t *event, const char *name);

/** JSON lines, one event each, flushed. */
report_sink report_json(FILE *out);
/** Plain lines, for pipes and files: steps, verdicts, measurements, what is taken back and why, the summary; verbose
 * also shows log lines of level 0 and 1. */
report_sink report_plain(FILE *out, bool verbose);
/** The live view: stages, steps, elapsed time, progress, what is rolled back and why. Redraws in place. */
report_sink report_live(FILE *out, bool verbose, bool colour);
/** True when out is a terminal that can redraw (TERM is set and not "dumb"). */
bool report_can_live(FILE *out);
/** True when out is a terminal and NO_COLOR is not set. */
bool report_can_colour(FILE *out);
/** JUnit XML of a run from its events, for CI servers. */
int report_junit(FILE *out, const json_t *events, error **err) CHECKED;

#endif
