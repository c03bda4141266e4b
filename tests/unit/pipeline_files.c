/* Files: @include, places, the recorded text, overrides, env_files, who may write. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/reference.h"
#include "pipeline_fixture.h"

static pipeline *load(const char *path, const char *recorded, const char *const *sets)
{
    pipeline *p = NULL;
    guard(error) err = NULL;
    pipeline_problems problems = {0};
    pipeline_source source = {.path = path, .text = recorded, .sets = sets};
    int r = pipeline_load(&source, fixture_catalog(), &p, &problems, &err);
    guard_mem char *shown = fixture_show(&problems);
    if (r)
        fail_msg("%s", shown);
    return p;
}

static void assert_file_problems(const char *path, const char *expected)
{
    guard_mem char *found = fixture_problems(path, NULL, NULL);
    assert_string_equal(found, expected);
}

static void write_example(void)
{
    fixture_file("conf/parts/vars.cfg", "# shared\nroot = \"/opt\";\n@include \"more.cfg\" n = 3;", 0644);
    fixture_file("conf/parts/more.cfg", "more = \"x\ny\";", 0644);
    fixture_file("conf/parts/steps.cfg", BUILD("b", "note = \"${vars.more}\";") ",\n" INFO("c", "") "\n", 0644);
    fixture_file(
        "conf/main.cfg",
        HEAD
        "\n# @include \"not/this.cfg\"\n/*\n@include \"nor/this.cfg\"\n*/\nvars: {\n  @include \"parts/vars.cfg\"\n"
        "  text = \"\n@include \\\"parts/vars.cfg\\\"\n\";\n};\n" STAGE(
            INFO("a", "") ",\n@include \"parts/steps.cfg\"\n," INFO("d", "title = \"${vars.text}\";")),
        0644);
}

static void puts_includes_in_relative_to_the_including_file(void **state)
{
    (void)state;
    write_example();
    guard_mem char *path = mem_printf("%s/conf/main.cfg", fixture_folder());
    guard(pipeline) p = load(path, NULL, NULL);
    assert_int_equal(p->step_count, 4);
    assert_string_equal(json_string_value(json_object_get(p->vars, "n")), "3");
    assert_string_equal(json_string_value(json_object_get(pipeline_step_find(p, "b")->options, "note")), "x\ny");
    assert_string_equal(pipeline_step_find(p, "d")->title, "\n@include \"parts/vars.cfg\"\n");
    assert_int_equal(pipeline_step_find(p, "a")->where.line, 13);
    assert_int_equal(pipeline_step_find(p, "b")->where.line, 1);
    assert_int_equal(pipeline_step_find(p, "c")->where.line, 2);
    assert_non_null(strstr(pipeline_step_find(p, "c")->where.file, "conf/parts/steps.cfg"));
    assert_int_equal(pipeline_step_find(p, "d")->where.line, 15);
    assert_string_equal(pipeline_step_find(p, "d")->where.file, path);
}

static void a_recorded_text_gives_the_same_pipeline_without_the_files(void **state)
{
    (void)state;
    write_example();
    guard_mem char *path = mem_printf("%s/conf/main.cfg", fixture_folder());
    static const char *const sets[] = {"vars.root=/x", "pipeline.version=v\"3\\", "vars.root=/y \"q\" \\ \n end", NULL};
    static const char *const good_sets[] = {"vars.root=/x", "pipeline.version=v3", "vars.root=/y \"q\" \\ \n end",
                                            NULL};
    guard_mem char *refused = fixture_problems(path, NULL, sets);
    assert_string_equal(refused,
                        "--set:2: pipeline.version cannot be 'v\"3\\' [letters, digits and . _ - / + : @ can be used]");
    guard(pipeline) p = load(path, NULL, good_sets);
    assert_string_equal(p->version, "v3");
    assert_string_equal(json_string_value(json_object_get(p->vars, "root")), "/y \"q\" \\ \n end");

    guard(error) err = NULL;
    guard_mem char *parts = mem_printf("%s/conf/parts", fixture_folder());
    assert_int_equal(file_remove_tree(parts, &err), 0);
    guard_mem char *dump = fixture_dump(p);
    guard(pipeline) again = load(path, p->text, NULL);
    guard_mem char *dump_again = fixture_dump(again);
    assert_string_equal(dump_again, dump);
    assert_string_equal(again->text, p->text);

    /* With the overrides given once more, and with others. */
    guard(pipeline) third = load(path, p->text, good_sets);
    assert_string_equal(third->text, p->text);
    static const char *const other[] = {"pipeline.version=v4", NULL};
    guard(pipeline) fourth = load(path, p->text, other);
    assert_string_equal(fourth->version, "v4");
    guard(pipeline) fifth = load(path, fourth->text, NULL);
    assert_string_equal(fifth->version, "v4");
    assert_string_equal(json_string_value(json_object_get(fifth->vars, "root")), "/y \"q\" \\ \n end");
}

static void problems_in_included_files_name_those_files(void **state)
{
    (void)state;
    const char *path =
        fixture_file("p/main.cfg",
                     HEAD "\n@include \"a.cfg\"\nstages: ( @include \"b.cfg\"\n@include \"b.cfg\"\n);\nx = 1;\n", 0644);
    fixture_file("p/a.cfg", "# one\n\nvars: { a = \"${vars.b}\"; };\n", 0644);
    fixture_file("p/b.cfg", "{ name = \"s\"; steps: (" INFO("a", "nam = 1;") "); }", 0644);
    assert_file_problems(path, "p/main.cfg:3: syntax error [the fault is here or at the end of the line before: look "
                               "for a missing ; , or quote]");
    path = fixture_file("p/main.cfg", HEAD "\n@include \"a.cfg\"\nstages: (\n@include \"b.cfg\"\n);\nx = 1;\n", 0644);
    assert_file_problems(path,
                         "p/main.cfg:6: unknown 'x' in a pipeline file\n"
                         "p/a.cfg:3: ${vars.b} is not defined; did you mean 'a'?\n"
                         "p/b.cfg:1: unknown option 'nam' of docker.info [it has no options but those of every step]");
    fixture_file("p/b.cfg", "{ name = \"s\n", 0644);
    assert_file_problems(path, "p/b.cfg:1: the text that begins here is not closed");
}

static void refuses_includes_that_cannot_be_had(void **state)
{
    (void)state;
    const char *path = fixture_file("q/main.cfg", "\n@include \"none.cfg\"\n", 0644);
    guard_mem char *found = fixture_problems(path, NULL, NULL);
    assert_non_null(strstr(found, "q/main.cfg:2: @include \"none.cfg\": "));
    assert_non_null(strstr(found, "No such file"));
    fixture_file("q/main.cfg", "@include \"./loop.cfg\"\n", 0644);
    fixture_file("q/loop.cfg", "\n\n  @include \"../q/loop.cfg\"\n", 0644);
    assert_file_problems(path, "q/./loop.cfg:3: @include \"../q/loop.cfg\": the file includes itself");
    fixture_file("q/main.cfg", "@include \"bytes.cfg\"\n", 0644);
    fixture_file("q/bytes.cfg", "# fine\na = \"\xc3\x28\";\n", 0644);
    assert_file_problems(path, "q/bytes.cfg:2: this line is not UTF-8 text");
}

/* libconfig leaves it out without a word. */
static void refuses_a_nul_in_a_text(void **state)
{
    (void)state;
    const char *path = fixture_file("nul.cfg", HEAD "\n" STAGE(INFO("a", "title = \"left\\x00right \\\\x00\";")), 0600);
    assert_file_problems(path, "nul.cfg:3: a text cannot hold \\x00");
}

static void a_main_file_that_cannot_be_read_is_one_error(void **state)
{
    (void)state;
    guard(pipeline) p = NULL;
    guard(error) err = NULL;
    pipeline_problems problems = {0};
    pipeline_source source = {.path = "/nonexistent/x.cfg"};
    assert_int_not_equal(pipeline_load(&source, fixture_catalog(), &p, &problems, &err), 0);
    assert_int_equal(problems.count, 0);
    guard_mem char *why = error_text(err);
    assert_non_null(strstr(why, "/nonexistent/x.cfg"));
}

static void overrides_only_what_is_there(void **state)
{
    (void)state;
    static const char *const sets[] = {"vars.rot=x", "pipeline.dir=/", "version=1", "=", "vars.root", NULL};
    guard_mem char *found = fixture_problems(NULL, HEAD "\nvars: { root = \"a\"; };\n" STAGE(INFO("a", "")), sets);
#define WHAT                                                                                                           \
    " [what can be set: vars.NAME of the file's vars, and pipeline.name, .environment, .version, .previous, "          \
    ".protected, .lock]\n"
    assert_string_equal(found,
                        "--set:1: there is no 'vars.rot' to override; did you mean 'vars.root'?" WHAT
                        "--set:2: there is no 'pipeline.dir' to override; did you mean 'pipeline.name'?" WHAT
                        "--set:3: there is no 'version' to override" WHAT "--set:4: there is no '' to override" WHAT
                        "--set:5: the override 'vars.root' is not NAME=VALUE");
}

static void reads_names_from_env_files(void **state)
{
    (void)state;
    unsetenv("BELAY_T_A");
    setenv("BELAY_T_PROCESS", "process", 1);
    fixture_file("e/one.env",
                 "# comment\n\nBELAY_T_A=plain value # comment\r\nexport BELAY_T_B='single $X # kept'\n"
                 "BELAY_T_C=\"double \\\"q\\\" \\n\\t\\\\ \\$HOME\"  # after\n  BELAY_T_D = "
                 "\nBELAY_T_PROCESS=file\nBELAY_T_E=a#b\n",
                 0600);
    fixture_file("e/two.env", "BELAY_T_A=later\nBELAY_T_F=last", 0600);
    const char *path = fixture_file(
        "e/main.cfg",
        HEAD "\nvars: { where = \"one\"; };\nenv_files = [\"${vars.where}.env\", \"two.env\"];\n" STAGE(BUILD(
            "a", "hosts = [\"${env:BELAY_T_A}\", \"${env:BELAY_T_B}\", \"${env:BELAY_T_C}\", \"${env:BELAY_T_D}\", "
                 "\"${env:BELAY_T_PROCESS}\", \"${env:BELAY_T_E}\", \"${env:BELAY_T_F}\"];")),
        0644);
    guard(pipeline) p = load(path, NULL, NULL);
    guard_mem char *hosts = json_dumps(json_object_get(p->steps[0].options, "hosts"), JSON_COMPACT);
    assert_string_equal(
        hosts,
        "[\"later\",\"single $X # kept\",\"double \\\"q\\\" \\n\\t\\\\ $HOME\",\"\",\"process\",\"a#b\",\"last\"]");
}

static void env_files_that_are_wrong_name_the_line_and_show_no_value(void **state)
{
    (void)state;
    static const struct {
        const char *content, *problem;
    } cases[] = {
        {"A=1\nhunter2\n", "e/x.env:2: no '=' after the name"},
        {"=hunter2\n", "e/x.env:1: no name before '='"},
        {"A=\"hunter2\nB=1\n", "e/x.env:1: a quote is not closed"},
        {"A='hunter2' x\n", "e/x.env:1: something follows the closing quote"},
        {"A=${B\n", "e/x.env:1: what stands between ${ and } is no variable"},
        {"A=1\n\nA=hunter$5\n", "e/x.env:3: a '$' without a variable: write \"$$\", or put the value in single quotes"},
        {"A=1\nA=${BELAY_T_UNSET:?hunter2}\n", "e/x.env:2: a variable that it requires is not set"},
        {"\xff\xfe"
         "A=hunter2\n",
         "e/x.env:1: the file is UTF-16: save it as UTF-8"},
    };
    const char *path = fixture_file("e/y.cfg", HEAD "\nenv_files = \"x.env\";\n" STAGE(INFO("a", "")), 0644);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_file("e/x.env", cases[i].content, 0600);
        guard_mem char *expected = mem_printf("e/y.cfg:2: env_files: %s/%s", fixture_folder(), cases[i].problem);
        assert_file_problems(path, expected);
    }
}

/* As `docker compose` reads the same file. */
static void env_files_put_variables_in_as_compose_does(void **state)
{
    (void)state;
    setenv("BELAY_T_PROCESS", "process", 1);
    unsetenv("BELAY_T_UNSET");
    fixture_file("v/one.env",
                 "\xef\xbb\xbf"
                 "BELAY_T_V1=one\n"
                 "BELAY_T_V2=$BELAY_T_V1-${BELAY_T_V1}x$$\n"
                 "BELAY_T_V3=\"${BELAY_T_UNSET:-d ${BELAY_T_V1}}|${BELAY_T_V1:+set}|${BELAY_T_UNSET+set}\"\n"
                 "BELAY_T_V4='${BELAY_T_V1}\nnext' # kept\n"
                 "BELAY_T_V5=${BELAY_T_PROCESS} #comment\n"
                 "BELAY_T_V6=#no comment\n"
                 "BELAY.dotted-name=x\n"
                 "BELAY_T_V7=a${BELAY_T_UNSET}b\n",
                 0600);
    const char *path = fixture_file(
        "v/main.cfg",
        HEAD "\nenv_files = [\"one.env\"];\n" STAGE(
            BUILD("a", "hosts = [\"${env:BELAY_T_V1}\", \"${env:BELAY_T_V2}\", \"${env:BELAY_T_V3}\", "
                       "\"${env:BELAY_T_V4}\", \"${env:BELAY_T_V5}\", \"${env:BELAY_T_V6}\", \"${env:BELAY_T_V7}\"];")),
        0644);
    guard(pipeline) p = load(path, NULL, NULL);
    guard_mem char *hosts = json_dumps(json_object_get(p->steps[0].options, "hosts"), JSON_COMPACT);
    assert_string_equal(hosts, "[\"one\",\"one-onex$\",\"d one|set|\",\"$${BELAY_T_V1}\\nnext\",\"process\","
                               "\"#no comment\",\"ab\"]");
    guard_mem char *expected = mem_printf("v/main.cfg:2: warning: env_files: %s/v/one.env:9: the variable "
                                          "BELAY_T_UNSET is not set, and comes to nothing",
                                          fixture_folder());
    assert_file_problems(path, expected);
}

/* A rollback runs from cron, by a person with another shell, or after the release has moved its own .env. */
static void what_a_run_recorded_needs_no_variable_and_no_env_file(void **state)
{
    (void)state;
    setenv("BELAY_T_SET", "then \"q\"\n${vars.x}", 1);
    const char *env = fixture_file("n/n.env", "BELAY_T_N=from file\n", 0600);
    const char *path = fixture_file("n/main.cfg",
                                    "pipeline: { name = \"shop\"; environment = \"staging\"; version = "
                                    "\"${env:BELAY_T_V}\"; };\nenv_files = \"n.env\";\n" STAGE(
                                        BUILD("a", "hosts = [\"${env:BELAY_T_SET}\", \"${env:BELAY_T_N}\"]; "
                                                   "parallel = 2; timeout = \"${env:BELAY_T_T}\";")),
                                    0644);
    setenv("BELAY_T_V", "v7", 1);
    setenv("BELAY_T_T", "7s", 1);
    guard(pipeline) p = load(path, NULL, NULL);
    guard_mem char *dump = fixture_dump(p), *text = mem_dup(p->text);
    unsetenv("BELAY_T_SET");
    unsetenv("BELAY_T_T");
    setenv("BELAY_T_V", "v8", 1);
    assert_int_equal(remove(env) | remove(path), 0);
    guard(pipeline) again = load(path, text, NULL);
    guard_mem char *same = fixture_dump(again);
    assert_string_equal(same, dump);
    assert_string_equal(again->text, text);
    assert_string_equal(again->version, "v7");
    /* The text of a run that recorded no values yet. */
    guard(pipeline) old = fixture_load(HEAD "\n" STAGE(BUILD("a", "hosts = [\"x${env:BELAY_T_SET}\"];")));
    guard_mem char *hosts = json_dumps(json_object_get(old->steps[0].options, "hosts"), JSON_COMPACT);
    assert_string_equal(hosts, "[\"x\"]");
}

static void a_value_that_is_set_from_outside_refers_to_nothing(void **state)
{
    (void)state;
    static const char *const values[] = {"${env:BELAY_T_OUT}", "$${env:BELAY_T_OUT}", "${secret:s}", "${vars.n}",
                                         "${pipeline.dir}",    "${no such",           "a\"; x=\"b",  "a\nb\\"};
    setenv("BELAY_T_OUT", "leaked", 1);
    const char *path = fixture_file("s/main.cfg",
                                    HEAD "\nvars: { branch = \"main\"; n = \"1\"; };\n"
                                         "secrets: { s = { provider = \"env\"; name = \"BELAY_T_OUT\"; }; };\n" STAGE(
                                             BUILD("a", "hosts = [\"x${vars.branch}\"];")),
                                    0644);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        guard_mem char *set = mem_printf("vars.branch=%s", values[i]), *expected = mem_printf("x%s", values[i]);
        const char *const sets[] = {set, NULL};
        guard(pipeline) p = load(path, NULL, sets);
        guard_mem char *host =
            template_plain(json_string_value(json_array_get(json_object_get(p->steps[0].options, "hosts"), 0)));
        assert_string_equal(host, expected);
        guard(pipeline) again = load(path, p->text, NULL);
        assert_true(json_equal(again->steps[0].options, p->steps[0].options));
    }
}

static void suggests_a_name_that_is_set(void **state)
{
    (void)state;
    fixture_file("e/z.env", "BELAY_T_DATABASE=x\n", 0600);
    setenv("BELAY_T_PROCESS", "process", 1);
    const char *path = fixture_file("e/z.cfg",
                                    HEAD "\nenv_files = \"z.env\";\n" STAGE(BUILD(
                                        "a", "hosts = [\"${env:BELAY_T_DATABSE}\",\n\"${env:BELAY_T_PROCES}\"];")),
                                    0644);
#define HOW " [export it, or name a file that sets it: env_files = [\"...\"];]"
    assert_file_problems(
        path,
        "e/z.cfg:4: the environment variable BELAY_T_DATABSE is not set; did you mean 'BELAY_T_DATABASE'?" HOW "\n"
        "e/z.cfg:5: the environment variable BELAY_T_PROCES is not set; did you mean 'BELAY_T_PROCESS'?" HOW);
}

static void warns_of_files_that_others_may_write(void **state)
{
    (void)state;
    const char *path = fixture_file(
        "w/main.cfg",
        HEAD "\n@include \"part.cfg\"\nsecrets: { s = { provider = \"file\"; path = \"secret\"; }; };\n" STAGE(
            INFO("a", "")),
        0666);
    const char *part = fixture_file("w/part.cfg", "", 0664);
    const char *secret = fixture_file("w/secret", "x", 0646);
    guard_mem char *expected =
        mem_printf("w/main.cfg:1: warning: others may write to '%s' [chmod go-w '%s']\n"
                   "w/main.cfg:2: warning: others may write to '%s' [chmod go-w '%s']\n"
                   "w/main.cfg:3: warning: the secret file '%s' can be read by everybody [chmod o= '%s']\n"
                   "w/main.cfg:3: warning: others may write to '%s' [chmod go-w '%s']",
                   path, path, part, part, secret, secret, secret, secret);
    assert_file_problems(path, expected);
}

static void a_folder_that_others_may_write_to_is_named_once_for_all_its_files(void **state)
{
    (void)state;
    const char *path = fixture_file("f/main.cfg", HEAD "\n@include \"part.cfg\"\n" STAGE(INFO("a", "")), 0644);
    (void)fixture_file("f/part.cfg", "", 0644);
    guard_mem char *folder = mem_dup_n(path, (size_t)(strrchr(path, '/') - path));
    assert_int_equal(chmod(folder, 0777), 0);
    guard_mem char *expected =
        mem_printf("f/main.cfg:1: warning: everybody may write to '%s' (mode 0777) [chmod go-w %s]", folder, folder);
    assert_file_problems(path, expected);
    assert_int_equal(chmod(folder, 01777), 0); /* as /tmp: nobody else can replace what is ours */
    assert_file_problems(path, "");
}

/* The same file is a warning in one environment, and an error where the pipeline is protected. */
static void in_production_a_file_that_others_may_write_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *environment, *is_protected;
        bool error;
    } cases[] = {{"production", "", true},
                 {"production", "protected = false;", false},
                 {"staging", "", false},
                 {"staging", "protected = true;", true},
                 {"staging", "protected = \"true\";", true}};
    const char *part = fixture_file("p/part.cfg", "", 0664);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_mem char *content = mem_printf(
            "pipeline: { name = \"shop\"; environment = \"%s\"; version = \"v2\"; %s };\n@include \"part.cfg\"\n%s",
            cases[i].environment, cases[i].is_protected, STAGE(INFO("a", "")));
        const char *path = fixture_file("p/main.cfg", content, 0644), *mark = cases[i].error ? "" : "warning: ";
        guard_mem char *expected =
            mem_printf("p/main.cfg:2: %sothers may write to '%s' [chmod go-w '%s']", mark, part, part);
        assert_file_problems(path, expected);
    }
}

static void what_a_run_recorded_is_not_held_up_by_its_files(void **state)
{
    (void)state;
    const char *env = fixture_file("r/r.env", "A=1\n", 0666);
    const char *path = fixture_file("r/main.cfg", "", 0644);
    guard_mem char *content =
        mem_printf("pipeline: { name = \"shop\"; environment = \"production\"; version = \"v2\"; };\n"
                   "env_files = \"%s\";\n%s",
                   env, STAGE(INFO("a", "")));
    guard_mem char *expected =
        mem_printf("r/main.cfg:2: warning: others may write to '%s' [chmod go-w '%s']", env, env);
    guard_mem char *found = fixture_problems(path, content, NULL);
    assert_string_equal(found, expected);
}

/* What a step obeys: its program and script, the file that an option names, a secret's program. */
static void in_production_what_a_step_obeys_must_not_be_written_by_others(void **state)
{
    (void)state;
    const char *program = fixture_file("o/bin/prog.sh", "#!/bin/sh\n", 0777);
    const char *script = fixture_file("o/bin/script.sh", "", 0646);
    const char *file = fixture_file("o/named.yml", "", 0664);
    const char *listed = fixture_file("o/extra.yml", "", 0664);
    (void)fixture_file("o/bin/data.csv", "", 0666); /* a list of data, not a command */
    const char *path = fixture_file(
        "o/main.cfg",
        "pipeline: { name = \"shop\"; environment = \"production\"; version = \"v2\"; };\n"
        "secrets: { s = { provider = \"command\";\n"
        "argv = [\"bin/prog.sh\"]; }; };\n" STAGE(BUILD(
            "a",
            "\nhosts = [\"sh\", \"-e\", \"bin/script.sh\"];\n"
            "file = \"named.yml\";") ",\n" BUILD("b",
                                                 "hosts = [\"bin/data.csv\", \"bin/prog.sh\"];") ",\n" BUILD("c",
                                                                                                             "hosts = "
                                                                                                             "[\"${"
                                                                                                             "steps.a."
                                                                                                             "ids}\", "
                                                                                                             "\"main."
                                                                                                             "yml\", "
                                                                                                             "\"extra."
                                                                                                             "yml\"]"
                                                                                                             ";")),
        0644);
    guard_mem char *expected = mem_printf("o/main.cfg:3: others may write to '%s' [chmod go-w '%s']\n"
                                          "o/main.cfg:6: others may write to '%s' [chmod go-w '%s']\n"
                                          "o/main.cfg:7: others may write to '%s' [chmod go-w '%s']\n"
                                          "o/main.cfg:9: others may write to '%s' [chmod go-w '%s']",
                                          program, program, script, script, file, file, listed, listed);
    assert_file_problems(path, expected);
    if (geteuid() != 0)
        return;
    assert_int_equal(chmod(program, 0755) | chmod(script, 0644) | chmod(file, 0644) | chmod(listed, 0644) |
                         chown(script, 65534, 0),
                     0);
    guard_mem char *owned =
        mem_printf("o/main.cfg:6: '%s' belongs to another user, who may write to it [chown 0 '%s']", script, script);
    assert_file_problems(path, owned);
}

static void protected_is_true_or_false(void **state)
{
    (void)state;
    assert_problems(
        "pipeline: { name = \"shop\"; environment = \"staging\"; version = \"v2\";\nprotected = \"maybe\"; };\n" STAGE(
            INFO("a", "")),
        "t.cfg:2: pipeline.protected cannot be 'maybe' [true or false; when it is not given: true for the "
        "environment 'production']");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_includes_in_relative_to_the_including_file),
        cmocka_unit_test(a_recorded_text_gives_the_same_pipeline_without_the_files),
        cmocka_unit_test(problems_in_included_files_name_those_files),
        cmocka_unit_test(refuses_includes_that_cannot_be_had),
        cmocka_unit_test(refuses_a_nul_in_a_text),
        cmocka_unit_test(a_main_file_that_cannot_be_read_is_one_error),
        cmocka_unit_test(overrides_only_what_is_there),
        cmocka_unit_test(reads_names_from_env_files),
        cmocka_unit_test(env_files_that_are_wrong_name_the_line_and_show_no_value),
        cmocka_unit_test(env_files_put_variables_in_as_compose_does),
        cmocka_unit_test(what_a_run_recorded_needs_no_variable_and_no_env_file),
        cmocka_unit_test(a_value_that_is_set_from_outside_refers_to_nothing),
        cmocka_unit_test(suggests_a_name_that_is_set),
        cmocka_unit_test(warns_of_files_that_others_may_write),
        cmocka_unit_test(a_folder_that_others_may_write_to_is_named_once_for_all_its_files),
        cmocka_unit_test(in_production_a_file_that_others_may_write_is_an_error),
        cmocka_unit_test(what_a_run_recorded_is_not_held_up_by_its_files),
        cmocka_unit_test(in_production_what_a_step_obeys_must_not_be_written_by_others),
        cmocka_unit_test(protected_is_true_or_false),
    };
    return cmocka_run_group_tests_name("pipeline files", tests, NULL, fixture_remove);
}
