/**
 * @file conform.h
 * What `belay plugin check` proves of a plugin: that it keeps the promises of belay/plugin.h, tried on the real worker
 * with a world that a case describes. docs/CONFORMANCE.md lists the proofs and describes a case.
 */
#ifndef CONFORM_CONFORM_H
#define CONFORM_CONFORM_H

#include "conform/report.h"

typedef struct conform_request {
    const char *plugin;       /**< the file */
    const char *const *cases; /**< folders, NULL-terminated; may be NULL */
    const char *only;         /**< "C1": one proof, "C1#37": one case of it; NULL: all */
    const char *gdb;          /**< the phase of the trial that gdb is to look at, NULL: none; needs only */
    int kills;      /**< about how many kills C1 makes at the most, and T1 cancellations; X2 makes 5 times that.
                         0: 1000, all, all */
    FILE *progress; /**< receives each row as it is known; NULL: nobody */
} conform_request;

/** SIGINT or SIGTERM ends the trial and removes what was made; then this process ends by that signal. An error means
 * that nothing could be tried: the file or a case cannot be read. A plugin that is refused is a row. */
int conform_run(const conform_request *request, conform_report *ret, error **err) CHECKED;

#endif
