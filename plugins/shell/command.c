#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell.h"

#define TAIL_BYTES 1200
#define TAIL_LINES 12

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static bool is_executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool command_is_in_path(const char *name)
{
    const char *list = getenv("PATH");
    char path[4096];
    while (list && *list) {
        size_t n = strcspn(list, ":");
        (void)snprintf(path, sizeof path, "%.*s/%s", (int)n, list, name);
        if (is_executable(path))
            return true;
        list += n + (list[n] == ':');
    }
    return false;
}

static belay_status check_folder(belay_ctx *c, const belay_host *h)
{
    struct stat st;
    const char *cwd = h->pending(c, "cwd") ? NULL : h->opt_str(c, "cwd");
    if (!cwd || (stat(cwd, &st) == 0 && S_ISDIR(st.st_mode)))
        return BELAY_OK;
    return say_option(c, h, BELAY_E_FAIL, "cwd", NULL, "there is no folder '%s'", cwd);
}

belay_status command_check(belay_ctx *c, const belay_host *h, const char *option)
{
    const char *program = *h->opt_list(c, option), *cwd = h->opt_str(c, "cwd");
    char path[4096];
    if (h->pending(c, option) || h->pending(c, "cwd"))
        return BELAY_OK;
    if (!program || !*program)
        return say_option(c, h, BELAY_E_CONFIG, option, "write [\"program\", \"argument\", ...]",
                          "no program is named");
    belay_status s = check_folder(c, h);
    if (s != BELAY_OK)
        return s;
    bool relative = program[0] != '/' && strchr(program, '/');
    (void)snprintf(path, sizeof path, "%s%s%s", relative && cwd ? cwd : "", relative && cwd ? "/" : "", program);
    if (strchr(program, '/') ? is_executable(path) : command_is_in_path(program))
        return BELAY_OK;
    /* Not an error: an earlier step may put it there. */
    h->log(c, 2, "the program is not there yet, or cannot be executed");
    h->log(c, 2, path);
    return BELAY_OK;
}

char *command_text(belay_ctx *c, const belay_host *h, const char *option)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    const char *gap = "";
    for (const char *const *arg = h->opt_list(c, option); *arg; arg++, gap = " ")
        fprintf(out, **arg && !strpbrk(*arg, " \t\n\"'") ? "%s%s" : "%s'%s'", gap, *arg);
    fclose(out);
    return text;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

/* `env` with each bare NAME given the value that we have; the caller frees the list, and what it made of it. */
static belay_status make_env(belay_ctx *c, const belay_host *h, char ***ret)
{
    const char *const *given = h->opt_list(c, "env");
    size_t count = 0;
    while (given[count])
        count++;
    char **env = calloc(count + 1, sizeof *env);
    *ret = env;
    for (size_t i = 0; env && i < count; i++) {
        const char *value = strchr(given[i], '=') ? NULL : getenv(given[i]);
        if (!strchr(given[i], '=') && !value)
            return say_option(c, h, BELAY_E_CONFIG, "env",
                              "steps run in a filtered environment: write \"NAME=${env:NAME}\" to pass a variable on",
                              "'%s' is not set here", given[i]);
        int n = value ? asprintf(&env[i], "%s=%s", given[i], value) : asprintf(&env[i], "%s", given[i]);
        if (n < 0)
            return BELAY_E_RETRY;
    }
    return env ? BELAY_OK : BELAY_E_RETRY;
}

static void free_env(char **env)
{
    for (char **e = env; e && *e; e++)
        free(*e);
    free(env);
}

belay_status command_run(belay_ctx *c, const belay_host *h, const char *option, belay_run *io)
{
    return command_run_argv(c, h, h->opt_list(c, option), io);
}

belay_status command_run_argv(belay_ctx *c, const belay_host *h, const char *const *argv, belay_run *io)
{
    char **env = NULL;
    belay_status s = make_env(c, h, &env);
    if (s == BELAY_OK) {
        io->struct_size = sizeof *io;
        io->argv = argv;
        io->env = (const char *const *)env;
        io->cwd = h->opt_str(c, "cwd");
        s = h->run(c, io);
        io->env = NULL;
    }
    free_env(env);
    return s;
}

const char *command_tail(const belay_run *io)
{
    const char *text = io->err[strspn(io->err, " \t\n")] ? io->err : io->out;
    size_t n = strlen(text), lines = 0;
    const char *from = text + n;
    while (from > text && (size_t)(text + n - from) < TAIL_BYTES) {
        if (from[-1] == '\n' && from[0] != '\0' && ++lines == TAIL_LINES)
            break;
        from--;
    }
    return from;
}

belay_status command_explain(belay_ctx *c, const belay_host *h, belay_status status, const char *option,
                             const belay_run *io, int64_t wanted)
{
    char *text = command_text(c, h, option), how[64];
    const char *tail = command_tail(io);
    int length = (int)strlen(tail);
    while (length && tail[length - 1] == '\n')
        length--;
    if (io->term_signal)
        (void)snprintf(how, sizeof how, "was ended by signal %d (%s)", io->term_signal, strsignal(io->term_signal));
    else if (wanted)
        (void)snprintf(how, sizeof how, "exited with %d, not %lld", io->exit_code, (long long)wanted);
    else
        (void)snprintf(how, sizeof how, "exited with %d", io->exit_code);
    (void)say_option(c, h, status, option, "its output is kept with the step", "'%.200s' %s%s%.*s", text ? text : "",
                     how, length ? ":\n" : "", length, tail);
    free(text);
    return status;
}
