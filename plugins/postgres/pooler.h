/** @file pooler.h  Connection poolers between a session and its server, such as pgbouncer. */
#ifndef POSTGRES_POOLER_H
#define POSTGRES_POOLER_H

#include "server.h"

/** True when the process that the pooler gave its client is not the one that answers: a pooler stands in between. */
belay_status pooler_is_there(server *s, bool *ret);
/** Whether two sessions share server processes, as in pgbouncer's pool_mode = transaction or statement. `other` is a
 * second session to the same database. At most some seconds; false when the pooler gives `other` no process. */
bool pooler_shares(server *s, server *other);

#endif
