/*
 * Any lines as the log of a build: no more is done than there is, the culprit is one that failed, and of its output the
 * last lines are kept. The same text as a Dockerfile: an instruction is found on a line of it, or not at all.
 */

#include "docker/buildlog.h"
#include "fuzz.h"

static void on_line(void *user, char *line)
{
    buildlog *b = user;
    const char *step = NULL;
    uint64_t done, all;
    if (buildlog_line(b, line, &step))
        MUST(step && *step == '[');
    buildlog_progress(b, &done, &all);
    MUST(done <= all);
}

static void check_culprit(const buildlog *b)
{
    const char *culprit = buildlog_culprit(b), *vertex;
    MUST(culprit || b->reason || json_object_size(b->errors) == 0);
    MUST(!culprit || json_is_string(json_object_get(b->errors, culprit)));
    json_t *lines;
    json_object_foreach(b->lines, vertex, lines)
        MUST(json_array_size(lines) > 0 && json_array_size(lines) <= 15);
}

static void check_dockerfile(const buildlog *b, const char *content)
{
    int lines = 1;
    for (const char *s = content; *s; s++)
        lines += *s == '\n';
    const char *vertex;
    json_t *step;
    json_object_foreach(b->steps, vertex, step) {
        const char *bracket = strchr(json_string_value(step), ']');
        int line = buildlog_find(content, bracket ? bracket + 1 : json_string_value(step));
        MUST(line >= 0 && line <= lines);
    }
    int first = buildlog_find(content, "FROM debian");
    MUST(first >= 0 && first <= lines && (first == 0 || strcasestr(content, "from")));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    buildlog b;
    buildlog_init(&b);
    fuzz_lines(bytes, size, on_line, &b);
    check_culprit(&b);
    char *content = strndup((const char *)bytes, size);
    MUST(content != NULL);
    check_dockerfile(&b, content);
    free(content);
    buildlog_done(&b);
    return 0;
}
