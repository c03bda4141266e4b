/**
 * @file story.h
 * What is told of a run, event by event, in lines that stay: shared by the plain lines and the live view.
 */
#ifndef REPORT_STORY_H
#define REPORT_STORY_H

#include "base/units.h"
#include "report/layout.h"

#define STORY_DURATION_COLUMNS 12

typedef struct story {
    layout layout;
    bool words;   /**< times and verdicts in words, for pipes; else marks, for terminals */
    bool verbose; /**< also log lines of level 0 and 1, and outputs */
    size_t stage; /**< whose name was told last; SIZE_MAX: none */
    bool checked; /**< the end of the preparation was told */
    size_t id_columns, about_columns;
} story;

story story_new(style look, bool words, bool verbose);
/** Appends what there is to say of an event that v has taken in already; often nothing. */
void story_tell(story *t, const view *v, const json_t *event, text *out);

/** Appends a line for each step that runs now: how long, and how far it is. */
void story_tell_running(const story *t, const view *v, int64_t now_ms, text *out);

/** Appends "ID  TITLE OR KIND", padded so that all steps of the run stand in columns. */
void story_add_names(const story *t, const view_step *s, text *line);
/** Appends what a running step does: "verify", "3 of 7 agents", why it is not ready yet. */
void story_add_activity(const story *t, const view_step *s, text *line);
/** "7 s", "1 min 12 s": of something that still goes on; into buf; returns buf. */
char *story_show_elapsed(int64_t ms, char buf[UNITS_TEXT]);

#endif
