#include "flow_answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text/text.h"

void flow_answer_parse(flow_answer *a)
{
    json_error_t error;
    a->json = json_loads(a->body, JSON_DECODE_ANY, &error);
    if (!a->json)
        snprintf(a->not_json, sizeof a->not_json, "%s", *a->body ? error.text : "it is empty");
}

void flow_answer_done(flow_answer *a)
{
    json_decref(a->json);
    a->json = NULL;
}

char *flow_answer_header(const flow_answer *a, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = a->head; line && *line;) {
        size_t n = strcspn(line, "\r\n");
        if (n > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            const char *value = line + length + 1, *end = line + n;
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            return text_printf("%.*s", (int)(end - value), value);
        }
        line += n;
        line += strspn(line, "\r\n");
    }
    return NULL;
}

typedef struct wanted_cookie {
    const char *name;
    char *value;
} wanted_cookie;

static void take_cookie(void *user, const char *name, const char *value)
{
    wanted_cookie *w = user;
    if (strcmp(name, w->name) != 0)
        return;
    free(w->value);
    w->value = text_dup(value);
}

char *flow_answer_cookie(const flow_answer *a, const char *name)
{
    wanted_cookie wanted = {.name = name};
    if (a->session)
        transfer_session_cookies(a->session, take_cookie, &wanted);
    return wanted.value;
}
