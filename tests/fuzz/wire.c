/* A worker's bytes as the core reads them: the same messages however they are cut, none that is not one, and each
 * encoded and read again is itself. Also the text and base64 that messages carry. */
#include "worker/wire.h"
#include "base/mem.h"
#include "fuzz.h"

/* Appends all messages that are there to `to`; false after a bad frame. */
static bool read_all(wire_reader *r, json_t *to)
{
    for (;;) {
        guard(error) err = NULL;
        json_t *message = NULL;
        int found = wire_reader_next(r, &message, &err);
        if (found <= 0) {
            MUST(!message && (found == 0) == (err == NULL));
            return found == 0;
        }
        MUST(json_is_object(message) && wire_get_text(message, "type"));
        json_array_append_new(to, message);
    }
}

static json_t *read_stream(const char *bytes, size_t size, fuzz_cuts *cuts, bool *ret_good)
{
    json_t *messages = json_array();
    wire_reader r = {0};
    bool good = true;
    for (size_t at = 0; at < size && good;) {
        size_t n = cuts ? fuzz_piece(cuts, size - at) : size - at;
        wire_reader_add(&r, bytes + at, n);
        good = read_all(&r, messages);
        at += n;
    }
    wire_reader_done(&r);
    *ret_good = good;
    return messages;
}

static void check_again(const json_t *messages)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message) {
        guard(error) err = NULL;
        wire_frame frame;
        bool good = false;
        if (wire_encode(message, &frame, &err)) /* numbers may become longer when they are written again */
            continue;
        guard(json_t) again = read_stream(frame.bytes, frame.size, NULL, &good);
        MUST(good && json_array_size(again) == 1 && json_equal(json_array_get(again, 0), message));
        wire_frame_done(&frame);
    }
}

static void check_text(const char *bytes, size_t size)
{
    guard(json_t) string = wire_string(bytes, size);
    MUST(string && wire_is_text(json_string_value(string), json_string_length(string)));
    MUST(!wire_is_text(bytes, size) ||
         (json_string_length(string) == size && (size == 0 || memcmp(json_string_value(string), bytes, size) == 0)));
    guard(json_t) base64 = wire_base64(bytes, size);
    size_t n = size + 1;
    guard_mem char *back = wire_unbase64(json_string_value(base64), &n);
    MUST(n == size && (size == 0 || memcmp(back, bytes, size) == 0));
    guard_mem char *odd = mem_dup_n(bytes, size), *any = wire_unbase64(odd, &n);
    MUST(any && n <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    fuzz_cuts cuts = fuzz_cuts_of(data, size);
    bool whole_good = false, cut_good = false;
    guard(json_t) whole = read_stream(bytes, size, NULL, &whole_good);
    guard(json_t) cut = read_stream(bytes, size, &cuts, &cut_good);
    MUST(whole_good == cut_good && json_equal(whole, cut));
    check_again(whole);
    check_text(bytes, size);
    return 0;
}
