/** @file clues.h  Log lines that say why a program fails: a table of patterns, each with its weight and its meaning. */
#ifndef CLUES_CLUES_H
#define CLUES_CLUES_H

#include <stddef.h>

typedef struct clue {
    int weight;          /**< of a finding, see say/finding.h */
    const char *meaning; /**< NULL: the line says it all */
    const char *pattern; /**< POSIX extended regular expression, whatever the case */
} clue;

/** The clue that a line gives, or NULL; of several the heaviest. */
const clue *clues_find(const char *line);
/** The table, heaviest first. */
const clue *clues_all(size_t *ret_count);

#endif
