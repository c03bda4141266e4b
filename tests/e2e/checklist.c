/* The filled checklist: what ticks a box, what fails it, what leaves it open; in each format. */
#include <jansson.h>
#include <string.h>

#include "kit.h"
#include "run.h"

/* A pipeline of four boxes; `last` is the argument vector of its last step. */
static const char *pipeline_file(const char *last)
{
    const char *path = kit_path("%s/checklist.cfg", kit_folder());
    kit_write(
        path,
        kit_path(
            "pipeline: { name = \"app\"; environment = \"checklist\"; version = \"v2\"; previous = \"v1\"; };\n"
            "checklist: { title = \"App <v2> & more\"; sections: (\n"
            "  { name = \"Before\"; boxes: ( { id = \"1.1\"; text = \"There is room\"; },\n"
            "                              { id = \"1.2\"; text = \"Nobody asks for this\"; } ); },\n"
            "  { name = \"After\"; boxes: ( { id = \"2.1\"; text = \"It answers\"; },\n"
            "                             { id = \"2.2\"; text = \"It was skipped\"; } ); } ); };\n"
            "stages: ( { name = \"all\"; steps: (\n"
            "  { id = \"room\"; use = \"host.disk\"; covers = [\"1.1\"]; title = \"free *disk*\"; paths = [\"/\"]; "
            "min_free = \"1B\"; },\n"
            "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
            "  { id = \"left-out\"; use = \"shell.check\"; covers = [\"2.2\"]; argv = [\"true\"]; when = \"no\"; },\n"
            "  { id = \"answers\"; use = \"shell.check\"; covers = [\"2.1\"]; argv = [%s]; } ); } );\n",
            last));
    return path;
}

static const json_t *box(const json_t *filled, const char *id)
{
    size_t i;
    const json_t *b;
    json_array_foreach(json_object_get(filled, "boxes"), i, b)
        if (strcmp(json_string_value(json_object_get(b, "id")), id) == 0)
            return b;
    fail_msg("there is no box %s", id);
    return NULL;
}

static const char *word(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void assert_box(const json_t *filled, const char *id, const char *state, const char *reason)
{
    assert_string_equal(word(box(filled, id), "state"), state);
    assert_holds(word(box(filled, id), "reason"), reason);
}

static json_t *filled_by(const char *last, int status)
{
    outcome o = belay("run", pipeline_file(last), NULL);
    assert_int_equal(o.status, status);
    assert_holds(o.err, "no step covers these boxes of the checklist: 1.2");
    o = belay("checklist", "--format", "json", NULL);
    assert_int_equal(o.status, 0);
    json_t *filled = json_loads(o.out, 0, NULL);
    assert_non_null(filled);
    return filled;
}

static void a_committed_run_ticks_what_its_steps_cover(void **state)
{
    (void)state;
    json_t *filled = filled_by("\"true\"", 0);
    assert_box(filled, "1.1", "ticked", "");
    assert_box(filled, "2.1", "ticked", "");
    assert_box(filled, "1.2", "open", "no step covers it");
    assert_box(filled, "2.2", "open", "left-out: it was skipped");
    assert_int_equal(json_integer_value(json_object_get(filled, "ticked")), 2);
    assert_int_equal(json_integer_value(json_object_get(filled, "total")), 4);
    const json_t *step = json_array_get(json_object_get(box(filled, "1.1"), "steps"), 0);
    assert_string_equal(word(step, "verdict"), "passed");
    const json_t *measured = json_array_get(json_object_get(step, "measurements"), 0);
    assert_string_equal(word(measured, "name"), "free//");
    json_decref(filled);
}

static void a_step_that_fails_fails_its_box(void **state)
{
    (void)state;
    json_t *filled = filled_by("\"false\"", 10);
    assert_box(filled, "1.1", "ticked", "");
    assert_box(filled, "2.1", "failed", "answers: failed");
    assert_string_equal(word(filled, "state"), "rolled back");
    json_decref(filled);
}

static void the_pages_show_the_same_and_escape_what_they_show(void **state)
{
    (void)state;
    json_decref(filled_by("\"true\"", 0));
    outcome o = belay("checklist", NULL);
    assert_holds(o.out, "# App \\<v2\\> & more");
    assert_holds(o.out, "**2 of 4 boxes are ticked by evidence.**");
    assert_holds(o.out, "- [x] **1.1** There is room\n  - room (`host.disk`): passed at ");
    assert_holds(o.out, "- [ ] **1.2** Nobody asks for this\n  - **open**: no step covers it\n");
    o = belay("checklist", "latest", "--format", "html", NULL);
    assert_holds(o.out, "<title>App &lt;v2&gt; &amp; more</title>");
    assert_holds(o.out, "<div class=\"box ticked\" id=\"box-1.1\">");
    assert_holds(o.out, "free *disk* <code>host.disk</code></span><span class=good>passed</span>");
    assert_holds_not(o.out, "<v2>");
}

/* A run of these steps; its filled checklist. */
static json_t *filled_of(const char *environment, const char *steps, int status)
{
    const char *path = kit_path("%s/%s.cfg", kit_folder(), environment);
    kit_write(path,
              kit_path("pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; previous = \"v1\"; };\n"
                       "checklist: { title = \"App\"; sections: ( { name = \"All\"; boxes: (\n"
                       "  { id = \"1\"; text = \"One\"; }, { id = \"2\"; text = \"Two\"; } ); } ); };\n"
                       "stages: ( { name = \"all\"; steps: ( %s ); } );\n",
                       environment, steps));
    assert_int_equal(belay("run", path, "--no-wait", NULL).status, status);
    return json_loads(belay("checklist", "--format", "json", NULL).out, 0, NULL);
}

static json_int_t ended_at(const json_t *filled, const char *id)
{
    return json_integer_value(json_object_get(json_array_get(json_object_get(box(filled, id), "steps"), 0), "at_ms"));
}

static void what_was_taken_back_tells_when(void **state)
{
    (void)state;
    json_t *filled = filled_of("undone",
                               "{ id = \"change\"; use = \"shell.run\"; covers = [\"1\"]; argv = [\"true\"]; undo = "
                               "[\"sleep\", \"1.2\"]; },"
                               "{ id = \"fails\"; use = \"shell.check\"; covers = [\"2\"]; argv = [\"false\"]; }",
                               10);
    assert_box(filled, "1", "open", "it was taken back");
    assert_true(ended_at(filled, "1") - ended_at(filled, "2") >= 1200);
    json_decref(filled);
}

static void a_gate_that_waits_has_run(void **state)
{
    (void)state;
    json_t *filled =
        filled_of("waits",
                  "{ id = \"sign-off\"; use = \"gate.approval\"; covers = [\"1\"]; roles = [\"qa\", \"dev\"]; "
                  "}, { id = \"after\"; use = \"shell.check\"; covers = [\"2\"]; argv = [\"true\"]; }",
                  3);
    assert_box(filled, "1", "open", "sign-off: it waits: for qa, dev");
    assert_box(filled, "2", "open", "after: it has not run");
    assert_holds(belay("checklist", NULL).out, "- sign-off (`gate.approval`): not ended\n");
    assert_holds(belay("checklist", "--format", "html", NULL).out, "<span class=open>not ended</span>");
    assert_holds(belay("show", "--format", "junit", NULL).out, "message=\"not ended\"");
    json_decref(filled);
}

static void says_what_it_lacks(void **state)
{
    (void)state;
    const char *path = kit_path("%s/plain.cfg", kit_folder());
    kit_write(
        path,
        "pipeline: { name = \"app\"; environment = \"plain\"; version = \"v2\"; };\n"
        "stages: ( { name = \"all\"; steps: ( { id = \"a\"; use = \"shell.check\"; argv = [\"true\"]; } ); } );\n");
    assert_int_equal(belay("run", path, NULL).status, 0);
    outcome o = belay("checklist", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "has no checklist");
    assert_holds(belay("checklist", "--format", "pdf", NULL).err, "--format takes md, html or json, not 'pdf'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_committed_run_ticks_what_its_steps_cover),
        cmocka_unit_test(a_step_that_fails_fails_its_box),
        cmocka_unit_test(the_pages_show_the_same_and_escape_what_they_show),
        cmocka_unit_test(what_was_taken_back_tells_when),
        cmocka_unit_test(a_gate_that_waits_has_run),
        cmocka_unit_test(says_what_it_lacks),
    };
    return cmocka_run_group_tests_name("checklist", tests, NULL, NULL);
}
