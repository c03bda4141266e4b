/** @file shell_world.h  Steps of the plugin shell that run a script of the test's own. */
#ifndef TESTS_SHELL_WORLD_H
#define TESTS_SHELL_WORLD_H

#include "kit.h"

/** A step whose argv is a shell script with this body; its cwd is a new folder, *ret_cwd (may be NULL). */
kit_step *shell_world_step(const char *kind, const char *body, const char **ret_cwd);
/** Writes such a script; gives its path. */
const char *shell_world_script(const char *body);
void shell_world_must_say(const char *text, const char *part);

#endif
