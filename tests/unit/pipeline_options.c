/* Options for a phase: secrets, environment and outputs put in, types applied. */
#include <stdlib.h>
#include <string.h>

#include "pipeline_fixture.h"

typedef struct outputs {
    const char *ids, *token;
} outputs;

static const char *give(void *user, const char *step, const char *output)
{
    const outputs *o = user;
    assert_string_equal(step, "a");
    return strcmp(output, "ids") == 0 ? o->ids : o->token;
}

typedef struct resolved {
    json_t *options, *pending;
    char *shown, *why;
    redactor *secrets;
} resolved;

static resolved resolve(const pipeline *p, const char *id, const outputs *o, bool may_pend)
{
    resolved r = {.secrets = redactor_new()};
    guard(error) err = NULL;
    const pipeline_step *s = pipeline_step_find(p, id);
    union {
        const outputs *in;
        void *user;
    } box = {o};
    if (pipeline_options(p, s, o ? give : NULL, box.user, may_pend, &r.options, &r.pending, r.secrets, &err)) {
        assert_null(r.options);
        r.why = error_text(err);
        return r;
    }
    guard_mem char *options = json_dumps(r.options, JSON_COMPACT | JSON_SORT_KEYS);
    guard_mem char *pending = json_dumps(r.pending, JSON_COMPACT);
    r.shown = mem_printf("%s %s", options, pending);
    return r;
}

static void done(resolved *r)
{
    json_decref(r->options);
    json_decref(r->pending);
    free(r->shown);
    free(r->why);
    redactor_free(r->secrets);
}
#define guard_resolved __attribute__((cleanup(done))) resolved

#define TWO(options)                                                                                                   \
    HEAD "\nsecrets: { s = { provider = \"env\"; name = \"BELAY_T_SECRET\"; }; };\n" STAGE(                            \
        BUILD("a", "") ",\n{ id = \"b\"; use = \"docker.tag\"; tag = \"x\"; },\n"                                      \
                       "{ id = \"c\"; use = \"docker.build\"; services = \"web\"; file = \"/f\"; " options " }")
#define REST "\"free\":1000,\"hosts\":[\"a\",\"b\"],\"no_cache\":0,"

static void names_what_depends_on_an_output_that_is_not_there(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(TWO("parallel = \"${steps.a.ids}\"; note = \"n ${steps.a.token}\";"));
    guard_resolved early = resolve(p, "c", NULL, true);
    assert_string_equal(early.shown, "{\"file\":\"/f\"," REST "\"services\":[\"web\"]} [\"parallel\",\"note\"]");
    guard_resolved half = resolve(p, "c", &(outputs){.ids = "3"}, true);
    assert_string_equal(half.shown, "{\"file\":\"/f\"," REST "\"parallel\":3,\"services\":[\"web\"]} [\"note\"]");
    guard_resolved late = resolve(p, "c", &(outputs){.ids = "3"}, false);
    assert_non_null(strstr(late.why, "step 'c', option 'note': not produced yet: ${steps.a.token}"));
    guard_resolved whole = resolve(p, "c", &(outputs){"3", "tok-${x}"}, false);
    assert_string_equal(whole.shown,
                        "{\"file\":\"/f\"," REST "\"note\":\"n tok-${x}\",\"parallel\":3,\"services\":[\"web\"]} []");
    assert_true(redactor_finds(whole.secrets, "tok-${x}", 8)); /* its output is marked secret */
    assert_false(redactor_finds(whole.secrets, "n tok", 5));
}

static void checks_the_type_of_what_came_late(void **state)
{
    (void)state;
    static const struct {
        const char *option, *output, *why;
    } cases[] = {
        {"parallel = \"${steps.a.ids}\";", "17", "step 'c', option 'parallel': '17' is not from 1 to 16"},
        {"parallel = \"${steps.a.ids}\";", "x", "option 'parallel': 'x' is not a whole number"},
        {"pause = \"${steps.a.ids}\";", "30", "option 'pause': '30' is no duration: the unit is missing"},
        {"level = \"${steps.a.ids}\";", "quik",
         "option 'level': 'quik' is not one of 'quick', 'thorough'; did you mean 'quick'?"},
        {"note = \"${steps.a.ids}\";", "\xff", "option 'note': it is not UTF-8 text"},
        {"pause = \"${steps.a.token}\";", "tok-1",
         "option 'pause': its secret value is not a time such as \"30s\", or out of range"},
        {"parallel = \"${secret:s}\";", "",
         "option 'parallel': its secret value is not a whole number, or out of range"},
        {"level = \"${secret:s}\";", "", "option 'level': its secret value is not one of the choices"},
    };
    setenv("BELAY_T_SECRET", "hunter22", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *content = mem_printf(TWO("%s"), cases[i].option);
        guard(pipeline) p = fixture_load(content);
        guard_resolved r = resolve(p, "c", &(outputs){cases[i].output, cases[i].output}, false);
        assert_non_null(r.why);
        if (!strstr(r.why, cases[i].why))
            fail_msg("'%s' lacks '%s'", r.why, cases[i].why);
        assert_null(strstr(r.why, "hunter22"));
    }
}

static void puts_secrets_in_and_registers_them(void **state)
{
    (void)state;
    setenv("BELAY_T_SECRET", "hunter22", 1);
    setenv("BELAY_T_URL", "redis://:p4ssw0rd@h/0", 1);
    guard(pipeline) p = fixture_load(TWO("password = \"pg://u:${secret:s}@h\"; hosts = [\"${secret:s}\", \"plain\"];"));
    guard_resolved r = resolve(p, "c", NULL, false);
    const char *password = json_string_value(json_object_get(r.options, "password"));
    assert_string_equal(password, "pg://u:hunter22@h");
    assert_string_equal(json_string_value(json_array_get(json_object_get(r.options, "hosts"), 0)), "hunter22");
    assert_true(redactor_finds(r.secrets, "hunter22", 8));
    assert_true(redactor_finds(r.secrets, password, strlen(password)));
    assert_false(redactor_finds(r.secrets, "plain", 5));
    /* What the store keeps knows nothing. */
    guard_mem char *stored = fixture_options(p, "c");
    assert_null(strstr(stored, "hunter22"));
    assert_null(strstr(p->text, "hunter22"));

    guard(pipeline) q = fixture_load(TWO("password = \"${env:BELAY_T_URL}\";"));
    guard_resolved env = resolve(q, "c", NULL, false);
    assert_string_equal(json_string_value(json_object_get(env.options, "password")), "redis://:p4ssw0rd@h/0");
    assert_true(redactor_finds(env.secrets, "p4ssw0rd", 8));
    guard_mem char *kept = fixture_options(q, "c");
    assert_null(strstr(kept, "p4ssw0rd"));
    unsetenv("BELAY_T_URL");
    guard_resolved gone = resolve(q, "c", NULL, false);
    assert_non_null(strstr(gone.why, "option 'password': the environment variable BELAY_T_URL is not set"));
}

static void a_path_from_an_output_starts_at_the_pipelines_folder(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(HEAD "\n" STAGE(BUILD("a", "") "," BUILD("c", "file = \"${steps.a.ids}\";")));
    guard_resolved relative = resolve(p, "c", &(outputs){.ids = "x/y"}, false);
    guard_mem char *expected = mem_printf("%s/x/y", p->folder);
    assert_string_equal(json_string_value(json_object_get(relative.options, "file")), expected);
    guard_resolved absolute = resolve(p, "c", &(outputs){.ids = "/x"}, false);
    assert_string_equal(json_string_value(json_object_get(absolute.options, "file")), "/x");
}

static void an_escaped_reference_is_plain_text_in_the_end(void **state)
{
    (void)state;
    guard(pipeline) p = fixture_load(TWO("note = \"$${HOME} $$ $\"; "));
    guard_resolved r = resolve(p, "c", NULL, false);
    assert_string_equal(json_string_value(json_object_get(r.options, "note")), "${HOME} $$ $");
}

static void collect(void *user, const char *step, const char *output)
{
    text_printf(user, "%s.%s ", step, output);
}

static void tells_which_outputs_a_step_refers_to(void **state)
{
    (void)state;
    guard(pipeline) p =
        fixture_load(TWO("note = \"${steps.a.ids}${steps.a.token}\"; hosts = [\"x\", \"${steps.a.ids}\"];"));
    guard_text found = {0};
    pipeline_references(pipeline_step_find(p, "c"), collect, &found);
    assert_non_null(strstr(text_get(&found), "a.ids a.token"));
    assert_int_equal(strlen(text_get(&found)), strlen("a.ids a.token a.ids "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_depends_on_an_output_that_is_not_there),
        cmocka_unit_test(checks_the_type_of_what_came_late),
        cmocka_unit_test(puts_secrets_in_and_registers_them),
        cmocka_unit_test(a_path_from_an_output_starts_at_the_pipelines_folder),
        cmocka_unit_test(an_escaped_reference_is_plain_text_in_the_end),
        cmocka_unit_test(tells_which_outputs_a_step_refers_to),
    };
    return cmocka_run_group_tests_name("pipeline options", tests, NULL, fixture_remove);
}
