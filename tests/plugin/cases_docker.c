/* The plugin docker keeps every promise that a case can tell, on a real engine. */
#include <stdlib.h>

#include "cases.h"
#include "docker_world.h"
#include "kit.h"

/* What a case cannot tell, and why. */
static const unproved list[] = {
    /* Whatever stands for a service gives way to the containers of before; its log is kept. */
    {"D5", "docker.up", "the case has no 'foreign'"},
    /* The archive stays when the run is taken back. */
    {"D4", "docker.volume_backup", "execute changes nothing in world/"},
    {"C1", "docker.volume_backup", "execute changes nothing in world/"},
    {"C3", "docker.volume_backup", "execute changes nothing in world/"},
    {"D5", "docker.volume_backup", "the case has no 'foreign'"},
    {0},
};

static void docker_keeps_its_promises(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    setenv("BELAY_CASE_DOCKER", w.project, 1);
    cases_check("docker", 6, list);
    docker_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_keeps_its_promises),
    };
    return cmocka_run_group_tests_name("the cases of docker", tests, NULL, docker_world_teardown);
}
