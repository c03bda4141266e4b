/* A soak over real containers: one that leaks is told from one that is only large. */
#include "docker_world.h"
#undef assert_holds /* run.h's prints both texts on lines of their own */
#include "run.h"

static const char *watching(const docker_world *w)
{
    const char *path = kit_path("%s/leak.cfg", w->dir);
    kit_write(
        path,
        kit_path(
            "pipeline: { name = \"app\"; environment = \"%s\"; version = \"v2\"; previous = \"v1\"; };\n"
            "stages: ( { name = \"all\"; steps: (\n"
            "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
            "  { id = \"memory\"; use = \"docker.stats\"; project = \"%s\"; project_dir = \"%s\";\n"
            "    window = \"200ms\"; sample_every = \"200ms\"; min_samples = 2; soak = \"8s\"; interval = \"300ms\";\n"
            "    max_gaps = 100; fail_if = [\"slope(memory) > 100MB/h\"]; } ); } );\n",
            w->project, w->project, w->dir));
    return path;
}

static docker_world world(const char *services)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, services, "");
    docker_world_compose(&w, "build", "--quiet");
    docker_world_compose(&w, "up", "-d");
    return w;
}

static void a_container_that_leaks_takes_the_run_back(void **state)
{
    (void)state;
    docker_world w = world("  steady: {build: ., image: $P-app, command: [eat, '30']}\n"
                           "  leaky: {build: ., image: $P-app, command: [leak, '64']}\n");
    outcome o = belay("run", watching(&w), NULL);
    assert_int_equal(o.status, 10);
    assert_holds(o.out, "verify: slope(memory/leaky) is ");
    assert_holds(o.out, "GB/h (> 100MB/h)");
    docker_world_free(&w);
}

static void containers_that_are_only_large_pass(void **state)
{
    (void)state;
    docker_world w = world("  steady: {build: ., image: $P-app, command: [eat, '30']}\n"
                           "  idle: {build: ., image: $P-app}\n");
    outcome o = belay("run", watching(&w), NULL);
    if (o.status != 0)
        fail_msg("%s%s", o.out, o.err);
    assert_holds(belay("show", "latest", "--format", "json", NULL).out, "slope(memory/steady)");
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_that_leaks_takes_the_run_back),
        cmocka_unit_test(containers_that_are_only_large_pass),
    };
    return cmocka_run_group_tests_name("leak", tests, NULL, docker_world_teardown);
}
