/* Names that a step makes of its database's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "say/character.h"
#include "server.h"

#define STEP_ROOM 16 /* bytes of a step's id in a derived name */

uint64_t server_hash(uint64_t hash, const char *bytes)
{
    for (const char *p = bytes; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
    return hash;
}

/* "_WORD_RUN" */
static void write_tail(const server *s, const char *word, char ret[SERVER_NAME])
{
    const char *run = s->h->fact(s->c, "run.id");
    snprintf(ret, SERVER_NAME - STEP_ROOM - 8, "_%s_%s", word, run && *run ? run : "RUN");
    for (char *p = ret; *p; p++)
        if (*p == '-')
            *p = '_';
}

/* "_STEP"; of a long id its beginning, and a sum by which it differs from the others. */
static void add_step(const server *s, char tail[SERVER_NAME])
{
    const char *step = s->h->fact(s->c, "step.id");
    const size_t length = strlen(tail);
    if (!step || !*step)
        return;
    if (strlen(step) < STEP_ROOM)
        snprintf(tail + length, SERVER_NAME - length, "_%s", step);
    else
        snprintf(tail + length, SERVER_NAME - length, "_%.*s~%06" PRIx64, STEP_ROOM - 8, step,
                 server_hash(SERVER_HASH_BEGIN, step) & 0xffffff);
}

void server_derive(const server *s, const char *word, char ret[SERVER_NAME])
{
    char tail[SERVER_NAME];
    write_tail(s, word, tail);
    add_step(s, tail);
    const size_t room = SERVER_NAME - 1 - strlen(tail);
    size_t length = 0;
    for (size_t n; s->database[length]; length += n) { /* a character is not cut in two */
        n = character_length(s->database + length);
        n = n ? n : 1;
        if (length + n > room)
            break;
    }
    memcpy(ret, s->database, length);
    memcpy(ret + length, tail, strlen(tail) + 1);
}

void server_derive_next(const server *s, const char *word, int n, char ret[SERVER_NAME])
{
    char numbered[16];
    snprintf(numbered, sizeof numbered, n > 1 ? "%s%d" : "%s", word, n);
    server_derive(s, numbered, ret);
}

/* The part before the word may be cut. */
static bool is_base(const server *s, const char *name, size_t length)
{
    return strncmp(name, s->database, length) == 0 && (s->database[length] == '\0' || strlen(name) + 4 >= SERVER_NAME);
}

bool server_derives(const server *s, const char *word, const char *name)
{
    char derived[SERVER_NAME], tail[SERVER_NAME];
    for (int n = 1; n <= SERVER_DERIVED; n++) {
        snprintf(derived, sizeof derived, n > 1 ? "%s%d" : "%s", word, n);
        write_tail(s, derived, tail);
        const char *at = strstr(name, tail), *after = at ? at + strlen(tail) : "?";
        if ((*after == '_' || *after == '\0') && is_base(s, name, (size_t)(at - name)))
            return true;
    }
    return false;
}
