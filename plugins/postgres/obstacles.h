/**
 * @file obstacles.h
 * What would keep a database from being copied, restored or swapped, found before anything is stopped. What does not
 * pass by itself is E_FAIL, explained with the statement that removes it.
 */
#ifndef POSTGRES_OBSTACLES_H
#define POSTGRES_OBSTACLES_H

#include "server.h"

/** The user may create databases for the owner of this one and give them its properties. */
belay_status obstacles_rights(server *s);
/** Nothing but sessions keeps the database from being copied by TEMPLATE or renamed: no prepared transaction (in
 * prepare none that is older than 5 s) and, for a copy, no other version of the collation. */
belay_status obstacles_copy(server *s, bool preparing, bool by_template);
/** Subscriptions and logical replication slots belong to a database and do not move to one that takes its name. They
 * are refused, or named in the plan where the option `replication` says "leave". */
belay_status obstacles_replication(server *s, bool preparing);
/** The names of those of a database, "" when there are none. */
belay_status obstacles_name_replication(server *s, const char *database, char *buf, size_t size);

#endif
