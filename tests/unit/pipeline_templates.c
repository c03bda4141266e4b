/* References in texts, and following a text without parsing it. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/reference.h"
#include "pipeline/scan.h"
#include "pipeline_fixture.h"

/** "kind(name,output)" of each piece. */
static char *pieces(const char *template)
{
    text out = {0};
    reference r;
    while (reference_next(&template, &r)) {
        static const char *const names[] = {[REF_VARS] = "vars",     [REF_PIPELINE] = "pipeline", [REF_ENV] = "env",
                                            [REF_SECRET] = "secret", [REF_STEPS] = "steps",       [REF_BAD] = "bad"};
        if (r.kind == REF_TEXT || r.kind == REF_BAD)
            text_printf(&out, "%s<%.*s>", r.kind ? "bad" : "", (int)r.length, r.begin);
        else
            text_printf(&out, "%s(%s%s%s)", names[r.kind], r.name, *r.output ? "," : "", r.output);
    }
    return text_take(&out);
}

static void cuts_a_text_into_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *template, *pieces;
    } cases[] = {
        {"", ""},
        {"plain", "<plain>"},
        {"${vars.a}", "vars(a)"},
        {"x${pipeline.version}y${env:A_B}", "<x>pipeline(version)<y>env(A_B)"},
        {"${secret:s-1}${steps.build.ids}", "secret(s-1)steps(build,ids)"},
        {"$${vars.a}", "<${><vars.a}>"},
        {"$$${vars.a}", "<$><${><vars.a}>"},
        {"$x $ $$ {a}", "<$x $ $$ {a}>"},
        {"${}", "bad<${}>"},
        {"${HOME}x", "bad<${HOME}><x>"},
        {"a${vars.b", "<a>bad<${vars.b>"},
        {"${vars.}${env:}${steps.a}${steps.a.}${steps..b}",
         "bad<${vars.}>bad<${env:}>bad<${steps.a}>bad<${steps.a.}>bad<${steps..b}>"},
        {"${vars.a b}${steps.a.b.c}", "bad<${vars.a b}>bad<${steps.a.b.c}>"},
        {"${env:A${env:B}}", "bad<${env:A${env:B}><}>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *found = pieces(cases[i].template);
        assert_string_equal(found, cases[i].pieces);
    }
    char longest[REFERENCE_NAME + 20];
    memset(longest, 'n', sizeof longest);
    memcpy(longest, "${env:", 6);
    memcpy(longest + sizeof longest - 2, "}", 2);
    const char *rest = longest;
    reference r;
    assert_true(reference_next(&rest, &r));
    assert_int_equal(r.kind, REF_BAD);
}

static void plain_text_survives_being_a_template(void **state)
{
    (void)state;
    static const char *const plain[] = {"", "x", "${a}", "$${a}", "$$", "$", "{", "${", "$$${", "a$", "{b}", "$${$${"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        guard_mem char *template = template_of(plain[i]);
        assert_int_equal(template_kinds(template), REF_TEXT);
        guard_mem char *back = template_plain(template);
        assert_string_equal(back, plain[i]);
        for (size_t k = 0; k < sizeof plain / sizeof *plain; k++) { /* also in two pieces */
            guard_text both = {0};
            template_add_text(&both, plain[i], strlen(plain[i]));
            template_add_text(&both, plain[k], strlen(plain[k]));
            guard_mem char *joined = template_plain(text_get(&both)),
                           *expected = mem_printf("%s%s", plain[i], plain[k]);
            assert_string_equal(joined, expected);
        }
    }
}

static void knows_code_from_texts_and_comments(void **state)
{
    (void)state;
    /* The second text tells what each character of the first leaves behind: code, text, line or block comment. */
    static const char *const cases[][2] = {
        {"a = \"b\\\"c\" d", "cccctttttccc"},
        {"\"\\\\\"x", "tttcc"},
        {"\"\\\\\\\"x", "tttttt"},
        {"a#\"\nb", "cllcc"},
        {"/ / // x\nb", "ccccclllcc"},
        {"/*/ * */c", "cbbbbbbcc"},
    };
    static const char letters[] = {
        [SCAN_CODE] = 'c', [SCAN_STRING] = 't', [SCAN_LINE_COMMENT] = 'l', [SCAN_BLOCK_COMMENT] = 'b'};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scan s = scan_begin();
        guard_text found = {0};
        for (const char *at = cases[i][0]; *at; at++) {
            scan_step(&s, at);
            text_add(&found, &letters[s.state], 1);
        }
        assert_string_equal(text_get(&found), cases[i][1]);
    }
}

static void knows_numbers_that_would_be_cut(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool too_big, needs_l;
    } cases[] = {
        {"2147483647", false, false},  {"-2147483648", false, false},
        {"2147483648", true, true},    {"-2147483649", true, true},
        {"2147483648L", false, false}, {"9223372036854775808L", true, false},
        {"0x7FFFFFFF", false, false},  {"0x80000000", true, true},
        {"1e99", false, false},        {"99999999999.5", false, false},
        {"name", false, false},        {"5x", false, false},
        {"8", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *word = cases[i].word;
        bool is_long = false;
        assert_int_equal(scan_number_too_big(word, word + strlen(word), &is_long), cases[i].too_big);
        if (cases[i].too_big)
            assert_int_equal(is_long, cases[i].needs_l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_a_text_into_pieces),
        cmocka_unit_test(plain_text_survives_being_a_template),
        cmocka_unit_test(knows_code_from_texts_and_comments),
        cmocka_unit_test(knows_numbers_that_would_be_cut),
    };
    return cmocka_run_group_tests_name("pipeline templates", tests, NULL, NULL);
}
