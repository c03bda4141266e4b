#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"

static double mem_available(void)
{
    char *text = kit_read("/proc/meminfo");
    const char *line = strstr(text, "MemAvailable:");
    assert_non_null(line);
    double bytes = strtod(line + strlen("MemAvailable:"), NULL) * 1024;
    free(text);
    return bytes;
}

static void available_memory_is_measured_and_never_more_than_the_machine_has(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.memory");
    kit_set(s, "min_available", "1MB");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    double measured = kit_measured(s, "available");
    assert_true(measured > 1e6);
    assert_true(measured < mem_available() + 1e9);
    kit_step_free(s);
}

static void too_little_memory_says_how_much_there_is_and_how_much_is_needed(void **state)
{
    (void)state;
    kit_step *s = kit_step_new("host.memory");
    kit_set(s, "min_available", "900TB");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_non_null(strstr(kit_summary(s), "of memory are available"));
    assert_non_null(strstr(kit_summary(s), "900.0 TB are needed"));
    assert_false(isnan(kit_measured(s, "available")));
    kit_step_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(available_memory_is_measured_and_never_more_than_the_machine_has),
        cmocka_unit_test(too_little_memory_says_how_much_there_is_and_how_much_is_needed),
    };
    return cmocka_run_group_tests_name("host.memory", tests, NULL, NULL);
}
