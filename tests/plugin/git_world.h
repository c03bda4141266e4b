/** @file git_world.h  A repository for the tests of the plugin git: tags v1 and v2, branch main at v1. */
#ifndef TESTS_GIT_WORLD_H
#define TESTS_GIT_WORLD_H

#include "kit.h"

typedef struct git_world {
    const char *path, *v1, *v2; /**< the tags' commits */
} git_world;

git_world git_world_new(void);
/** What git says, without its last newline. */
#define git_says(world, ...) git_world_trim(kit_output_of("git", "-C", (world)->path, __VA_ARGS__, NULL))
const char *git_world_trim(const char *output);
/** A new git.checkout step of the world. */
kit_step *git_world_step(const git_world *w, const char *ref);
/** HEAD, branch, index, every file outside .git and its content, in one text: equal texts are equal worlds. */
const char *git_world_state(const git_world *w);

#endif
