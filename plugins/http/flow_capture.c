#include "flow_capture.h"

#include <regex.h>
#include <string.h>

#include "json_path.h"
#include "text/text.h"

static char *from_json(const flow_answer *a, const char *path)
{
    const json_t *value = a->json ? json_path_get(a->json, path) : NULL;
    return value && !json_is_null(value) ? json_path_text(value) : NULL;
}

static char *from_body(const flow_answer *a, const char *pattern)
{
    regex_t regex;
    regmatch_t found[2];
    char *value = NULL;
    if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
        return NULL;
    if (regexec(&regex, a->body, 2, found, 0) == 0) {
        const regmatch_t *part = &found[regex.re_nsub > 0 && found[1].rm_so >= 0];
        value = text_printf("%.*s", (int)(part->rm_eo - part->rm_so), a->body + part->rm_so);
    }
    regfree(&regex);
    return value;
}

static char *path_problem(const char *path)
{
    return json_path_is_valid(path) ? NULL : text_printf("'%s' is no place in a JSON document", path);
}

static char *regex_problem(const char *pattern)
{
    regex_t regex;
    char why[128];
    int code = regcomp(&regex, pattern, REG_EXTENDED);
    if (code == 0) {
        regfree(&regex);
        return NULL;
    }
    regerror(code, NULL, why, sizeof why);
    return text_printf("'%s' is no extended regular expression: %s", pattern, why);
}

static const struct source {
    const char *prefix;
    char *(*value)(const flow_answer *a, const char *what);
    char *(*problem)(const char *what); /* NULL: anything but nothing is right */
} sources[] = {{"json:", from_json, path_problem},
               {"header:", flow_answer_header, NULL},
               {"cookie:", flow_answer_cookie, NULL},
               {"body:", from_body, regex_problem}};

static const struct source *source_of(const char *from)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (strncmp(from, sources[i].prefix, strlen(sources[i].prefix)) == 0 && from[strlen(sources[i].prefix)])
            return &sources[i];
    return NULL;
}

char *flow_capture_problem(const char *from)
{
    const struct source *s = source_of(from);
    if (!s)
        return text_printf("'%s' is none of \"json:PATH\", \"header:NAME\", \"cookie:NAME\", \"body:REGEX\"", from);
    return s->problem ? s->problem(from + strlen(s->prefix)) : NULL;
}

char *flow_capture_value(const flow_answer *a, const char *from)
{
    const struct source *s = source_of(from);
    return s ? s->value(a, from + strlen(s->prefix)) : NULL;
}
