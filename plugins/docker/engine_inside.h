/** @file engine_inside.h  What an engine holds: for engine.c and engine_open.c alone. */
#ifndef DOCKER_ENGINE_INSIDE_H
#define DOCKER_ENGINE_INSIDE_H

#include <curl/curl.h>

#include "engine.h"

struct engine {
    call call;
    address address;
    const char *socket; /* path of the unix socket, or NULL; borrowed from the address */
    char *base;         /* "http://engine" or "https://host:port" */
    char *api;          /* "1.41", NULL until agreed */
    json_t *version;
    CURLM *multi;
};

#endif
