#include "conform/debugger.h"

#include "base/mem.h"
#include "base/program.h"

int debugger_find(error **err)
{
    if (program_in_path("gdb"))
        return 0;
    (void)error_set(err, ERROR_NOT_FOUND, "gdb is not in PATH");
    return error_hint(err, "apt-get install gdb");
}

static void on_end(uv_process_t *process, int64_t status, int signal)
{
    debugger *d = process->data;
    (void)status;
    (void)signal;
    sigaction(SIGINT, &d->interrupt, NULL);
    d->running = false;
    uv_close((uv_handle_t *)process, NULL);
}

int debugger_start(debugger *d, uv_loop_t *loop, const char *what, int pid, const char *entry, error **err)
{
    guard_mem char *process = mem_printf("%d", pid), *stop = mem_printf("tbreak *%s", entry);
    guard_mem char *title = mem_printf("echo gdb: %s\\n", what);
    const char *const argv[] = {"gdb", "-q", "-p", process, "-ex", title, "-ex", stop, "-ex", "continue", NULL};
    uv_stdio_container_t streams[3];
    for (int fd = 0; fd < 3; fd++)
        streams[fd] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = fd};
    const uv_process_options_t options = {
        .exit_cb = on_end, .file = argv[0], .args = (char **)(uintptr_t)argv, .stdio_count = 3, .stdio = streams};
    d->process.data = d;
    int r = uv_spawn(loop, &d->process, &options);
    if (r < 0) {
        uv_close((uv_handle_t *)&d->process, NULL);
        return error_set(err, ERROR_IO, "start gdb: %s", uv_strerror(r));
    }
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignore, &d->interrupt);
    d->running = true;
    return 0;
}
