/* What is wrong with a pipeline, all in one go, with its place and the way out. Line 1 of each text is HEAD. */
#include <stdlib.h>
#include <string.h>

#include "pipeline_fixture.h"

typedef struct wrong {
    const char *text, *problems;
} wrong;

static void check_all(const wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        guard_mem char *found = fixture_problems(NULL, cases[i].text, NULL);
        if (strcmp(found, cases[i].problems) != 0)
            print_error("--- for\n%s\n", cases[i].text);
        assert_string_equal(found, cases[i].problems);
    }
}
#define CHECK(cases) check_all(cases, sizeof(cases) / sizeof *(cases))

static void names_what_is_wrong_with_sections_and_stages(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {"", "t.cfg:1: the pipeline section lacks 'name', 'environment', 'version' [pipeline: { name = \"shop\"; "
             "environment = \"staging\"; version = \"v1.2.0\"; };]\n"
             "t.cfg:1: there are no stages"},
        {HEAD "\nstage: ();", "t.cfg:1: there are no stages\n"
                              "t.cfg:2: unknown 'stage' in a pipeline file; did you mean 'stages'?"},
        {HEAD "\nstages: ();", "t.cfg:2: there are no stages"},
        {HEAD "\nstages = 4;", "t.cfg:2: 'stages' is a number; it must be a list of groups: ( {...}, {...} )"},
        {HEAD "\nstages: ( 3, { name = \"a\"; steps: (); }, { steps: ( 4 ); },\n{ nme = \"x\"; name = \"a\"; } );",
         "t.cfg:2: a stage is a number; it must be a group [{ name = \"build\"; steps: ( ... ); }]\n"
         "t.cfg:2: stage 'a' has no steps\n"
         "t.cfg:2: a stage lacks 'name'\n"
         "t.cfg:2: a step is a number; it must be a group [{ id = \"name\"; use = \"plugin.step\"; }]\n"
         "t.cfg:3: unknown 'nme' in a stage; did you mean 'name'?\n"
         "t.cfg:3: there are two stages named 'a'\n"
         "t.cfg:3: stage 'a' has no steps"},
        {HEAD "\nstages: ( { name = \"rollback\"; steps: (" INFO("a", "") "); parallel = 0; } ); rollback: ();",
         "t.cfg:2: a stage cannot be named 'rollback': that is the section of this name\n"
         "t.cfg:2: 'parallel' must be from 1 to 256\n"
         "t.cfg:2: stage 'rollback' has no steps"},
        {HEAD "\n" STAGE(INFO("a", "")) "rollback: { step: 3; parallel = \"x\"; steps = 5; };",
         "t.cfg:5: unknown 'step' in the rollback stage; did you mean 'steps'?\n"
         "t.cfg:5: 'parallel' must be a whole number, not 'x'\n"
         "t.cfg:5: 'steps' is a number; it must be a list of groups: ( {...}, {...} )"},
        {"pipeline: { name = 5; enviroment = \"x\"; version = \"a b\"; };\n" STAGE(INFO("a", "")),
         "t.cfg:1: unknown 'enviroment' in the pipeline section; did you mean 'environment'?\n"
         "t.cfg:1: 'name' is a number; it must be a text [put it in quotes]\n"
         "t.cfg:1: the pipeline section lacks 'environment' [pipeline: { name = \"shop\"; environment = \"staging\"; "
         "version = \"v1.2.0\"; };]\n"
         "t.cfg:1: pipeline.version cannot be 'a b' [letters, digits and . _ - / + : @ can be used]"},
        {"pipeline: { name = \"x\"; environment = \"Prod\"; version = \"1\"; previous = \"%\"; };\n" STAGE(
             INFO("a", "")),
         "t.cfg:1: pipeline.environment cannot be 'Prod' [small letters, digits and '-' can be used]\n"
         "t.cfg:1: pipeline.previous cannot be '%' [letters, digits and . _ - / + : @ can be used]"},
        {"pipeline = 7;\n" STAGE(INFO("a", "")), "t.cfg:1: 'pipeline' is a number; it must be a group"},
    };
    CHECK(cases);
}

static void names_what_is_wrong_with_steps(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {HEAD "\n" STAGE("{ }, { id = \"a b\"; use = 3; },\n{ id = \"x\"; use = \"docker.biuld\"; },\n{ id = \"y\"; "
                         "use = \"redis.info\"; },\n{ id=\"z\"; use = \"nothing\"; }"),
         "t.cfg:3: a step lacks 'id'\n"
         "t.cfg:3: a step lacks 'use' [use = \"plugin.step\"; `belay explain` lists the kinds there are]\n"
         "t.cfg:3: 'id' is not a name: 'a b' [names are made of letters, digits, '-' and '_', at most 63]\n"
         "t.cfg:3: 'use' is a number; it must be a text [put it in quotes]\n"
         "t.cfg:4: there is no step kind 'docker.biuld'; did you mean 'docker.build'?\n"
         "t.cfg:5: there is no step kind 'redis.info' [the plugin '/usr/lib/belay/redis.so' was refused: others may "
         "write to it; chmod go-w /usr/lib/belay/redis.so]\n"
         "t.cfg:6: there is no step kind 'nothing' [`belay explain` lists the kinds there are, `belay plugins` the "
         "plugins]"},
        {HEAD "\n" STAGE("{ id = \"x\"; use = \"nothing\"; a = \"${vars.b}\"; },\n" INFO("y", "zz = \"${vars.b}\";")),
         "t.cfg:3: there is no step kind 'nothing' [`belay explain` lists the kinds there are, `belay plugins` the "
         "plugins]\n"
         "t.cfg:3: ${vars.b} is not defined [vars: { b = \"...\"; };]\n"
         "t.cfg:4: unknown option 'zz' of docker.info [it has no options but those of every step]\n"
         "t.cfg:4: ${vars.b} is not defined [vars: { b = \"...\"; };]"},
        {HEAD "\n" STAGE(INFO("a", "") ",\n" INFO("a", "")),
         "t.cfg:4: there are two steps with the id 'a'; the first is at t.cfg:3"},
        {HEAD "\n" STAGE(BUILD("a", "servces = 1; tag = \"x\"; tiemout = \"4s\"; zzzzzz = 1;")),
         "t.cfg:3: unknown option 'servces' of docker.build; did you mean 'services'?\n"
         "t.cfg:3: unknown option 'tag' of docker.build ['tag' is an option of docker.tag]\n"
         "t.cfg:3: unknown option 'tiemout' of docker.build; did you mean 'timeout'?\n"
         "t.cfg:3: unknown option 'zzzzzz' of docker.build [it takes: services (required), parallel, no_cache, file, "
         "pause, free, level, note, hosts, password, old, when; see `belay explain docker.build`]"},
        {HEAD "\n" STAGE(
             "{ id = \"a\"; use = \"docker.build\"; }, \n{ id = \"b\"; use = \"docker.build\"; services = []; }"),
         "t.cfg:3: step 'a' lacks the option 'services' of docker.build [services: Which.]\n"
         "t.cfg:4: option 'services' of docker.build: it is empty"},
    };
    CHECK(cases);
}

static void names_what_is_wrong_with_what_every_step_takes(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {HEAD "\n" STAGE(INFO("a", "timeout = 30;\n undo_timeout = \"0s\"; ready = \"5\"; interval = \"5 parsecs\"; "
                                   "hits = 0; on_failure = \"pasue\"; on_error = 1;\n title = 3; covers = [1];")),
         "t.cfg:3: 'timeout' lacks its unit [write it as a text: timeout = \"30s\"; units are ms, s, m, h, d]\n"
         "t.cfg:4: 'undo_timeout' must be at least 1 ms, not \"0s\"\n"
         "t.cfg:4: 'ready': '5' is no duration: the unit is missing [write \"250ms\", \"30s\", \"5m\", \"24h\" or "
         "\"2d\"]\n"
         "t.cfg:4: 'interval': '5 parsecs' is no duration: its unit is not known [write \"250ms\", \"30s\", \"5m\", "
         "\"24h\" or \"2d\"]\n"
         "t.cfg:4: 'hits' must be from 1 to 10000\n"
         "t.cfg:4: 'on_failure' cannot be 'pasue'; did you mean 'pause'? [write \"rollback\", \"pause\" or \"warn\"]\n"
         "t.cfg:4: 'on_error' is a number; it must be a text [put it in quotes]\n"
         "t.cfg:5: 'title' is a number; it must be a text [put it in quotes]\n"
         "t.cfg:5: 'covers' is a number; it must be a text [put it in quotes]"},
        {HEAD "\n" STAGE(
             INFO("a", "retry = 3;") ",\n" INFO("b", "retry = { attempt = 3; delay = 2; backoff = 0.5; };") ",\n" INFO(
                 "c", "retry = { attempts = 1000; backoff = \"2x\"; };")),
         "t.cfg:3: 'retry' is a number; it must be a group [retry = { attempts = 3; delay = \"2s\"; backoff = 2.0; "
         "};]\n"
         "t.cfg:4: unknown 'attempt' in retry; did you mean 'attempts'?\n"
         "t.cfg:4: 'retry' lacks 'attempts'\n"
         "t.cfg:4: 'delay' lacks its unit [write it as a text: delay = \"2s\"; units are ms, s, m, h, d]\n"
         "t.cfg:4: 'backoff' must be a number from 1 to 10\n"
         "t.cfg:5: 'attempts' must be from 1 to 100\n"
         "t.cfg:5: 'backoff' must be a number from 1 to 10"},
        {HEAD "\n" STAGE(BUILD("a", "fail_if = [\"szie > 1GB\", \"size > 1ms\", \"p95\", \"> 4\", \"p95 > 500ms\"];\n "
                                    "warn_if = \"p95 ? 3ms\";") ",\n" INFO("b", "fail_if = \"x > 3\";")),
         "t.cfg:3: docker.build does not measure 'szie'; did you mean 'size'? [it measures: size, p95]\n"
         "t.cfg:3: size: threshold '> 1ms': '1ms' is no size: its unit is not known [write \"512B\", \"64KiB\", "
         "\"1.5GiB\" (powers of 1024) or \"200kB\", \"20GB\" (powers of 1000)]\n"
         "t.cfg:3: 'p95' is not a threshold [write METRIC OPERATOR VALUE, such as \"p95 > 500ms\"]\n"
         "t.cfg:3: '> 4' is not a threshold [write METRIC OPERATOR VALUE, such as \"p95 > 500ms\"]\n"
         "t.cfg:4: p95: '? 3ms' is no threshold: it does not begin with a comparison [write \"> 200\", \"< 99.5\", "
         "\">= 1\", \"<= 9\", \"== 0\", \"!= 1\" or \"outside 1..5\"; it holds when the measurement is bad]\n"
         "t.cfg:5: docker.info does not measure 'x' [it measures nothing]"},
        {HEAD
         "\n" STAGE(BUILD("a", "fail_if = [\"p95 > 1s\", \"size > 1GB\", \"p95 < 1ms\"]; warn_if = \"p95 > 1ms\";")),
         "t.cfg:3: there are two thresholds of 'p95' in fail_if [for a range write \"p95 outside A..B\"]"},
        {HEAD "\n" STAGE(INFO("a", "when = \"${secret:x}\"; title = \"${steps.a.b}\";")),
         "t.cfg:3: 'title' cannot use ${steps...} [only ${vars...}, ${pipeline...} and ${env:...} are known when the "
         "file is read]\n"
         "t.cfg:3: there is no secret 'x' [secrets: { x = { provider = \"file\"; path = \"...\"; }; };]"},
    };
    CHECK(cases);
}

static void names_what_is_wrong_with_options(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {HEAD "\n" STAGE(BUILD("a", "parallel = 17;\n no_cache = 1;\n file = 3;\n pause = 30;\n free = 5.5;\n level = "
                                    "\"thorugh\";\n note = 8;\n hosts = { };\n password = true;")),
         "t.cfg:3: option 'parallel' of docker.build: '17' is not from 1 to 16 [for example: parallel = 8;]\n"
         "t.cfg:4: option 'no_cache' of docker.build must be true or false, not a number [write true or false]\n"
         "t.cfg:5: option 'file' of docker.build must be a file name in quotes, not a number\n"
         "t.cfg:6: option 'pause' of docker.build lacks its unit [write it as a text: pause = \"30s\";]\n"
         "t.cfg:7: option 'free' of docker.build lacks its unit [write it as a text: free = \"5.5MB\";]\n"
         "t.cfg:8: option 'level' of docker.build: 'thorugh' is not one of 'quick', 'thorough'; did you mean "
         "'thorough'?\n"
         "t.cfg:9: option 'note' of docker.build must be a text in quotes, not a number [put it in quotes: note = "
         "\"8\";]\n"
         "t.cfg:10: option 'hosts' of docker.build must be a list of texts, not a group\n"
         "t.cfg:11: option 'password' of docker.build must be a text in quotes, not true or false"},
        {HEAD "\n" STAGE(BUILD("a", "parallel = \"many\";\n no_cache = \"maybe\";\n pause = \"30\";\n free = \"5 "
                                    "apples\";\n hosts = [true, false];\n note = [\"x\"]; level = 1;")),
         "t.cfg:3: option 'parallel' of docker.build: 'many' is not a whole number [for example: parallel = 8;]\n"
         "t.cfg:4: option 'no_cache' of docker.build: 'maybe' is not true or false\n"
         "t.cfg:5: option 'pause' of docker.build: '30' is no duration: the unit is missing [write \"250ms\", \"30s\", "
         "\"5m\", \"24h\" or \"2d\"]\n"
         "t.cfg:6: option 'free' of docker.build: '5 apples' is no size: its unit is not known [write \"512B\", "
         "\"64KiB\", \"1.5GiB\" (powers of 1024) or \"200kB\", \"20GB\" (powers of 1000)]\n"
         "t.cfg:7: option 'hosts' of docker.build must be a list of texts, not true or false\n"
         "t.cfg:7: option 'hosts' of docker.build must be a list of texts, not true or false\n"
         "t.cfg:8: option 'level' of docker.build must be a text in quotes, not a number [one of \"quick\", "
         "\"thorough\"]\n"
         "t.cfg:8: option 'note' of docker.build must be a text in quotes, not a list"},
        {HEAD "\n" STAGE(BUILD("a", "pause = \"5ms\";\n parallel = 2.5;\n password = \"hunter2\"; old = \"x\";")),
         "t.cfg:3: option 'pause' of docker.build: '5ms' is not from 10 ms to 1 min 00 s\n"
         "t.cfg:4: option 'parallel' of docker.build must be a whole number, not a decimal number [for example: "
         "parallel = 8;]\n"
         "t.cfg:5: warning: option 'password' of docker.build holds a secret in plain text [name it in the secrets "
         "section and write password = \"${secret:NAME}\";]\n"
         "t.cfg:5: warning: option 'old' of docker.build is deprecated: Use note."},
        {HEAD "\nsecrets: { s = { provider = \"env\"; name = \"X\"; }; };" STAGE(
             BUILD("a", "note = \"${secret:s}\";\n password = \"postgres://u:pw@h/d\"; ") "," BUILD(
                 "b", "password = \"postgres://u@h/d\";")),
         "t.cfg:3: warning: option 'note' of docker.build is given a secret, but is not marked as one [the value is "
         "masked in what Belay writes, but the plugin may not know to guard it]\n"
         "t.cfg:4: warning: option 'password' of docker.build holds a secret in plain text [name it in the secrets "
         "section and write password = \"${secret:NAME}\";]"},
    };
    CHECK(cases);
}

static void names_what_is_wrong_with_references(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {HEAD "\nvars: { root = \"/opt\"; };" STAGE(BUILD(
             "a", "note = \"${vars.rot}\";\n file = \"${pipeline.vesion}\";\n password = \"${env:BELAY_NO_SUCH}\";\n "
                  "hosts = [\"${env:BELAY_NO_SUCH}\",\n \"${secret:x}\", \"${HOME}\", \"${\"];")),
         "t.cfg:3: ${vars.rot} is not defined; did you mean 'root'?\n"
         "t.cfg:4: ${pipeline.vesion} is not defined; did you mean 'version'?\n"
         "t.cfg:5: warning: the environment variable BELAY_NO_SUCH is not set now\n"
         "t.cfg:6: warning: the environment variable BELAY_NO_SUCH is not set now\n"
         "t.cfg:7: there is no secret 'x' [secrets: { x = { provider = \"file\"; path = \"...\"; }; };]\n"
         "t.cfg:7: not a reference: ${HOME} [there are ${vars.NAME} ${pipeline.NAME} ${env:NAME} ${secret:NAME} "
         "${steps.ID.OUTPUT}; a plain \"${\" is written \"$${\"]\n"
         "t.cfg:7: not a reference: ${ [there are ${vars.NAME} ${pipeline.NAME} ${env:NAME} ${secret:NAME} "
         "${steps.ID.OUTPUT}; a plain \"${\" is written \"$${\"]"},
        {HEAD "\nvars: { a = \"${vars.b}\";\n b = \"x${vars.c}\";\n c = \"${vars.a}\"; d = \"${vars.a}\"; e = "
              "\"${vars.e}\"; f = ();\n g = \"${env:BELAY_NO_SUCH}\"; };\n" STAGE(
                  BUILD("a", "note = \"${vars.d} ${vars.g}\";")),
         "t.cfg:2: a definition refers to itself: vars.a -> vars.b -> vars.c -> vars.a\n"
         "t.cfg:4: variable 'f' is a list; it must be a text, a number, true or false\n"
         "t.cfg:4: a definition refers to itself: vars.e -> vars.e\n"
         "t.cfg:5: warning: the environment variable BELAY_NO_SUCH is not set now"},
        {HEAD "\n" STAGE(BUILD(
             "a",
             "note = \"${steps.a.ids}\";\n file = \"${steps.b.ids}\"; hosts = "
             "\"${steps.c.ids}\";") ",\n" BUILD("b", "note = \"${steps.a.idss} ${steps.i.x}\";\n") "," INFO("i", "")),
         "t.cfg:3: ${steps.a.ids}: a step cannot use its own output\n"
         "t.cfg:4: ${steps.b.ids}: step 'b' comes later\n"
         "t.cfg:4: ${steps.c.ids}: there is no step 'c'; did you mean 'b'?\n"
         "t.cfg:5: step 'a' (docker.build) has no output 'idss'; did you mean 'ids'?\n"
         "t.cfg:5: ${steps.i.x}: step 'i' comes later"},
        {HEAD "\n" STAGE(BUILD("a", "when = \"no\";") "," BUILD("b", "note = \"${steps.a.ids}\";")),
         "t.cfg:3: ${steps.a.ids}: step 'a' is skipped by its `when`, so it has no output"},
        {HEAD "\nstages: ( { name = \"s\"; parallel = 2; steps: (" BUILD("a", "") "," BUILD(
             "b",
             "needs = \"a\";") ", " BUILD("c",
                                          "needs = \"b\"; note = \"${steps.a.ids}\";") ",\n" BUILD("d",
                                                                                                   "note = "
                                                                                                   "\"${steps.a.ids}"
                                                                                                   "\";") "); } );",
         "t.cfg:3: ${steps.a.ids}: step 'a' may run at the same time [the stage has parallel = 2: add needs = "
         "[\"a\"];]"},
        {HEAD "\nvars: { a = \"x$\"; };\n" STAGE(BUILD("a", "") "," BUILD("b", "note = \"${vars.a}${steps.a.ids}\";")),
         "t.cfg:4: a reference cannot stand right behind a '$'"},
    };
    CHECK(cases);
}

static void names_what_is_wrong_with_needs(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {HEAD "\n" STAGE(INFO("one", "needs = [\"one\",\n \"twoo\", \"three\", \"back\", \"b b\"];") "," INFO(
             "two", "") ",\n" INFO("three", "")) "rollback: (" INFO("back", "needs = \"one\";") ");",
         "t.cfg:3: step 'one' needs itself\n"
         "t.cfg:3: step 'one' needs 'three', which comes later [steps run in the order of the file: move 'three' up]\n"
         "t.cfg:4: step 'one' needs 'twoo', which does not exist; did you mean 'two'?\n"
         "t.cfg:4: step 'one' needs 'back' of the rollback stage; only rollback steps can need it\n"
         "t.cfg:4: 'needs' is not a name: 'b b' [names are made of letters, digits, '-' and '_', at most 63]\n"
         "t.cfg:7: step 'back' needs 'one' of the stages; a rollback step can only need rollback steps"},
        {HEAD "\n" STAGE(
             INFO("a", "needs = \"c\";") ",\n" INFO("b", "needs = \"a\";") ",\n" INFO("c", "needs = \"b\";") ",\n" INFO(
                 "d",
                 "needs = [\"e\", \"c\"];") ",\n" INFO("e",
                                                       "needs = \"d\";") ",\n" INFO("f",
                                                                                    "needs = \"g\";") ",\n" INFO("g",
                                                                                                                 "")),
         "t.cfg:3: steps need each other in a circle: a -> c -> b -> a\n"
         "t.cfg:6: steps need each other in a circle: d -> e -> d\n"
         "t.cfg:8: step 'f' needs 'g', which comes later [steps run in the order of the file: move 'g' up]"},
    };
    CHECK(cases);
}

static void names_what_is_wrong_with_secrets(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {HEAD "\nsecrets = 4;\n" STAGE(INFO("a", "")), "t.cfg:2: 'secrets' is a number; it must be a group"},
        {HEAD "\nsecrets: { a = \"x\"; b = { };\n c = { provider = \"fiel\"; };\n d = { provider = \"file\"; pth = "
              "\"x\"; };\n e = { provider = \"env\"; };\n"
              " f = { provider = \"command\"; argv = []; timeout = 3; };\n g = { provider = \"command\"; };\n h = { "
              "provider = \"file\"; path = \"${secret:a}\"; }; };\n" STAGE(INFO("a", "")),
         "t.cfg:2: secret 'a' is a text; it must be a group [a = { provider = \"file\"; path = \"...\"; };]\n"
         "t.cfg:2: secret 'b' names no provider [provider = \"file\", \"env\", \"command\" or \"vault\";]\n"
         "t.cfg:3: unknown secret provider 'fiel'; did you mean 'file'? [there are: file, env, command, vault]\n"
         "t.cfg:4: unknown 'pth' in secret 'd' of provider file; did you mean 'path'?\n"
         "t.cfg:4: secret 'd' of provider file lacks 'path'\n"
         "t.cfg:5: secret 'e' of provider env lacks 'name'\n"
         "t.cfg:6: 'timeout' lacks its unit [write it as a text: timeout = \"3s\"; units are ms, s, m, h, d]\n"
         "t.cfg:6: the secret's 'argv' is empty\n"
         "t.cfg:7: secret 'g' of provider command lacks 'argv'\n"
         "t.cfg:8: 'path' cannot use ${secret:...} [only ${vars...}, ${pipeline...} and ${env:...} are known when the "
         "file is read]"},
    };
    CHECK(cases);
}

static void names_what_is_wrong_with_the_checklist(void **state)
{
    (void)state;
#define SECTIONS(boxes) "checklist: { title = \"T\"; sections: ( { name = \"S\"; boxes: (\n" boxes "\n); } ); };"
    static const wrong cases[] = {
        {HEAD "\nchecklist = 4;\n" STAGE(INFO("a", "")), "t.cfg:2: 'checklist' is a number; it must be a group"},
        {HEAD "\nchecklist: { sections: ( { boxs = 1; } ); };\n" STAGE(INFO("a", "")),
         "t.cfg:2: the checklist lacks 'title'\n"
         "t.cfg:2: unknown 'boxs' in a section of the checklist; did you mean 'boxes'?\n"
         "t.cfg:2: a section of the checklist lacks 'name'\n"
         "t.cfg:2: a section of the checklist needs 'boxes', a list of groups: ( {...}, {...} )"},
        {HEAD "\n" SECTIONS("{ id = \"1.1\"; text = \"x\"; }, { id = \"1.1\"; text = \"y\"; },\n{ text = \"z\"; }, "
                            "7") "\n" STAGE(INFO("a", "covers = [\"1.1\"];")),
         "t.cfg:3: there are two boxes '1.1'\n"
         "t.cfg:4: a box lacks 'id'\n"
         "t.cfg:4: a box is a number; it must be a group [{ id = \"1.1\"; text = \"The environment is "
         "provisioned\"; }]"},
        {HEAD "\n" SECTIONS("{ id = \"F1.1\"; text = \"x\"; }") "\n" STAGE(INFO("a", "covers = [\"F1.l\"];")),
         "t.cfg:2: warning: no step covers these boxes of the checklist: F1.1 [a step with covers = [\"ID\"] ticks "
         "a box; "
         "the others stay open]\n"
         "t.cfg:6: step 'a' covers the box 'F1.l', which the checklist does not have; did you mean 'F1.1'?"},
    };
#undef SECTIONS
    CHECK(cases);
}

static void names_the_line_that_libconfig_cannot_read(void **state)
{
    (void)state;
    static const wrong cases[] = {
        {"\xef\xbb\xbf" HEAD,
         "t.cfg:1: the file begins with a byte order mark (BOM) [save it as UTF-8 without one; for "
         "example: sed -i '1s/^\\xef\\xbb\\xbf//' FILE]"},
        {"a = 1;\nb = ;\n",
         "t.cfg:2: syntax error [the fault is here or at the end of the line before: look for a missing ; , or quote]"},
        {"a = 1;\na = 2;\n", "t.cfg:2: duplicate setting name"},
        {"a = \"x\nb = 1;\n", "t.cfg:1: the text that begins here is not closed"},
        {"/* a\nb = 1;\n", "t.cfg:1: the comment that begins here is not closed"},
        {"a = 3000000000;\nb = 99999999999999999999L;\nc=0x1FFFFFFFF; d = -2147483648; e = 1.5e9; f = 3000000000L; # "
         "3000000000\n",
         "t.cfg:1: the number 3000000000 is too big [write 3000000000L]\n"
         "t.cfg:1: unknown 'a' in a pipeline file\n"
         "t.cfg:1: the pipeline section lacks 'name', 'environment', 'version' [pipeline: { name = \"shop\"; "
         "environment = \"staging\"; version = \"v1.2.0\"; };]\n"
         "t.cfg:1: there are no stages\n"
         "t.cfg:2: the number 99999999999999999999L is too big\n"
         "t.cfg:2: unknown 'b' in a pipeline file\n"
         "t.cfg:3: the number 0x1FFFFFFFF is too big [write 0x1FFFFFFFFL]\n"
         "t.cfg:3: unknown 'c' in a pipeline file\n"
         "t.cfg:3: unknown 'd' in a pipeline file\n"
         "t.cfg:3: unknown 'e' in a pipeline file\n"
         "t.cfg:3: unknown 'f' in a pipeline file"},
        {"a = \"\xff\";\n", "t.cfg:1: this line is not UTF-8 text"},
        {"\n@include \"x.cfg\"\n", "t.cfg:2: a recorded pipeline cannot @include"},
        {"a = ((((((((((((((((((((((((((((((((((", "t.cfg:1: more than 32 brackets inside each other"},
        {HEAD "\noverrides: (\"vars.x=1\", \"nothing\", 3);\n" STAGE(INFO("a", "")),
         "t.cfg:2: 'overrides' must be the last section, at the beginning of a line\n"
         "t.cfg:2: there is no 'vars.x' to override [what can be set: vars.NAME of the file's vars, and pipeline.name, "
         ".environment, .version, .previous, .protected, .lock]\n"
         "t.cfg:2: the override 'nothing' is not NAME=VALUE\n"
         "t.cfg:2: 'overrides' must be a list of texts"},
    };
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong_with_sections_and_stages),
        cmocka_unit_test(names_what_is_wrong_with_steps),
        cmocka_unit_test(names_what_is_wrong_with_what_every_step_takes),
        cmocka_unit_test(names_what_is_wrong_with_options),
        cmocka_unit_test(names_what_is_wrong_with_references),
        cmocka_unit_test(names_what_is_wrong_with_needs),
        cmocka_unit_test(names_what_is_wrong_with_secrets),
        cmocka_unit_test(names_what_is_wrong_with_the_checklist),
        cmocka_unit_test(names_the_line_that_libconfig_cannot_read),
    };
    return cmocka_run_group_tests_name("pipeline problems", tests, NULL, fixture_remove);
}
