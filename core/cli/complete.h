/** @file complete.h  What may stand next on a command line: the shells' completions ask by `belay --complete WORD...`.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli/cli.h"

/**
 * words: what stands after "belay", the last one (which may be "") to be completed. Prints each candidate that begins
 * with it as a line "CANDIDATE<tab>WHAT IT IS"; one that ends in '=' wants a value behind it. The line ":files" stands
 * for the names of files. What cannot be looked up has no candidates; nothing is said about that.
 */
void complete_print(const cli_command *commands, size_t count, int word_count, char **words);

#endif
