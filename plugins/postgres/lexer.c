#include "lexer.h"

#include <string.h>
#include <strings.h>

/* What a character may be; bytes of multi-byte characters count as letters. */
enum { BLANK = 1, DIGIT = 2, LETTER = 4 };

static unsigned class_of(char c)
{
    if (c == ' ' || c == '\t' || c == '\r' || c == '\f')
        return BLANK;
    if (c >= '0' && c <= '9')
        return DIGIT;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80))
        return LETTER;
    return 0;
}

/** The character n places on, or NUL past the end. */
static char peek(const sql_lexer *lx, size_t n)
{
    return n < (size_t)(lx->end - lx->at) ? lx->at[n] : '\0';
}

static void skip(sql_lexer *lx, unsigned classes, char also)
{
    while (lx->at < lx->end && ((class_of(*lx->at) & classes) || (also && *lx->at == also)))
        lx->at++;
}

/** A -- comment ends before the line does; a carriage return ends a line too. */
static void skip_line_comment(sql_lexer *lx)
{
    while (lx->at < lx->end && *lx->at != '\n' && *lx->at != '\r')
        lx->at++;
}

static bool skip_block_comment(sql_lexer *lx)
{
    size_t depth = 0;
    while (lx->at < lx->end) {
        if (peek(lx, 0) == '/' && peek(lx, 1) == '*') {
            depth++;
            lx->at += 2;
        } else if (peek(lx, 0) == '*' && peek(lx, 1) == '/') {
            lx->at += 2;
            if (--depth == 0)
                return true;
        } else {
            lx->at++;
        }
    }
    return false;
}

/** Past what closes a quote that was opened; a doubled quote is two pieces that touch, which comes to the same. */
static bool skip_quoted(sql_lexer *lx, char quote, bool escapes)
{
    while (lx->at < lx->end) {
        char c = *lx->at++;
        if (c == quote) {
            if (peek(lx, 0) != quote)
                return true;
            lx->at++;
        } else if (escapes && c == '\\' && lx->at < lx->end) {
            lx->at++;
        }
    }
    return false;
}

/** After a closed string: at the quote that continues it, when only blanks with a carriage return lie between. A line
 *  feed does not count: psql has the next line not read yet. */
static bool continues(sql_lexer *lx)
{
    sql_lexer ahead = *lx;
    bool line_ended = false;
    for (; ahead.at < ahead.end; ahead.at++) {
        if (*ahead.at == '-' && peek(&ahead, 1) == '-') {
            skip_line_comment(&ahead);
            if (peek(&ahead, 0) != '\r')
                return false;
        }
        if (*ahead.at == '\r')
            line_ended = true;
        else if (!(class_of(*ahead.at) & BLANK))
            break;
    }
    if (!line_ended || peek(&ahead, 0) != '\'')
        return false;
    lx->at = ahead.at;
    return true;
}

/** At the opening quote. */
static bool skip_string(sql_lexer *lx, bool escapes)
{
    do {
        lx->at++;
        if (!skip_quoted(lx, '\'', escapes))
            return false;
    } while (escapes && continues(lx));
    return true;
}

/** Bit strings know no doubled quote. */
static bool skip_bits(sql_lexer *lx)
{
    const char *close = memchr(lx->at, '\'', (size_t)(lx->end - lx->at));
    lx->at = close ? close + 1 : lx->end;
    return close != NULL;
}

/** Length of a "$tag$" at the current place, or 0. */
static size_t dollar_tag(const sql_lexer *lx)
{
    size_t n = 1;
    if (class_of(peek(lx, n)) & LETTER)
        while (class_of(peek(lx, n)) & (LETTER | DIGIT))
            n++;
    return peek(lx, n) == '$' ? n + 1 : 0;
}

static bool skip_dollar_quoted(sql_lexer *lx, size_t tag_length)
{
    const char *tag = lx->at;
    lx->at += tag_length;
    const char *close = memmem(lx->at, (size_t)(lx->end - lx->at), tag, tag_length);
    lx->at = close ? close + tag_length : lx->end;
    return close != NULL;
}

static void skip_digits(sql_lexer *lx)
{
    skip(lx, DIGIT, 0);
}

/** A number swallows a word that touches it ("1create", "1e5"). */
static void skip_junk(sql_lexer *lx)
{
    if (class_of(peek(lx, 0)) & LETTER)
        skip(lx, LETTER | DIGIT, '$');
}

static void skip_number(sql_lexer *lx)
{
    skip_digits(lx);
    if (peek(lx, 0) == '.' && peek(lx, 1) != '.') {
        lx->at++;
        skip_digits(lx);
    }
    bool exponent = peek(lx, 0) == 'e' || peek(lx, 0) == 'E';
    if (exponent && (peek(lx, 1) == '+' || peek(lx, 1) == '-')) {
        lx->at += 2;
        if (!(class_of(peek(lx, 0)) & DIGIT))
            return;
        skip_digits(lx);
    }
    skip_junk(lx);
}

/** After a '$' that begins no quote: a parameter ($1), or a lone character. */
static void skip_dollar(sql_lexer *lx)
{
    lx->at++;
    if (!(class_of(peek(lx, 0)) & DIGIT))
        return;
    skip_digits(lx);
    skip_junk(lx);
}

static size_t variable_name(const sql_lexer *lx, size_t from)
{
    size_t n = from;
    while (class_of(peek(lx, n)) & (LETTER | DIGIT))
        n++;
    return n - from;
}

/** Length of a psql variable at a ':', or 0. */
static size_t variable(const sql_lexer *lx)
{
    char next = peek(lx, 1);
    size_t name = variable_name(lx, 1);
    if (name > 0)
        return 1 + name;
    if (next == '\'' || next == '"') {
        name = variable_name(lx, 2);
        return name > 0 && peek(lx, 2 + name) == next ? name + 3 : 0;
    }
    if (next == '{' && peek(lx, 2) == '?') {
        name = variable_name(lx, 3);
        return name > 0 && peek(lx, 3 + name) == '}' ? name + 4 : 0;
    }
    return 0;
}

static sql_token_kind next_colon(sql_lexer *lx)
{
    size_t length = variable(lx);
    if (length > 0) {
        lx->at += length;
        return SQL_VARIABLE;
    }
    lx->at += peek(lx, 1) == ':' || peek(lx, 1) == '=' ? 2 : 1;
    return SQL_OTHER;
}

/** A word, or one of the letters that begin a string: e'' b'' x'' n'' u&'' u&"". */
static sql_token_kind next_word(sql_lexer *lx, bool *closed)
{
    char letter = (char)(*lx->at | 0x20), after = peek(lx, 1);
    if (after == '\'' && letter == 'e') {
        lx->at++;
        *closed = skip_string(lx, true);
        return SQL_STRING;
    }
    if (after == '\'' && (letter == 'b' || letter == 'x')) {
        lx->at += 2;
        *closed = skip_bits(lx);
        return SQL_STRING;
    }
    if (after == '\'' && letter == 'n') {
        lx->at++;
        *closed = skip_string(lx, !lx->standard_strings);
        return SQL_STRING;
    }
    if (after == '&' && letter == 'u') {
        char quote = peek(lx, 2);
        lx->at += quote == '\'' || quote == '"' ? 3 : 1;
        if (lx->at[-1] == '\'' || lx->at[-1] == '"')
            *closed = skip_quoted(lx, quote, false);
        return quote == '"' ? SQL_NAME : quote == '\'' ? SQL_STRING : SQL_OTHER;
    }
    skip(lx, LETTER | DIGIT, '$');
    return SQL_WORD;
}

static sql_token_kind next_quote(sql_lexer *lx, bool *closed)
{
    if (*lx->at == '\'') {
        *closed = skip_string(lx, !lx->standard_strings);
        return SQL_STRING;
    }
    lx->at++;
    *closed = skip_quoted(lx, '"', false);
    return SQL_NAME;
}

static sql_token_kind next_backslash(sql_lexer *lx)
{
    char next = peek(lx, 1);
    bool escaped = next == ';' || next == ':';
    lx->at += escaped ? 2 : 1;
    return escaped ? SQL_ESCAPED : SQL_BACKSLASH;
}

/** What begins with a sign that has a rule of its own. */
static sql_token_kind next_sign(sql_lexer *lx, bool *closed)
{
    char c = *lx->at, next = peek(lx, 1);
    size_t tag;
    switch (c) {
    case '\'':
    case '"': return next_quote(lx, closed);
    case '\\': return next_backslash(lx);
    case ':': return next_colon(lx);
    case '$':
        tag = dollar_tag(lx);
        if (tag > 0) {
            *closed = skip_dollar_quoted(lx, tag);
            return SQL_STRING;
        }
        skip_dollar(lx);
        return SQL_OTHER;
    case '.':
        if (class_of(next) & DIGIT)
            skip_number(lx);
        else
            lx->at += next == '.' ? 2 : 1;
        return SQL_OTHER;
    default: lx->at++; return c == '(' ? SQL_OPEN : c == ')' ? SQL_CLOSE : c == ';' ? SQL_SEMICOLON : SQL_OTHER;
    }
}

static sql_token_kind next(sql_lexer *lx, bool *closed)
{
    char c = *lx->at, after = peek(lx, 1);
    if (c == '\n') {
        lx->at++;
        return SQL_NEWLINE;
    }
    if (class_of(c) & BLANK) {
        skip(lx, BLANK, 0);
        return SQL_SPACE;
    }
    if (c == '-' && after == '-') {
        skip_line_comment(lx);
        return SQL_SPACE;
    }
    if (c == '/' && after == '*') {
        *closed = skip_block_comment(lx);
        return SQL_COMMENT;
    }
    if (class_of(c) & LETTER)
        return next_word(lx, closed);
    if (class_of(c) & DIGIT) {
        skip_number(lx);
        return SQL_OTHER;
    }
    return next_sign(lx, closed);
}

void sql_lexer_next(sql_lexer *lx, sql_token *ret)
{
    const char *start = lx->at;
    bool closed = true;
    sql_token_kind kind = lx->at < lx->end ? next(lx, &closed) : SQL_END;
    *ret = (sql_token){.kind = kind, .text = start, .length = (size_t)(lx->at - start), .open = !closed};
}

bool sql_token_is(const sql_token *token, const char *word)
{
    return token->kind == SQL_WORD && strlen(word) == token->length &&
           strncasecmp(token->text, word, token->length) == 0;
}
