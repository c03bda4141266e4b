/** @file cases.h  `belay plugin check` with every case of a plugin of Belay's own. */
#ifndef TESTS_PLUGIN_CASES_H
#define TESTS_PLUGIN_CASES_H

/** What cannot be proved of a kind, and why: part of the sentence that the check gives. */
typedef struct unproved {
    const char *proof, *kind, *why;
} unproved;

/** Checks plugins/NAME.so with the cases in plugins/NAME/case. Fails the test when a proof fails, when a kind has no
 * case, when something is not proved that is not in the list (which ends with an empty row), and when something of the
 * list is. kills: as of --kills; with BELAY_TORTURE=1 in the environment all are made. */
void cases_check(const char *plugin, int kills, const unproved *list);

#endif
