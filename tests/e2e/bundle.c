/* A bundle: what is in it, that it can be checked without Belay, and that it holds no secret. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

#define SECRET  "S3cret&of<the>f'ile"
#define LITERAL "PLAIN=L1teral-in-the-file"

static const char *secret_file(void)
{
    static const char *path;
    if (!path)
        path = kit_path("%s/token", kit_folder());
    return path;
}

/* Prints the token as XML, Go's JSON, SQL, a shell's trace and hexadecimal digits, and a URL whose password Belay was
 * never told. */
static const char encodings[] = "#!/bin/sh\n"
                                "printf %s \"$TOKEN\" | sed 's/&/\\&amp;/g; s/</\\&lt;/g; s/>/\\&gt;/g'; echo\n"
                                "printf %s \"$TOKEN\" | sed 's/&/\\\\u0026/g; s/</\\\\u003c/g; s/>/\\\\u003e/g'; echo\n"
                                "printf %s \"$TOKEN\" | sed \"s/'/''/g\"; echo\n"
                                "printf %s \"$TOKEN\" | sed \"s/'/'\\\\\\\\''/g\"; echo\n"
                                "printf %s \"$TOKEN\" | od -An -v -tx1 | tr -d ' '\n"
                                "echo redis://:unkn0wn-passw0rd@cache/0\n";

static int deploy(void **state)
{
    (void)state;
    const char *path = kit_path("%s/app.cfg", kit_folder());
    const char *encode = kit_path("%s/encode", kit_folder());
    kit_write(secret_file(), SECRET);
    kit_write(encode, encodings);
    kit_output_of("chmod", "755", encode, NULL);
    kit_write(
        path,
        kit_path("pipeline: { name = \"app\"; environment = \"staging\"; version = \"v2\"; };\n"
                 "# a careless comment: " SECRET "\n"
                 "secrets: { token = { provider = \"file\"; path = \"%s\"; }; };\n"
                 "checklist: { title = \"App\"; sections: ( { name = \"All\"; boxes: ( { id = \"1\"; text = "
                 "\"it works\"; } ); } ); };\n"
                 "stages: ( { name = \"all\"; steps: (\n"
                 "  { id = \"say\"; use = \"shell.check\"; covers = [\"1\"]; argv = [\"sh\", \"-c\", \"echo hello; echo"
                 " $TOKEN; %s\"];\n"
                 "    env = [\"TOKEN=${secret:token}\", \"" LITERAL "\"]; },\n"
                 "  { id = \"sign-off\"; use = \"gate.approval\"; interval = \"100ms\"; expires = \"30m\"; roles = "
                 "[\"boss\"]; }\n"
                 "); } );\n",
                 secret_file(), encode));
    outcome o = belay("run", path, "--no-wait", NULL);
    if (o.status != 3)
        fail_msg("%s%s", o.out, o.err);
    assert_int_equal(belay("approve", "latest", "sign-off", "--role", "boss", "--reason", "well done", NULL).status, 0);
    assert_int_equal(belay("resume", NULL).status, 0);
    return 0;
}

static const char *bundle(void)
{
    const char *path = kit_path("%s/b.tar.zst", kit_folder());
    outcome o = belay("bundle", "latest", "--output", path, NULL);
    if (o.status != 0)
        fail_msg("bundle: %d\n%s%s", o.status, o.out, o.err);
    return path;
}

/* Unpacks it; gives its one folder. */
static const char *unpacked(void)
{
    const char *folder = kit_folder();
    kit_output_of("tar", "-C", folder, "--zstd", "-xf", bundle(), NULL);
    const char *inside = kit_output_of("sh", "-c", kit_path("printf %%s %s/belay-*", folder), NULL);
    return kit_path("%s", inside);
}

static void its_sums_are_checked_by_sha256sum(void **state)
{
    (void)state;
    const char *folder = unpacked();
    const char *check = kit_path("cd %s && sha256sum --strict -c MANIFEST.sha256", folder);
    assert_int_equal(kit_status_of("sh", "-c", check, NULL), 0);
    const char *missed = kit_path("cd %s && find . -type f ! -name MANIFEST.sha256 | wc -l", folder);
    const char *listed = kit_path("wc -l < %s/MANIFEST.sha256", folder);
    assert_string_equal(kit_output_of("sh", "-c", missed, NULL), kit_output_of("sh", "-c", listed, NULL));
    kit_write(kit_path("%s/run.json", folder), "{}\n");
    assert_int_not_equal(kit_status_of("sh", "-c", kit_path("(%s) 2>/dev/null", check), NULL), 0);
}

static void all_that_is_known_of_the_run_is_in_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *part;
    } files[] = {
        {"events.jsonl", "\"run.end\""},
        {"logs/sign-off.log", "warning: the gate closes in"},
        {"run.json", "\"committed\""},
        {"measurements.json", "["},
        {"report.xml", "<testsuite"},
        {"checklist.md", "- [x] **1**"},
        {"checklist.html", "it works"},
        {"checklist.json", "\"ticked\": 1"},
        {"pipeline.cfg", "shell.check"},
        {"approvals.json", "\"well done\""},
        {"approvals/1.statement", "role: boss"},
        {"artifacts/say/output.log", "hello"},
        {"artifacts/sign-off/decisions.txt", "boss: approved by"},
    };
    const char *folder = unpacked();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *content = kit_read(kit_path("%s/%s", folder, files[i].name));
        assert_holds(content, files[i].part);
        free(content);
    }
}

static void no_secret_is_in_it(void **state)
{
    (void)state;
    const char *folder = unpacked();
    assert_int_equal(kit_status_of("grep", "-rqF", SECRET, folder, NULL), 1);
    assert_int_equal(kit_status_of("grep", "-rqF", LITERAL, folder, NULL), 1);
    assert_int_equal(kit_status_of("grep", "-rqE", "S3cret.*of.*ile|533363726574|unkn0wn", folder, NULL), 1);
    assert_int_equal(
        kit_status_of("grep", "-rqE", "S3cret.*of.*ile|533363726574|unkn0wn", belay_state(), "--include=*.log", NULL),
        1);
    assert_int_equal(
        kit_status_of("grep", "-qF", "careless comment: [secret]", kit_path("%s/pipeline.cfg", folder), NULL), 0);
}

static void two_bundles_are_the_same_byte_for_byte(void **state)
{
    (void)state;
    const char *first = bundle();
    kit_output_of("sleep", "1.1", NULL);
    kit_output_of("cmp", first, bundle(), NULL);
    const char *listing = kit_output_of("tar", "--zstd", "--numeric-owner", "-tvf", first, NULL);
    assert_holds(listing, "-rw-r--r-- 0/0");
    assert_int_equal(
        kit_status_of("sh", "-c", kit_path("tar --zstd -tf %s | head -n -1 | LC_ALL=C sort -c", first), NULL), 0);
}

static void a_secret_that_is_gone_is_told(void **state)
{
    (void)state;
    kit_output_of("rm", secret_file(), NULL);
    outcome o = belay("bundle", "latest", "--output", kit_path("%s/c", kit_folder()), NULL);
    kit_write(secret_file(), SECRET);
    assert_int_equal(o.status, 0);
    assert_holds(o.err, "a secret is masked only where the run itself has masked it");
}

static void what_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    const char *folder = kit_folder();
    outcome o = belay("bundle", "latest", "--output", kit_path("%s/no/such", folder), NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.err, "No such file or directory");
    kit_output_of("mkdir", kit_path("%s/there", folder), NULL);
    o = belay("bundle", "latest", "--output", kit_path("%s/there", folder), NULL);
    assert_int_equal(o.status, 1);
    assert_string_equal(kit_output_of("ls", folder, NULL), "there\n");
    assert_holds(belay("bundle", "nobody", NULL).err, "nobody");
}

/* Devices and the like of this test's own: what a rename would take away for good. */
static void what_is_no_regular_file_is_not_replaced(void **state)
{
    (void)state;
    const char *pipe = kit_path("%s/pipe", kit_folder()), *link = kit_path("%s/link", kit_folder());
    const char *folder = kit_path("%s/folder", kit_folder()), *file = kit_path("%s/file", kit_folder());
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink(pipe, link), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    static const char *const kinds[] = {"a device, a pipe or a socket", "a symbolic link", "a folder"};
    const char *const paths[] = {pipe, link, folder};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *before = kit_output_of("stat", "-c", "%F %i", paths[i], NULL);
        outcome o = belay("bundle", "latest", "--output", paths[i], NULL);
        assert_int_equal(o.status, 1);
        assert_holds(o.err, kit_path("'%s' is %s, no regular file", paths[i], kinds[i]));
        assert_string_equal(kit_output_of("stat", "-c", "%F %i", paths[i], NULL), before);
    }
    kit_write(file, "an older one");
    assert_int_equal(belay("bundle", "latest", "--output", file, NULL).status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_sums_are_checked_by_sha256sum),
        cmocka_unit_test(all_that_is_known_of_the_run_is_in_it),
        cmocka_unit_test(no_secret_is_in_it),
        cmocka_unit_test(two_bundles_are_the_same_byte_for_byte),
        cmocka_unit_test(a_secret_that_is_gone_is_told),
        cmocka_unit_test(what_cannot_be_written_leaves_nothing),
        cmocka_unit_test(what_is_no_regular_file_is_not_replaced),
    };
    return cmocka_run_group_tests_name("bundle", tests, deploy, NULL);
}
