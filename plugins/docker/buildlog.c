#include "buildlog.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LINES_KEPT 15

void buildlog_init(buildlog *b)
{
    *b = (buildlog){.steps = json_object(), .stages = json_object(), .lines = json_object(), .errors = json_object()};
}

void buildlog_done(buildlog *b)
{
    json_decref(b->steps);
    json_decref(b->stages);
    json_decref(b->lines);
    json_decref(b->errors);
    free(b->reason);
    free(b->instruction);
    *b = (buildlog){0};
}

/* "[agents builder 4/7] RUN ..." counts for the stage "agents builder". */
static void count_stage(buildlog *b, const char *step)
{
    const char *end = strchr(step, ']'), *space = NULL;
    for (const char *s = step; s < end; s++)
        if (*s == ' ')
            space = s;
    int at, of; /* their width is limited: what sscanf does with a number that is too big is not defined */
    if (!space || sscanf(space + 1, "%6d/%6d]", &at, &of) != 2 || at < 0 || at > of)
        return;
    guard_mem char *stage = text_printf("%.*s", (int)(space - step - 1), step + 1);
    const json_t *known = json_object_get(b->stages, stage);
    if (json_integer_value(json_object_get(known, "at")) < at)
        json_object_set_new(b->stages, stage, json_pack("{s:i, s:i}", "at", at, "of", of));
}

static void keep_output(buildlog *b, const char *vertex, const char *output)
{
    const char *text = output + strspn(output, "0123456789.");
    json_t *lines = json_object_get(b->lines, vertex);
    if (!lines) {
        lines = json_array();
        json_object_set_new(b->lines, vertex, lines);
    }
    json_array_append_new(lines, text_json(*text == ' ' ? text + 1 : text));
    if (json_array_size(lines) > LINES_KEPT)
        json_array_remove(lines, 0);
}

/* "Step 4/7 : RUN x"; and "The command '/bin/sh -c x' returned a non-zero code: 7". */
static bool is_plain_step(buildlog *b, const char *line)
{
    static const char failed[] = "The command '/bin/sh -c ";
    int at, of, start = 0;
    const char *end = strncmp(line, failed, strlen(failed)) == 0 ? strstr(line, "' returned a non-zero code") : NULL;
    const bool step = sscanf(line, "Step %6d/%6d : %n", &at, &of, &start) == 2 && start > 0 && at >= 0 && at <= of;
    if (!end && !step)
        return false;
    guard_mem char *instruction =
        end ? text_printf("RUN %.*s", (int)(end - line - (long)strlen(failed)), line + strlen(failed))
            : text_dup(line + start);
    guard_json *readable = text_json(instruction);
    free(b->instruction);
    b->instruction = text_dup(json_string_value(readable));
    if (step)
        json_object_set_new(b->stages, "", json_pack("{s:i, s:i}", "at", at, "of", of));
    return step;
}

bool buildlog_line(buildlog *b, const char *line, const char **ret_step)
{
    const char *failed = strstr(line, "failed to solve: ");
    if (failed && !b->reason) {
        guard_json *reason = text_json(failed); /* readable just as the steps' errors are, which it is compared with */
        b->reason = text_dup(json_string_value(reason));
    }
    if (is_plain_step(b, line)) {
        *ret_step = b->instruction;
        return true;
    }
    if (line[0] != '#' || !isdigit((unsigned char)line[1]))
        return false;
    char vertex[16];
    size_t n = strspn(line + 1, "0123456789");
    if (n >= sizeof vertex || line[1 + n] != ' ')
        return false;
    snprintf(vertex, sizeof vertex, "%.*s", (int)n, line + 1);
    const char *rest = line + n + 2;
    if (*rest == '[') {
        bool begins = !json_object_get(b->steps, vertex) && !strstr(rest, " internal] ");
        json_object_set_new(b->steps, vertex, text_json(rest));
        *ret_step = text_member(b->steps, vertex);
        count_stage(b, *ret_step);
        return begins;
    }
    if (strncmp(rest, "ERROR: ", 7) == 0) {
        json_object_set_new(b->errors, vertex, text_json(rest + 7));
    } else if (isdigit((unsigned char)*rest)) {
        keep_output(b, vertex, rest);
    }
    return false;
}

const char *buildlog_culprit(const buildlog *b)
{
    const char *vertex, *internal = NULL;
    json_t *error;
    json_object_foreach(b->errors, vertex, error) {
        /* What the build was not stopped for is a step that was cut off when another one stopped it. */
        if (b->reason && !strstr(b->reason, json_string_value(error)))
            continue;
        if (!strstr(text_member(b->steps, vertex), " internal] "))
            return vertex;
        internal = vertex;
    }
    return internal;
}

void buildlog_progress(const buildlog *b, uint64_t *ret_done, uint64_t *ret_all)
{
    *ret_done = *ret_all = 0;
    const char *name;
    json_t *stage;
    json_object_foreach(b->stages, name, stage) {
        *ret_done += (uint64_t)json_integer_value(json_object_get(stage, "at"));
        *ret_all += (uint64_t)json_integer_value(json_object_get(stage, "of"));
    }
}

/* ---- where an instruction stands ---- */

/* Appends a line with white space made single; true when it goes on in the next one. */
static bool add_normalized(text *t, const char *line, size_t n)
{
    while (n > 0 && isspace((unsigned char)line[n - 1]))
        n--;
    bool goes_on = n > 0 && line[n - 1] == '\\';
    if (goes_on)
        n--;
    for (size_t i = 0; i < n; i++) {
        bool space = isspace((unsigned char)line[i]);
        bool after_space = t->length == 0 || t->s[t->length - 1] == ' ';
        if (!space || !after_space)
            text_add_bytes(t, space ? " " : &line[i], 1);
    }
    if (goes_on && t->length && t->s[t->length - 1] != ' ')
        text_add_bytes(t, " ", 1);
    return goes_on;
}

int buildlog_find(const char *dockerfile, const char *instruction)
{
    guard_text wanted = {0};
    add_normalized(&wanted, instruction, strlen(instruction));
    int found = 0, first = 1, number = 0;
    guard_text logical = {0};
    for (const char *s = dockerfile; *s; number++) {
        const char *end = strchrnul(s, '\n');
        if (logical.length == 0)
            first = number + 1;
        bool comment = s[strspn(s, " \t")] == '#';
        bool goes_on = comment ? logical.length > 0 : add_normalized(&logical, s, (size_t)(end - s));
        if (!goes_on) {
            text_trim(&logical);
            if (wanted.length && strcasecmp(text_of(&logical), text_of(&wanted)) == 0) {
                if (found)
                    return 0;
                found = first;
            }
            text_clear(&logical);
        }
        s = *end ? end + 1 : end;
    }
    return found;
}
