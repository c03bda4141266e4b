#include "checklist/filled.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

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

const char *filled_decision(const json_t *step)
{
    const bool passed = strcmp(filled_text(step, "verdict"), "passed") == 0;
    return passed && strncmp(filled_text(step, "kind"), "gate.", 5) == 0 ? filled_text(step, "summary") : "";
}

char *filled_line(const char **rest, char *before)
{
    const char *line = *rest;
    const size_t n = strcspn(line, "\n");
    free(before);
    *rest = line + n + (line[n] == '\n');
    return *line ? mem_dup_n(line, n) : NULL;
}

/* Of two that give the same name a value the later counts. */
static bool is_replaced(const json_t *sets, size_t i)
{
    const char *item = json_string_value(json_array_get(sets, i));
    const size_t n = strcspn(item, "=") + 1;
    for (size_t k = i + 1; k < json_array_size(sets); k++)
        if (strncmp(json_string_value(json_array_get(sets, k)), item, n) == 0)
            return true;
    return false;
}

void filled_sets(text *out, const json_t *filled)
{
    const json_t *sets = json_object_get(filled, "sets");
    for (size_t i = 0; i < json_array_size(sets); i++)
        if (!is_replaced(sets, i))
            text_printf(out, "%s%s", out->count ? ", " : "", json_string_value(json_array_get(sets, i)));
}
