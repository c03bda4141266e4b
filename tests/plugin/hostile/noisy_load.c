/* Prints as soon as it is loaded, and again when its process ends. */
#include <belay/plugin.h>

#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void print(void)
{
    puts("hello from the constructor");
    fflush(stdout);
    ssize_t n = write(STDERR_FILENO, "{\"type\":\"result\",\"status\":0}\n", 29);
    (void)n;
}

__attribute__((destructor)) static void print_too(void)
{
    puts("hello from the destructor");
}

static belay_status ok(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return BELAY_OK;
}

static const belay_step steps[] = {{.name = "check", .doc = "Passes.", .flags = BELAY_S_READ_ONLY, .verify = ok}};
static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "noisy_load", .version = "1", .doc = "Prints.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
