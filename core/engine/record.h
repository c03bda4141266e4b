/**
 * @file record.h
 * What a run writes down, and reads again. With a store: durable when a function returns. Without one (plan, try): the
 * undo records and outputs live as long as the process.
 */
#ifndef ENGINE_RECORD_H
#define ENGINE_RECORD_H

#include "pipeline/pipeline.h"
#include "store/store.h"

typedef struct record {
    store *store;                     /**< NULL: in memory; borrowed */
    store *past;                      /**< what earlier runs measured; NULL: unknown; borrowed */
    store_run run;                    /**< id is "" without a store */
    json_t *undo, *outputs, *samples; /**< step -> ...; undo: without a store only */
} record;

void record_init(record *r, store *s);
void record_done(record *r);

/** Describes the run that begins, from the pipeline. */
void record_describe(record *r, const pipeline *p, const char *const *sets);
/** Creates the run, with its steps and the plugins they come from. */
int record_begin(record *r, const pipeline *p, error **err) CHECKED;
/** Writes r->run's state, reason, commit and times. */
int record_update(record *r, error **err) CHECKED;

int record_intent(record *r, const char *step, const char *phase, int attempt, int64_t *ret_seq, error **err) CHECKED;
int record_result(record *r, const store_phase *result, error **err) CHECKED;

/** *ret_kept: the value that counts; the caller frees. */
int record_remember(record *r, const char *step, const char *key, const char *value, char **ret_kept,
                    error **err) CHECKED;
/** Array of {"key","value"}, newest first; the caller decrefs. */
int record_recall(record *r, const char *step, json_t **ret, error **err) CHECKED;

/** secret: kept in memory, never written. */
int record_output(record *r, const char *step, const char *name, const char *value, bool secret, error **err) CHECKED;
/** Borrowed; NULL when there is none. A pipeline_output_fn, user is the record. */
const char *record_output_get(void *user, const char *step, const char *name);

/** m->samples receives how many there are now. */
int record_measure(record *r, store_measurement *m, error **err) CHECKED;
/** What the newest committed run measured; *ret_run NULL: there is none. See store_baseline(). */
int record_baseline(record *r, const char *step, const char *name, double *ret, char **ret_run, error **err) CHECKED;
/** Samples that the step took of the metric "NAME", of all its instances. */
bool record_has_sample(const record *r, const char *step, const char *metric);
/** Reads the counts of samples from the store. */
int record_load_samples(record *r, error **err) CHECKED;

/** Appends to an artifact of the step; nothing without a store. ERROR_IO when it would exceed 16 MiB. */
int record_artifact(record *r, const char *step, const char *name, const void *bytes, size_t n, error **err) CHECKED;

#endif
