/* Text in columns: measured, cleaned, cut and wrapped. */
#include "report/width.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void columns_are_those_of_a_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        size_t want;
    } cases[] = {
        {"", 0},           {"abc", 3},       {"Gr\u00fc\u00dfe", 5}, {"\u65e5\u672c", 4},      {"e\u0301", 1},
        {"\U0001f680", 2}, {"\u2713 ok", 4}, {"\xff\xfe", 2},        {"\033[32mok\033[0m", 2}, {"a\xe2\x9c", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(width_of(cases[i].s), cases[i].want);
}

static void a_cleaned_text_is_one_harmless_line(void **state)
{
    (void)state;
    static const struct {
        const char *s, *unicode, *ascii;
    } cases[] = {
        {"a\tb\nc\r", "a b c ", "a b c "},
        {"\033[2Jx", "?[2Jx", "?[2Jx"},
        {"caf\u00e9", "caf\u00e9", "caf?"},
        {"a\u202eb\xc2\x9b"
         "c",
         "a?b?c", "a?b?c"},
        {"bad\xff", "bad?", "bad?"},
        {"\x7f", "?", "?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_text unicode = {0}, ascii = {0};
        width_clean(&unicode, cases[i].s, true);
        width_clean(&ascii, cases[i].s, false);
        assert_string_equal(text_get(&unicode), cases[i].unicode);
        assert_string_equal(text_get(&ascii), cases[i].ascii);
    }
}

static void a_cut_line_fits_and_says_that_it_was_cut(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        size_t columns;
        const char *want;
    } cases[] = {
        {"abcdef", 6, "abcdef"},
        {"abcdef", 4, "abc\u2026"},
        {"abcdef", 1, "\u2026"},
        {"abcdef", 0, ""},
        {"\u65e5\u672c\u8a9e", 4, "\u65e5\u2026"},
        {"\033[31mabcdef\033[0m", 3, "\033[31mab\u2026\033[0m"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_text out = {0};
        width_cut(&out, cases[i].s, cases[i].columns, true);
        assert_string_equal(text_get(&out), cases[i].want);
        assert_true(width_of(text_get(&out)) <= cases[i].columns);
    }
}

static void a_wrapped_text_keeps_every_word(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        size_t columns, indent;
        const char *want;
    } cases[] = {
        {"one two three", 0, 2, "one two three"},
        {"one two three four", 14, 4, "one two\n    three four"},
        {"exactly ten", 11, 0, "exactly ten"},
        {"a verylongwordindeed z", 12, 2, "a\n  verylongwo\n  rdindeed z"},
        {"  leading   blanks ", 20, 0, "leading blanks"},
        {"tiny", 5, 4, "tiny"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_text out = {0};
        width_wrap(&out, cases[i].s, cases[i].columns, cases[i].indent);
        assert_string_equal(text_get(&out), cases[i].want);
    }
}

static void a_padded_text_fills_its_columns(void **state)
{
    (void)state;
    guard_text out = {0};
    width_pad(&out, "\u65e5", 4, true);
    assert_string_equal(text_get(&out), "\u65e5  ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_those_of_a_terminal),
        cmocka_unit_test(a_cleaned_text_is_one_harmless_line),
        cmocka_unit_test(a_cut_line_fits_and_says_that_it_was_cut),
        cmocka_unit_test(a_wrapped_text_keeps_every_word),
        cmocka_unit_test(a_padded_text_fills_its_columns),
    };
    return cmocka_run_group_tests_name("report_width", tests, NULL, NULL);
}
