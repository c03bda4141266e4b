#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "splitter.h"

static sql_script *split(const char *source)
{
    return sql_split(source, strlen(source), true);
}

/* The statements, each with its line, as "1:a;|3:b;". */
static void assert_split(const char *source, const char *expected)
{
    guard(sql_script) script = split(source);
    guard_buf got = {0};
    for (size_t i = 0; i < script->count; i++)
        buf_printf(&got, "%s%u:%s", i ? "|" : "", script->items[i].lines[0], script->items[i].text);
    if (strcmp(buf_get(&got), expected) != 0)
        fail_msg("%s\ngave     %s\nexpected %s", source, buf_get(&got), expected);
}

static void assert_problem(const char *source, sql_problem_kind kind, unsigned line, const char *text)
{
    guard(sql_script) script = split(source);
    assert_int_equal(script->problems.count, 1);
    assert_int_equal(script->problems.items[0].kind, kind);
    assert_int_equal(script->problems.items[0].line, line);
    assert_string_equal(script->problems.items[0].text, text);
}

static void semicolons_end_statements_but_not_within_something(void **state)
{
    (void)state;
    assert_split("a; b;c", "1:a;|1:b;|1:c");
    assert_split("a '; \"' b \";\" /* ; */ $$ ; $$ (;) -- ;\n;d;",
                 "1:a '; \"' b \";\" /* ; */ $$ ; $$ (;) -- ;\n;|2:d;");
    assert_split("f(a;b);c)d;", "1:f(a;b);|1:c)d;");
}

static void empty_statements_are_sent_as_psql_sends_them(void **state)
{
    (void)state;
    assert_split("", "");
    assert_split("\n  -- only a comment\n", "");
    assert_split(";;\n;", "1:;|1:;|2:;");
    assert_split("/* a */", "1:/* a */");
}

static void comments_before_and_blank_lines_within_are_left_out(void **state)
{
    (void)state;
    assert_split("-- before\n\n  a\n\n\n b -- within\n;", "3:a\n b -- within\n;");
    assert_split("'a\n\n\nb';", "1:'a\n\n\nb';");
    assert_split("a;\n\n\n", "1:a;");
    assert_split("a\n-- after\n\n", "1:a\n-- after");
}

static void line_ends_and_marks_of_other_systems_are_read(void **state)
{
    (void)state;
    assert_split("\xef\xbb\xbf"
                 "a;\r\nb\r\n;\r\n",
                 "1:a;|2:b\r\n;");
    assert_split("-- old\ra;", "1:a;");
}

static void function_bodies_stay_whole(void **state)
{
    (void)state;
    assert_split(
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; b;",
        "1:CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;|1:b;");
    assert_split("create or replace procedure p() begin atomic a; end; b;",
                 "1:create or replace procedure p() begin atomic a; end;|1:b;");
    assert_split("create table f (begin int); begin; end;", "1:create table f (begin int);|1:begin;|1:end;");
    assert_split("do $x$ begin a; end $x$; b;", "1:do $x$ begin a; end $x$;|1:b;");
}

static void statements_joined_by_an_escaped_semicolon_are_one(void **state)
{
    (void)state;
    assert_split("a\\; b; c\\:d;", "1:a; b;|1:c:d;");
    guard(sql_script) script = split("select 1\\; vacuum;");
    assert_true(script->items[0].traits.flags & SQL_ALONE);
}

static void copy_takes_its_data_from_the_lines_that_follow(void **state)
{
    (void)state;
    guard(sql_script) script = split("copy t from stdin; a\nx;'\n\\.\n'b' c;\nd;\n");
    assert_int_equal(script->count, 3);
    assert_string_equal(script->items[0].data, "x;'\n");
    assert_string_equal(script->items[1].text, "a\n'b' c;");
    assert_int_equal(sql_statement_line(&script->items[1], 0), 1);
    assert_int_equal(sql_statement_line(&script->items[1], 2), 4);
    assert_int_equal(script->items[2].lines[0], 5);
}

static void two_copies_on_one_line_take_one_block_each(void **state)
{
    (void)state;
    guard(sql_script) script = split("copy a from stdin; copy b from stdin;\n1\n\\.\n2\n\\.\nend;");
    assert_int_equal(script->count, 3);
    assert_string_equal(script->items[0].data, "1\n");
    assert_string_equal(script->items[1].data, "2\n");
    assert_string_equal(script->items[2].text, "end;");
    assert_int_equal(script->items[2].lines[0], 6);
}

static void data_that_ends_with_the_file_is_noticed(void **state)
{
    (void)state;
    guard(sql_script) script = split("copy a from stdin;\n1\n\\.");
    assert_true(script->items[0].data_open);
    assert_string_equal(script->items[0].data, "1\n\\.");
    guard(sql_script) empty = split("copy a from stdin");
    assert_string_equal(empty->items[0].data, "");
}

static void what_belongs_to_psql_is_named_with_its_line(void **state)
{
    (void)state;
    assert_problem("a;\n  \\i file.sql\nb;", SQL_PROBLEM_COMMAND, 2, "\\i");
    assert_problem("select 1 \\gset\n", SQL_PROBLEM_COMMAND, 1, "\\gset");
    assert_problem("\n\n\\.\n", SQL_PROBLEM_COMMAND, 3, "\\.");
    assert_problem("select :'DBNAME';", SQL_PROBLEM_VARIABLE, 1, ":'DBNAME'");
    assert_problem("select :{?x};", SQL_PROBLEM_VARIABLE, 1, ":{?x}");
    assert_problem("copy a from stdin\\; copy b from stdin;", SQL_PROBLEM_COPIES, 1, "COPY");
    assert_split("select a[1:n];", "1:select a[1:n];");
}

static void what_has_no_end_is_named_where_it_begins(void **state)
{
    (void)state;
    assert_problem("a;\n'b;\nc;\n", SQL_PROBLEM_OPEN, 2, "string");
    assert_problem("a;\n\n/* b;\n", SQL_PROBLEM_OPEN, 3, "comment");
    assert_problem("a \"b;\n", SQL_PROBLEM_OPEN, 1, "quoted identifier");
    assert_problem("a;\nb (c;\n", SQL_PROBLEM_OPEN, 2, "parenthesis of the statement");
    assert_problem("create function f() begin a;\n", SQL_PROBLEM_OPEN, 1, "BEGIN of the function");
    guard(sql_script) script = sql_split("a\n;\0b", 5, true);
    assert_int_equal(script->problems.items[0].kind, SQL_PROBLEM_NUL);
    assert_int_equal(script->problems.items[0].line, 2);
}

static void strings_follow_the_setting_from_the_next_line_on(void **state)
{
    (void)state;
    assert_split(
        "set standard_conforming_strings = off;\n'a\\';b';\nset standard_conforming_strings = on;\n'a\\';b;",
        "1:set standard_conforming_strings = off;|2:'a\\';b';|3:set standard_conforming_strings = on;|4:'a\\';|4:b;");
    guard(sql_script) script = split("set standard_conforming_strings = off;\na;");
    assert_true(script->items[0].strings);
    assert_false(script->items[1].strings);
}

static void every_byte_of_a_statement_has_its_line(void **state)
{
    (void)state;
    guard(sql_script) script = split("\na\n\n\nb\n'\n\n'\nc;");
    assert_string_equal(script->items[0].text, "a\nb\n'\n\n'\nc;");
    static const unsigned lines[] = {2, 5, 6, 7, 8, 9};
    size_t line = 0;
    for (size_t i = 0; i < script->items[0].length; i++) {
        assert_int_equal(sql_statement_line(&script->items[0], i), lines[line]);
        line += script->items[0].text[i] == '\n';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(semicolons_end_statements_but_not_within_something),
        cmocka_unit_test(empty_statements_are_sent_as_psql_sends_them),
        cmocka_unit_test(comments_before_and_blank_lines_within_are_left_out),
        cmocka_unit_test(line_ends_and_marks_of_other_systems_are_read),
        cmocka_unit_test(function_bodies_stay_whole),
        cmocka_unit_test(statements_joined_by_an_escaped_semicolon_are_one),
        cmocka_unit_test(copy_takes_its_data_from_the_lines_that_follow),
        cmocka_unit_test(two_copies_on_one_line_take_one_block_each),
        cmocka_unit_test(data_that_ends_with_the_file_is_noticed),
        cmocka_unit_test(what_belongs_to_psql_is_named_with_its_line),
        cmocka_unit_test(what_has_no_end_is_named_where_it_begins),
        cmocka_unit_test(strings_follow_the_setting_from_the_next_line_on),
        cmocka_unit_test(every_byte_of_a_statement_has_its_line),
    };
    return cmocka_run_group_tests_name("sql splitter", tests, NULL, NULL);
}
