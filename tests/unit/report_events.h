/** @file report_events.h  Runs as streams of events, to feed to reports. */
#ifndef TESTS_REPORT_EVENTS_H
#define TESTS_REPORT_EVENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/event.h"

/** A deploy that passes; one whose migration fails and that is rolled back; one whose failure is diagnosed; one whose
 * undo fails; one that is refused; one where two steps meet the same obstacle and a third is stopped beside them; a
 * plan. Arrays of JSON objects; NULL ends. */
extern const char *const events_committed[];
extern const char *const events_rolled_back[];
extern const char *const events_diagnosed[];
extern const char *const events_needs_person[];
extern const char *const events_refused[];
extern const char *const events_one_obstacle[];
extern const char *const events_plan[];

/** Parses one event; "at" and "run" are added when they are missing. */
json_t *events_parse(const char *json);
/** Feeds all events to a sink. */
void events_feed(const report_sink *sink, const char *const *events);
void events_feed_one(const report_sink *sink, const char *json);
/** All events as one array; the caller decrefs. */
json_t *events_array(const char *const *events);

/** What a report writes for the events, through a file; the caller frees. */
char *events_written(report_sink (*open)(FILE *out), const char *const *events);
/** Fails the test unless got is want, showing both. */
void events_same(const char *got, const char *want);

#endif
