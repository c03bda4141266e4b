/** @file masked.h  SQL for people's eyes: on one line, without comments, and without the values in it, which may be
 * secret. */
#ifndef POSTGRES_MASKED_H
#define POSTGRES_MASKED_H

#include <stdbool.h>
#include <stddef.h>

/**
 * sql with '...' in place of strings and ? in place of numbers; $1 stays. pg_stat_statements has put parameters in
 * place of the constants of queries, but leaves those of other commands alone (before PostgreSQL 16): CREATE ROLE ...
 * PASSWORD. At most width characters, then "...". The caller frees; never NULL.
 */
char *masked_sql(const char *sql, bool standard_strings, size_t width) __attribute__((returns_nonnull));

#endif
