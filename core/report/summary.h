/** @file summary.h  The last words of a run: what became of it, what a person should know, what to do next. */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "report/layout.h"

/** Appends the summary of a run that has ended. */
void summary_add(text *out, const layout *l, const view *v);
/** Appends the plan: what each step will change and how that is undone. */
void summary_add_plan(text *out, const layout *l, const view *v);

#endif
