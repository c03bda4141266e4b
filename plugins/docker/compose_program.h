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
    char separator; /* between project and service in the names that Compose gives: '-', or '_' when it is to be
                       compatible */
    json_t *config;
};

/** Finds the program, the project's folder and the compose files. *ret_found: false when there is no compose file;
 * E_FAIL when some of
 * several do not exist. */
belay_status compose_prepare(engine *e, compose **ret, bool *ret_found) __attribute__((warn_unused_result));
/** E_CONFIG when Compose would refuse the option project: its containers would be sought in vain. */
belay_status compose_check_project(const call *c) __attribute__((warn_unused_result));
/** Explains that there is no compose file: E_FAIL, or E_CONFIG without a folder. */
belay_status compose_no_file(const compose *c);
/** The program's version, "2.40.3", or what it said instead. The caller frees. */
belay_status compose_version(compose *c, char **ret) __attribute__((warn_unused_result));
/** The files that the step reads, as Compose itself chooses them; see compose_files.c. */
belay_status compose_find_files(compose *c) __attribute__((warn_unused_result));

#endif
