/** @file nearest.h  "Did you mean ...?" */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/** A search for the candidate nearest to a word, by Damerau-Levenshtein distance, at most a third of its length. */
typedef struct nearest {
    const char *word, *best;
    size_t distance;
} nearest;

nearest nearest_to(const char *word);
/** Offers one candidate; borrowed until the search's end. */
void nearest_offer(nearest *n, const char *candidate);
/** The nearest offered so far, or NULL when none is near. */
const char *nearest_get(const nearest *n);

#endif
