/* docker.stats: what real containers use, and how often they restart. */
#include <math.h>
#include <time.h>

#include "docker_world.h"
#include "meanwhile.h"

static docker_world world(const char *services)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, services, "");
    docker_world_compose(&w, "build", "--quiet");
    docker_world_compose(&w, "up", "-d");
    return w;
}

static kit_step *stats(const docker_world *w, const char *window)
{
    kit_step *s = docker_world_step(w, "docker.stats");
    kit_set(s, "window", window);
    kit_set(s, "sample_every", "500ms");
    return s;
}

static void a_busy_one_and_a_fat_one_are_told_apart(void **state)
{
    (void)state;
    docker_world w = world("  busy: {build: ., image: $P-app, command: [burn, '600'], mem_limit: 64m}\n"
                           "  fat: {build: ., image: $P-app, command: [eat, '40'], mem_limit: 64m}\n"
                           "  done: {build: ., image: $P-app, command: [exit, '0']}\n");
    kit_step *s = stats(&w, "5s");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    if (kit_run(s, KIT_VERIFY) != BELAY_OK)
        fail_msg("%s", kit_summary(s));
    double busy = kit_measured(s, "cpu/busy"), fat = kit_measured(s, "cpu/fat");
    if (!(busy > 0.5 && busy < 150 && busy > 4 * fat)) /* a machine at its limit gives little of a CPU to anybody */
        fail_msg("busy %g %%, fat %g %%", busy, fat);
    assert_true(kit_measured(s, "cpu_peak/busy") >= kit_measured(s, "cpu/busy"));
    assert_true(kit_measured(s, "memory/fat") > 40e6 && kit_measured(s, "memory/fat") < 60e6);
    assert_true(kit_measured(s, "memory/busy") < 10e6);
    double share = 100 * kit_measured(s, "memory/fat") / (64 << 20);
    assert_true(fabs(kit_measured(s, "memory_share/fat") - share) < 0.01);
    assert_true(kit_measured(s, "restarts/fat") == 0);
    assert_true(isnan(kit_measured(s, "cpu/done")));
    kit_step_free(s);
    docker_world_free(&w);
}

static void restarts_in_the_window_are_counted(void **state)
{
    (void)state;
    /* The engine doubles its pause before each restart: short lives would soon be mostly pause. */
    docker_world w = world("  app: {build: ., image: $P-app}\n"
                           "  sick: {build: ., image: $P-app, command: [nap, '4', exit, '1'], restart: always}\n");
    kit_step *s = stats(&w, "15s");
    kit_set(s, "min_samples", "2");
    pid_t by_hand = meanwhile(kit_path("sleep 2; docker restart -t 0 %s-app-1", w.project));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    meanwhile_end(by_hand);
    assert_true(kit_measured(s, "restarts/sick") >= 1);
    assert_true(kit_measured(s, "restarts/app") == 1);
    kit_step_free(s);
    docker_world_free(&w);
}

static void the_window_ends_with_a_container_that_ends(void **state)
{
    (void)state;
    docker_world w =
        world("  app: {build: ., image: $P-app}\n  sick: {build: ., image: $P-app, command: [nap, '4', exit, "
              "'3']}\n");
    kit_step *s = stats(&w, "2m");
    kit_limit(s, 180000);
    const time_t begin = time(NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_true(time(NULL) - begin < 60);
    assert_holds(kit_summary(s), "ran when the window began and does not run any more (exited), exit code 3");
    kit_step_free(s);
    docker_world_free(&w);
}

static void restarts_since_a_baseline_are_counted(void **state)
{
    (void)state;
    docker_world w = world("  app: {build: ., image: $P-app}\n  other: {build: ., image: $P-app}\n");
    kit_step *before = stats(&w, "3s"), *after = stats(&w, "3s");
    kit_set(before, "min_samples", "2");
    kit_set(after, "min_samples", "2");
    assert_int_equal(kit_run(before, KIT_VERIFY), BELAY_OK);
    kit_set(after, "baseline", kit_output(before, "starts"));
    assert_int_equal(kit_run(after, KIT_PREPARE), BELAY_OK);
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(after, "restarts/app") == 0);
    docker_says("restart", "-t", "0", kit_path("%s-app-1", w.project));
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(after, "restarts/app") == 1);
    assert_true(kit_measured(after, "restarts/other") == 0);
    kit_set(after, "baseline", "yesterday");
    assert_int_equal(kit_run(after, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(before);
    kit_step_free(after);
    docker_world_free(&w);
}

/* Of a step that has run: how the world is measured again, against its baseline. */
static kit_step *again(const docker_world *w, const kit_step *before)
{
    kit_step *s = stats(w, "2s");
    kit_set(s, "min_samples", "1");
    if (before)
        kit_set(s, "baseline", kit_output(before, "starts"));
    return s;
}

static void one_that_has_stopped_since_the_baseline_fails(void **state)
{
    (void)state;
    docker_world w = world("  app: {build: ., image: $P-app}\n  other: {build: ., image: $P-app}\n");
    kit_step *before = again(&w, NULL);
    assert_int_equal(kit_run(before, KIT_VERIFY), BELAY_OK);
    kit_step *after = again(&w, before), *app_alone = again(&w, before);
    kit_set_list(app_alone, "services", "app", NULL);
    docker_says("kill", kit_path("%s-other-1", w.project));
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(after),
                        kit_path("other (%s-other-1) ran when the baseline was taken and does not run any more "
                                 "(exited), exit code 137",
                                 w.project));
    docker_says("rm", kit_path("%s-other-1", w.project));
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(after), "other ran when the baseline was taken, and its container is gone");
    assert_int_equal(kit_run(app_alone, KIT_VERIFY), BELAY_OK);
    docker_says("kill", kit_path("%s-app-1", w.project));
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_E_FAIL); /* though nothing is left to measure */
    assert_int_equal(kit_run(app_alone, KIT_VERIFY), BELAY_E_FAIL);
    docker_world_compose(&w, "up", "-d", "--force-recreate"); /* others in their place */
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(after, "restarts/other") == 1);
    kit_step_free(before);
    kit_step_free(after);
    kit_step_free(app_alone);
    docker_world_free(&w);
}

static void one_of_several_that_has_stopped_since_the_baseline_fails(void **state)
{
    (void)state;
    docker_world w = world("  app: {build: ., image: $P-app}\n");
    docker_world_compose(&w, "up", "-d", "--scale", "app=2");
    kit_step *before = again(&w, NULL);
    assert_int_equal(kit_run(before, KIT_VERIFY), BELAY_OK);
    kit_step *after = again(&w, before);
    docker_says("rm", "-f", kit_path("%s-app-2", w.project));
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_E_FAIL);
    assert_holds(kit_summary(after), kit_path("%s-app-2 ran when the baseline was taken", w.project));
    docker_world_compose(&w, "up", "-d", "--scale", "app=3");
    assert_int_equal(kit_run(after, KIT_VERIFY), BELAY_OK);
    kit_step_free(before);
    kit_step_free(after);
    docker_world_free(&w);
}

static void one_that_ends_in_the_window_fails(void **state)
{
    (void)state;
    docker_world w = world("  app: {build: ., image: $P-app}\n"
                           "  brief: {build: ., image: $P-app, command: [nap, '6', exit, '3']}\n");
    kit_step *s = stats(&w, "9s");
    kit_set(s, "min_samples", "1");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_string_equal(kit_summary(s), kit_path("brief (%s-brief-1) ran when the window began and does not run any "
                                                 "more (exited), exit code 3",
                                                 w.project));
    assert_true(kit_measured(s, "memory/app") > 0);
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_does_not_run_is_no_data(void **state)
{
    (void)state;
    docker_world w =
        world("  app: {build: ., image: $P-app}\n  done: {build: ., image: $P-app, command: [exit, '0']}\n");
    kit_step *s = stats(&w, "4s");
    kit_set_list(s, "services", "app", "done", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    assert_holds(kit_summary(s), "too few samples, wanted are 3 of each container: done: 0");
    kit_set_list(s, "services", "nothing", NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_NO_DATA);
    assert_holds(kit_summary(s), "has no container of service nothing");
    kit_step_free(s);
    docker_world_free(&w);
}

static void one_that_is_removed_meanwhile_is_an_error(void **state)
{
    (void)state;
    docker_world w = world("  app: {build: ., image: $P-app}\n");
    kit_step *s = stats(&w, "5s");
    pid_t trouble = meanwhile(kit_path("sleep 1; docker rm -f %s-app-1", w.project));
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_RETRY);
    meanwhile_end(trouble);
    assert_holds(kit_summary(s), "was removed during the window");
    kit_step_free(s);
    docker_world_free(&w);
}

static void several_containers_of_a_service_have_a_figure_each(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    docker_world_services(&w, "  app: {build: ., image: $P-app}\n", "");
    docker_world_compose(&w, "build", "--quiet");
    docker_world_compose(&w, "up", "-d", "--scale", "app=2");
    kit_step *s = stats(&w, "4s");
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_OK);
    assert_true(kit_measured(s, kit_path("memory/%s-app-1", w.project)) > 0);
    assert_true(kit_measured(s, kit_path("memory/%s-app-2", w.project)) > 0);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    kit_set(s, "window", "60s");
    assert_int_equal(kit_run_cancelled(s, KIT_VERIFY, 1500), BELAY_E_CANCELLED);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec <= 20);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_window_without_room_for_the_samples_is_refused(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_step *s = stats(&w, "2s");
    kit_set(s, "min_samples", "6");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "min_samples");
    kit_set(s, "min_samples", "5");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    kit_step_free(s);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_one_and_a_fat_one_are_told_apart),
        cmocka_unit_test(restarts_in_the_window_are_counted),
        cmocka_unit_test(the_window_ends_with_a_container_that_ends),
        cmocka_unit_test(restarts_since_a_baseline_are_counted),
        cmocka_unit_test(one_that_has_stopped_since_the_baseline_fails),
        cmocka_unit_test(one_of_several_that_has_stopped_since_the_baseline_fails),
        cmocka_unit_test(one_that_ends_in_the_window_fails),
        cmocka_unit_test(one_that_does_not_run_is_no_data),
        cmocka_unit_test(one_that_is_removed_meanwhile_is_an_error),
        cmocka_unit_test(several_containers_of_a_service_have_a_figure_each),
        cmocka_unit_test(a_window_without_room_for_the_samples_is_refused),
    };
    return cmocka_run_group_tests_name("docker.stats", tests, NULL, docker_world_teardown);
}
