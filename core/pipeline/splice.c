/* Reads a pipeline, and puts in what it includes. */
#include <jansson.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "pipeline/load.h"
#include "pipeline/scan.h"

#define MAX_FILE ((size_t)8 * 1024 * 1024)
#define MAX_TEXT ((size_t)16 * 1024 * 1024)

/** A file being spliced. */
typedef struct frame {
    const char *name; /**< as shown; also where it is read */
    bool recorded;    /**< its includes are in already */
    dev_t device;
    ino_t inode;
    const struct frame *by; /**< the file that includes this one */
    unsigned level;
} frame;

typedef struct splice {
    load *load;
    text *out;
    scan scan;
} splice;

static bool splice_text(splice *s, const frame *f, const char *bytes, size_t size);

static pipeline_place place_in(const splice *s, const frame *f, unsigned line)
{
    return (pipeline_place){source_file(&s->load->p->inner->source, f->name), line};
}

/** False, with a problem, when the bytes are no text. */
static bool is_text(splice *s, const frame *f, const char *bytes, size_t size)
{
    unsigned line = 1;
    if (text_starts(bytes, "\xef\xbb\xbf")) {
        load_problem(s->load, place_in(s, f, line), "the file begins with a byte order mark (BOM)");
        load_hint(s->load, "save it as UTF-8 without one; for example: sed -i '1s/^\\xef\\xbb\\xbf//' FILE");
        return false;
    }
    for (const char *at = bytes, *end = bytes + size; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((newline ? newline : end) - at);
        json_t *utf8 = memchr(at, '\0', n) ? NULL : json_stringn(at, n);
        if (!utf8) {
            load_problem(s->load, place_in(s, f, line), "this line is not UTF-8 text");
            return false;
        }
        json_decref(utf8);
        at += n + 1;
    }
    return true;
}

/** The name of the @include that begins at `at`, or NULL; *ret_end: behind its closing quote. */
static char *include_name(const char *at, const char *end, const char **ret_end)
{
    static const char word[] = "@include";
    size_t n = sizeof word - 1;
    if ((size_t)(end - at) <= n || strncmp(at, word, n) != 0)
        return NULL;
    at += n;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (at == end || *at != '"')
        return NULL;
    const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
    if (!close || memchr(at, '\n', (size_t)(close - at)))
        return NULL;
    *ret_end = close + 1;
    return mem_dup_n(at + 1, (size_t)(close - at - 1));
}

static bool is_open_already(const frame *f, const struct stat *st)
{
    for (; f; f = f->by)
        if (f->device == st->st_dev && f->inode == st->st_ino)
            return true;
    return false;
}

static bool include(splice *s, const frame *f, const char *written, unsigned line)
{
    pipeline_place where = place_in(s, f, line);
    guard_mem char *copy = mem_dup(f->name);
    const char *folder = dirname(copy);
    guard_mem char *name =
        *written == '/' || strcmp(folder, ".") == 0 ? mem_dup(written) : mem_printf("%s/%s", folder, written);
    struct stat st;
    if (f->recorded) {
        load_problem(s->load, where, "a recorded pipeline cannot @include");
        return false;
    }
    guard_mem char *bytes = NULL;
    size_t size = 0;
    guard(error) err = NULL;
    if (file_read(name, MAX_FILE, &bytes, &size, &err) || stat(name, &st)) {
        guard_mem char *why = err ? error_text(err) : mem_dup("the file went away");
        load_problem(s->load, where, "@include \"%s\": %s", written, why);
        return false;
    }
    if (f->level == SOURCE_NESTED || is_open_already(f, &st)) {
        load_problem(s->load, where, "@include \"%s\": %s", written,
                     f->level == SOURCE_NESTED ? "too many files inside each other" : "the file includes itself");
        return false;
    }
    load_check_writers(s->load, where, name);
    frame inner = {name, false, st.st_dev, st.st_ino, f, f->level + 1};
    text_printf(s->out, SOURCE_MARK_BEGIN "%s\n", name);
    bool good = splice_text(s, &inner, bytes, size);
    if (s->out->count > 0 && s->out->items[s->out->count - 1] != '\n')
        text_puts(s->out, "\n");
    text_puts(s->out, SOURCE_MARK_END "\n");
    return good;
}

static void check_number(splice *s, const frame *f, const char *word, const char *end)
{
    bool is_long = false;
    if (!word || !scan_number_too_big(word, end, &is_long))
        return;
    int n = (int)(end - word);
    load_problem(s->load, place_in(s, f, s->scan.line), "the number %.*s is too big", n, word);
    if (is_long)
        load_hint(s->load, "write %.*sL", n, word);
}

/** False when there is no use in parsing. */
static bool check_end(splice *s, const frame *f)
{
    bool open = s->scan.state == SCAN_STRING || s->scan.state == SCAN_BLOCK_COMMENT;
    if (open)
        load_problem(s->load, place_in(s, f, s->scan.opened), "the %s that begins here is not closed",
                     s->scan.state == SCAN_STRING ? "text" : "comment");
    return !open;
}

/* libconfig leaves it out without a word. What was recorded so must still be taken back. */
static void check_escape(splice *s, const frame *f, const char *at)
{
    if (s->scan.state == SCAN_STRING && s->scan.before == '\\' && strncasecmp(at, "x00", 3) == 0 && !f->recorded)
        load_problem(s->load, place_in(s, f, s->scan.line), "a text cannot hold \\x00");
}

/** Goes over one character; false when it nests too deep. */
static bool step(splice *s, const frame *f, const char *at)
{
    const char *word = s->scan.word;
    unsigned depth = s->scan.depth;
    if (word && *at == '\n')
        check_number(s, f, word, at); /* before the line is counted */
    check_escape(s, f, at);
    scan_step(&s->scan, at);
    if (word && !s->scan.word && *at != '\n')
        check_number(s, f, word, at);
    if (s->scan.depth <= SCAN_DEEPEST || depth > SCAN_DEEPEST)
        return true;
    load_problem(s->load, place_in(s, f, s->scan.line), "more than %d brackets inside each other", SCAN_DEEPEST);
    return false;
}

static bool is_short_enough(splice *s, const frame *f)
{
    if (s->out->count <= MAX_TEXT)
        return true;
    load_problem(s->load, place_in(s, f, s->scan.line), "the pipeline is longer than %zu MiB", MAX_TEXT / 1024 / 1024);
    return false;
}

static bool splice_text(splice *s, const frame *f, const char *bytes, size_t size)
{
    if (!is_text(s, f, bytes, size))
        return false;
    scan outer = s->scan;
    s->scan = scan_begin();
    s->scan.depth = outer.depth;
    const char *end = bytes + size, *copied = bytes, *line_begin = bytes;
    for (const char *at = bytes; at < end; at++) {
        const char *behind = NULL;
        bool here = *at == '@' && s->scan.state == SCAN_CODE && s->scan.line_start;
        guard_mem char *name = here ? include_name(at, end, &behind) : NULL;
        if (!name) {
            if (!step(s, f, at))
                return false;
            line_begin = *at == '\n' ? at + 1 : line_begin;
            continue;
        }
        text_add(s->out, copied, (size_t)(line_begin - copied));
        if (!include(s, f, name, s->scan.line) || !is_short_enough(s, f))
            return false;
        copied = behind;
        at = behind - 1;
        s->scan.line_start = false;
    }
    text_add(s->out, copied, (size_t)(end - copied));
    unsigned depth = s->scan.depth;
    bool good = check_end(s, f);
    check_number(s, f, s->scan.word, end);
    outer.depth = depth;
    s->scan = outer;
    return good;
}

int splice_read(load *l, const char *path, const char *recorded, bool *ret_whole, error **err)
{
    source *s = &l->p->inner->source;
    pipeline_place begin = {source_file(s, path), 1};
    guard_mem char *bytes = recorded ? mem_dup(recorded) : NULL;
    size_t size = recorded ? strlen(recorded) : 0;
    frame main = {.name = path, .recorded = recorded != NULL};
    splice sp = {.load = l, .out = &s->text, .scan = scan_begin()};
    struct stat st;
    if (!recorded) {
        int r = file_read(path, MAX_FILE, &bytes, &size, err);
        if (r)
            return r;
        if (stat(path, &st) == 0) {
            main.device = st.st_dev;
            main.inode = st.st_ino;
        }
        load_check_writers(l, begin, path);
    }
    *ret_whole = splice_text(&sp, &main, bytes, size) && is_short_enough(&sp, &main);
    source_map(s, path);
    return 0;
}
