/**
 * @file inside.h
 * The program belay-worker, from the inside: the supervisor, which holds no plugin code, and the process that it forks,
 * which loads one plugin and makes one call. See docs/PROTOCOL.md.
 */
#ifndef WORKER_INSIDE_H
#define WORKER_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

/** The descriptors that the core hands to belay-worker. 1 is the pipe that becomes log lines. */
enum {
    INSIDE_TALK = 3,    /**< socket: the conversation between core and plugin process */
    INSIDE_CONTROL = 4, /**< socket: between core and supervisor. In the plugin process: readable once cancelled */
    INSIDE_PLUGIN = 5,  /**< the plugin's file, checked by the core */
    INSIDE_LEASE = 6,   /**< a locked file that all which is started here keeps open; /dev/null: there is none */
    INSIDE_COUNT
};

/** What the core says on INSIDE_CONTROL, one byte each; its end means KILL. */
enum { INSIDE_CANCEL = 'c', INSIDE_KILL = 'k' };

/** belay-worker's only argument: by which a watcher starts it, and by which the core does when a debugger is to come.
 */
#define INSIDE_WATCHED  "--watched"
#define INSIDE_DEBUGGED "--debugged"

/** How the names of work folders begin. */
#define INSIDE_FOLDER "belay-work-"

/** What is other than in a run. In each but the first the plugin's process may be read by others of this user. */
typedef enum inside_manner { INSIDE_ALONE, INSIDE_IS_WATCHED, INSIDE_IS_DEBUGGED } inside_manner;

/** Runs the supervisor to its end; gives the exit status. */
int inside_supervise(inside_manner manner);

/** Takes the core's message, loads the plugin, makes the call, reports. Runs in the forked process; does not return.
 *  debugged: waits for the debugger before the plugin's code runs. */
_Noreturn void inside_call(bool debugged);

/** Returns as soon as a debugger is attached to this process, or after 20 s. */
void inside_wait_for_debugger(void);

/** Kills every descendant of this process, of which it must be the subreaper. */
typedef struct inside_sweep {
    int found, left; /**< how many were alive; how many would not die */
    char first[160]; /**< "sleep 1000 (pid 4711)"; "" when none was found */
} inside_sweep;
/** settle_ms: how long they may take to end by themselves before they count. */
inside_sweep inside_sweep_children(int settle_ms);

#endif
