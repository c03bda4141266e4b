/* A plugin that acts as soon as it is loaded. */
#include <belay/plugin.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined BELAY_TEST_SHARES
/* As shm_open() does: /dev/shm is a folder like any other. Opening /dev/null is no deed. */
__attribute__((constructor)) static void act(void)
{
    close(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    unlink("/dev/shm/belay-test-constructor");
}
#elif defined BELAY_TEST_TALKS
__attribute__((constructor)) static void act(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return;
    close(pair[0]);
    close(pair[1]);
}
#else
__attribute__((constructor)) static void act(void)
{
    unlink("/nonexistent/belay");
}
#endif

static belay_status verify(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return BELAY_OK;
}

static const belay_step steps[] = {
    {.name = "step", .doc = "Holds always.", .flags = BELAY_S_READ_ONLY, .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = BELAY_TEST_NAME, .version = "1", .doc = "Cannot wait.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
