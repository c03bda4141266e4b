#include "checklist/filled.h"

#include <inttypes.h>

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
