/**
 * @file checklist.h
 * The checklist of a pipeline, filled in by a run: each box with the steps that cover it, what they found and measured,
 * and whether that ticks it.
 *
 * A filled checklist is a JSON object; `belay checklist --format json` prints just that:
 *
 *   title run pipeline environment version previous commit state reason user host sets started_ms ended_ms
 *   ticked total   numbers of boxes; one that only collectors cover is left out unless one of them ran
 *   boxes          array of {id section text state reason steps}
 *     state        "ticked": every step that covers it passed; "failed": one of them did not; "open": not all have run
 *     reason       of a box that is not ticked; else ""
 *     steps        array of {id kind title verdict progress at_ms duration_ms summary measurements}
 *       verdict    as in the event "step.end"; "" when the step has not come to its end
 *       progress   of one that was begun and has not come to its end: "it waits: for qa", "it was cut short"; else ""
 *       measurements  array of {name value unit threshold verdict samples}
 *       soak       of a step that was watched for a time: {ms samples gaps}, gaps: samples that are missing
 *   approvals      what people said at the gates, oldest first: array of {gate role decision reason user person at_ms}
 *     user         of the operating system
 *     person       the principal whose key signed it, as the gate found when it counted the decision; else ""
 */
#ifndef CHECKLIST_CHECKLIST_H
#define CHECKLIST_CHECKLIST_H

#include <jansson.h>

#include "base/text.h"
#include "store/store.h"

/** Fills in the checklist that a run recorded. ERROR_NOT_FOUND when its pipeline had none. The caller decrefs *ret. */
int checklist_gather(store *s, const store_run *run, json_t **ret, error **err) CHECKED;
/** What a run has found so far, also one without a checklist: {"steps": {id: a step as above}, "boxes": {id: {state
 *  reason}}}. The caller decrefs *ret. */
int checklist_findings(store *s, const store_run *run, json_t **ret, error **err) CHECKED;
/** Appends the filled checklist as Markdown. */
void checklist_markdown(text *out, const json_t *filled);
/** Appends it as one HTML page that needs no other file, fit to be printed and signed. */
void checklist_html(text *out, const json_t *filled);

#endif
