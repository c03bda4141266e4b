/* A secret that a plugin lets slip, in whatever form, leaves its worker nowhere. */
#include <stdlib.h>
#include <string.h>

#include "worker_fixture.h"

static const char secret[] = "s3cr3t/+\"canary\" 1&2";

static void slips(phase_run *p)
{
    p->plugin = "hostile";
    p->options = json_pack("{s:s}", "secret", secret);
    p->secrets = redactor_new();
    redactor_add(p->secrets, secret);
    phase_run_do(p);
    assert_int_equal(p->end, WORKER_END_RETURNED);
}

/* No six characters in a row of any form of the secret, in any alignment: less may be left of base64 at its edges. */
static void assert_clean(const char *where, const text *t)
{
    static const char *const forms[] = {
        "s3cr3t/+\"canary\" 1&2",       "%73%33%63%72%33%74%2F%2B%22%63%61%6E%61%72%79%22%20%31%26%32",
        "czNjcjN0LysiY2FuYXJ5IiAxJjI=", "XMzY3IzdC8rImNhbmFyeSIgMSYy",
        "iczNjcjN0LysiY2FuYXJ5IiAxJjI", "s3cr3t/+\\\"canary\\\" 1&2",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (size_t at = 0; at + 6 <= strlen(forms[i]); at++)
            if (t->count && memmem(t->items, t->count, forms[i] + at, 6))
                fail_msg("%s shows '%.6s': %s", where, forms[i] + at, text_get(t));
    assert_non_null(strstr(text_get(t), REDACT_MASK));
}

static void it_is_masked_in_log_plan_progress_artifacts_and_output_in_every_form(void **state)
{
    (void)state;
    guard_phase p = {.step = "leaks", .phase = WORKER_PREPARE};
    slips(&p);
    assert_int_equal(p.status, BELAY_E_FAIL);
    assert_clean("log", &p.log);
    assert_clean("plan", &p.plan);
    assert_clean("progress", &p.told);
    assert_clean("artifact", &p.artifact);
    text explained = {0};
    text_printf(&explained, "%s %s %s", p.summary, p.hint, p.option);
    assert_clean("explanation", &explained);
    text_done(&explained);
}

static void it_cannot_be_remembered(void **state)
{
    (void)state;
    guard_phase p = {.step = "remembers_secret", .phase = WORKER_EXECUTE};
    slips(&p);
    assert_int_equal(p.status, BELAY_E_HOST);
    assert_int_equal(json_object_size(p.remembered), 0);
    assert_string_equal(p.summary, "the undo record 'password' holds a secret");
}

static void it_cannot_be_an_output(void **state)
{
    (void)state;
    guard_phase p = {.step = "outputs_secret", .phase = WORKER_EXECUTE};
    slips(&p);
    assert_int_equal(p.status, BELAY_E_HOST);
    assert_string_equal(text_get(&p.told), "");
    assert_string_equal(p.summary, "the output 'file' holds a secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_masked_in_log_plan_progress_artifacts_and_output_in_every_form),
        cmocka_unit_test(it_cannot_be_remembered),
        cmocka_unit_test(it_cannot_be_an_output),
    };
    return cmocka_run_group_tests_name("worker secrets", tests, NULL, NULL);
}
