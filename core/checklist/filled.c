#include "checklist/filled.h"

void filled_measurement(text *out, const json_t *measurement)
{
    char value[UNITS_TEXT];
    units_show_value(json_real_value(json_object_get(measurement, "value")), filled_text(measurement, "unit"), value);
    text_printf(out, "%s %s", filled_text(measurement, "name"), value);
    if (*filled_text(measurement, "threshold"))
        text_printf(out, " (bad if %s)", filled_text(measurement, "threshold"));
}
