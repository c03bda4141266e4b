/**
 * @file markers.h
 * Comments by which other migration tools keep both directions in one file, and set how it is run:
 *
 *   goose       -- +goose Up | Down | NO TRANSACTION | ENVSUB ON
 * https://pressly.github.io/goose/documentation/annotations/ dbmate      -- migrate:up | down [transaction:false]
 * https://github.com/amacneil/dbmate#creating-migrations sql-migrate -- +migrate Up | Down [notransaction]
 * https://github.com/rubenv/sql-migrate#writing-migrations rambler     -- rambler up | down MyBatis     -- //@UNDO   --
 * @UNDO   -- @DELIMITER tern        ---- create above / drop below ---- node-pg-migrate  -- Up Migration | Down
 * Migration Play        -- !Ups | !Downs shmig       -- ==== UP ==== | ==== DOWN ====
 *
 * A marker is a line of its own. Within strings, dollar quotes and block comments there are none.
 */
#ifndef POSTGRES_MARKERS_H
#define POSTGRES_MARKERS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum sql_marker_kind {
    SQL_MARKER_UP,
    SQL_MARKER_DOWN,
    SQL_MARKER_SETTING,     /**< of the whole file */
    SQL_MARKER_UNSUPPORTED, /**< the tool would change the file's text */
    SQL_MARKER_AMBIGUOUS,   /**< a comment that may begin the part that undoes the file, or may not */
} sql_marker_kind;

typedef struct sql_marker {
    sql_marker_kind kind;
    const char *words;   /**< "-- +goose Down"; constant */
    bool no_transaction; /**< of SETTING: of the file, else of the part that begins here */
    size_t offset;       /**< in the source */
    unsigned line;
} sql_marker;

typedef struct sql_markers {
    sql_marker *items;
    size_t count, room;
} sql_markers;

/** Adds the marker that the line comment source[from..from + length) is, if it is one. */
void sql_markers_add(sql_markers *markers, const char *source, size_t from, size_t length, unsigned line);
/** The first of this kind, or NULL. */
const sql_marker *sql_markers_find(const sql_markers *markers, sql_marker_kind kind);
/** True when the file, or its part for this direction, is to run without a transaction. */
bool sql_markers_no_transaction(const sql_markers *markers, bool down);
/** Overwrites with blanks what belongs to the other direction, so that line numbers stay. What comes before the first
 *  marker counts as up. */
void sql_markers_keep(const sql_markers *markers, char *source, size_t length, bool down);

#endif
