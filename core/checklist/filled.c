#include "checklist/filled.h"

#include <inttypes.h>
#include <string.h>

void filled_measurement(text *out, const json_t *measurement)
{
    char value[UNITS_TEXT];
    units_show_value(json_real_value(json_object_get(measurement, "value")), filled_text(measurement, "unit"), value);
    text_printf(out, "%s %s", filled_text(measurement, "name"), value);
    if (*filled_text(measurement, "threshold"))
        text_printf(out, " (bad if %s)", filled_text(measurement, "threshold"));
}

void filled_soak(text *out, const json_t *step, const char *before)
{
    char time[UNITS_TEXT];
    const json_t *soak = json_object_get(step, "soak");
    if (!soak)
        return;
    const int64_t gaps = filled_int(soak, "gaps");
    text_printf(out, "%swatched for %s: %" PRId64 " samples, ", before,
                units_show_duration(filled_int(soak, "ms"), time), filled_int(soak, "samples"));
    if (gaps)
        text_printf(out, "%" PRId64 " missing", gaps);
    else
        text_puts(out, "none missing");
}

bool filled_is_decision(const json_t *step)
{
    return strncmp(filled_text(step, "kind"), "gate.", 5) == 0 && strcmp(filled_text(step, "verdict"), "passed") == 0;
}

void filled_sets(text *out, const json_t *filled)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(filled, "sets"), i, item)
        text_printf(out, "%s%s", i ? ", " : "", json_string_value(item));
}
