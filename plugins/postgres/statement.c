#include "statement.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lexer.h"

/*
 * A pattern is words in lower case, matched from the statement's start:
 *   ?word  the word, or nothing      ?()  a group in parentheses, or nothing
 *   ~      anything outside parentheses, up to the next word of the pattern
 *   #      the same, parentheses included
 *   $      the statement's end
 * The first that matches counts.
 */
static const struct {
    const char *pattern;
    unsigned flags;
    const char *words;
} patterns[] = {
    {"create ?unique index concurrently", SQL_ALONE | SQL_CONCURRENTLY | SQL_NEW_INDEX, "CREATE INDEX CONCURRENTLY"},
    {"create ?unique index", SQL_NEW_INDEX, NULL},
    {"drop index concurrently", SQL_ALONE | SQL_CONCURRENTLY, "DROP INDEX CONCURRENTLY"},
    {"reindex # concurrently", SQL_ALONE | SQL_CONCURRENTLY, "REINDEX CONCURRENTLY"},
    {"reindex ?() schema", SQL_ALONE, "REINDEX SCHEMA"},
    {"reindex ?() database", SQL_ALONE, "REINDEX DATABASE"},
    {"reindex ?() system", SQL_ALONE, "REINDEX SYSTEM"},
    {"alter table # detach # concurrently", SQL_ALONE | SQL_CONCURRENTLY, "ALTER TABLE DETACH PARTITION CONCURRENTLY"},
    {"vacuum", SQL_ALONE, "VACUUM"},
    {"cluster $", SQL_ALONE, "CLUSTER of all tables"},
    {"cluster verbose $", SQL_ALONE, "CLUSTER of all tables"},
    {"cluster ?() $", SQL_ALONE, "CLUSTER of all tables"},
    {"create database", SQL_ALONE, "CREATE DATABASE"},
    {"drop database", SQL_ALONE, "DROP DATABASE"},
    {"alter database # set tablespace", SQL_ALONE, "ALTER DATABASE SET TABLESPACE"},
    {"create tablespace", SQL_ALONE, "CREATE TABLESPACE"},
    {"drop tablespace", SQL_ALONE, "DROP TABLESPACE"},
    {"alter system", SQL_ALONE, "ALTER SYSTEM"},
    {"create subscription", SQL_ALONE, "CREATE SUBSCRIPTION"},
    {"drop subscription", SQL_ALONE, "DROP SUBSCRIPTION"},
    {"alter subscription # publication", SQL_ALONE, "ALTER SUBSCRIPTION"},
    {"discard all", SQL_ALONE, "DISCARD ALL"},
    {"commit prepared", SQL_ALONE, "COMMIT PREPARED"},
    {"rollback prepared", SQL_ALONE, "ROLLBACK PREPARED"},
    {"begin", SQL_OWN_TRANSACTION, "BEGIN"},
    {"start transaction", SQL_OWN_TRANSACTION, "START TRANSACTION"},
    {"commit", SQL_OWN_TRANSACTION, "COMMIT"},
    {"end", SQL_OWN_TRANSACTION, "END"},
    {"rollback", SQL_OWN_TRANSACTION, "ROLLBACK"},
    {"abort", SQL_OWN_TRANSACTION, "ABORT"},
    {"savepoint", SQL_OWN_TRANSACTION, "SAVEPOINT"},
    {"release", SQL_OWN_TRANSACTION, "RELEASE"},
    {"prepare transaction", SQL_OWN_TRANSACTION, "PREPARE TRANSACTION"},
    {"copy ~ from stdin", SQL_COPY_IN, NULL},
    {"copy ~ from stdout", SQL_COPY_IN, NULL}, /* the server takes either word */
    {"copy ~ to stdout", SQL_COPY_OUT, NULL},
    {"copy ~ to stdin", SQL_COPY_OUT, NULL},
};

/** The next token that counts: no blanks, no comments. */
static sql_token significant(sql_lexer *lx)
{
    sql_token t;
    do
        sql_lexer_next(lx, &t);
    while (t.kind == SQL_SPACE || t.kind == SQL_NEWLINE || t.kind == SQL_COMMENT);
    return t;
}

static void skip_group(sql_lexer *lx)
{
    for (int depth = 1; depth > 0;) {
        sql_token t = significant(lx);
        if (t.kind == SQL_END)
            return;
        depth += (t.kind == SQL_OPEN) - (t.kind == SQL_CLOSE);
    }
}

/** Moves past the first `word`, which must not lie in parentheses unless `deep`. */
static bool skip_past(sql_lexer *lx, const char *word, bool deep)
{
    for (;;) {
        sql_token t = significant(lx);
        if (t.kind == SQL_END)
            return false;
        if (t.kind == SQL_OPEN && !deep)
            skip_group(lx);
        else if (sql_token_is(&t, word))
            return true;
    }
}

/** Takes the next word off a pattern; false at its end. */
static bool pattern_word(const char **pattern, char ret[32])
{
    size_t n = strcspn(*pattern, " ");
    if (n == 0)
        return false;
    memcpy(ret, *pattern, n);
    ret[n] = '\0';
    *pattern += n + ((*pattern)[n] == ' ');
    return true;
}

/** Reads `word` where it stands next; else leaves the lexer where it is. */
static bool accept(sql_lexer *lx, const char *word)
{
    sql_lexer ahead = *lx;
    sql_token t = significant(&ahead);
    if (!sql_token_is(&t, word))
        return false;
    *lx = ahead;
    return true;
}

static void accept_group(sql_lexer *lx)
{
    sql_lexer ahead = *lx;
    sql_token t = significant(&ahead);
    if (t.kind != SQL_OPEN)
        return;
    skip_group(&ahead);
    *lx = ahead;
}

static bool at_end(sql_lexer lx)
{
    sql_token t = significant(&lx);
    return t.kind == SQL_END || t.kind == SQL_SEMICOLON;
}

/** Matches from *lx on, and leaves it after what matched. */
static bool matches(sql_lexer *lx, const char *pattern)
{
    char word[32];
    while (pattern_word(&pattern, word)) {
        if (strcmp(word, "?()") == 0)
            accept_group(lx);
        else if (word[0] == '?')
            (void)accept(lx, word + 1);
        else if (word[0] == '$')
            return at_end(*lx);
        else if (word[0] == '~' || word[0] == '#') {
            bool deep = word[0] == '#';
            (void)pattern_word(&pattern, word);
            if (!skip_past(lx, word, deep))
                return false;
        } else if (!accept(lx, word))
            return false;
    }
    return true;
}

static char *name_text(const char *from, const char *to)
{
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\n' || to[-1] == '\r'))
        to--;
    return heap_dup_n(from, (size_t)(to - from));
}

static bool is_name(const sql_token *t)
{
    return t->kind == SQL_WORD || t->kind == SQL_NAME;
}

/** After "CREATE INDEX [CONCURRENTLY]": [[IF NOT EXISTS] name] ON [ONLY] table */
static void read_index(sql_lexer lx, sql_traits *traits)
{
    if (accept(&lx, "if") && accept(&lx, "not") && accept(&lx, "exists"))
        traits->flags |= SQL_UNLESS_EXISTS;
    sql_token name = significant(&lx);
    if (!is_name(&name) || sql_token_is(&name, "on") || !accept(&lx, "on"))
        return;
    (void)accept(&lx, "only");
    sql_token part = significant(&lx);
    const char *start = part.text, *end = start;
    while (is_name(&part)) {
        end = part.text + part.length;
        part = significant(&lx);
        if (part.length != 1 || *part.text != '.')
            break;
        part = significant(&lx);
    }
    sql_traits_done(traits);
    traits->index = heap_dup_n(name.text, name.length);
    traits->table = name_text(start, end);
}

/** SET [SESSION | LOCAL] standard_conforming_strings { = | TO } value */
static unsigned strings_setting(sql_lexer lx)
{
    if (!matches(&lx, "set ?session ?local standard_conforming_strings"))
        return 0;
    sql_token t = significant(&lx);
    if (t.kind != SQL_OTHER && !sql_token_is(&t, "to"))
        return 0;
    t = significant(&lx);
    const char *value = t.text;
    size_t length = t.length;
    if (t.kind == SQL_STRING && length >= 2) {
        value++;
        length -= 2;
    }
    static const char *const off[] = {"off", "false", "no", "0", "of", "f", "n", "fa", "fal", "fals"};
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        if (strlen(off[i]) == length && strncasecmp(off[i], value, length) == 0)
            return SQL_STRINGS_OFF;
    return SQL_STRINGS_ON;
}

void sql_traits_add(sql_traits *traits, const char *text, size_t length, bool standard_strings)
{
    sql_lexer start = {.at = text, .end = text + length, .standard_strings = standard_strings};
    if (at_end(start))
        return;
    traits->flags |= SQL_IS_ANYTHING | strings_setting(start);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        sql_lexer lx = start;
        if (!matches(&lx, patterns[i].pattern))
            continue;
        traits->flags |= patterns[i].flags;
        if (patterns[i].words)
            traits->words = patterns[i].words;
        if (patterns[i].flags & SQL_NEW_INDEX)
            read_index(lx, traits);
        return;
    }
}

void sql_traits_done(sql_traits *traits)
{
    free(traits->index);
    free(traits->table);
    traits->index = traits->table = NULL;
}
