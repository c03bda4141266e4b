/* Frames survive any cut, bad ones are told, text that is not UTF-8 becomes text; output is captured and cut to lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "worker/budget.h"
#include "worker/capture.h"
#include "worker/wire.h"

static wire_frame encode(json_t *message)
{
    guard(error) err = NULL;
    wire_frame frame;
    assert_int_equal(wire_encode(message, &frame, &err), 0);
    json_decref(message);
    return frame;
}

static void frames_come_out_whole_however_the_stream_is_cut(void **state)
{
    (void)state;
    wire_frame one = encode(json_pack("{s:s, s:i}", "type", "one", "n", 1));
    wire_frame two = encode(json_pack("{s:s, s:s}", "type", "two", "text", "\xc3\xa4\n\""));
    guard_mem char *both = mem_array(one.size + two.size, 1);
    memcpy(both, one.bytes, one.size);
    memcpy(both + one.size, two.bytes, two.size);
    for (size_t piece = 1; piece <= one.size + two.size; piece++) {
        wire_reader reader = {0};
        int found = 0;
        for (size_t at = 0; at < one.size + two.size; at += piece) {
            size_t left = one.size + two.size - at;
            wire_reader_add(&reader, both + at, piece < left ? piece : left);
            for (;;) {
                guard(error) err = NULL;
                guard(json_t) message = NULL;
                int r = wire_reader_next(&reader, &message, &err);
                assert_true(r >= 0);
                if (r == 0)
                    break;
                assert_string_equal(wire_get_text(message, "type"), found++ == 0 ? "one" : "two");
                if (found == 2)
                    assert_string_equal(wire_get_text(message, "text"), "\xc3\xa4\n\"");
            }
        }
        assert_int_equal(found, 2);
        wire_reader_done(&reader);
    }
    wire_frame_done(&one);
    wire_frame_done(&two);
}

static void bad_frames_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\0\0\0\0", 4},
        {"\0\x10\0\1", 4},
        {"\xff\xff\xff\xff", 4},
        {"\0\0\0\2[]", 6},
        {"\0\0\0\2{}", 6},
        {"\0\0\0\1x", 5},
        {"\0\0\0\x0a{\"type\":1}", 14},
        {"\0\0\0\x13{\"type\":\"\xff\xfe\",\"a\":1}", 23},
        {"\0\0\0\x19{\"type\":\"a\",\"type\":\"b\"}\n\n", 29},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        guard(error) err = NULL;
        guard(json_t) message = NULL;
        wire_reader reader = {0};
        wire_reader_add(&reader, bad[i].bytes, bad[i].n);
        assert_int_equal(wire_reader_next(&reader, &message, &err), -ERROR_PLUGIN);
        assert_null(message);
        wire_reader_done(&reader);
    }
}

static void a_message_that_is_too_long_is_not_sent(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard_mem char *big = mem_array(WIRE_MAX + 1, 1);
    memset(big, 'x', WIRE_MAX);
    guard(json_t) message = json_pack("{s:s, s:s}", "type", "log", "line", big);
    wire_frame frame;
    assert_int_equal(wire_encode(message, &frame, &err), -ERROR_PLUGIN);
}

static void sending_and_receiving_block_until_done(void **state)
{
    (void)state;
    int ends[2];
    guard(error) err = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    guard_fd a = ends[0];
    guard_fd b = ends[1];
    guard(json_t) message = json_pack("{s:s}", "type", "hello");
    assert_int_equal(wire_send(a, message, &err), 0);
    wire_reader reader = {0};
    guard(json_t) received = NULL;
    assert_int_equal(wire_receive(b, &reader, &received, &err), 0);
    assert_true(json_equal(message, received));
    close(a);
    a = -1;
    guard(json_t) none = NULL;
    assert_int_equal(wire_receive(b, &reader, &none, &err), -ERROR_IO);
    wire_reader_done(&reader);
}

static void what_is_not_utf_8_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *text;
    } cases[] = {
        {"plain", 5, "plain"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff", 2, "a\xef\xbf\xbd"},
        {"a\0b", 3,
         "a\xef\xbf\xbd"
         "b"},
        {"\xc3", 1, "\xef\xbf\xbd"},
        {"\xc0\x80", 2, "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard(json_t) string = wire_string(cases[i].bytes, cases[i].n);
        assert_string_equal(json_string_value(string), cases[i].text);
    }
}

static void base64_gives_back_what_it_was_given(void **state)
{
    (void)state;
    char bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t n = 0; n <= sizeof bytes; n++) {
        size_t back_n = 999;
        guard(json_t) string = wire_base64(bytes, n);
        guard_mem char *back = wire_unbase64(json_string_value(string), &back_n);
        assert_int_equal(back_n, n);
        assert_memory_equal(back, bytes, n);
    }
    guard(json_t) known = wire_base64("foobar!", 7);
    assert_string_equal(json_string_value(known), "Zm9vYmFyIQ==");
}

static void a_budget_allows_a_burst_then_a_rate_then_no_more_bytes(void **state)
{
    (void)state;
    budget b = {0};
    int taken = 0;
    for (int i = 0; i < 5000; i++)
        taken += budget_take(&b, 1, 1000);
    assert_int_equal(taken, BUDGET_BURST);
    for (int ms = 1001; ms <= 2000; ms++)
        for (int i = 0; i < 10; i++)
            taken += budget_take(&b, 1, ms);
    assert_int_equal(taken, BUDGET_BURST + BUDGET_LINES_PER_SECOND);
    assert_int_equal(b.dropped, 5000 + 10000 - taken);
    assert_false(budget_take(&b, BUDGET_BYTES, 100000));
    assert_true(budget_take(&b, BUDGET_BYTES - (size_t)taken, 100000));
    assert_false(budget_take(&b, 1, 200000));
}

static void capture_keeps_beginning_and_end(void **state)
{
    (void)state;
    static const size_t lengths[] = {
        0, 1, CAPTURE_HEAD, CAPTURE_HEAD + 1, CAPTURE_HEAD + CAPTURE_TAIL, CAPTURE_HEAD + CAPTURE_TAIL + 1, 1000000};
    guard_mem char *stream = mem_array(1000000, 1);
    for (size_t i = 0; i < 1000000; i++)
        stream[i] = (char)('a' + i * 7 / 3 % 26);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t n = lengths[k], all = CAPTURE_HEAD + CAPTURE_TAIL;
        capture c = {0};
        for (size_t at = 0; at < n; at += 7001)
            capture_add(&c, stream + at, n - at < 7001 ? n - at : 7001);
        assert_int_equal(c.length, n);
        guard_mem char *kept = capture_take(&c);
        size_t head = n < CAPTURE_HEAD ? n : CAPTURE_HEAD, tail = n - head < CAPTURE_TAIL ? n - head : CAPTURE_TAIL;
        assert_memory_equal(kept, stream, head);
        assert_memory_equal(kept + strlen(kept) - tail, stream + n - tail, tail);
        assert_int_equal(strstr(kept, "bytes left out]") != NULL, n > all);
        if (n <= all)
            assert_int_equal(strlen(kept), n);
    }
}

static void add_line(void *user, const char *line, size_t n)
{
    text *all = user;
    assert_int_equal(strlen(line), n);
    text_printf(all, "<%s>", n > 100 ? "long" : line);
}

static void lines_are_cut_at_their_ends(void **state)
{
    (void)state;
    guard_text all = {0};
    capture_lines lines = {.line = add_line, .user = &all};
    capture_lines_add(&lines, "a\n\nb", 4);
    capture_lines_add(&lines, "c\nd", 3);
    capture_lines_end(&lines);
    assert_string_equal(text_get(&all), "<a><><bc><d>");
    guard_mem char *big = mem_array(40000, 1);
    memset(big, 'x', 40000);
    all.count = 0;
    capture_lines_add(&lines, big, 40000);
    capture_lines_add(&lines, "\n", 1);
    capture_lines_end(&lines);
    assert_string_equal(text_get(&all), "<long><long><long>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_whole_however_the_stream_is_cut),
        cmocka_unit_test(bad_frames_are_errors),
        cmocka_unit_test(a_message_that_is_too_long_is_not_sent),
        cmocka_unit_test(sending_and_receiving_block_until_done),
        cmocka_unit_test(what_is_not_utf_8_is_replaced),
        cmocka_unit_test(base64_gives_back_what_it_was_given),
        cmocka_unit_test(a_budget_allows_a_burst_then_a_rate_then_no_more_bytes),
        cmocka_unit_test(capture_keeps_beginning_and_end),
        cmocka_unit_test(lines_are_cut_at_their_ends),
    };
    return cmocka_run_group_tests_name("worker wire", tests, NULL, NULL);
}
