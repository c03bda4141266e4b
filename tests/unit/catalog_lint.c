#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <belay/plugin.h>

#include "catalog/descriptor.h"

/* A plugin with one change and one check, that keeps all rules, in pieces. */
static const char head[] =
    "'name':'demo','version':'1.0','doc':'d','needs_minor':0,'undo_format':1,'undo_format_oldest':1";
static const char change[] = "{'name':'go','doc':'d','phases':['execute','rollback']}";
static const char check[] = "{'name':'look','doc':'d','flags':1,'phases':['verify']}";

/* JSON with ' for ". */
static json_t *json_of(const char *text)
{
    guard_mem char *s = mem_dup(text);
    for (char *p = s; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *value = json_loads(s, 0, NULL);
    if (!value)
        fail_msg("no JSON: %s", s);
    return value;
}

static int parse_and_lint(const char *text, catalog_plugin **ret, error **err)
{
    json_t *json = json_of(text);
    int r = descriptor_parse(json, "/x/demo.so", "0123", ret, err);
    json_decref(json);
    return r < 0 ? r : descriptor_lint(*ret, err);
}

static void assert_refused(const char *text, const char *why)
{
    guard(error) err = NULL;
    guard(catalog_plugin) p = NULL;
    if (parse_and_lint(text, &p, &err) == 0)
        fail_msg("taken: %s", text);
    assert_int_equal(error_get_code(err), ERROR_PLUGIN);
    guard_mem char *said = error_text(err);
    if (!strstr(said, why))
        fail_msg("'%s' is missing from: %s\n%s", why, said, text);
}

static void assert_step_refused(const char *step, const char *why)
{
    guard_mem char *text = mem_printf("{%s,'steps':[%s]}", head, step);
    assert_refused(text, why);
}

static void assert_option_refused(const char *option, const char *why)
{
    guard_mem char *step = mem_printf("{'name':'look','doc':'d','flags':1,'phases':['verify'],'options':[%s]}", option);
    assert_step_refused(step, why);
}

static void a_sound_descriptor_is_read_whole(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard(catalog_plugin) p = NULL;
    guard_mem char *text = mem_printf("{%s,'license':null,'steps':[%s,{'name':'look','doc':'d','flags':1,'timeout_ms':"
                                      "5000,'phases':['prepare','verify'],"
                                      "'options':[{'name':'mode','type':6,'flags':0,'def':'b','choices':['a','b'],'min'"
                                      ":0,'max':0,'doc':'m','example':null}],"
                                      "'outputs':[{'name':'file','doc':'f','type':7,'flags':0}],"
                                      "'metrics':[{'name':'size','unit':'B','doc':'s','warn':'> 1GB','fail':null}]}]}",
                                      head, change);
    if (parse_and_lint(text, &p, &err) < 0) {
        guard_mem char *said = error_text(err);
        fail_msg("%s", said);
    }
    assert_string_equal(p->license, "");
    assert_string_equal(p->path, "/x/demo.so");
    assert_int_equal(p->kind_count, 2);
    const catalog_kind *k = &p->kinds[1];
    assert_string_equal(k->name, "demo.look");
    assert_ptr_equal(k->plugin, p);
    assert_true(k->has_prepare && k->has_verify && !k->has_execute && !k->has_rollback && !k->has_discard);
    assert_int_equal(k->timeout_ms, 5000);
    assert_int_equal(p->kinds[0].timeout_ms, 300000);
    assert_string_equal(k->options[0].choices[1], "b");
    assert_null(k->options[0].choices[2]);
    assert_null(k->options[0].example);
    assert_string_equal(k->metrics[0].warn, "> 1GB");
    assert_null(k->metrics[0].fail);
    assert_int_equal(k->outputs[0].type, 7);
}

static void a_plugin_that_breaks_a_rule_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{'name':'Demo','version':'1','doc':'d','steps':[]}", "its name 'Demo'"},
        {"{'name':'d','version':'1','doc':'d','steps':[]}", "its name 'd'"},
        {"{'name':'demo','version':'','doc':'d','steps':[]}", "its version"},
        {"{'name':'demo','version':'1 2','doc':'d','steps':[]}", "its version"},
        {"{'name':'demo','version':'1','doc':'','steps':[]}", "no doc"},
        {"{'name':'demo','version':'1','doc':'d','steps':[]}", "offers no step"},
        {"{'name':'demo','version':'1','doc':'d','needs_minor':7,'steps':[]}",
         "needs plugin interface 1.7, this Belay has 1."},
        {"{'name':7}", "'name' of a plugin is no text"},
        {"{'name':'demo','steps':{}}", "'steps' of a plugin is no list"},
        {"{'name':'demo','needs_minor':-1}", "32-bit"},
        {"[]", "no JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, cases[i].why);
}

static void flags_must_agree_with_the_callbacks(void **state)
{
    (void)state;
    static const struct {
        const char *flags_and_phases, *why;
    } cases[] = {
        {"'flags':3,'phases':['verify']", "both READ_ONLY and IRREVERSIBLE"},
        {"'flags':1,'phases':['verify','execute']", "READ_ONLY and has execute"},
        {"'flags':1,'phases':['verify','rollback']", "READ_ONLY and has execute, rollback"},
        {"'flags':1,'phases':[]", "neither prepare nor verify"},
        {"'flags':0,'phases':['verify']", "no execute"},
        {"'flags':0,'phases':['execute']", "without rollback and is not IRREVERSIBLE"},
        {"'flags':2,'phases':['execute','rollback']", "IRREVERSIBLE and has rollback"},
        {"'flags':9,'phases':['verify']", "its flag 0x8 is not known"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *step = mem_printf("{'name':'x','doc':'d',%s}", cases[i].flags_and_phases);
        assert_step_refused(step, cases[i].why);
    }
    guard_mem char *no_format = mem_printf("{'name':'demo','version':'1','doc':'d','steps':[%s]}", change);
    assert_refused(no_format, "undo_format is 0");
}

static void names_and_docs_are_checked(void **state)
{
    (void)state;
    assert_step_refused("{'name':'Go','doc':'d','flags':1,'phases':['verify']}", "step name 'Go'");
    assert_step_refused("{'name':'go','doc':'','flags':1,'phases':['verify']}", "no doc");
    guard_mem char *twice = mem_printf("%s,%s", check, check);
    assert_step_refused(twice, "two steps have this name");
    assert_option_refused("{'name':'a-b','doc':'d','type':1}", "option name 'a-b'");
    assert_option_refused("{'name':'a','doc':'','type':1}", "has no doc");
    assert_option_refused("{'name':'a','doc':'d','type':1},{'name':'a','doc':'d','type':1}",
                          "two options are named 'a'");
    assert_option_refused("{'name':'timeout','doc':'d','type':4}", "pipeline files give to every step");
}

static void options_must_make_sense(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *why;
    } cases[] = {
        {"'type':0", "type 0 is not known"},
        {"'type':9", "type 9 is not known"},
        {"'type':1,'flags':1,'def':'x'", "required and has a default"},
        {"'type':1,'flags':2,'def':'x'", "secret and has a default"},
        {"'type':2,'def':'x'", "'x' is no integer"},
        {"'type':2,'def':' 5'", "' 5' is no integer"},
        {"'type':2,'def':'- 5'", "'- 5' is no integer"},
        {"'type':1,'flags':8", "its flag 0x8 is not known"},
        {"'type':2,'def':'9','min':1,'max':5", "not within its own limits"},
        {"'type':2,'min':5,'max':1", "min is above its max"},
        {"'type':3,'def':'yes'", "neither true nor false"},
        {"'type':4,'def':'30'", "unit is missing"},
        {"'type':4,'example':'30 parsecs'", "its example"},
        {"'type':5,'def':'20G'", "not known"},
        {"'type':6", "no choices"},
        {"'type':6,'choices':['a'],'def':'b'", "none of the choices"},
        {"'type':1,'choices':['a']", "is no enum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *option = mem_printf("{'name':'o','doc':'d',%s}", cases[i].rest);
        assert_option_refused(option, cases[i].why);
    }
}

static void units_and_flags_are_those_of_the_interface(void **state)
{
    (void)state;
    assert_step_refused(
        "{'name':'x','doc':'d','flags':1,'phases':['verify'],'metrics':[{'name':'m','unit':'seconds','doc':'d'}]}",
        "metric 'm': its unit 'seconds' is none of");
    assert_step_refused(
        "{'name':'x','doc':'d','flags':1,'phases':['verify'],'outputs':[{'name':'o','doc':'d','type':1,'flags':17}]}",
        "output 'o': its flag 0x11 is not known");
}

static void what_a_younger_interface_defines_is_no_fault(void **state)
{
    (void)state;
    guard(error) err = NULL;
    guard(catalog_plugin) p = NULL;
    guard_mem char *text =
        mem_printf("{%s,'built_minor':%d,'steps':[{'name':'x','doc':'d','flags':129,'phases':['verify'],"
                   "'options':[{'name':'o','doc':'d','type':1,'flags':128}],"
                   "'outputs':[{'name':'o','doc':'d','type':1,'flags':128}],"
                   "'metrics':[{'name':'m','unit':'lx','doc':'d'}]}]}",
                   head, BELAY_ABI_MINOR + 1);
    assert_int_equal(parse_and_lint(text, &p, &err), 0);
}

static void thresholds_must_parse(void **state)
{
    (void)state;
    assert_step_refused(
        "{'name':'x','doc':'d','flags':1,'phases':['verify'],'metrics':[{'name':'m','unit':'ms','doc':'d',"
        "'warn':'more than 5'}]}",
        "metric 'm': 'more than 5' is no threshold");
    assert_step_refused(
        "{'name':'x','doc':'d','flags':1,'phases':['verify'],'metrics':[{'name':'m','unit':'B','doc':'d',"
        "'fail':'> 5s'}]}",
        "'5s' is no size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_descriptor_is_read_whole),
        cmocka_unit_test(a_plugin_that_breaks_a_rule_is_refused),
        cmocka_unit_test(flags_must_agree_with_the_callbacks),
        cmocka_unit_test(names_and_docs_are_checked),
        cmocka_unit_test(options_must_make_sense),
        cmocka_unit_test(units_and_flags_are_those_of_the_interface),
        cmocka_unit_test(what_a_younger_interface_defines_is_no_fault),
        cmocka_unit_test(thresholds_must_parse),
    };
    return cmocka_run_group_tests_name("catalog, descriptors", tests, NULL, NULL);
}
