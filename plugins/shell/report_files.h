/** @file report_files.h  The files that patterns name. */
#ifndef SHELL_REPORT_FILES_H
#define SHELL_REPORT_FILES_H

#include <stddef.h>

typedef struct report_files {
    char **items; /**< sorted, each once; a file that two patterns name counts once */
    size_t count, room;
} report_files;

/** Adds what the pattern names, as a shell does: a component "**" stands for any folders, also none. Folders that begin
 *  with a dot and links to folders are not entered. How many files it named, or -1: memory is gone. */
int report_files_add(report_files *f, const char *pattern);
void report_files_done(report_files *f);

#endif
