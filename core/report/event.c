#include "report/event.h"

#include "base/clock.h"

json_t *event_new(const char *run, const char *type)
{
    char at[CLOCK_TEXT];
    json_t *event = json_object();
    json_object_set_new(event, "at", json_string(clock_rfc3339(clock_wall_ms(), at)));
    if (run)
        json_object_set_new(event, "run", json_string(run));
    json_object_set_new(event, "type", json_string(type));
    return event;
}

const char *event_text(const json_t *event, const char *name)
{
    const char *value = json_string_value(json_object_get(event, name));
    return value ? value : "";
}

int64_t event_int(const json_t *event, const char *name)
{
    return json_integer_value(json_object_get(event, name));
}
