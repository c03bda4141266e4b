/** @file compose_program.h  The Compose program, ready to run: for the files compose*.c alone. */
#ifndef DOCKER_COMPOSE_PROGRAM_H
#define DOCKER_COMPOSE_PROGRAM_H

#include "compose.h"

#define COMPOSE_TIMEOUT_MS 60000

struct compose {
    engine *engine;
    compose_args program; /* {"docker-compose"} or {"docker", "compose"}, then what all commands share */
    compose_args env;     /* the strings belong to it */
    json_t *files;        /* array: the compose files, as Compose is told them */
    char *names;          /* "a.yml, b.yml": the files, for people */
    char *dir;            /* the project's folder */
    char *warnings;
    json_t *config;
};

/** Finds the program, the project's folder and the compose files. *ret_found: false when there is no compose file;
 * E_FAIL when one that is named does not exist. */
belay_status compose_prepare(engine *e, compose **ret, bool *ret_found) __attribute__((warn_unused_result));
/** The files that the step reads, as Compose itself chooses them; see compose_files.c. */
belay_status compose_find_files(compose *c) __attribute__((warn_unused_result));

#endif
