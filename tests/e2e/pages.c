/* The pages that are made of the program: they are current, what they show is accepted, and they can be displayed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kit.h"
#include "run.h"

static const char *source(const char *path)
{
    return kit_path("%s/%s", getenv("BELAY_SOURCE_DIR"), path);
}

static void the_committed_pages_are_current(void **state)
{
    (void)state;
    const char *made = kit_folder(), *difference = kit_path("%s/difference", made);
    kit_output_of(source("docs/make"), getenv("BELAY_BUILD_DIR"), made, NULL);
    const char *compare =
        kit_path("diff -r %s %s/plugins && diff -r -x belay-pipeline.5.scd -x belay-plugin.7.scd %s %s/man",
                 source("docs/plugins"), made, source("docs/man"), made);
    if (kit_status_of("sh", "-c", kit_path("{ %s; } >%s", compare, difference), NULL) == 0)
        return;
    fail_msg("docs/plugins or docs/man are not what the program makes: `./dev docs` renews them. They differ in:\n%s",
             kit_output_of("head", "-n", "20", difference, NULL));
}

/* The step in a pipeline that has what examples refer to. */
static const char *pipeline_with(const char *step)
{
    const char *backup = strstr(step, "\"backup\";")
                             ? ""
                             : "{ id = \"backup\"; use = \"postgres.backup\"; database = \"${secret:database_url}\"; "
                               "to = \"/tmp\"; },";
    return kit_path("pipeline: { name = \"app\"; environment = \"local\"; version = \"v2\"; };\n"
                    "secrets: { database_url = { provider = \"env\"; name = \"A\"; };\n"
                    "  redis_url = { provider = \"env\"; name = \"B\"; };\n"
                    "  grafana_token = { provider = \"env\"; name = \"C\"; };\n"
                    "  db_password = { provider = \"env\"; name = \"D\"; };\n"
                    "  jwt_key = { provider = \"env\"; name = \"E\"; }; };\n"
                    "stages: ( { name = \"all\"; steps: ( %s %s ); } );\n",
                    backup, step);
}

/* The page's own text changes underneath; a page without a step is a fault, too. */
static int check_steps_of(const char *page)
{
    int steps = 0;
    char *whole = kit_read(page), *rest = whole, *line;
    while ((line = strsep(&rest, "\n"))) {
        if (!text_starts(line, "    { id = "))
            continue;
        const char *file = kit_path("%s/step.cfg", kit_folder());
        kit_write(file, pipeline_with(line));
        outcome o = belay("validate", file, NULL);
        if (o.status != 0)
            fail_msg("%s shows a step that is refused: %s\n%s", page, line, o.err);
        steps++;
    }
    free(whole);
    return steps;
}

static void every_kind_shows_a_step_that_a_pipeline_accepts(void **state)
{
    (void)state;
    int steps = 0, kinds = 0;
    char *list = strdup(kit_output_of("sh", "-c", kit_path("ls %s/*.md", source("docs/plugins")), NULL));
    for (char *rest = list, *page; (page = strsep(&rest, "\n")) && *page;)
        steps += check_steps_of(page);
    free(list);
    for (const char *out = belay("explain", NULL).out; (out = strstr(out, "\n  ")); out++)
        kinds++;
    assert_int_equal(steps, kinds);
    assert_true(kinds > 30);
}

static void explain_shows_the_step_its_limits_and_its_choices(void **state)
{
    (void)state;
    const char *out = belay("explain", "host.port", NULL).out;
    assert_holds(out, "{ id = \"port\"; use = \"host.port\"; ports = [\"127.0.0.1:8001\", \"8080\"]; }");
    assert_holds(out, "one of: free open");
    assert_holds(belay("explain", "host.secret", NULL).out, "min_length (integer, 1 to 4096)  default: 12");
    assert_holds(belay("explain", "--json", "host.secret", NULL).out, "\"max\": 4096");
}

static void doc_refuses_a_format_that_it_does_not_know(void **state)
{
    (void)state;
    outcome o =
        belay("plugin", "doc", "--format", "pdf", kit_path("%s/plugins/host.so", getenv("BELAY_BUILD_DIR")), NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "--format is md, page or man, not 'pdf'");
}

static bool has(const char *program)
{
    return kit_status_of("sh", "-c", kit_path("command -v %s", program), NULL) == 0;
}

/* scdoc puts a .PP after each heading, of which mandoc says that it has no effect. */
static void the_manual_pages_are_without_fault(void **state)
{
    (void)state;
    if (!has("scdoc") || (!has("mandoc") && !has("man"))) {
        print_message("skipped: scdoc, and man or mandoc, are not installed (apt-get install scdoc man-db mandoc)\n");
        skip();
    }
    const char *script =
        "set -eu; for page in \"$0\"/*.scd; do\n"
        "  made=\"$1/$(basename \"$page\" .scd)\"; scdoc <\"$page\" >\"$made\"\n"
        "  ! command -v man >/dev/null || LC_ALL=C.UTF-8 man --warnings -l -Tutf8 -Z \"$made\" 2>&1 >/dev/null\n"
        "  ! command -v mandoc >/dev/null || mandoc -Tlint -Wwarning \"$made\" | "
        "grep -v 'skipping paragraph macro' || true\n"
        "done";
    const char *faults = kit_output_of("sh", "-c", script, source("docs/man"), kit_folder(), NULL);
    assert_string_equal(faults, "");
}

/* The first example of the page about pipeline files: whoever copies it starts with it. */
static void the_first_pipeline_of_the_manual_is_accepted(void **state)
{
    (void)state;
    char *page = kit_read(source("docs/PIPELINE.md")), *rest = strstr(page, "\n    pipeline: {"), *line;
    assert_non_null(rest);
    rest++;
    guard_text example = {0};
    while ((line = strsep(&rest, "\n")) && (!*line || text_starts(line, "    ")))
        text_printf(&example, "%s\n", *line ? line + 4 : "");
    const char *file = kit_path("%s/first.cfg", kit_folder());
    kit_write(file, text_get(&example));
    outcome o = belay("validate", file, NULL);
    if (o.status != 0 || strstr(o.err, "warning"))
        fail_msg("docs/PIPELINE.md:\n%s%s", text_get(&example), o.err);
    assert_holds(text_get(&example), "rollback: (");
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_committed_pages_are_current),
        cmocka_unit_test(every_kind_shows_a_step_that_a_pipeline_accepts),
        cmocka_unit_test(explain_shows_the_step_its_limits_and_its_choices),
        cmocka_unit_test(doc_refuses_a_format_that_it_does_not_know),
        cmocka_unit_test(the_manual_pages_are_without_fault),
        cmocka_unit_test(the_first_pipeline_of_the_manual_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
