/* Secrets are masked in every form in which tools write them, whole or in pieces; ordinary text is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/redact.h"

static redactor *knows(const char *value)
{
    redactor *r = redactor_new();
    redactor_add(r, value);
    return r;
}

static void assert_masked(const char *value, const char *given, const char *expected)
{
    guard(redactor) r = knows(value);
    guard_mem char *masked = redactor_mask(r, given);
    assert_string_equal(masked, expected);
}

static void plain_values_are_masked_wherever_they_stand(void **state)
{
    (void)state;
    assert_masked("hunter2", "hunter2", "[secret]");
    assert_masked("hunter2", "a hunter2, hunter2hunter2 b", "a [secret], [secret][secret] b");
    assert_masked("hunter2", "hunter hunter3", "hunter hunter3");
    assert_masked("hunter2", "", "");
}

static void short_values_are_not_masked(void **state)
{
    (void)state;
    assert_masked("abc", "abc abc", "abc abc");
    guard(redactor) r = knows("abc");
    assert_true(redactor_is_empty(r));
}

static void url_encoding_is_undone_however_much_of_it_was_done(void **state)
{
    (void)state;
    const char *value = "p@ss w/rd%+";
    assert_masked(value, "x=p%40ss%20w%2Frd%25%2B.", "x=[secret].");
    assert_masked(value, "x=p%40ss+w%2frd%25%2b.", "x=[secret].");
    assert_masked(value, "x=p%40ss%20w/rd%25+.", "x=[secret].");
    assert_masked(value, "x=%70%40%73%73%20%77%2F%72%64%25%2B.", "x=[secret].");
    assert_masked(value, "x=p@ss w/rd%+.", "x=[secret].");
    assert_masked("50%25off", "50%25off", "[secret]");
    assert_masked(" lead", "a+lead", "a[secret]");
}

static void json_escapes_are_known(void **state)
{
    (void)state;
    assert_masked("say \"hi\"/\\\t", "{\"a\":\"say \\\"hi\\\"/\\\\\\t\"}", "{\"a\":\"[secret]\"}");
    assert_masked("say \"hi\"/\\", "{\"a\":\"say \\\"hi\\\"\\/\\\\\"}", "{\"a\":\"[secret]\"}");
    assert_masked("one\ntwo!", "one\\ntwo!", "[secret]");
}

static void base64_is_known_in_all_alignments_and_both_alphabets(void **state)
{
    (void)state;
    /* user:hunter2-hunter2 behind 0, 1 and 2 other bytes; what the neighbours decide may stay. */
    assert_masked("hunter2-hunter2", "aHVudGVyMi1odW50ZXIy", "[secret]");
    assert_masked("hunter2-hunter2", "eGh1bnRlcjItaHVudGVyMg==", "eG[secret]g==");
    assert_masked("hunter2-hunter2", "eHhodW50ZXIyLWh1bnRlcjI=", "eHh[secret]I=");
    assert_masked("\xfb\xff\xfe\xfb\xff\xfe", "+//++//+", "[secret]");
    assert_masked("\xfb\xff\xfe\xfb\xff\xfe", "-__--__-", "[secret]");
    assert_masked("\xfb\xff\xfe\xfb\xff\xfe", "%2B%2F%2F%2B%2B%2F%2F%2B", "[secret]");
}

static void line_breaks_within_a_value_do_not_hide_it(void **state)
{
    (void)state;
    assert_masked("hunter2", "hun\nter2", "[secret]\n");
    assert_masked("hunter2", "h\r\nu\r\nn\r\nter2.", "[secret]\n\n\n.");
    assert_masked("hunter2-hunter2", "aHVudGVy\nMi1odW50\nZXIy", "[secret]\n\n");
    assert_masked("hunter2", "hun ter2", "hun ter2");
}

static void the_password_in_a_url_is_a_secret_of_its_own(void **state)
{
    (void)state;
    const char *url = "postgresql://app:p%40ss:word@db:5432/app";
    assert_masked(url, "postgresql://app:p%40ss:word@db:5432/app", "[secret]");
    assert_masked(url, "password authentication failed for p@ss:word", "password authentication failed for [secret]");
    assert_masked(url, "p%40ss:word", "[secret]");
    assert_masked(url, "host db, user app", "host db, user app");
    assert_masked("redis://:kit-redis@127.0.0.1:1/0", "AUTH kit-redis", "AUTH [secret]");
    assert_masked("https://example.org/a:b@c/d", "b@c", "b@c");
}

static void each_line_of_a_key_is_masked(void **state)
{
    (void)state;
    const char *key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nshort\nAgEAAoIBAQDGl6Y1\n-----END KEY-----\n";
    assert_masked(key, "1: MIIEvQIBADANBgkqhkiG", "1: [secret]");
    assert_masked(key, "-----BEGIN KEY-----", "-----BEGIN KEY-----");
    assert_masked(key, "short", "short");
    assert_masked(key, key, "[secret]\n\n\n\n\n");
}

static void values_that_overlap_are_masked_as_one(void **state)
{
    (void)state;
    guard(redactor) r = knows("abcdef");
    redactor_add(r, "cdefgh");
    redactor_add(r, "defg");
    guard_mem char *a = redactor_mask(r, "xabcdefghx");
    assert_string_equal(a, "x[secret]x");
    guard_mem char *b = redactor_mask(r, "xdefgx cdefgx");
    assert_string_equal(b, "x[secret]x c[secret]x");
}

static void finds_says_whether_there_is_one(void **state)
{
    (void)state;
    guard(redactor) r = knows("hunter2");
    assert_true(redactor_finds(r, "xhunter2x", 9));
    assert_true(redactor_finds(r, "aHVudGVyMg==", 12));
    assert_false(redactor_finds(r, "hunter", 6));
    assert_false(redactor_finds(r, "hunter2", 6));
    assert_false(redactor_finds(NULL, "hunter2", 7));
}

static void what_is_added_from_another_is_known_too(void **state)
{
    (void)state;
    guard(redactor) a = knows("hunter2");
    guard(redactor) b = knows("swordfish");
    redactor_add_all(b, a);
    redactor_add(b, "hunter2");
    assert_int_equal(redactor_count(b), 2);
    guard_mem char *masked = redactor_mask(b, "hunter2 swordfish");
    assert_string_equal(masked, "[secret] [secret]");
}

/* However a stream is cut, it comes out as if it had come in one piece. */
static void a_stream_is_masked_the_same_however_it_is_cut(void **state)
{
    (void)state;
    static const char input[] = "a hunter2 b hunhunter2 %68unter2 hunter h\nunter2%68%75n aHVudGVyMg== hunter";
    guard(redactor) r = knows("hunter2");
    guard_mem char *whole = redactor_mask(r, input);
    assert_null(strstr(whole, "unter2"));
    for (size_t first = 0; first < sizeof input - 1; first++) {
        for (size_t second = first; second < sizeof input - 1; second++) {
            redact_stream s = {.redactor = r};
            text out = {0};
            redact_stream_add(&s, input, first, &out);
            redact_stream_add(&s, input + first, second - first, &out);
            redact_stream_add(&s, input + second, sizeof input - 1 - second, &out);
            redact_stream_end(&s, &out);
            assert_string_equal(text_get(&out), whole);
            text_done(&out);
        }
    }
}

static void a_stream_holds_back_no_more_than_it_must(void **state)
{
    (void)state;
    guard(redactor) r = knows("hunter2");
    redact_stream s = {.redactor = r};
    text out = {0};
    redact_stream_add(&s, "plain line\nhun", 14, &out);
    assert_string_equal(text_get(&out), "plain line\n");
    redact_stream_add(&s, "t", 1, &out);
    assert_string_equal(text_get(&out), "plain line\n");
    redact_stream_add(&s, "!", 1, &out);
    assert_string_equal(text_get(&out), "plain line\nhunt!");
    redact_stream_end(&s, &out);
    text_done(&out);
}

static void binary_streams_pass(void **state)
{
    (void)state;
    guard(redactor) r = knows("hunter2");
    redact_stream s = {.redactor = r};
    text out = {0};
    redact_stream_add(&s, "\0\1hunter2\0\xff", 11, &out);
    redact_stream_end(&s, &out);
    assert_int_equal(out.count, 12);
    assert_memory_equal(out.items, "\0\1[secret]\0\xff", 12);
    text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values_are_masked_wherever_they_stand),
        cmocka_unit_test(short_values_are_not_masked),
        cmocka_unit_test(url_encoding_is_undone_however_much_of_it_was_done),
        cmocka_unit_test(json_escapes_are_known),
        cmocka_unit_test(base64_is_known_in_all_alignments_and_both_alphabets),
        cmocka_unit_test(line_breaks_within_a_value_do_not_hide_it),
        cmocka_unit_test(the_password_in_a_url_is_a_secret_of_its_own),
        cmocka_unit_test(each_line_of_a_key_is_masked),
        cmocka_unit_test(values_that_overlap_are_masked_as_one),
        cmocka_unit_test(finds_says_whether_there_is_one),
        cmocka_unit_test(what_is_added_from_another_is_known_too),
        cmocka_unit_test(a_stream_is_masked_the_same_however_it_is_cut),
        cmocka_unit_test(a_stream_holds_back_no_more_than_it_must),
        cmocka_unit_test(binary_streams_pass),
    };
    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
