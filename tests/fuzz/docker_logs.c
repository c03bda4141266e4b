/*
 * Any bytes as a container's log, in frames and as a terminal's: cut differently they give the same lines, whole ones
 * of limited length. And bytes put into frames come out as the lines that they are.
 */

#include "docker/logread.h"
#include "engine_stub.h"
#include "fuzz.h"

static bool add_line(void *user, const char *line)
{
    MUST(strlen(line) <= LOGREAD_LINE_MAX && !strchr(line, '\n') && !strchr(line, '\033'));
    text_add(user, "%s\n", line);
    return true;
}

static void read_log(const char *bytes, size_t size, bool tty, fuzz_cuts *cuts, text *ret)
{
    logread r = {.fn = add_line, .user = ret, .tty = tty};
    for (size_t at = 0; at < size;) {
        size_t n = cuts ? fuzz_piece(cuts, size - at) : 1;
        MUST(logread_feed(&r, bytes + at, n));
        at += n;
    }
    logread_end(&r);
}

static void check_cuts(const char *bytes, size_t size, bool tty, fuzz_cuts *cuts)
{
    guard_text bytewise = {0}, pieces = {0};
    read_log(bytes, size, tty, NULL, &bytewise);
    read_log(bytes, size, tty, cuts, &pieces);
    MUST(strcmp(text_of(&bytewise), text_of(&pieces)) == 0);
}

/* What one stream says is the same in frames, however they are cut, as from a terminal. */
static void check_frames(const char *bytes, size_t size, fuzz_cuts *cuts)
{
    guard_text framed = {0}, expected = {0}, lines = {0};
    for (size_t at = 0; at < size;) {
        size_t n = fuzz_piece(cuts, size - at);
        const unsigned char head[] = {
            2, 0, 0, 0, (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
        text_add_bytes(&framed, head, sizeof head);
        text_add_bytes(&framed, bytes + at, n);
        at += n;
    }
    read_log(bytes, size, true, cuts, &expected);
    read_log(framed.s, framed.length, false, cuts, &lines);
    MUST(strcmp(text_of(&lines), text_of(&expected)) == 0);
}

static bool stop_at_third(void *user, const char *line)
{
    (void)line;
    return ++*(int *)user < 3;
}

static const json_t *no_container(void *user, const char *path)
{
    (void)path;
    return user;
}

static void check_stop(const char *bytes, size_t size)
{
    int seen = 0;
    guard_json *inspected = json_pack("{s:{s:b}}", "Config", "Tty", false);
    guard_engine *e = engine_stub_new(
        &(engine_answers){.find = no_container, .user = inspected, .stream = bytes, .stream_size = size});
    MUST(logread_container(e, "c", 0, 0, stop_at_third, &seen, NULL) == BELAY_OK);
    MUST(seen <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    fuzz_cuts cuts = fuzz_cuts_of(data, size);
    check_cuts(bytes, size, true, &cuts);
    check_cuts(bytes, size, false, &cuts);
    check_frames(bytes, size, &cuts);
    check_stop(bytes, size);
    return 0;
}
