/* The types of the interface are those that were recorded for its minor. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"

static const char *source(const char *path)
{
    return kit_path("%s/%s", getenv("BELAY_SOURCE_DIR"), path);
}

static int must_have_tools(void **state)
{
    (void)state;
    if (kit_status_of("sh", "-c", "command -v abidw && command -v abidiff && command -v gcc", NULL) != 0) {
        print_message("skipped: abidw and abidiff are not installed (apt-get install abigail-tools)\n");
        exit(77);
    }
    if (strcmp(kit_output_of("uname", "-m", NULL), "x86_64\n") != 0) {
        print_message("skipped: the types were recorded on x86-64\n");
        exit(77);
    }
    return 0;
}

/* What abidiff tells of the header below that folder; "" when its types are those of the record. */
static const char *difference(const char *include)
{
    const char *now = kit_path("%s/now.abi", kit_folder()),
               *before = source(kit_path("tests/abi/1.%u.abi", BELAY_ABI_MINOR));
    if (access(before, R_OK) != 0)
        fail_msg("interface 1.%u is not recorded: `./dev abi` does that (docs/ABI.md)", BELAY_ABI_MINOR);
    kit_output_of(source("tests/abi/types"), include, now, NULL);
    return kit_output_of("sh", "-c", "abidiff \"$0\" \"$1\" || true", before, now, NULL);
}

static void they_are_those_that_were_recorded(void **state)
{
    (void)state;
    const char *found = difference(source("sdk/include"));
    if (*found)
        fail_msg(
            "belay/plugin.h is not what was recorded for 1.%u. What plugins have compiled in may only grow, with a new "
            "BELAY_ABI_MINOR and a new record (docs/ABI.md).\n%s",
            BELAY_ABI_MINOR, found);
}

/* A test of the comparison itself. */
static void a_change_is_noticed(const char *edit)
{
    const char *folder = kit_folder();
    kit_output_of("mkdir", kit_path("%s/belay", folder), NULL);
    kit_output_of("sh", "-c", "sed \"$0\" \"$1\" >\"$2\" && ! cmp -s \"$1\" \"$2\"", edit,
                  source("sdk/include/belay/plugin.h"), kit_path("%s/belay/plugin.h", folder), NULL);
    if (!*difference(folder))
        fail_msg("nobody would have noticed: %s", edit);
}

static void a_member_that_moves_or_changes_is_noticed(void **state)
{
    (void)state;
    a_change_is_noticed("s/uint32_t built_minor;/uint64_t built_minor;/");
    a_change_is_noticed("s/const char \\*name, \\*unit, \\*doc;/const char *name, *doc, *unit;/");
    a_change_is_noticed(
        "s/(belay_ctx \\*, const char \\*metric, double value)/(belay_ctx *, const char *metric, float value)/");
    a_change_is_noticed("s/void (\\*on_line)(void \\*user/void (*on_line)(int user/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_those_that_were_recorded),
        cmocka_unit_test(a_member_that_moves_or_changes_is_noticed),
    };
    return cmocka_run_group_tests(tests, must_have_tools, NULL);
}
