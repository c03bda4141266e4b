/**
 * @file view.h
 * The state of a run, built from its events: what the live view, the plain lines, the summary and JUnit all show. Pure:
 * it reads no clock and writes nothing.
 */
#ifndef REPORT_VIEW_H
#define REPORT_VIEW_H

#include "report/event.h"

/** X(ID, word): what a step or measurement came to, in the words of the events. */
#define VIEW_VERDICTS(X)                                                                                               \
    X(NONE, "")                                                                                                        \
    X(PASSED, "passed")                                                                                                \
    X(WARNED, "warned")                                                                                                \
    X(FAILED, "failed")                                                                                                \
    X(ERROR, "error")                                                                                                  \
    X(INCONCLUSIVE, "inconclusive")                                                                                    \
    X(STOPPED, "stopped")                                                                                              \
    X(SKIPPED, "skipped")                                                                                              \
    X(NOT_YET, "not yet")                                                                                              \
    X(UNDONE, "undone") X(NOT_UNDONE, "not undone") X(UNDO_SKIPPED, "undo skipped") X(IRREVERSIBLE, "irreversible")
typedef enum view_verdict {
#define X(id, word) VIEW_##id,
    VIEW_VERDICTS(X)
#undef X
} view_verdict;
const char *view_verdict_word(view_verdict verdict);
/** Of an unknown word: VIEW_ERROR. */
view_verdict view_verdict_parse(const char *word);
/** True of failed, error, inconclusive, not undone, undo skipped. */
bool view_verdict_is_bad(view_verdict verdict);

/** What a run does; from run.start. */
typedef enum view_mode {
    VIEW_MODE_RUN,
    VIEW_MODE_PLAN,
    VIEW_MODE_TRY,
    VIEW_MODE_ROLLBACK,
    VIEW_MODE_DISCARD
} view_mode;

typedef struct view_measurement {
    char *name, *unit, *threshold;
    double value;
    view_verdict verdict;
} view_measurement;

/** How a phase ended badly, or why it is not ready yet. Texts are never NULL. */
typedef struct view_trouble {
    view_verdict verdict; /**< VIEW_NONE: there is none */
    char *phase, *summary, *hint, *option;
} view_trouble;

typedef struct view_step {
    char *id, *kind, *title;
    size_t stage;         /**< index in view.stages */
    view_verdict verdict; /**< what the step itself came to */
    view_verdict undo;    /**< what taking it back came to */
    int64_t duration_ms, undo_duration_ms;
    char *phase;   /**< the phase that runs; "" when none does */
    bool prepared; /**< its prepare passed */
    bool begun;    /**< a later phase was started */
    int attempt;
    int64_t since_ms; /**< when the phase started, by the clock given to view_apply() */
    int64_t done, all;
    char *what;                /**< of the last progress */
    char *line;                /**< the last log line of the phase */
    view_trouble trouble;      /**< of its last phase that ended badly or not yet, and did not pass later */
    view_trouble undo_trouble; /**< the same of rollback */
    json_t *plan;              /**< array of its plan events */
    view_measurement *measurements;
    size_t measurement_count;
} view_step;

typedef struct view_stage {
    char *name;
    bool diagnose; /**< what looks for the cause of a failure */
    bool rollback; /**< the rollback stage */
    bool started, ended;
    bool bad;     /**< one of its steps went bad */
    size_t count; /**< of its steps */
} view_stage;

/** A warning of the core's own. */
typedef struct view_warning {
    char *text, *hint;
} view_warning;

typedef struct view {
    view_mode mode;
    bool resumed;
    char *started_at; /**< RFC 3339 */
    char *run, *pipeline, *environment, *version, *previous, *file;
    char *state, *reason; /**< as last told; "" at first */
    bool back;            /**< it is, or was, taken back */
    int64_t since_ms;     /**< when it started, by the clock given to view_apply() */
    int64_t failed_ms;    /**< when it first went bad, by the same clock; 0: it has not */
    struct {
        view_stage *items;
        size_t count, room;
    } stages;
    struct {
        view_step *items;
        size_t count, room;
    } steps; /**< in order of the pipeline; those of the diagnosis and of the rollback stage last */
    struct {
        view_warning *items;
        size_t count, room;
    } warnings;
    struct {
        size_t *items;
        size_t count, room;
    } undone; /**< indices of steps that were taken back (or not), in that order */
    struct {
        char **items;
        size_t count, room;
    } found;        /**< what explains the failure best */
    json_t *index;  /**< step id -> position in steps */
    json_t *end;    /**< the run.end event, or NULL */
    size_t failure; /**< index of the first step that went bad, or SIZE_MAX */
} view;

view *view_new(void);
void view_free(view *v);
GUARD(view, view_free)

/** Takes one event in. now_ms: of any clock that does not step; only differences are used. */
void view_apply(view *v, const json_t *event, int64_t now_ms);
/** The step that an event is about, or NULL. */
view_step *view_step_of(const view *v, const json_t *event);
/** The first step that went bad, or NULL. */
const view_step *view_failure(const view *v);
/** True of a step that is neither part of the diagnosis nor of the rollback stage. */
bool view_is_main(const view *v, const view_step *s);
/** The reason without what it may end in and is shown with the step that failed: its summary, and what was found. The
 * caller frees. */
char *view_reason(const view *v);
/** How many steps came to this verdict; those of the diagnosis do not count. */
size_t view_count(const view *v, view_verdict verdict);

#endif
