/** @file candidates.h  What a completion may offer: of the store, of the plugins, of the tables. See complete.h. */
#ifndef CLI_CANDIDATES_H
#define CLI_CANDIDATES_H

#include "cli/cli.h"

/** What is being completed. */
typedef struct candidates_line {
    const cli_command *command;
    cli_args args;       /**< the words and folders that stand before */
    const char *word;    /**< begins what is wanted */
    const char *written; /**< stands before it in the same shell word: "--set=" */
} candidates_line;

/** Prints the candidate when it begins with the word; what may be NULL. */
void candidates_offer(const candidates_line *l, const char *candidate, const char *what);
void candidates_files(const candidates_line *l);
/** "md|html|json" */
void candidates_alternatives(const candidates_line *l, const char *alternatives);

/** The newest runs, and "latest". */
void candidates_runs(const candidates_line *l);
void candidates_environments(const candidates_line *l);
/** Of the run that the first word names. */
void candidates_steps(const candidates_line *l);
void candidates_gates(const candidates_line *l);

void candidates_kinds(const candidates_line *l);
/** Of the plugin file that the first word names. */
void candidates_kinds_of_file(const candidates_line *l);
/** What --set of the command takes: options of the kind that the words name, or settings of a pipeline file. */
void candidates_settings(const candidates_line *l);

#endif
