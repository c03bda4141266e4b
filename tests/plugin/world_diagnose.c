/* The diagnosis in a run of the whole program: what it finds ends the message, and nothing of it holds the undo up. */
#include "world_bed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PORT     "port 8001 is held by pid 812 (nginx)"
#define EXITED   "web exited with status 3"
#define MESSAGE  "step 'b' failed in verify: told to do so; found: " PORT "; " EXITED
#define SPARE_MS 10000 /* for what is not the diagnosis, on a busy machine */

/* a passes, b does not; then what is given. */
static void lay(const bed *b, const char *of_b, const char *diagnose)
{
    bed_pipeline(b, kit_path("stages: ( { name = \"one\"; steps: ( %s ); }, { name = \"two\"; steps: ( %s ); } );\n"
                             "diagnose: %s;\nrollback: ( %s );",
                             bed_write(b, 'a', ""), bed_write(b, 'b', of_b), diagnose, bed_check(b, 'c', "")));
}

/* The trace without what was prepared, which is done side by side. */
static const char *acts(const bed *b)
{
    const char *trace = bed_trace(b);
    while (*trace == 'p')
        trace += trace[2] ? 3 : 2;
    return trace;
}

#define FAILS "trouble = [\"verify=fail\"];"

static void the_best_findings_end_the_message(void **state)
{
    (void)state;
    bed b = bed_new();
    lay(&b, FAILS, kit_path("( %s )", bed_look(&b, 'd', "finds = [\"10 less\", \"60 " EXITED "\", \"90 " PORT "\"];")));
    assert_int_equal(bed_run(&b), 10);
    assert_string_equal(acts(&b), "ea va eb vb vd rb ra vc");
    const char *events = bed_events(&b);
    assert_contains(events, "\"type\":\"finding\",\"step\":\"d\"");
    assert_contains(events, "\"best\":[\"" PORT "\",\"" EXITED "\"]");
    assert_contains(events, "\"state\":\"rolled back\",\"reason\":\"" MESSAGE "\"");
    assert_contains(strstr(events, "\"type\":\"run.end\""), MESSAGE);
    bed_assert_untouched(&b);
}

static void what_was_found_is_kept_with_the_run(void **state)
{
    (void)state;
    bed b = bed_new();
    lay(&b, FAILS, kit_path("( %s )", bed_look(&b, 'd', "finds = \"90 " PORT "\";")));
    assert_int_equal(bed_run(&b), 10);
    assert_int_equal(bed_belay(&b, "show", NULL), 0);
    assert_contains(bed_events(&b), "; found: " PORT);
    assert_contains(bed_events(&b), "/d/findings.jsonl");
    assert_contains(bed_events(&b), "/b/failure.txt");
    char *page = kit_read(kit_output_of("sh", "-c", kit_path("printf %%s %s/runs/*/b/failure.txt", b.state), NULL));
    assert_contains(page, "found:\n   90  " PORT " (d)");
    free(page);
}

static void collectors_are_told_what_failed(void **state)
{
    (void)state;
    bed b = bed_new();
    lay(&b, FAILS, kit_path("( %s )", bed_look(&b, 'd', "")));
    assert_int_equal(bed_run(&b), 10);
    assert_contains(bed_events(&b),
                    "\"step\":\"d\",\"kind\":\"world.look\",\"stage\":\"diagnose\",\"phase\":\"verify\","
                    "\"level\":1,\"line\":\"told to do so\"");
    assert_contains(bed_events(&b), "\"best\":[]");
    assert_contains(bed_events(&b), "\"reason\":\"step 'b' failed in verify: told to do so\"");
}

static void only_those_that_answer_look(void **state)
{
    (void)state;
    static const struct {
        const char *answers;
        bool looks;
    } cases[] = {{"world.write", true}, {"world.*", true},      {"two", true},  {"b", true},
                 {"*", true},           {"world.check", false}, {"one", false}, {"a", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bed b = bed_new();
        lay(&b, FAILS, kit_path("( %s )", bed_look(&b, 'd', kit_path("answers = \"%s\";", cases[i].answers))));
        assert_int_equal(bed_run(&b), 10);
        assert_string_equal(acts(&b), cases[i].looks ? "ea va eb vb vd rb ra vc" : "ea va eb vb rb ra vc");
    }
}

static void a_collector_that_misbehaves_costs_its_time_and_no_more(void **state)
{
    (void)state;
    static const char *const troubles[] = {"hang", "nap", "crash", "exit", "fail", "retry", "no_data", "not_yet"};
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        bed b = bed_new();
        const char *bad =
            bed_look(&b, 'd', kit_path("trouble = [\"verify.end=%s\"]; finds = \"70 %s\";", troubles[i], EXITED));
        lay(&b, FAILS,
            kit_path("{ limit = \"2s\"; steps: ( %s, %s ); }", bad, bed_look(&b, 'e', "finds = \"90 " PORT "\";")));
        const int64_t begun = bed_now_ms();
        assert_int_equal(bed_run(&b), 10);
        if (bed_now_ms() - begun > 2000 + SPARE_MS)
            fail_msg("%s: it took %lld ms", troubles[i], (long long)(bed_now_ms() - begun));
        assert_contains(bed_events(&b), "\"best\":[\"" PORT "\",\"" EXITED "\"]"); /* said before the trouble */
        assert_contains(bed_trace(&b), "rb ra vc");
        bed_assert_untouched(&b);
    }
}

static void a_check_that_fails_is_a_finding_too(void **state)
{
    (void)state;
    bed b = bed_new();
    lay(&b, FAILS, kit_path("( %s )", bed_check(&b, 'd', "trouble = [\"verify=fail\"];")));
    assert_int_equal(bed_run(&b), 10);
    assert_string_equal(acts(&b), "ea va eb vb vd rb ra vc");
    assert_contains(bed_events(&b), "told to do so; found: told to do so");
}

static void what_is_no_finding_is_told_and_left_out(void **state)
{
    (void)state;
    bed b = bed_new();
    lay(&b, FAILS,
        kit_path("( %s )", bed_look(&b, 'd', "finds = [\"101 too heavy\", \"90 it\\\"s\", \"90 " PORT "\"];")));
    assert_int_equal(bed_run(&b), 10);
    assert_contains(bed_events(&b), "a line of its findings.jsonl is no finding");
    assert_contains(bed_events(&b), "\"best\":[\"" PORT "\"]");
}

static void a_secret_in_a_finding_is_masked(void **state)
{
    (void)state;
    bed b = bed_new();
    const char *file = kit_path("%s/secret", kit_folder());
    kit_write(file, "s3same-0pen");
    bed_pipeline(&b, kit_path("secrets: { t = { provider = \"file\"; path = \"%s\"; }; };\n"
                              "stages: ( { name = \"one\"; steps: ( %s ); } );\ndiagnose: ( %s );",
                              file, bed_write(&b, 'a', "token = \"${secret:t}\";" FAILS),
                              bed_look(&b, 'd', "finds = \"90 the password is s3same-0pen\";")));
    assert_int_equal(bed_run(&b), 10);
    assert_contains(bed_events(&b), "found: the password is [secret]");
    assert_null(strstr(bed_events(&b), "s3same"));
    assert_int_equal(kit_status_of("grep", "-r", "s3same", kit_path("%s/runs", b.state), NULL), 1);
}

static void it_looks_before_a_refusal_and_before_a_pause(void **state)
{
    (void)state;
    bed b = bed_new();
    const char *look = bed_look(&b, 'd', "finds = \"90 " PORT "\";");
    bed_pipeline(&b, kit_path("stages: ( { name = \"one\"; steps: ( %s, %s ); } );\ndiagnose: ( %s );",
                              bed_check(&b, 'c', FAILS), bed_write(&b, 'a', ""), look));
    assert_int_equal(bed_run(&b), 2);
    assert_contains(bed_events(&b), "\"state\":\"refused\",\"reason\":\"step 'c' failed in verify: told to do so; "
                                    "found: " PORT "\"");
    b = bed_new();
    lay(&b, "trouble = [\"verify=fail:1\"]; on_failure = \"pause\";", kit_path("( %s )", look));
    assert_int_equal(bed_run(&b), 3);
    assert_contains(bed_events(&b), "\"state\":\"paused\",\"reason\":\"step 'b' failed in verify: told to do so; "
                                    "found: " PORT "\"");
    assert_int_equal(bed_belay(&b, "resume", NULL), 0);
}

static void a_signal_cuts_it_short_and_a_second_one_stops_all(void **state)
{
    (void)state;
    for (int signals = 1; signals <= 2; signals++) {
        bed b = bed_new();
        lay(&b, FAILS,
            kit_path("{ limit = \"60s\"; steps: ( %s ); }", bed_look(&b, 'd', "trouble = [\"verify=hang\"];")));
        bed_start(&b, "run", b.file, NULL);
        bed_wait(&b, "vd");
        const int64_t begun = bed_now_ms();
        bed_signal(&b, SIGINT);
        if (signals == 2)
            bed_signal(&b, SIGTERM);
        const int status = bed_end(&b);
        assert_in_range(bed_now_ms() - begun, 0, SPARE_MS);
        if (signals == 1) {
            assert_int_equal(status, 10);
            assert_contains(bed_events(&b), "the rollback goes on");
        } else if (status != 10) { /* the first one was faster than the second: then all is taken back already */
            assert_int_equal(status, 20);
            assert_int_equal(bed_belay(&b, "resume", NULL), 10);
        }
        bed_assert_untouched(&b);
    }
}

static void killed_while_it_looks_it_goes_on_with_the_undo(void **state)
{
    (void)state;
    bed b = bed_new();
    lay(&b, FAILS, kit_path("{ limit = \"60s\"; steps: ( %s ); }", bed_look(&b, 'd', "trouble = [\"verify=hang\"];")));
    bed_start(&b, "run", b.file, NULL);
    bed_wait(&b, "vd");
    bed_signal(&b, SIGKILL);
    assert_int_equal(bed_end(&b), 128 + SIGKILL);
    bed_forget(&b);
    assert_int_equal(bed_belay(&b, "resume", NULL), 10);
    assert_string_equal(acts(&b), "rb ra vc");
    bed_assert_untouched(&b);
}

static void a_box_of_its_own_shows_once_it_ran(void **state)
{
    (void)state;
    static const char boxes[] = "checklist: { title = \"t\"; sections: ( { name = \"s\"; boxes: ( { id = \"1\"; text = "
                                "\"b\"; }, { id = \"T1\"; text = \"looked into\"; } ); } ); };\n";
    for (int fails = 0; fails < 2; fails++) {
        bed b = bed_new();
        bed_pipeline(&b, kit_path("%sstages: ( { name = \"one\"; steps: ( %s ); } );\ndiagnose: ( %s );", boxes,
                                  bed_write(&b, 'a', kit_path("covers = [\"1\"]; %s", fails ? FAILS : "")),
                                  bed_look(&b, 'd', "covers = [\"T1\"];")));
        assert_int_equal(bed_run(&b), fails ? 10 : 0);
        const char *program = kit_path("%s/bin/belay", getenv("BELAY_BUILD_DIR"));
        const char *page = kit_output_of(program, "checklist", "--state", b.state, NULL);
        assert_int_equal(strstr(page, "looked into") != NULL, fails);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_findings_end_the_message),
        cmocka_unit_test(what_was_found_is_kept_with_the_run),
        cmocka_unit_test(collectors_are_told_what_failed),
        cmocka_unit_test(only_those_that_answer_look),
        cmocka_unit_test(a_collector_that_misbehaves_costs_its_time_and_no_more),
        cmocka_unit_test(a_check_that_fails_is_a_finding_too),
        cmocka_unit_test(what_is_no_finding_is_told_and_left_out),
        cmocka_unit_test(a_secret_in_a_finding_is_masked),
        cmocka_unit_test(it_looks_before_a_refusal_and_before_a_pause),
        cmocka_unit_test(a_signal_cuts_it_short_and_a_second_one_stops_all),
        cmocka_unit_test(killed_while_it_looks_it_goes_on_with_the_undo),
        cmocka_unit_test(a_box_of_its_own_shows_once_it_ran),
    };
    return cmocka_run_group_tests_name("world, diagnosis", tests, NULL, NULL);
}
