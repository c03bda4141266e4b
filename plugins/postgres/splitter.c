#include "splitter.h"

#include <stdlib.h>
#include <string.h>

#include "lexer.h"

/* psql tells a function's BEGIN ATOMIC ... END body by the statement's first words: CREATE [OR REPLACE] FUNCTION or
 * PROCEDURE. How many of them were seen, or that they can no longer come. */
typedef enum routine { NOTHING_YET, CREATE_SEEN, OR_SEEN, REPLACE_SEEN, ROUTINE, OTHER_STATEMENT } routine;

typedef struct splitter {
    sql_script *script;
    char *source; /* a copy, which take_data() may change */
    sql_lexer lexer;
    bool strings_wanted;        /* standard_strings from the next line on */
    unsigned line, lines_ahead; /* lines_ahead: COPY data that lies between this line and the next */
    size_t parens, begins;
    routine routine;
    buf text;
    size_t part;       /* where in text the last "\;" was */
    bool newline;      /* psql adds a line's end only when it reads the next line that is not empty */
    sql_statement now; /* being built */
} splitter;

static void add_problem(splitter *s, sql_problem_kind kind, unsigned line, char *text)
{
    heap_reserve(&s->script->problems);
    s->script->problems.items[s->script->problems.count++] = (sql_problem){kind, line, text};
}

static void mark_line(splitter *s)
{
    sql_statement *now = &s->now;
    if (now->line_count == now->line_room) {
        now->line_room = now->line_room ? 2 * now->line_room : 4;
        now->lines = heap_grow(now->lines, now->line_room, sizeof *now->lines);
    }
    now->lines[now->line_count++] = s->line;
}

static void pass_line_end(splitter *s)
{
    s->line += 1 + s->lines_ahead;
    s->lines_ahead = 0;
    s->lexer.standard_strings = s->strings_wanted;
}

static void emit(splitter *s, const char *bytes, size_t n)
{
    if (s->text.length == 0)
        mark_line(s);
    buf_add(&s->text, bytes, n);
}

/** Emits a token, and counts the lines within it. */
static void emit_token(splitter *s, const sql_token *t)
{
    emit(s, t->text, t->length);
    for (size_t i = 0; i < t->length; i++)
        if (t->text[i] == '\n') {
            pass_line_end(s);
            mark_line(s);
        }
}

static void classify(splitter *s)
{
    bool copies = s->now.traits.flags & SQL_COPY_IN;
    s->now.traits.flags &= ~SQL_COPY_IN;
    sql_traits_add(&s->now.traits, s->text.text + s->part, s->text.length - s->part, s->lexer.standard_strings);
    s->part = s->text.length;
    if (copies && (s->now.traits.flags & SQL_COPY_IN))
        add_problem(s, SQL_PROBLEM_COPIES, s->line, heap_dup("COPY"));
    if (copies)
        s->now.traits.flags |= SQL_COPY_IN;
    if (s->now.traits.flags & SQL_STRINGS_OFF)
        s->strings_wanted = false;
    else if (s->now.traits.flags & SQL_STRINGS_ON)
        s->strings_wanted = true;
}

/** The line that ends COPY data: "\." and nothing else. */
static bool ends_data(const char *line, size_t length)
{
    return (length == 3 && memcmp(line, "\\.\n", 3) == 0) || (length == 4 && memcmp(line, "\\.\r\n", 4) == 0);
}

/** Takes the data from the lines that follow. What stands after the COPY in its own line comes after the data, so it is
 * moved behind it; the data and its end mark leave room enough. */
static void take_data(splitter *s)
{
    char *at = s->source + (s->lexer.at - s->source);
    const char *end = s->lexer.end, *line = memchr(at, '\n', (size_t)(end - at));
    size_t rest = (size_t)((line ? line : end) - at);
    line = line ? line + 1 : end;
    const char *data = line;
    bool closed = false;
    while (!closed && line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline ? newline + 1 : end;
        closed = ends_data(line, (size_t)(next - line));
        if (newline)
            s->lines_ahead++;
        s->now.data_length = closed ? (size_t)(line - data) : (size_t)(next - data);
        line = next;
    }
    s->now.data = heap_dup_n(data, s->now.data_length);
    s->now.data_open = !closed;
    char *to = s->source + (line - s->source) - rest - (closed ? 1 : 0);
    memmove(to, at, rest);
    s->lexer.at = to;
}

static void end_statement(splitter *s)
{
    classify(s);
    if (s->now.traits.flags & SQL_COPY_IN)
        take_data(s);
    s->now.length = s->text.length;
    s->now.text = buf_take(&s->text);
    s->now.strings = s->lexer.standard_strings;
    heap_reserve(s->script);
    s->script->items[s->script->count++] = s->now;
    s->now = (sql_statement){0};
    s->part = 0;
    s->routine = NOTHING_YET;
}

static routine next_routine(routine seen, const sql_token *t)
{
    bool last = sql_token_is(t, "function") || sql_token_is(t, "procedure");
    switch (seen) {
    case NOTHING_YET: return sql_token_is(t, "create") ? CREATE_SEEN : OTHER_STATEMENT;
    case CREATE_SEEN: return last ? ROUTINE : sql_token_is(t, "or") ? OR_SEEN : OTHER_STATEMENT;
    case OR_SEEN: return sql_token_is(t, "replace") ? REPLACE_SEEN : OTHER_STATEMENT;
    case REPLACE_SEEN: return last ? ROUTINE : OTHER_STATEMENT;
    default: return seen;
    }
}

static void count_begins(splitter *s, const sql_token *t)
{
    s->routine = next_routine(s->routine, t);
    if (s->routine != ROUTINE || s->parens > 0)
        return;
    if (sql_token_is(t, "begin") || (s->begins > 0 && sql_token_is(t, "case")))
        s->begins++;
    else if (s->begins > 0 && sql_token_is(t, "end"))
        s->begins--;
}

/* psql sets these itself, so that it would replace them; any other name stays as it is written. */
static const char *const own_variables[] = {
    "AUTOCOMMIT",
    "COMP_KEYWORD_CASE",
    "DBNAME",
    "ECHO",
    "ECHO_HIDDEN",
    "ENCODING",
    "ERROR",
    "FETCH_COUNT",
    "HIDE_TABLEAM",
    "HIDE_TOAST_COMPRESSION",
    "HISTCONTROL",
    "HISTFILE",
    "HISTSIZE",
    "HOST",
    "IGNOREEOF",
    "LASTOID",
    "LAST_ERROR_MESSAGE",
    "LAST_ERROR_SQLSTATE",
    "ON_ERROR_ROLLBACK",
    "ON_ERROR_STOP",
    "PORT",
    "PROMPT1",
    "PROMPT2",
    "PROMPT3",
    "QUIET",
    "ROW_COUNT",
    "SERVER_VERSION_NAME",
    "SERVER_VERSION_NUM",
    "SHELL_ERROR",
    "SHELL_EXIT_CODE",
    "SHOW_ALL_RESULTS",
    "SHOW_CONTEXT",
    "SINGLELINE",
    "SINGLESTEP",
    "SQLSTATE",
    "USER",
    "VERBOSITY",
    "VERSION",
    "VERSION_NAME",
    "VERSION_NUM",
};

static void take_variable(splitter *s, const sql_token *t)
{
    bool replaced = t->text[1] == '{';
    bool quoted = t->text[1] == '\'' || t->text[1] == '"';
    const char *name = t->text + (quoted ? 2 : 1);
    size_t length = t->length - (quoted ? 3 : 1);
    for (size_t i = 0; i < sizeof own_variables / sizeof *own_variables && !replaced; i++)
        replaced = strlen(own_variables[i]) == length && memcmp(own_variables[i], name, length) == 0;
    if (replaced)
        add_problem(s, SQL_PROBLEM_VARIABLE, s->line, heap_dup_n(t->text, t->length));
    emit_token(s, t);
}

/** A psql command takes the rest of its line. */
static void take_command(splitter *s)
{
    const char *at = s->lexer.at, *end = memchr(at, '\n', (size_t)(s->lexer.end - at));
    end = end ? end : s->lexer.end;
    const char *name = at;
    while (name < end && *name != ' ' && *name != '\t' && *name != '\r' && *name != ';' && *name != '\\')
        name++;
    add_problem(s, SQL_PROBLEM_COMMAND, s->line, heap_printf("\\%.*s", (int)(name - at), at));
    s->lexer.at = end;
}

static void take_semicolon(splitter *s, const sql_token *t)
{
    emit_token(s, t);
    if (s->parens == 0 && s->begins == 0)
        end_statement(s);
}

static void take_escaped(splitter *s, const sql_token *t)
{
    emit(s, t->text + 1, 1);
    if (t->text[1] == ':')
        return;
    classify(s);
    s->routine = NOTHING_YET;
}

static void report_open(splitter *s, const sql_token *t, unsigned line)
{
    const char *what = t->kind == SQL_COMMENT ? "comment" : t->kind == SQL_NAME ? "quoted identifier" : "string";
    add_problem(s, SQL_PROBLEM_OPEN, line, heap_dup(what));
    if (s->text.text[s->text.length - 1] == '\n')
        s->text.text[--s->text.length] = '\0'; /* the line that would follow never comes */
}

static void take_token(splitter *s, const sql_token *t)
{
    unsigned line = s->line;
    if (t->kind == SQL_NEWLINE) {
        pass_line_end(s);
        s->newline = s->text.length > 0;
        return;
    }
    if (s->newline) {
        buf_putc(&s->text, '\n');
        mark_line(s);
        s->newline = false;
    }
    switch (t->kind) {
    case SQL_SPACE:
        if (*t->text == '-')
            sql_markers_add(&s->script->markers, s->source, (size_t)(t->text - s->source), t->length, line);
        if (s->text.length > 0)
            emit_token(s, t);
        return;
    case SQL_SEMICOLON: take_semicolon(s, t); return;
    case SQL_ESCAPED: take_escaped(s, t); return;
    case SQL_BACKSLASH: take_command(s); return;
    case SQL_VARIABLE: take_variable(s, t); return;
    case SQL_OPEN: s->parens++; break;
    case SQL_CLOSE: s->parens -= s->parens > 0; break;
    case SQL_WORD: count_begins(s, t); break;
    default: break;
    }
    emit_token(s, t);
    if (t->open)
        report_open(s, t, line);
}

/** At the end of the file psql sends what it has, finished or not. */
static void end_script(splitter *s)
{
    if (s->text.length == 0)
        return;
    unsigned line = s->now.lines[0];
    bool reported = s->script->problems.count > 0 &&
                    s->script->problems.items[s->script->problems.count - 1].kind == SQL_PROBLEM_OPEN;
    if (!reported && s->parens > 0)
        add_problem(s, SQL_PROBLEM_OPEN, line, heap_dup("parenthesis of the statement"));
    else if (!reported && s->begins > 0)
        add_problem(s, SQL_PROBLEM_OPEN, line, heap_dup("BEGIN of the function"));
    end_statement(s);
}

sql_script *sql_split(const char *source, size_t length, bool standard_strings)
{
    static const char bom[] = "\xef\xbb\xbf";
    guard_heap char *copy = heap_dup_n(source, length);
    splitter s = {.script = heap_zeroed(sizeof *s.script),
                  .source = copy,
                  .lexer = {copy, copy + length, standard_strings},
                  .strings_wanted = standard_strings,
                  .line = 1};
    if (length >= 3 && memcmp(copy, bom, 3) == 0)
        s.lexer.at += 3;
    const char *nul = memchr(copy, '\0', length);
    if (nul) {
        unsigned line = 1;
        for (const char *p = copy; p < nul; p++)
            line += *p == '\n';
        add_problem(&s, SQL_PROBLEM_NUL, line, heap_dup("NUL byte"));
        return s.script;
    }
    sql_token t;
    for (sql_lexer_next(&s.lexer, &t); t.kind != SQL_END; sql_lexer_next(&s.lexer, &t))
        take_token(&s, &t);
    end_script(&s);
    buf_done(&s.text);
    return s.script;
}

void sql_script_free(sql_script *script)
{
    if (!script)
        return;
    for (size_t i = 0; i < script->count; i++) {
        sql_statement *st = &script->items[i];
        free(st->text);
        free(st->lines);
        free(st->data);
        sql_traits_done(&st->traits);
    }
    for (size_t i = 0; i < script->problems.count; i++)
        free(script->problems.items[i].text);
    free(script->items);
    free(script->problems.items);
    free(script->markers.items);
    free(script);
}

unsigned sql_statement_line(const sql_statement *st, size_t offset)
{
    size_t line = 0;
    for (size_t i = 0; i < offset && i < st->length; i++)
        line += st->text[i] == '\n';
    if (line >= st->line_count)
        line = st->line_count - 1;
    return st->lines[line];
}
