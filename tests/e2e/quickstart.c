/* The quickstart as its README tells it: v2 goes live, v3 is taken back, and bad input is refused with nothing touched.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"

static const char *root, *pipeline, *url;

static const char *example(const char *name)
{
    return kit_path("%s/examples/quickstart/%s", getenv("BELAY_SOURCE_DIR"), name);
}

static int set_up(void **state)
{
    (void)state;
    root = kit_path("%s/site", kit_folder());
    pipeline = example("quickstart.cfg");
    const char *port = kit_path("%d", kit_free_port());
    url = kit_path("http://127.0.0.1:%s", port);
    return kit_status_of(example("setup"), root, port, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    return kit_status_of(example("setup"), "--stop", root, NULL);
}

static outcome deploy(const char *command, const char *version, const char *previous)
{
    return belay(command, pipeline, "--set", kit_path("vars.root=%s", root), "--set", kit_path("vars.url=%s", url),
                 "--set", kit_path("pipeline.version=%s", version), "--set", kit_path("pipeline.previous=%s", previous),
                 NULL);
}

/* What is deployed: the link, the release folders, the checkout. */
static const char *world(void)
{
    return kit_path("%s%s%s", kit_output_of("readlink", kit_path("%s/current", root), NULL),
                    kit_output_of("ls", kit_path("%s/releases", root), NULL),
                    kit_output_of("git", "-C", kit_path("%s/site", root), "rev-parse", "HEAD", NULL));
}

static void plan_touches_nothing(void **state)
{
    (void)state;
    const char *before = world();
    outcome o = deploy("plan", "v2", "v1");
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "switch");
    assert_string_equal(world(), before);
    assert_holds(belay("history", NULL).out, "No runs are recorded yet.");
}

static void bad_input_is_refused_with_nothing_touched(void **state)
{
    (void)state;
    const char *before = world();
    outcome o = deploy("run", "v9", "v1");
    assert_int_equal(o.status, 2);
    assert_holds(o.out, "v9");
    kit_write(kit_path("%s/site/index.html", root), "edited by hand");
    o = deploy("run", "v2", "v1");
    assert_int_equal(o.status, 2);
    assert_holds(o.out, "index.html");
    kit_output_of("git", "-C", kit_path("%s/site", root), "checkout", "-q", "--", "index.html", NULL);
    assert_string_equal(world(), before);
}

static void a_good_release_is_committed(void **state)
{
    (void)state;
    outcome o = deploy("run", "v2", "v1");
    assert_int_equal(o.status, 0);
    assert_holds(world(), "releases/v2\n");
    assert_holds(belay("status", NULL).out, "local: v2");
    assert_holds(belay("show", "latest", NULL).out, "committed");
    assert_holds(belay("show", "latest", "--format", "junit", NULL).out, "<testsuite");
}

static void a_broken_release_is_taken_back(void **state)
{
    (void)state;
    const char *before = world();
    outcome o = deploy("run", "v3", "v2");
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "health");
    assert_string_equal(world(), before);
    assert_holds(belay("status", NULL).out, "local: v2");
}

static void a_committed_run_is_taken_back_by_hand(void **state)
{
    (void)state;
    outcome o = belay("rollback", "latest", NULL); /* the newest run was rolled back already */
    assert_int_not_equal(o.status, 10);
    const char *history = belay("history", NULL).out;
    const char *line = strstr(history, "committed");
    assert_non_null(line);
    while (line > history && line[-1] != '\n')
        line--;
    const char *run = kit_path("%.20s", line);
    o = belay("rollback", run, NULL);
    assert_int_equal(o.status, 10);
    assert_holds(world(), "releases/v1\n");
}

static void json_is_one_event_a_line(void **state)
{
    (void)state;
    outcome o = belay("run", pipeline, "--json", "--set", kit_path("vars.root=%s", root), "--set",
                      kit_path("vars.url=%s", url), NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "\"run.start\"");
    assert_holds(o.out, "\"run.end\"");
    char *copy = strdup(o.out), *rest = copy, *line;
    while ((line = strsep(&rest, "\n")))
        assert_true(!*line || (line[0] == '{' && line[strlen(line) - 1] == '}'));
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_touches_nothing),
        cmocka_unit_test(bad_input_is_refused_with_nothing_touched),
        cmocka_unit_test(a_good_release_is_committed),
        cmocka_unit_test(a_broken_release_is_taken_back),
        cmocka_unit_test(a_committed_run_is_taken_back_by_hand),
        cmocka_unit_test(json_is_one_event_a_line),
    };
    return cmocka_run_group_tests_name("quickstart", tests, set_up, tear_down);
}
