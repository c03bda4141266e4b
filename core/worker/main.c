#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "worker/inside.h"
#include "worker/wire.h"

static int is_socket(int fd)
{
    int type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type}) == 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("belay-worker " BELAY_VERSION);
        return EXIT_SUCCESS;
    }
    inside_manner manner = INSIDE_ALONE;
    if (argc == 2 && strcmp(argv[1], INSIDE_WATCHED) == 0)
        manner = INSIDE_IS_WATCHED;
    else if (argc == 2 && strcmp(argv[1], INSIDE_DEBUGGED) == 0)
        manner = INSIDE_IS_DEBUGGED;
    if (argc != 1 + (manner != INSIDE_ALONE) || !is_socket(INSIDE_TALK) || !is_socket(INSIDE_CONTROL)) {
        fputs("belay-worker runs one phase of one step. It is started by belay, not by hand.\n", stderr);
        return EXIT_FAILURE;
    }
    mem_on_exhausted("belay-worker: out of memory\n", WIRE_EXHAUSTED);
    return inside_supervise(manner);
}
