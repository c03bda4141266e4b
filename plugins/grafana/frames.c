#include "frames.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static void name_series(const json_t *field, frames_series *s)
{
    text labels = {0};
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(field, "labels"), key, value)
        text_add(&labels, "%s%s=%s", labels.length ? "," : "", key,
                 json_is_string(value) ? json_string_value(value) : "");
    const char *name = json_string_value(json_object_get(field, "name"));
    s->name = labels.s ? labels.s : text_dup(name ? name : "value");
}

/* Puts value at the indices that `entities` lists under key. */
static void put_entities(const json_t *entities, const char *key, double value, frames_series *s)
{
    size_t i;
    json_t *index;
    json_array_foreach(json_object_get(entities, key), i, index) {
        json_int_t at = json_integer_value(index);
        if (json_is_integer(index) && at >= 0 && (size_t)at < s->count)
            s->values[at] = value;
    }
}

static void read_series(const json_t *field, const json_t *column, const json_t *entities, frames_series *s)
{
    name_series(field, s);
    s->count = json_array_size(column);
    s->values = text_grow(NULL, s->count, sizeof *s->values);
    for (size_t i = 0; i < s->count; i++) {
        const json_t *value = json_array_get(column, i);
        s->values[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
    put_entities(entities, "Inf", HUGE_VAL, s);
    put_entities(entities, "NegInf", -HUGE_VAL, s);
}

static int is_number_field(const json_t *field)
{
    const char *type = json_string_value(json_object_get(field, "type"));
    return type && strcmp(type, "number") == 0;
}

/* Loki and Elasticsearch answer with lines, too; a number beside them (a timestamp's nanoseconds) is no figure. */
static bool is_log(const json_t *frame)
{
    const json_t *meta = json_object_get(json_object_get(frame, "schema"), "meta");
    return strcmp(text_member(meta, "type"), "log-lines") == 0 ||
           strcmp(text_member(meta, "preferredVisualisationType"), "logs") == 0;
}

static void read_frame(const json_t *frame, frames *ret)
{
    if (is_log(frame)) {
        ret->logs++;
        return;
    }
    const json_t *fields = json_object_get(json_object_get(frame, "schema"), "fields");
    const json_t *data = json_object_get(frame, "data");
    const json_t *columns = json_object_get(data, "values"), *entities = json_object_get(data, "entities");
    for (size_t i = 0; i < json_array_size(fields); i++) {
        if (!is_number_field(json_array_get(fields, i)))
            continue;
        ret->series = text_grow(ret->series, ret->count + 1, sizeof *ret->series);
        ret->series[ret->count] = (frames_series){0};
        read_series(json_array_get(fields, i), json_array_get(columns, i), json_array_get(entities, i),
                    &ret->series[ret->count++]);
    }
}

void frames_read(const json_t *answer, const char *ref, frames *ret)
{
    *ret = (frames){0};
    const json_t *result = json_object_get(json_object_get(answer, "results"), ref);
    const char *error = json_string_value(json_object_get(result, "error"));
    if (error)
        snprintf(ret->error, sizeof ret->error, "%s", error);
    else if (json_integer_value(json_object_get(result, "status")) >= 400)
        snprintf(ret->error, sizeof ret->error, "the data source answered %lld",
                 (long long)json_integer_value(json_object_get(result, "status")));
    size_t i;
    json_t *frame;
    json_array_foreach(json_object_get(result, "frames"), i, frame)
        read_frame(frame, ret);
}

void frames_done(frames *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->series[i].name);
        free(f->series[i].values);
    }
    free(f->series);
    *f = (frames){0};
}

bool frames_has_number(const frames_series *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!isnan(s->values[i]))
            return true;
    return false;
}

double frames_reduce_series(const frames_series *s, frames_reduce how)
{
    double result = NAN, sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        double v = s->values[i];
        if (isnan(v))
            continue;
        n++;
        sum += v;
        if (how == REDUCE_LAST || n == 1 || (how == REDUCE_MAX && v > result) || (how == REDUCE_MIN && v < result))
            result = v;
    }
    return how == REDUCE_MEAN && n ? sum / (double)n : result;
}
