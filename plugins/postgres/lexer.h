/**
 * @file lexer.h
 * Cuts SQL into tokens as psql does, which is as the server does but for two things: psql reads line by line, so a
 * string constant that continues on the next line is to psql a new one there; and psql knows backslash commands and
 * variables.
 *
 * Source of the rules: "Lexical Structure" in PostgreSQL's manual, and the behaviour of psql 15, which the tests
 * compare with byte by byte.
 */
#ifndef POSTGRES_LEXER_H
#define POSTGRES_LEXER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum sql_token_kind {
    SQL_END,
    SQL_NEWLINE, /**< '\n' between tokens */
    SQL_SPACE,   /**< blanks other than '\n', or a -- comment */
    SQL_COMMENT, /**< a block comment, nested ones included */
    SQL_WORD,    /**< a key word or a plain identifier */
    SQL_NAME,    /**< a quoted identifier, also U&"..." */
    SQL_STRING,  /**< '...' E'...' B'...' X'...' U&'...' $tag$...$tag$ */
    SQL_OPEN,    /**< ( */
    SQL_CLOSE,   /**< ) */
    SQL_SEMICOLON,
    SQL_ESCAPED,   /**< \; or \: - psql sends the second character */
    SQL_BACKSLASH, /**< begins a psql command */
    SQL_VARIABLE,  /**< :name :'name' :"name" :{?name} - psql replaces it when the variable is set */
    SQL_OTHER,     /**< numbers, operators, the rest */
} sql_token_kind;

typedef struct sql_token {
    sql_token_kind kind;
    const char *text; /**< borrowed from the source */
    size_t length;
    bool open; /**< a string, name or comment that the source does not close */
} sql_token;

typedef struct sql_lexer {
    const char *at, *end;  /**< what is left to read */
    bool standard_strings; /**< backslashes in '...' are ordinary characters (standard_conforming_strings) */
} sql_lexer;

void sql_lexer_next(sql_lexer *lexer, sql_token *ret);

/** True when the token is this key word, given in lower case. */
bool sql_token_is(const sql_token *token, const char *word);

#endif
