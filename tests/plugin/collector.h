/** @file collector.h  What a collector of the diagnosis found, for its tests. */
#ifndef TESTS_PLUGIN_COLLECTOR_H
#define TESTS_PLUGIN_COLLECTOR_H

#include <string.h>

#include "kit.h"

/** Lets it look, which has to end well; gives its findings of all looks so far, a line of JSON each; borrowed. */
static inline const char *collector_findings(kit_step *s)
{
    if (kit_run(s, KIT_VERIFY) != BELAY_OK)
        fail_msg("%s", kit_summary(s));
    const char *found = kit_artifact(s, "findings.jsonl");
    return found ? found : "";
}

/** Fails the test, showing both, unless findings hold the text. */
static inline void collector_found(const char *findings, const char *text)
{
    if (!findings || !strstr(findings, text))
        fail_msg("'%s' is not among: %s", text, findings ? findings : "(nothing)");
}

#endif
