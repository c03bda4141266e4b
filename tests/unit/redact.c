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

/* Each program below printed this value in its own way. */
static void everyday_encodings_are_known(void **state)
{
    (void)state;
    static const char value[] = "Tr&u<b4d>\"q\\x'p\303\244z/ y=$";
    static const struct {
        const char *writer, *written;
    } ways[] = {
        {"XML", "Tr&amp;u&lt;b4d&gt;&quot;q\\x&apos;p\303\244z/ y=$"},
        {"HTML", "Tr&amp;u&lt;b4d&gt;&#34;q\\x&#x27;p&#228;z&#x2F; y&#61;$"},
        {"XML in XML", "Tr&amp;amp;u&amp;lt;b4d&amp;gt;&amp;quot;q\\x&amp;#39;p\303\244z/ y=$"},
        {"Python's json.dumps", "Tr&u<b4d>\\\"q\\\\x'p\\u00e4z/ y=$"},
        {"Go's encoding/json", "Tr\\u0026u\\u003cb4d\\u003e\\\"q\\\\x'p\303\244z/ y=$"},
        {"PHP's json_encode", "Tr&u<b4d>\\\"q\\\\x'p\\u00E4z\\/ y=$"},
        {"JSON in JSON", "Tr\\\\u0026u\\\\u003cb4d>\\\\\\\"q\\\\\\\\x'p\\\\u00e4z/ y=$"},
        {"Python's repr", "Tr&u<b4d>\"q\\\\x\\'p\303\244z/ y=$"},
        {"Python's repr of bytes", "Tr&u<b4d>\"q\\\\x\\'p\\xc3\\xa4z/ y=$"},
        {"Python's unicode_escape", "Tr&u<b4d>\"q\\\\x'p\\xe4z/ y=$"},
        {"git's and C's octal", "Tr&u<b4d>\\\"q\\\\x'p\\303\\244z/ y=$"},
        {"Rust's escape_unicode", "Tr&u<b4d>\\\"q\\\\x\\'p\\u{e4}z/ y=$"},
        {"sh -x", "Tr&u<b4d>\"q\\x'\\''p\303\244z/ y=$"},
        {"Python's shlex.quote", "Tr&u<b4d>\"q\\x'\"'\"'p\303\244z/ y=$"},
        {"bash's printf %q", "Tr\\&u\\<b4d\\>\\\"q\\\\x\\'p\303\244z/\\ y=\\$"},
        {"SQL", "Tr&u<b4d>\"q\\x''p\303\244z/ y=$"},
        {"CSV", "Tr&u<b4d>\"\"q\\x'p\303\244z/ y=$"},
        {"Compose", "Tr&u<b4d>\"q\\x'p\303\244z/ y=$$"},
        {"Latin-1", "Tr&u<b4d>\"q\\x'p\344z/ y=$"},
        {"a form", "Tr%26u%3Cb4d%3E%22q%5Cx%27p%C3%A4z%2F+y%3D%24"},
        {"a URL in a URL", "Tr%2526u%253Cb4d%253E%2522q%255Cx%2527p%25C3%25A4z%252F%2520y%253D%2524"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        guard_mem char *given = mem_printf("a %s b", ways[i].written);
        assert_masked(value, given, "a [secret] b");
    }
    assert_masked("tab\tbell\aquote", "tab\\tbell\\aquote", "[secret]");
    assert_masked("smile\360\237\230\200", "smile\\ud83d\\ude00 smile\\U0001f600 smile&#128512;",
                  "[secret] [secret] [secret]");
    assert_masked("C:\\dir", "C:\\dir C:\\\\dir C:\\\\\\\\dir", "[secret] [secret] [secret]");
    assert_masked("100%off", "100%off 100%%off 100%25off", "[secret] [secret] [secret]");
}

static void hexadecimal_digits_are_known(void **state)
{
    (void)state;
    assert_masked("hunter2", "\\x68756e74657232 X'68756E74657232'", "\\x[secret] X'[secret]'");
    assert_masked("hunter2", "68:75:6e:74:65:72:32 68 75 6e 74 65 72 32", "[secret] [secret]");
    assert_masked("hunter2", "6875 6e74 6572 32\n", "[secret]\n");
    assert_masked("hunter2", "68756e74657233", "68756e74657233");
}

static void what_is_written_otherwise_is_left_alone(void **state)
{
    (void)state;
    assert_masked("a&b<c", "a&b;c a&bamp;<c a&amp;b&gt;c \\u0026 &amp; a",
                  "a&b;c a&bamp;<c a&amp;b&gt;c \\u0026 &amp; a");
    assert_masked("it's", "it''t it\\'t its", "it''t it\\'t its");
    assert_masked("hunter2", "\\\\\\ %25 %% && &amp;amp; h\\unter2", "\\\\\\ %25 %% && &amp;amp; h\\unter2");
}

static void the_password_of_an_unknown_url_is_masked_by_its_shape(void **state)
{
    (void)state;
    assert_masked("hunter2", "connect postgres://app:s3cr3t!@db:5432/app failed",
                  "connect postgres://app:[secret]@db:5432/app failed");
    guard_mem char *masked = redactor_mask(NULL, "redis://:pw@h amqp://u:p@ss:w@h/ {\"u\":\"mysql:\\/\\/u:pw@h\"}");
    assert_string_equal(masked, "redis://:[secret]@h amqp://u:[secret]@h/ {\"u\":\"mysql:\\/\\/u:[secret]@h\"}");
    static const char harmless[] = "http://h:80/a@b http://u@h ssh://git@h:22/x http://h:80/?q=a:b@c a://b:c d@e "
                                   "postgres://u:${PW}@h postgres://u:***@h x:// :// u:p@h";
    guard_mem char *same = redactor_mask(NULL, harmless);
    assert_string_equal(same, harmless);
    guard_mem char *query = redactor_mask(NULL, "postgres://h/d?user=u&password=p%40w&x=1 h/?PASSWORD=a#b");
    assert_string_equal(query, "postgres://h/d?user=u&password=[secret]&x=1 h/?PASSWORD=[secret]#b");
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
    assert_masked("host=db password='it\\'s me' user=app", "PGPASSWORD=it's me", "PGPASSWORD=[secret]");
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
    static const char input[] = "a hunter2 b hunhunter2 %68unter2 hunter h\nunter2%68%75n aHVudGVyMg== hunter "
                                "h\\u0075nter2 &#104;unter2 68756e74657232 db://a:b@c ?password=hunter2";
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
        cmocka_unit_test(everyday_encodings_are_known),
        cmocka_unit_test(hexadecimal_digits_are_known),
        cmocka_unit_test(what_is_written_otherwise_is_left_alone),
        cmocka_unit_test(the_password_of_an_unknown_url_is_masked_by_its_shape),
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
