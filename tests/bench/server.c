/* The server that the row `load` of tests/bench/run measures with; prints its port. busy.h tells its paths. */
#include <stdio.h>

#include "busy.h"

int main(void)
{
    int port = 0, fd = busy_listen(0, &port);
    if (fd < 0) {
        perror("server");
        return 1;
    }
    printf("%d\n", port);
    fflush(stdout);
    busy_serve(fd);
}
