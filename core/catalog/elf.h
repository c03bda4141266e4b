/** @file elf.h  Is this a Belay plugin for this machine? Told from a file's bytes, before anything loads it. */
#ifndef CATALOG_ELF_H
#define CATALOG_ELF_H

#include <stddef.h>

#include "base/error.h"

/** Checks class, byte order, machine and type against this program's own, and that the file defines belay_plugin_v1.
 *  ERROR_PLUGIN says plainly what it is instead. Format: ELF gABI 4.1, chapters 4 and 5. */
int elf_check(const void *bytes, size_t size, error **err) CHECKED;

/** The name of a function or variable that a checked file exports besides its entry, or NULL; the caller frees. What
 * the tool chain adds by itself does not count. */
char *elf_other_export(const void *bytes, size_t size);

#endif
