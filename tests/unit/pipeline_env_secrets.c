/* Values of the .env files that Compose reads are masked though no pipeline calls them secret; ordinary ones are not.
 */
#include <sys/stat.h>

#include "pipeline/env_secrets.h"
#include "pipeline_fixture.h"

static void a_name_and_a_form_make_a_secret(void **state)
{
    (void)state;
    static const char *const secret[][2] = {
        {"POSTGRES_PASSWORD", "s3cr3t-word"},
        {"JWT_SECRET_KEY", "0123456789abcdef"},
        {"API_TOKEN", "abcdefghijklmnop"},
        {"PGPASSWORD", "Sw0rdfish"},
        {"stripe.apiKey", "sk_live_51H"},
        {"DB_PASS", "hunter2hunter2"},
        {"SECRET", "a b c d e f"},
        {"SMTP_PW", "Tr0ub4dor&3"},
        {"DBPASS", "a-word-of-m1ne"},
        {"ACCESSTOKEN", "abc-def-ghi-1"},
        {"AUTHKEY", "abc-def-ghi-1"},
        {"LICENSE", "abc-def-ghi-1"},
        {"ANY_NAME", "Xk39fQzp77aa"}, /* by its form */
    };
    static const char *const ordinary[][2] = {
        {"POSTGRES_PASSWORD", "postgres"},     {"POSTGRES_PASSWORD", "short1"},
        {"KEY_FILE", "/run/secrets/key1"},     {"TOKEN_TTL", "3600000000"},
        {"MONKEY_ISLAND", "guybrush-123"},     {"AUTH_KEY_URL", "http://auth:8000/a"},
        {"COMPOSE_PROJECT_NAME", "shop-2026"}, {"PASSENGERS", "12345678"},
        {"COMMIT", "ad45d48c0ffee0123456789"}, {"IMAGE", "Shop/Web:1.2.3"},
        {"CACHE_KEY_NAME", "shop_cache_1"},    {"SECRET_KEY", "CHANGE_ME"},
    };
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        if (!env_secrets_is_one(secret[i][0], secret[i][1]))
            fail_msg("not taken for a secret: %s", secret[i][0]);
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
        if (env_secrets_is_one(ordinary[i][0], ordinary[i][1]))
            fail_msg("taken for a secret: %s=%s", ordinary[i][0], ordinary[i][1]);
}

static void assert_masks(const redactor *r, const char *given, const char *expected)
{
    guard_mem char *masked = redactor_mask(r, given);
    assert_string_equal(masked, expected);
}

static void every_env_file_of_the_folder_is_read(void **state)
{
    (void)state;
    fixture_file(".env",
                 "# PASSWORD=in-a-comment1\nTAG=v1.8.0\nexport DB_PASSWORD = 'hunter2 #1' # old\n"
                 "API_TOKEN=\"two\nlines-\\\"9\\\"\"\nBAD LINE\nREDIS_URL=redis://:p%40ss-w0rd@cache/0\n"
                 "PLAIN_SECRET=val-u3-x # note\nWORD=Sw0rd\nFULL_PASSWORD=${WORD}-fish9\n",
                 0600);
    fixture_file("web.env", "WEB_KEY=web-k3y-1\r\n", 0600);
    fixture_file(".env.prod", "PROD_KEY=prod-k3y-1", 0600);
    fixture_file(".env.example", "SAMPLE_KEY=sample-k3y-1\n", 0600);
    guard_mem char *waits = mem_printf("%s/pipe.env", fixture_folder());
    assert_int_equal(mkfifo(waits, 0600), 0); /* nobody ever writes to it */
    const char *other = fixture_file("other.list", "OTHER_KEY=other-k3y-1\n", 0600);
    guard(redactor) r = redactor_new();
    json_t *options = json_pack("{s:s, s:s}", "project_dir", fixture_folder(), "env_file", other);
    env_secrets_add(options, r);
    json_decref(options);
    assert_masks(r, "v1.8.0 in-a-comment1 sample-k3y-1", "v1.8.0 in-a-comment1 sample-k3y-1");
    assert_masks(r, "hunter2 #1|p@ss-w0rd|val-u3-x|web-k3y-1|prod-k3y-1|other-k3y-1",
                 "[secret]|[secret]|[secret]|[secret]|[secret]|[secret]");
    assert_masks(r, "Sw0rd-fish9, Sw0rd", "[secret], Sw0rd"); /* as Compose puts it in */
    assert_masks(r, "two\\nlines-\\\"9\\\"", "[secret]");
}

static void the_compose_file_tells_the_folder_too(void **state)
{
    (void)state;
    fixture_file(".env", "DB_PASSWORD=hunter2-hunter2\n", 0600);
    guard(redactor) r = redactor_new();
    guard_mem char *file = mem_printf("%s/compose.yaml", fixture_folder());
    json_t *options = json_pack("{s:[s]}", "file", file), *nothing = json_object(),
           *gone = json_pack("{s:s}", "project_dir", "/nonexistent");
    env_secrets_add(nothing, r);
    env_secrets_add(gone, r);
    assert_true(redactor_is_empty(r));
    env_secrets_add(options, r);
    assert_masks(r, "hunter2-hunter2", "[secret]");
    json_decref(options);
    json_decref(nothing);
    json_decref(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_and_a_form_make_a_secret),
        cmocka_unit_test(every_env_file_of_the_folder_is_read),
        cmocka_unit_test(the_compose_file_tells_the_folder_too),
    };
    return cmocka_run_group_tests_name("pipeline env secrets", tests, NULL, fixture_remove);
}
