/* The splitter against psql itself, byte by byte. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "lexer.h"
#include "psql_wire.h"
#include "splitter.h"

#define ROUNDS 200

static char *read_bytes(const char *path, size_t *length)
{
    guard_buf b = {0};
    char chunk[4096];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        buf_add(&b, chunk, n);
    fclose(f);
    *length = b.length;
    return buf_take(&b);
}

/* psql sends the line "\." too. */
static size_t without_end_mark(const wire_message *data)
{
    static const char *const marks[] = {"\\.\n", "\\.\r\n"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(marks[i]);
        if (data->length >= n && memcmp(data->text + data->length - n, marks[i], n) == 0)
            return data->length - n;
    }
    return data->length;
}

static bool same_bytes(const char *a, size_t n, const char *b, size_t m)
{
    return n == m && memcmp(a, b, n) == 0;
}

/* Where they differ, or NULL. */
static const char *difference(const sql_script *ours, const wire_log *psql)
{
    size_t at = 0;
    for (size_t i = 0; i < ours->count; i++, at++) {
        const sql_statement *st = &ours->items[i];
        if (at >= psql->count || psql->items[at].is_data)
            return st->text;
        if (!same_bytes(st->text, st->length, psql->items[at].text, psql->items[at].length))
            return psql->items[at].text;
        if (!st->data)
            continue;
        if (++at >= psql->count || !psql->items[at].is_data)
            return st->text;
        size_t n = st->data_open ? psql->items[at].length : without_end_mark(&psql->items[at]);
        if (!same_bytes(st->data, st->data_length, psql->items[at].text, n))
            return psql->items[at].text;
    }
    return at < psql->count ? psql->items[at].text : NULL;
}

static bool has_word(const sql_statement *st)
{
    sql_lexer lexer = {.at = st->text, .end = st->text + st->length, .standard_strings = true};
    sql_token t = {0};
    do
        sql_lexer_next(&lexer, &t);
    while (t.kind != SQL_WORD && t.kind != SQL_END);
    return t.kind == SQL_WORD;
}

/*
 * psql 15.20 tells COPY by the words it saw last, and where the server then asks for no data, it drops the lines up to
 * "\.": so it takes "+ copy t from stdin", which every server refuses, for a COPY, and a statement without a word (";")
 * after a COPY for that COPY again. The splitter follows it in neither: nothing of a file may be lost in silence.
 */
static bool misleads_psql(const sql_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        const sql_statement *st = &script->items[i];
        if (strstr(st->text, "copy t") && strncmp(st->text, "copy t", 6) != 0)
            return true;
        if (i > 0 && script->items[i - 1].data && !has_word(st))
            return true;
    }
    return false;
}

/* false when the file holds what psql does not send but acts on. */
static bool compare(const char *path)
{
    size_t length = 0;
    guard_heap char *source = read_bytes(path, &length);
    guard(sql_script) ours = sql_split(source, length, true);
    for (size_t i = 0; i < ours->problems.count; i++)
        if (ours->problems.items[i].kind != SQL_PROBLEM_OPEN)
            return false;
    if (misleads_psql(ours))
        return false;
    wire_log psql;
    psql_wire(path, &psql);
    const char *where = difference(ours, &psql);
    if (where)
        fail_msg("%s: the splitter and psql differ at: %s\n--- the file:\n%s", path, where, source);
    wire_log_done(&psql);
    return true;
}

static void cuts_the_corpus_as_psql_does(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(kit_path("%s/tests/fuzz/splitter/*.sql", getenv("BELAY_SOURCE_DIR")), 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 20);
    for (size_t i = 0; i < found.gl_pathc; i++)
        assert_true(compare(found.gl_pathv[i]));
    globfree(&found);
}

/* Pieces of SQL that have a meaning of their own, put together at random. */
static const char *const pieces[] = {
    "'",
    "''",
    "\"",
    "E'",
    "e'",
    "B'",
    "x'",
    "N'",
    "U&'",
    "u&\"",
    "u&",
    "$$",
    "$$",
    "$a$",
    "$a",
    "$1",
    "$",
    "/*",
    "*/",
    "--",
    "\n",
    "\n",
    "\n",
    "\r\n",
    " ",
    " ",
    "\t",
    "\r",
    "\f",
    "(",
    ")",
    ";",
    ";",
    ";",
    ";",
    "a",
    "b",
    "begin",
    "end",
    "case",
    "create ",
    "or ",
    "replace ",
    "function ",
    "procedure ",
    "create or replace function f() ",
    "1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "1e5",
    "0x",
    "..",
    "::",
    ":",
    ":=",
    ":a",
    ":'a'",
    ":\"a\"",
    "+",
    "-",
    "*",
    "/",
    "=",
    "@",
    "[",
    "{",
    "\xc3\xa9",
    "\x80",
    "_",
    "\xef\xbb\xbf",
    "\\;",
    "\\:",
    "\\'",
    "\\\\",
    ";\ncopy t from stdin;\n",
    ";copy t (a) from stdin; ",
    "\n\\.\n",
};

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static void cuts_random_pieces_as_psql_does(void **state)
{
    (void)state;
    const char *path = kit_path("%s/random.sql", kit_folder());
    unsigned seed = 20240131, compared = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        guard_buf b = {0};
        for (unsigned n = 3 + next_random(&seed) % 40; n > 0; n--)
            buf_puts(&b, pieces[next_random(&seed) % (sizeof pieces / sizeof *pieces)]);
        kit_write(path, buf_get(&b));
        compared += compare(path);
    }
    assert_true(compared > ROUNDS / 4);
}

int main(void)
{
    if (kit_status_of("psql", "--version", NULL) != 0) {
        fprintf(stderr, "skipped: there is no psql to compare with\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_the_corpus_as_psql_does),
        cmocka_unit_test(cuts_random_pieces_as_psql_does),
    };
    return cmocka_run_group_tests_name("splitter against psql", tests, NULL, NULL);
}
