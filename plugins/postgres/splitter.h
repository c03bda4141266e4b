/**
 * @file splitter.h
 * Splits a file of SQL into the statements that psql would send for it, byte for byte: what psql leaves out (comments
 * before a statement, blank lines within one) is left out here too, and what it sends though it is empty (";") is kept.
 */
#ifndef POSTGRES_SPLITTER_H
#define POSTGRES_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "markers.h"
#include "statement.h"

typedef struct sql_statement {
    char *text;
    size_t length;
    unsigned *lines; /**< the file's line, from 1, of each line of the text; lines[0] is where it begins */
    size_t line_count, line_room;
    sql_traits traits;
    bool strings; /**< how '...' was read at its end; the server's setting must be the same */
    char *data;   /**< SQL_COPY_IN: the lines that follow it, without the final "\."; else NULL */
    size_t data_length;
    bool data_open; /**< the file ends before "\." */
} sql_statement;

/** Why psql would do something else with the file than send statements, or why they cannot be right. */
typedef enum sql_problem_kind {
    SQL_PROBLEM_COMMAND,  /**< a backslash command; text: its name, "\i" */
    SQL_PROBLEM_VARIABLE, /**< one of psql's own variables; text: as written, ":DBNAME" */
    SQL_PROBLEM_OPEN,     /**< something is not closed; text: what, "string" */
    SQL_PROBLEM_COPIES,   /**< several COPY FROM STDIN sent as one with "\;": data could not be told apart */
    SQL_PROBLEM_NUL,      /**< a NUL byte: this is no SQL */
} sql_problem_kind;

typedef struct sql_problem {
    sql_problem_kind kind;
    unsigned line;
    char *text;
} sql_problem;

typedef struct sql_script {
    sql_statement *items;
    size_t count, room;
    struct {
        sql_problem *items;
        size_t count, room;
    } problems;
    sql_markers markers; /**< comments of other tools */
} sql_script;

/** Never fails: what is wrong with the file is in `problems`. standard_strings: the server's setting at the start. */
sql_script *sql_split(const char *source, size_t length, bool standard_strings);
void sql_script_free(sql_script *script);
GUARD(sql_script, sql_script_free)

/** The file's line of the text's byte at offset. */
unsigned sql_statement_line(const sql_statement *statement, size_t offset);

#endif
