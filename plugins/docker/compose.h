/**
 * @file compose.h
 * The `docker compose` program, for what only Compose knows: its file's meaning, building, bringing up.
 * Run by argument vector, as `docker-compose` from PATH or else `docker compose`; version 2 is needed.
 */
#ifndef DOCKER_COMPOSE_H
#define DOCKER_COMPOSE_H

#include "engine.h"

typedef struct compose compose;

/** Finds the program and reads the configuration that the options project_dir, file, project, env_file, env and
 * profiles describe. Explained by Compose's own message when it refuses: E_FAIL; E_RETRY when there is no usable
 * Compose. The engine is borrowed, and not asked. */
belay_status compose_open(engine *e, compose **ret) __attribute__((warn_unused_result));
/** The same with all profiles enabled: every service that the files have. *ret stays NULL when there is no compose
 * file. */
belay_status compose_open_whole(engine *e, compose **ret) __attribute__((warn_unused_result));
void compose_free(compose *c);
/** Explains that there is no compose file: E_FAIL, or E_CONFIG without a folder. */
belay_status compose_no_file(engine *e);
/** Compares the files with those that the project's containers were made from, by Compose's label. E_FAIL, explained,
 * when they differ and the option other_files does not allow it; when acting, only if one of those is still there and
 * would be left out: what else differs, the release itself brought, and is a warning. */
belay_status compose_check_files(compose *c, bool acting) __attribute__((warn_unused_result));
/** The same for a prepare that keeps no compose; BELAY_OK when Compose does not read the files now. */
belay_status compose_check_files_now(engine *e) __attribute__((warn_unused_result));

/** The project's name without a compose of one's own: the option project, or what Compose says. The caller frees. */
belay_status compose_project_name(engine *e, char **ret) __attribute__((warn_unused_result));

/** The project's name. Borrowed, like all below. */
const char *compose_project(const compose *c);
/** Object: service -> its configuration. */
json_t *compose_services(const compose *c);
/** Set of the volumes that the services use, by the names that the engine knows them by. The caller decrefs. */
json_t *compose_volumes(const compose *c);
/** The image reference of a service: what it says, or Compose's default PROJECT-SERVICE. The caller frees. */
char *compose_image(const compose *c, const char *service);
/** How many containers a service shall have: `scale`, `deploy.replicas`, or 1. */
int64_t compose_scale(const compose *c, const char *service);
/** The compose files' paths, separated by ", ". */
const char *compose_files(const compose *c);
/** The warnings that Compose printed while it read the file; "" for none. */
const char *compose_warnings(const compose *c);

/** Which services a list option stands for when it is empty, and which it may name. */
typedef enum compose_choice {
    COMPOSE_ALL,           /**< all; any */
    COMPOSE_BUILT,         /**< those with a build section; only such */
    COMPOSE_BUILT_OR_NAMED /**< those with a build section; any */
} compose_choice;
/** The services that a list option means, as a set. E_CONFIG, explained, when it names what it may not. The caller
 *  decrefs. */
belay_status compose_select(compose *c, const char *option, compose_choice choice, json_t **ret)
    __attribute__((warn_unused_result));
/** For prepare: the file on disk may still be the previous release's, so what is missing or refused now is only a
 * warning. *ret_compose: NULL when Compose refuses the file. *ret_services: what the option will mean, as far as is
 * known. */
belay_status compose_plan(engine *e, const char *option, compose_choice choice, compose **ret_compose,
                          json_t **ret_services) __attribute__((warn_unused_result));
/** "a, b, c" of a set; "all services" when it is empty. The caller frees. */
char *compose_list(json_t *services);
/** The set and all that it depends on. The caller decrefs. */
json_t *compose_with_dependencies(const compose *c, json_t *services);
/** Object: service -> the hash that Compose would write on its container. The caller decrefs. */
belay_status compose_hashes(compose *c, json_t **ret) __attribute__((warn_unused_result));

/** Explains why `compose config` failed: E_FAIL, or E_RETRY when it is no Compose version 2. */
belay_status compose_refused(compose *c, const belay_run *config);

/** Runs compose with the common arguments and `args` (NULL-terminated). The caller filled io but for argv and env. */
belay_status compose_run(compose *c, belay_run *io, const char *const *args) __attribute__((warn_unused_result));

/** The argument list of a command: fixed words, then names. */
typedef struct compose_args {
    const char **items;
    size_t count, room;
} compose_args;
void compose_args_add(compose_args *a, const char *word);
void compose_args_done(compose_args *a);
#define guard_args __attribute__((cleanup(compose_args_done))) compose_args

static inline void compose_guard_(compose **c)
{
    compose_free(*c);
}
#define guard_compose __attribute__((cleanup(compose_guard_))) compose

#endif
