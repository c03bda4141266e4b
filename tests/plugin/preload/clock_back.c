/* Sets the wall clock back by an hour for the process that it is preloaded into, or by the seconds in
 * BELAY_CLOCK_BACK_BY (negative: ahead), once the file BELAY_CLOCK_BACK is there. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int (*real)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))(size_t)dlsym(RTLD_NEXT, "clock_gettime");
    const char *file = getenv("BELAY_CLOCK_BACK"), *by = getenv("BELAY_CLOCK_BACK_BY");
    const int r = real(id, ret);
    if (r == 0 && id == CLOCK_REALTIME && file && access(file, F_OK) == 0)
        ret->tv_sec -= by ? atol(by) : 3600;
    return r;
}
