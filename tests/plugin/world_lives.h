/**
 * @file world_lives.h
 * A run of world_bed.h that is cut short, and resumed until it lives to its end: what has to hold then.
 *
 * The test's program adopts what a dead core leaves, so that it sees all of it end: lives_adopt() comes first.
 */
#ifndef TESTS_WORLD_LIVES_H
#define TESTS_WORLD_LIVES_H

#include "world_bed.h"

/** Call once, before the first test. */
void lives_adopt(void);
/** A world whose pipeline writes a, then b, which has these options too. */
bed lives_world(const char *of_b);
/** `belay run FILE` or `belay VERB` with tests/preload/LIBRARY.so loaded into it; its exit status. */
int lives_with(bed *b, const char *library, const char *verb);
/** Fails, telling the story, unless all that this process adopted ends soon. */
void lives_assert_alone(const bed *b, const char *story);
/** Fails, telling the story, unless the run has ended and the world is wholly old or wholly new, as the record says. */
void lives_assert_whole(bed *b, const char *story);

#endif
