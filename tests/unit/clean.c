/* Texts from outside reach no terminal and no page with what would steer it. */
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/xml.h"

static const struct {
    const char *given, *clean;
} texts[] = {
    {"plain \u00e4\u65e5\U0001f680\n\tlines\n", "plain \u00e4\u65e5\U0001f680\n\tlines\n"},
    {"\033[31mERROR\033[0m: x \033[1;38:5:9mred", "ERROR: x red"},
    {"\033]52;c;ZXZpbA==\007", "?]52;c;ZXZpbA==?"},
    {"\033[2J\033[H\033c", "?[2J?[H?c"},
    {"a\rb\r\nc\r", "a b\nc "},
    {"x\u202ey\u2066z\u200f\u061c\u2028", "x?y?z???"},
    {"\xc2\x9b"
     "31m \x9b bad\xff\xe2\x9c",
     "?31m ? bad???"},
    {"\033", "?"},
    {"\033[31", "?[31"},
    {"\x7f\b\x01", "???"},
};

static void what_steers_a_terminal_is_taken_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        guard_text clean = {0};
        clean_text(&clean, texts[i].given);
        assert_string_equal(text_get(&clean), texts[i].clean);
    }
}

static void pieces_come_out_as_the_whole_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const size_t n = strlen(texts[i].given);
        for (size_t cut = 0; cut <= n; cut++) {
            guard_text clean = {0};
            const size_t done = clean_add(&clean, texts[i].given, cut, false);
            (void)clean_add(&clean, texts[i].given + done, n - done, true);
            assert_string_equal(text_get(&clean), texts[i].clean);
        }
    }
}

static void a_json_document_stays_the_same(void **state)
{
    (void)state;
    guard_text clean = {0};
    clean_json(&clean, "{\n\t\"a\": \"\u00e4\u202e\xc2\x9b\\u001b\"\n}");
    assert_string_equal(text_get(&clean), "{\n\t\"a\": \"\u00e4\\u202e\\u009b\\u001b\"\n}");
}

static void pages_hold_no_controls(void **state)
{
    (void)state;
    guard_text page = {0};
    xml_escape(&page, "<a>\xc2\x9b\u202e\033\xff&\ufffe\u00e4\n", false);
    assert_string_equal(text_get(&page), "&lt;a&gt;????&amp;?\u00e4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_steers_a_terminal_is_taken_out),
        cmocka_unit_test(pieces_come_out_as_the_whole_does),
        cmocka_unit_test(a_json_document_stays_the_same),
        cmocka_unit_test(pages_hold_no_controls),
    };
    return cmocka_run_group_tests_name("clean", tests, NULL, NULL);
}
