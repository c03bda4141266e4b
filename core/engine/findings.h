/**
 * @file findings.h
 * Inside of core/engine. What collectors say about the cause of a failure.
 */
#ifndef ENGINE_FINDINGS_H
#define ENGINE_FINDINGS_H

#include "engine/driver.h"

/** The artifact of a collector whose lines are its findings: {"weight": 90, "text": "port 80 is held by ..."}. */
#define FINDINGS_ARTIFACT "findings.jsonl"
/** The diagnosis of a step begins: the collectors' facts are about it. */
void findings_begin(driver *d, size_t failed);
/** Adds what only a collector is told: failure.step, .kind, .stage, .summary, .started_at, .artifacts. */
void findings_facts(const driver *d, json_t *facts);
/** Takes the lines of a piece of FINDINGS_ARTIFACT. */
void findings_take(call *c, const char *bytes, size_t n);
/** A collector has ended: what one says that did not pass is a finding too. */
void findings_ended(call *c);
/** The diagnosis is over: the best findings end the message of the failure, from here on and in the record. */
int findings_weigh(driver *d, error **err) CHECKED;

#endif
