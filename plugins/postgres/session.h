/**
 * @file session.h
 * Inside of apply: the session that runs the files, one after another. It is reset between them, so that what one file
 * sets, prepares or creates for its session does not reach the next; where a reset is not enough, it is a new one.
 *
 * Options read: lock_timeout, statement_timeout.
 */
#ifndef POSTGRES_SESSION_H
#define POSTGRES_SESSION_H

#include "apply.h"

/** A clean session in a->session, with the timeouts of the options, and a->invalid. */
belay_status session_begin(applier *a);
void session_close(applier *a);
/** After a file: keeps the session for the next one, unless the file failed or left what a reset does not remove. */
void session_end(applier *a, const migration *m, bool good);

#endif
