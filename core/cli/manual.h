/** @file manual.h  Manual pages in scdoc's format (scdoc(5)), to stdout: from the command table and from schemas. */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include "cli/cli.h"

/** belay(1): every command of the table. */
void manual_print_commands(const cli_command *commands, size_t count);
/** belay-NAME(7): every kind of a plugin. */
void manual_print_plugin(const catalog_plugin *p);

#endif
