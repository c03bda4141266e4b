/**
 * @file expected.h
 * What migrations should have made: the indexes and views that a release needs.
 *
 * Options read: expect_indexes, expect_views.
 */
#ifndef POSTGRES_EXPECTED_H
#define POSTGRES_EXPECTED_H

#include "server.h"

/** E_FAIL, explained, when a pattern matches nothing, an index that matches is invalid, or a view that matches cannot
 * be read. */
belay_status expected_check(server *s);

#endif
