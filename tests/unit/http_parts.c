/* The parts of the plugin http that need no server: histogram, pace, JSON paths, variables, signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow_vars.h"
#include "json_path.h"
#include "load.h"
#include "signature.h"

/* ---- histogram --------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void percentiles_are_those_of_a_sorted_list_within_a_thousandth(void **state)
{
    (void)state;
    enum { N = 20000 };
    static uint64_t values[N];
    static const double percents[] = {0.1, 1, 25, 50, 75, 90, 95, 99, 99.9, 100};
    histogram *h = histogram_new();
    uint64_t random = 88172645463325252ull;
    for (size_t i = 0; i < N; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        values[i] = random % 3 ? random % 5000 : random % 700000000; /* short ones and long ones */
        histogram_add(h, values[i]);
    }
    qsort(values, N, sizeof *values, by_value);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        uint64_t exact = values[(size_t)(percents[i] / 100 * N + 0.999) - 1],
                 got = histogram_percentile(h, percents[i]);
        assert_true(got >= exact && got - exact <= exact / 1000);
    }
    assert_int_equal(histogram_max(h), values[N - 1]);
    assert_int_equal(histogram_count(h), N);
    histogram_free(h);
}

static void small_values_are_exact_and_huge_ones_are_capped(void **state)
{
    (void)state;
    histogram *h = histogram_new();
    assert_int_equal(histogram_percentile(h, 99), 0);
    for (uint64_t v = 0; v < 2048; v++) {
        histogram_clear(h);
        histogram_add(h, v);
        histogram_add(h, 1u << 20);
        assert_int_equal(histogram_percentile(h, 50), v);
    }
    histogram_add(h, UINT64_MAX);
    assert_int_equal(histogram_max(h), HISTOGRAM_MAX);
    assert_int_equal(histogram_percentile(h, 100), HISTOGRAM_MAX);
    histogram_free(h);
}

/* ---- pace -------------------------------------------------------------------------------------------------------- */

static void a_rate_grows_evenly_and_is_then_held(void **state)
{
    (void)state;
    const load_plan p = {.rate = 100, .ramp_ms = 2000, .users = 10};
    assert_true(load_pace_due(&p, 0) == 0);
    assert_int_equal((int)(load_pace_due(&p, 25) + 0.5), 1000); /* half the ramp, a quarter of its 100 */
    assert_int_equal((int)(load_pace_due(&p, 100) + 0.5), 2000);
    assert_int_equal((int)(load_pace_due(&p, 200) + 0.5), 3000);
    assert_int_equal(load_pace_count(&p, 1000), 25);
    assert_int_equal(load_pace_count(&p, 3000), 200);
    for (uint64_t k = 1; k < 400; k++)
        assert_true(load_pace_due(&p, k) > load_pace_due(&p, k - 1));
    const load_plan flat = {.rate = 100, .users = 10};
    assert_int_equal((int)(load_pace_due(&flat, 50) + 0.5), 500);
    assert_int_equal(load_pace_count(&flat, 500), 50);
    assert_true(load_pace_user(&p, 5) == 1000 && load_pace_user(&flat, 9) == 0);
}

/* ---- JSON paths -------------------------------------------------------------------------------------------------- */

static void paths_that_are_not_written_rightly_are_known(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "a.",    ".a",  "a..b",  "a[",   "a[]",   "a[x]",
                                      "a[1", "[\"a]", "a]b", "a[=1]", "[0]a", "a[--1]"};
    static const char *const good[] = {".",     "a",     "a.b",        "[0]",         "[0][1].c",
                                       "a[-1]", "a[b=]", "a[b=c d].e", "[\"x.y\"].z", "a-b_c"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (json_path_is_valid(bad[i]) || json_path_get(json_null(), bad[i]))
            fail_msg("'%s' was taken", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!json_path_is_valid(good[i]))
            fail_msg("'%s' was not taken", good[i]);
}

static void paths_lead_to_their_values(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a.b", "1"},    {"l[0]", "x"},        {"l[-1]", "z"},      {"l[3]", NULL},    {"l[-4]", NULL},
        {"d.e", "2"},    {"[\"d.e\"]", "dot"}, {"o[k=v2].n", "22"}, {"o[k=v9]", NULL}, {"o[n=11].k", "v1"},
        {"a.b.c", NULL}, {"l.x", NULL},        {"a[0]", NULL},      {"nothing", NULL}, {"z", "null"},
    };
    json_t *doc = json_loads("{\"a\":{\"b\":1},\"l\":[\"x\",\"y\",\"z\"],\"d\":{\"e\":2},\"d.e\":\"dot\",\"z\":null,"
                             "\"o\":[{\"k\":\"v1\",\"n\":11},{\"k\":\"v2\",\"n\":22}]}",
                             0, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const json_t *value = json_path_get(doc, cases[i][0]);
        char *text = value ? json_path_text(value) : NULL;
        if (!text != !cases[i][1] || (text && strcmp(text, cases[i][1]) != 0))
            fail_msg("'%s' led to %s", cases[i][0], text ? text : "nothing");
        free(text);
    }
    assert_ptr_equal(json_path_get(doc, "."), doc);
    json_decref(doc);
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

static void expands_to(const flow_vars *v, const char *from, const char *wanted)
{
    char *why = NULL, *came = flow_vars_expand(v, from, &why);
    if (!came != !wanted || (came && strcmp(came, wanted) != 0))
        fail_msg("'%s' became '%s' (%s)", from, came ? came : "nothing", why ? why : "");
    free(came);
    free(why);
}

static void variables_are_put_in_and_unknown_ones_are_told(void **state)
{
    (void)state;
    flow_vars v = {0};
    flow_vars_set(&v, "a", "1", false);
    flow_vars_set(&v, "b", "${a}", false);
    flow_vars_set(&v, "a", "2", false);
    expands_to(&v, "x${a}y${b}", "x2y${a}"); /* what is put in is not looked at again */
    expands_to(&v, "$$ $a $", "$ $a $");
    expands_to(&v, "$${a}", "${a}");
    expands_to(&v, "", "");
    static const char *const bad[] = {"${c}", "${a", "${}", "${today-}", "${today7}", "${todayx}", "${ a}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expands_to(&v, bad[i], NULL);
    assert_false(flow_vars_is_name("today") || flow_vars_is_name("unique") || flow_vars_is_name("") ||
                 flow_vars_is_name("a-b"));
    flow_vars_done(&v);
}

static void secrets_are_masked_the_longest_first_and_old_values_too(void **state)
{
    (void)state;
    flow_vars v = {0};
    flow_vars_set(&v, "pin", "123", true);
    flow_vars_set(&v, "t", "secret", true);
    flow_vars_set(&v, "u", "secret-long", true);
    flow_vars_set(&v, "t", "newer", true);
    flow_vars_hide(&v, "hidden");
    char *masked = flow_vars_mask(&v, "secret-long secret newer hidden 123 secre");
    assert_string_equal(masked, "[secret] [secret] [secret] [secret] 123 secre");
    free(masked);
    flow_vars_done(&v);
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */

/* RFC 4231, test case 2, and its SHA-1 (RFC 2202, case 2). */
static void signatures_are_those_of_the_standards(void **state)
{
    (void)state;
    const char *body = "what do ya want for nothing?", *key = "Jefe";
    size_t n = strlen(body);
    const char *hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const char *sha1 = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    assert_true(signature_matches("sha256", "hex", key, "", body, n, hex));
    assert_true(signature_matches("sha256", "hex", key, "", body, n,
                                  "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"));
    assert_true(
        signature_matches("sha256", "base64", key, "v1,", body, n, "v1,W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="));
    assert_true(signature_matches("sha1", "hex", key, "sha1=", body, n, sha1));
    assert_false(signature_matches("sha256", "hex", key, "sha256=", body, n, hex));
    assert_false(signature_matches("sha256", "hex", "jefe", "", body, n, hex));
    assert_false(signature_matches("sha256", "hex", key, "", body, n - 1, hex));
    assert_false(signature_matches("sha256", "hex", key, "", body, n, "5bdc"));
    assert_false(signature_matches("sha256", "hex", key, "", body, n, ""));
    assert_false(signature_matches("md6", "hex", key, "", body, n, hex));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_those_of_a_sorted_list_within_a_thousandth),
        cmocka_unit_test(small_values_are_exact_and_huge_ones_are_capped),
        cmocka_unit_test(a_rate_grows_evenly_and_is_then_held),
        cmocka_unit_test(paths_that_are_not_written_rightly_are_known),
        cmocka_unit_test(paths_lead_to_their_values),
        cmocka_unit_test(variables_are_put_in_and_unknown_ones_are_told),
        cmocka_unit_test(secrets_are_masked_the_longest_first_and_old_values_too),
        cmocka_unit_test(signatures_are_those_of_the_standards),
    };
    return cmocka_run_group_tests_name("http, its parts", tests, NULL, NULL);
}
