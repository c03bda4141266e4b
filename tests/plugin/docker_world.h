/** @file docker_world.h  A Compose project of a test's own on the real engine; everything it made goes with it. */
#ifndef TESTS_DOCKER_WORLD_H
#define TESTS_DOCKER_WORLD_H

#include <string.h>

#include "kit.h"

typedef struct docker_world {
    const char *project; /**< "belay-test-PID-N" */
    const char *dir;     /**< holds docker-compose.yml, Dockerfile and the program tiny */
} docker_world;

/** Called first: this program's worlds stand on kit_docker_own(), which has no networks: containers are created there,
 * not started. */
void docker_world_own_engine(void);
docker_world docker_world_new(void);
void docker_world_free(docker_world *w);
/** Group teardown: frees the worlds of tests that failed midway. */
int docker_world_teardown(void **state);

/** Writes docker-compose.yml. Services are lines like "  app: {image: ...}"; $P stands for the project's name. */
void docker_world_services(const docker_world *w, const char *services, const char *rest);
/** Writes the Dockerfile of a version: FROM scratch, the program, a label that makes its id differ. */
void docker_world_version(const docker_world *w, const char *version);
/** `docker compose` in the world: fails the test unless it exits 0. */
#define docker_world_compose(w, ...)                                                                                   \
    kit_output_of("docker-compose", "--project-directory", (w)->dir, "-f",                                             \
                  kit_path("%s/docker-compose.yml", (w)->dir), __VA_ARGS__, NULL)
/** What `docker` says, without its last newline. */
#define docker_says(...) docker_world_trim(kit_output_of("docker", __VA_ARGS__, NULL))
const char *docker_world_trim(const char *output);
/** The lines of a text in order. */
const char *docker_world_sorted(const char *text);

/** A new step of a kind, with its world's options; each has a step id of its own. */
kit_step *docker_world_step(const docker_world *w, const char *kind);

/** The project's containers (name, service, image reference, image id, state, labels, mounts, networks, aliases,
 * restart policy, environment), networks, volumes, and image tags, in one text: equal texts are equal worlds. Ids of
 * containers do not count. */
const char *docker_world_state(const docker_world *w);
/** Fails the test, showing the first difference, unless the world's state is as it was. */
void docker_world_same(const docker_world *w, const char *before);
/** Is there such a thing? kind: "image", "container", "volume". */
bool docker_world_has(const char *kind, const char *name);
/** Runs a phase that has to end well, else fails the test with what it said. */
void docker_world_must(kit_step *s, kit_phase phase);
/** The id of a container or image. */
const char *docker_world_id(const char *name);

/** assert that text holds part, printing both when it does not. */
#define assert_holds(text, part)                                                                                       \
    do {                                                                                                               \
        if (!strstr((text), (part)))                                                                                   \
            fail_msg("'%s' is not in: %s", (part), (text));                                                            \
    } while (0)

#endif
