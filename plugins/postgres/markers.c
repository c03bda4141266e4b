#include "markers.h"

#include <ctype.h>
#include <string.h>

#include "buf.h"

#define COMMENT_MAX 128

static const struct {
    const char *text; /* in lower case, with single blanks, without leading dashes */
    sql_marker_kind kind;
    bool options; /* more words may follow */
    bool no_transaction;
    const char *words;
} known[] = {
    {"+goose up", SQL_MARKER_UP, true, false, "-- +goose Up"},
    {"+goose down", SQL_MARKER_DOWN, true, false, "-- +goose Down"},
    {"+goose no transaction", SQL_MARKER_SETTING, true, true, "-- +goose NO TRANSACTION"},
    {"+goose envsub on", SQL_MARKER_UNSUPPORTED, true, false, "-- +goose ENVSUB ON"},
    {"migrate:up", SQL_MARKER_UP, true, false, "-- migrate:up"},
    {"migrate:down", SQL_MARKER_DOWN, true, false, "-- migrate:down"},
    {"+migrate up", SQL_MARKER_UP, true, false, "-- +migrate Up"},
    {"+migrate down", SQL_MARKER_DOWN, true, false, "-- +migrate Down"},
    {"+micrate up", SQL_MARKER_UP, true, false, "-- +micrate Up"},
    {"+micrate down", SQL_MARKER_DOWN, true, false, "-- +micrate Down"},
    {"down", SQL_MARKER_AMBIGUOUS, false, false, "-- Down"}, /* node-sqlite's, or anybody's comment */
    {"rambler up", SQL_MARKER_UP, false, false, "-- rambler up"},
    {"rambler down", SQL_MARKER_DOWN, false, false, "-- rambler down"},
    {"//@undo", SQL_MARKER_DOWN, false, false, "-- //@UNDO"},
    {"// @undo", SQL_MARKER_DOWN, false, false, "-- //@UNDO"},
    {"@undo", SQL_MARKER_DOWN, false, false, "-- @UNDO"},
    {"//@delimiter", SQL_MARKER_UNSUPPORTED, true, false, "-- @DELIMITER"},
    {"// @delimiter", SQL_MARKER_UNSUPPORTED, true, false, "-- @DELIMITER"},
    {"@delimiter", SQL_MARKER_UNSUPPORTED, true, false, "-- @DELIMITER"},
    {"create above / drop below ----", SQL_MARKER_DOWN, false, false, "---- create above / drop below ----"},
    {"up migration", SQL_MARKER_UP, false, false, "-- Up Migration"},
    {"down migration", SQL_MARKER_DOWN, false, false, "-- Down Migration"},
    {"!ups", SQL_MARKER_UP, false, false, "-- !Ups"},
    {"!downs", SQL_MARKER_DOWN, false, false, "-- !Downs"},
    {"==== up ====", SQL_MARKER_UP, false, false, "-- ==== UP ===="},
    {"==== down ====", SQL_MARKER_DOWN, false, false, "-- ==== DOWN ===="},
};

/* In lower case, each run of blanks as one, without the leading dashes and the blanks around; cut to the buffer. */
static void normalize(const char *text, size_t length, char buf[COMMENT_MAX])
{
    size_t n = 0;
    const char *end = text + length;
    while (text < end && *text == '-')
        text++;
    for (; text < end && n + 1 < COMMENT_MAX; text++) {
        bool blank = isspace((unsigned char)*text) != 0;
        if (!blank || (n > 0 && buf[n - 1] != ' '))
            buf[n++] = blank ? ' ' : (char)tolower((unsigned char)*text);
    }
    while (n > 0 && buf[n - 1] == ' ')
        n--;
    buf[n] = '\0';
}

static bool begins_its_line(const char *source, size_t from)
{
    while (from > 0 && strchr(" \t\r\f\xef\xbb\xbf", source[from - 1]))
        from--;
    return from == 0 || source[from - 1] == '\n';
}

static bool is_marker(const char *text, size_t i)
{
    size_t n = strlen(known[i].text);
    return strncmp(text, known[i].text, n) == 0 && (!text[n] || (known[i].options && text[n] == ' '));
}

void sql_markers_add(sql_markers *markers, const char *source, size_t from, size_t length, unsigned line)
{
    char text[COMMENT_MAX];
    normalize(source + from, length, text);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!is_marker(text, i) || !begins_its_line(source, from))
            continue;
        bool alone = known[i].no_transaction || strstr(text, " notransaction") || strstr(text, " transaction:false");
        heap_reserve(markers);
        markers->items[markers->count++] = (sql_marker){known[i].kind, known[i].words, alone, from, line};
        return;
    }
}

const sql_marker *sql_markers_find(const sql_markers *markers, sql_marker_kind kind)
{
    for (size_t i = 0; i < markers->count; i++)
        if (markers->items[i].kind == kind)
            return &markers->items[i];
    return NULL;
}

bool sql_markers_no_transaction(const sql_markers *markers, bool down)
{
    for (size_t i = 0; i < markers->count; i++) {
        sql_marker_kind kind = markers->items[i].kind;
        if (markers->items[i].no_transaction &&
            (kind == SQL_MARKER_SETTING || kind == (down ? SQL_MARKER_DOWN : SQL_MARKER_UP)))
            return true;
    }
    return false;
}

void sql_markers_keep(const sql_markers *markers, char *source, size_t length, bool down)
{
    bool keep = !down;
    size_t next = 0;
    for (size_t at = 0; at < length; at++) {
        for (; next < markers->count && markers->items[next].offset == at; next++)
            if (markers->items[next].kind <= SQL_MARKER_DOWN)
                keep = (markers->items[next].kind == SQL_MARKER_DOWN) == down;
        if (!keep && source[at] != '\n')
            source[at] = ' ';
    }
}
