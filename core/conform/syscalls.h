/**
 * @file syscalls.h
 * What system calls do to the world, for the tracer: which change files and by which arguments they name them, which
 * open a way out of the process, which begin another process. Numbers and argument orders: the section 2 pages of
 * Linux's manual.
 */
#ifndef CONFORM_SYSCALLS_H
#define CONFORM_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum syscall_class {
    SYSCALL_HARMLESS, /**< all that is in no table */
    SYSCALL_CHANGES,  /**< files, folders, links or what they hold */
    SYSCALL_NETWORK,  /**< reaches or listens for others */
    SYSCALL_PROCESS,  /**< begins a process or a thread */
    SYSCALL_PROGRAM,  /**< becomes another program */
} syscall_class;

/** How a call names a file. */
typedef enum syscall_naming { SYSCALL_NONE, SYSCALL_PATH, SYSCALL_AT, SYSCALL_FD } syscall_naming;

typedef struct syscall_file {
    syscall_naming naming;
    uint8_t argument; /**< SYSCALL_PATH: of the path; SYSCALL_AT: of the folder, the path follows; SYSCALL_FD */
} syscall_file;

typedef struct syscall_rule {
    long number;
    const char *name;
    syscall_class class;
    syscall_file files[2]; /**< that it changes */
} syscall_rule;

/** The rule of a call with these arguments, or NULL when it is harmless. */
const syscall_rule *syscall_find(uint64_t number, const uint64_t arguments[6]);

#endif
