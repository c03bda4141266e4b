#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lexer.h"

/* Kinds in short: w word, n name, s string, c comment, ( ) ; , e escaped, \ backslash, v variable, o other; spaces are
 * left out. */
static const char letters[] = {
    [SQL_END] = 0,       [SQL_NEWLINE] = ' ',    [SQL_SPACE] = ' ',    [SQL_COMMENT] = 'c', [SQL_WORD] = 'w',
    [SQL_NAME] = 'n',    [SQL_STRING] = 's',     [SQL_OPEN] = '(',     [SQL_CLOSE] = ')',   [SQL_SEMICOLON] = ';',
    [SQL_ESCAPED] = 'e', [SQL_BACKSLASH] = '\\', [SQL_VARIABLE] = 'v', [SQL_OTHER] = 'o'};

static void assert_kinds(const char *source, bool standard_strings, const char *expected)
{
    sql_lexer lexer = {.at = source, .end = source + strlen(source), .standard_strings = standard_strings};
    char kinds[128];
    size_t n = 0;
    sql_token t;
    for (sql_lexer_next(&lexer, &t); t.kind != SQL_END && n + 1 < sizeof kinds; sql_lexer_next(&lexer, &t))
        if (letters[t.kind] != ' ')
            kinds[n++] = letters[t.kind];
    kinds[n] = '\0';
    if (strcmp(kinds, expected) != 0)
        fail_msg("%s: '%s', expected '%s'", source, kinds, expected);
}

static void strings_end_where_their_kind_ends(void **state)
{
    (void)state;
    assert_kinds("'a;b'; 'it''s'; 'a\\';", true, "s;s;s;");
    assert_kinds("E'a\\'b'; e'\\\\';", true, "s;s;");
    assert_kinds("'a\\'b';", false, "s;");
    assert_kinds("B'01'; x'ff'; N'a\\'; U&'a\\'; u&\"a\"\"b\";", true, "s;s;s;s;n;");
    assert_kinds("\"a;\"\"b\" \"c\"", true, "nn");
}

static void a_dollar_quote_has_a_tag_and_a_parameter_has_none(void **state)
{
    (void)state;
    assert_kinds("$$a;b$$; $tag$ $$ $ta$ $tag$; $1; $1$2", true, "s;s;o;oo");
    assert_kinds("a$b$c; a$$; $a b$;", true, "w;w;oww;");
    assert_kinds("1a$$; 1e5$$;", true, "o;o;");
}

static void comments_nest_and_line_comments_end_with_their_line(void **state)
{
    (void)state;
    assert_kinds("/* a /* b */ c; */ d", true, "cw");
    assert_kinds("a -- b; c\nd", true, "ww");
    assert_kinds("a -- b\rc", true, "ww");
    assert_kinds("a+/* b */c */", true, "wocwoo");
    assert_kinds("a@--;\nb", true, "wow");
}

static void what_is_not_closed_is_open(void **state)
{
    (void)state;
    static const char *const sources[] = {"'a", "\"a", "/* /* */", "$x$ $y$", "E'\\'", "b'0", "U&\"a", "U&'"};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        sql_lexer lexer = {.at = sources[i], .end = sources[i] + strlen(sources[i]), .standard_strings = true};
        sql_token t;
        sql_lexer_next(&lexer, &t);
        assert_true(t.open);
        assert_int_equal(t.length, strlen(sources[i]));
    }
}

static void variables_are_told_from_casts_and_slices(void **state)
{
    (void)state;
    assert_kinds("a::b :c :'d' :\"e\" :{?f} := a[1:2]", true, "wowvvvvowoovo");
    assert_kinds(":'a b'", true, "os");
    assert_kinds("\\; \\: \\i", true, "ee\\w");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_end_where_their_kind_ends),
        cmocka_unit_test(a_dollar_quote_has_a_tag_and_a_parameter_has_none),
        cmocka_unit_test(comments_nest_and_line_comments_end_with_their_line),
        cmocka_unit_test(what_is_not_closed_is_open),
        cmocka_unit_test(variables_are_told_from_casts_and_slices),
    };
    return cmocka_run_group_tests_name("sql lexer", tests, NULL, NULL);
}
