/* Secrets of HashiCorp Vault, from a server of the test's own that speaks its API. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"
#include "vault_world.h"

#define SECRET "S3cret/of the-vault+"

static const char *world; /* the server's folder, with the files that the pipelines name */
static int plain_port, tls_port;
static const char *certificate, *key;

/* ---- the world --------------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    if (kit_status_of("which", "openssl", NULL) != 0)
        exit(77);
    world = kit_folder();
    kit_write(kit_path("%s/secret", world), SECRET);
    kit_write(kit_path("%s/root", world), "hvs.root-of-the-test\n");
    kit_write(kit_path("%s/weak", world), "hvs.without-a-policy");
    kit_write(kit_path("%s/two", world), "hvs.one\nX-Injected: yes\n");
    kit_write(kit_path("%s/secret-id", world), "secret-id-of-the-test\n");
    kit_write(kit_path("%s/used-up", world), "secret-id-used-up\n");
    certificate = kit_path("%s/certificate.pem", world);
    key = kit_path("%s/key.pem", world);
    kit_output_of("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                  "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate, NULL);
    plain_port = vault_serve(world, NULL, NULL);
    tls_port = vault_serve(world, certificate, key);
    return 0;
}

/* ---- pipelines --------------------------------------------------------------------------------------------------- */

static const char *address(void)
{
    return kit_path("address = \"http://127.0.0.1:%d\";", plain_port);
}

#define ROOT "token_file = \"root\";"
#define SHOP "mount = \"secret\"; path = \"shop\"; field = \"password\";"

/* A pipeline whose one step gets the secret and runs a script. */
static const char *pipeline(const char *options, const char *script)
{
    static int count;
    const char *path = kit_path("%s/p%d.cfg", world, ++count);
    kit_write(path, kit_path("pipeline: { name = \"p\"; environment = \"e%d\"; version = \"v1\"; };\n"
                             "secrets: { s = { provider = \"vault\"; %s }; };\n"
                             "stages: ( { name = \"all\"; steps: (\n"
                             "  { id = \"use\"; use = \"shell.check\"; argv = [\"sh\", \"-c\", \"%s\"];\n"
                             "    env = [\"GOT=${secret:s}\"]; } ); } );\n",
                             count, options, script));
    return path;
}

static outcome use(const char *who, const char *what, const char *script)
{
    return belay("run", pipeline(kit_path("%s %s %s", address(), who, what), script), NULL);
}

static void gets(const char *who, const char *what, const char *value)
{
    /* Through a file: no argument may hold a secret. */
    kit_write(kit_path("%s/expected", world), value);
    outcome o = use(who, what, kit_path("printf %%s \\\"$GOT\\\" | cmp - %s/expected", world));
    if (o.status != 0)
        fail_msg("%s %s: %d\n%s%s", who, what, o.status, o.out, o.err);
}

static void refuses(const char *who, const char *what, const char *why)
{
    outcome o = use(who, what, "true");
    if (o.status != 2)
        fail_msg("%s %s: %d\n%s%s", who, what, o.status, o.out, o.err);
    assert_holds(o.out, why);
    assert_holds_not(o.out, SECRET);
}

static char *requests(void)
{
    return kit_read(kit_path("%s/log", world));
}

static void forget_requests(void)
{
    kit_write(kit_path("%s/log", world), "");
}

/* ---- what is given ----------------------------------------------------------------------------------------------- */

static void a_token_from_a_file_reads_a_field(void **state)
{
    (void)state;
    gets(ROOT, SHOP, SECRET);
    gets(ROOT, SHOP " version = 1;", "the-older-one");
    gets(ROOT, "mount = \"secret\"; path = \"shop/\\xc3\\xbc b\"; field = \"password\";", SECRET);
}

static void it_is_asked_once_and_as_vault_wants_to_be_asked(void **state)
{
    (void)state;
    forget_requests();
    gets(ROOT, SHOP " namespace = \"team-a\";", SECRET);
    char *log = requests();
    assert_string_equal(log, "GET /v1/secret/data/shop request=true namespace=team-a\n");
    free(log);
}

static void a_role_logs_in_and_its_token_is_ended_again(void **state)
{
    (void)state;
    forget_requests();
    gets("role_id = \"role-of-the-test\"; secret_id_file = \"secret-id\";", SHOP, SECRET);
    char *log = requests();
    assert_string_equal(log, "POST /v1/auth/approle/login request=true namespace=None\n"
                             "GET /v1/secret/data/shop request=true namespace=None\n"
                             "POST /v1/auth/token/revoke-self request=true namespace=None\n");
    free(log);
}

static void over_tls_only_a_certificate_that_is_trusted_counts(void **state)
{
    (void)state;
    const char *to = kit_path("address = \"https://127.0.0.1:%d\"; %s", tls_port, ROOT);
    outcome o = belay("run", pipeline(kit_path("%s " SHOP, to), "true"), NULL);
    assert_int_equal(o.status, 2);
    assert_holds(o.out, "is not trusted: ");
    assert_holds(o.out, "'ca_file' names the authorities");
    o = belay("run", pipeline(kit_path("%s " SHOP " ca_file = \"certificate.pem\";", to), "true"), NULL);
    assert_int_equal(o.status, 0);
    o = belay("run", pipeline(kit_path("%s " SHOP " ca_file = \"secret\";", to), "true"), NULL);
    assert_holds(o.out, "of 'ca_file' cannot be used");
    const char *other = kit_path("address = \"https://localhost:%d\"; %s", tls_port, ROOT);
    o = belay("run", pipeline(kit_path("%s " SHOP " ca_file = \"certificate.pem\";", other), "true"), NULL);
    assert_int_equal(o.status, 2);
    assert_holds(o.out, "is not trusted: ");
}

static void what_it_gives_is_masked_everywhere(void **state)
{
    (void)state;
    const char *folder = kit_folder(), *options = kit_path("%s " ROOT SHOP, address());
    outcome o = belay("run", pipeline(options, "echo \\\"<$GOT>\\\"; exit 1"), "--state", folder, NULL);
    assert_int_equal(o.status, 2);
    assert_holds_not(o.out, SECRET);
    assert_int_equal(kit_status_of("grep", "-rqF", SECRET, folder, NULL), 1);
    assert_int_equal(kit_status_of("grep", "-rqF", "hvs.root", folder, NULL), 1);
    assert_int_equal(kit_status_of("grep", "-rqF", "<[secret]>", kit_path("%s/runs", folder), NULL), 0);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void each_refusal_says_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *who, *what, *why;
    } cases[] = {
        {"token_file = \"weak\";", SHOP, "the token may not read secret/shop: "},
        {"token_file = \"weak\";", SHOP, "path \"secret/data/shop\" { capabilities = [\"read\"] }"},
        {"token_file = \"none\";", SHOP, "'token_file'"},
        {"token_file = \"two\";", SHOP, "does not hold one line of printable characters"},
        {"role_id = \"role-of-the-test\"; secret_id_file = \"used-up\";", SHOP,
         "the AppRole login was refused: invalid role or secret ID"},
        {"role_id = \"nobody\"; secret_id_file = \"secret-id\";", SHOP, "the AppRole login was refused"},
        {"role_id = \"role-of-the-test\"; secret_id_file = \"secret-id\"; auth_mount = \"deploys\";", SHOP,
         "there is no login at auth/deploys"},
        {ROOT, "mount = \"secret\"; path = \"nothing\"; field = \"a\";", "there is nothing at secret/nothing"},
        {ROOT, "mount = \"kv\"; path = \"shop\"; field = \"a\";", "there is nothing at kv/shop"},
        {ROOT, SHOP " version = 9;", "there is no version 9 of secret/shop"},
        {ROOT, "mount = \"secret\"; path = \"gone\"; field = \"a\";",
         "version 1 of secret/gone was deleted at 2026-02-03"},
        {ROOT, "mount = \"secret\"; path = \"ashes\"; field = \"a\";", "version 1 of secret/ashes was destroyed"},
        {ROOT, "mount = \"secret\"; path = \"shop\"; field = \"pasword\";", "secret/shop has no field 'pasword'"},
        {ROOT, "mount = \"secret\"; path = \"shop\"; field = \"pasword\";", "its fields: "},
        {ROOT, "mount = \"secret\"; path = \"empty\"; field = \"a\";", "it has no fields at all"},
        {ROOT, "mount = \"secret\"; path = \"shop\"; field = \"number\";", "is not a text"},
        {ROOT, "mount = \"secret\"; path = \"shop\"; field = \"empty\";", "the value is empty"},
        {ROOT, "mount = \"secret\"; path = \"shop\"; field = \"nul\";", "holds a NUL byte"},
        {ROOT, "mount = \"secret\"; path = \"shop\"; field = \"long\";", "longer than 64 KiB"},
        {ROOT, "mount = \"elsewhere\"; path = \"shop\"; field = \"a\";", "sends on to http://127.0.0.2:8200/v1/x"},
        {ROOT, "mount = \"page\"; path = \"shop\"; field = \"a\";", "is not Vault: status 200, no JSON"},
        {ROOT, "mount = \"flood\"; path = \"shop\"; field = \"a\";", "answered with more than 1048576 bytes"},
        {ROOT, "mount = \"one\"; path = \"shop\"; field = \"a\";", "is not that of a KV engine of version 2"},
        {ROOT, "mount = \"chatty\"; path = \"shop\"; field = \"a\";",
         "status 500, 1 error occurred: token [secret] made me"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(cases[i].who, cases[i].what, cases[i].why);
}

static void a_sealed_one_is_told_and_one_that_hangs_is_left(void **state)
{
    (void)state;
    kit_write(kit_path("%s/sealed", world), "");
    refuses(ROOT, SHOP, " is sealed");
    refuses("role_id = \"role-of-the-test\"; secret_id_file = \"secret-id\";", SHOP, " is sealed");
    unlink(kit_path("%s/sealed", world));
    refuses(ROOT, "mount = \"slow\"; path = \"a\"; field = \"a\"; timeout = \"500ms\";", "did not answer within 0.5 s");
}

static void one_that_is_not_there_is_told(void **state)
{
    (void)state;
    const char *to = kit_path("address = \"http://127.0.0.1:%d\"; %s " SHOP, kit_free_port(), ROOT);
    outcome o = belay("run", pipeline(to, "true"), NULL);
    assert_int_equal(o.status, 2);
    assert_holds(o.out, "cannot be reached: ");
    assert_holds(o.out, "does Vault listen there?");
}

static void what_is_wrong_with_the_options_is_found_by_validate(void **state)
{
    (void)state;
    static const struct {
        const char *options, *why;
    } cases[] = {
        {"address = \"http://127.0.0.1:1\"; " SHOP, "secret 's' of provider vault does not say who asks"},
        {"address = \"http://127.0.0.1:1\"; token_file = \"t\"; role_id = \"r\"; " SHOP, "has a token and a role"},
        {"address = \"http://127.0.0.1:1\"; role_id = \"r\"; " SHOP, "either 'token_file', or 'role_id' and"},
        {ROOT SHOP, "secret 's' of provider vault lacks 'address'"},
        {"address = \"http://127.0.0.1:1\"; " ROOT, "secret 's' of provider vault lacks 'mount'"},
        {"address = \"vault:8200\"; " ROOT SHOP, "'vault:8200' is no address of a Vault"},
        {"address = \"http://u@h\"; " ROOT SHOP, "is no address of a Vault"},
        {"address = \"http://h\"; pth = \"x\"; " ROOT SHOP, "did you mean 'path'"},
        {"address = \"http://h\"; " ROOT SHOP " namespace = \"a\\nb\";", "'namespace' is no single line of text"},
        {"address = \"http://h\"; " ROOT SHOP " timeout = 5;", "'timeout' lacks its unit"},
        {"address = \"http://h\"; " ROOT SHOP " version = \"x\";", "'version' must be a whole number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        outcome o = belay("validate", pipeline(cases[i].options, "true"), NULL);
        assert_int_equal(o.status, 1);
        assert_holds(o.err, cases[i].why);
    }
    outcome o = belay("validate", pipeline("address = \"http://vault.example.org\"; " ROOT SHOP, "true"), NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.err, "as plain text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_from_a_file_reads_a_field),
        cmocka_unit_test(it_is_asked_once_and_as_vault_wants_to_be_asked),
        cmocka_unit_test(a_role_logs_in_and_its_token_is_ended_again),
        cmocka_unit_test(over_tls_only_a_certificate_that_is_trusted_counts),
        cmocka_unit_test(what_it_gives_is_masked_everywhere),
        cmocka_unit_test(each_refusal_says_what_to_do),
        cmocka_unit_test(a_sealed_one_is_told_and_one_that_hangs_is_left),
        cmocka_unit_test(one_that_is_not_there_is_told),
        cmocka_unit_test(what_is_wrong_with_the_options_is_found_by_validate),
    };
    return cmocka_run_group_tests_name("vault", tests, set_up, NULL);
}
