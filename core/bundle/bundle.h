/**
 * @file bundle.h
 * All that is known of a run in one file that can be handed on: a tar, compressed with Zstandard.
 *
 * In the folder belay-RUN/, by the bytes of their names, and MANIFEST.sha256 last:
 *
 *   approvals.json             people's decisions: gate role decision reason user at_ms, and the statement's file name
 *   approvals/N.statement      what was signed, as `ssh-keygen -Y verify` reads it
 *   approvals/N.statement.sig  its signature; absent when it was not signed
 *   artifacts/STEP/NAME        what the steps kept
 *   checklist.html .json .md   when the pipeline has a checklist
 *   events.jsonl               one event a line, see report/event.h
 *   logs/STEP.log              what the step wrote: time, phase, level, line
 *   measurements.json          array of {step name value unit samples threshold verdict}
 *   pipeline.cfg               the text that was recorded, with its includes and overrides
 *   proof.json                 the record with its chain, which signatures cover: what `belay verify` checks, see
 *                              approval/proof.h
 *   report.xml                 JUnit
 *   run.json                   as `belay show --format json`, without the places of the artifacts
 *   MANIFEST.sha256            a line for each file above, as sha256sum(1) writes and checks it
 *
 * Two bundles of a run that has ended are the same, byte for byte: owner 0, mode 0644, the time of the run's start.
 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include "approval/audit.h"
#include "base/redact.h"
#include "store/store.h"

/** Writes the bundle of a run to a new file beside path, and renames it to path (mode 0600) when it is whole and on
 * disk. What `secrets` knows is masked in every file. ret_files: how many, without the manifest. */
int bundle_write(store *s, const store_run *run, const redactor *secrets, const char *path, size_t *ret_files,
                 error **err) CHECKED;

/** Checks a bundle, without a store: all its files against its manifest, what people read against proof.json, and that
 * by audit_run(). *ret_proof: the caller decrefs. */
int bundle_audit(const char *path, const char *signers, json_t **ret_proof, audit *ret, error **err) CHECKED;

/** The run as one JSON document, with its phases, measurements and what a diagnosis found; the caller decrefs. */
int bundle_run_json(store *s, const store_run *run, json_t **ret, error **err) CHECKED;

#endif
