#include "git.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "say/say.h"
#include "text/text.h"

belay_status repo_explain(const repo *r, belay_status status, const char *option, const char *hint, const char *fmt,
                          ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)say_va(r->c, r->h, status, option, hint, fmt, ap);
    va_end(ap);
    return status;
}

/* What git writes is for those who may read the top of the work tree; a worker's own umask would keep it from them. */
static void share_as(const struct stat *top)
{
    const mode_t group = top->st_mode & S_IRGRP ? (top->st_mode & S_IWGRP ? 0 : S_IWGRP) : S_IRWXG;
    const mode_t others = top->st_mode & S_IROTH ? S_IWOTH : S_IRWXO;
    umask(group | others);
}

static belay_status find(repo *r, const char *path)
{
    struct stat st;
    char *real = realpath(path, NULL), dot_git[sizeof r->path + 8];
    if (!real)
        return repo_explain(r, BELAY_E_FAIL, "repo", NULL, "open the repository '%s': %s", path, strerror(errno));
    int n = snprintf(r->path, sizeof r->path, "%s", real);
    free(real);
    (void)snprintf(dot_git, sizeof dot_git, "%s/.git", r->path);
    if (n < (int)sizeof r->path && stat(dot_git, &st) == 0 && stat(r->path, &st) == 0) {
        share_as(&st);
        return BELAY_OK;
    }
    return repo_explain(r, BELAY_E_FAIL, "repo", "name the folder that holds .git",
                        "'%s' is not the top of a git work tree", path);
}

belay_status repo_open(belay_ctx *c, const belay_host *h, const char *path, repo *ret)
{
    const char *dry = h->fact(c, "dry_run");
    *ret = (repo){.c = c, .h = h, .planning = dry && strcmp(dry, "1") == 0};
    belay_status s = find(ret, path);
    if (s == BELAY_OK)
        s = owner_become(ret);
    if (s == BELAY_OK)
        s = owner_check_place(ret);
    return s == BELAY_OK ? config_read(ret) : s;
}

/* Hooks and monitors are programs that the repository names: a deploy runs none of them. */
static const char *const always[] = {
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",      "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",   "-c", "advice.detachedHead=false", "-c", "core.quotePath=false"};
#define ALWAYS (sizeof always / sizeof *always)

/* "git -C PATH -c ... ARGUMENTS"; the caller frees the list. */
static const char **make_arguments(const repo *r, const char *const *arguments)
{
    size_t count = 0, n = 0;
    while (arguments[count])
        count++;
    const char **argv = text_grow(NULL, 3 + ALWAYS + r->own.override_count + count + 1, sizeof *argv);
    argv[n++] = "git";
    argv[n++] = "-C";
    argv[n++] = r->path;
    for (size_t i = 0; i < ALWAYS; i++)
        argv[n++] = always[i];
    for (size_t i = 0; i < r->own.override_count; i++)
        argv[n++] = r->own.overrides[i];
    for (size_t i = 0; i <= count; i++)
        argv[n++] = arguments[i];
    return argv;
}

#define ENVIRONMENT 16

/* A question would wait for ever; a check must not write the index, nor fetch what a partial clone lacks. */
static void make_environment(const repo *r, const char *const *more, const char *env[ENVIRONMENT])
{
    size_t n = 0;
    env[n++] = "GIT_TERMINAL_PROMPT=0";
    env[n++] = "GIT_OPTIONAL_LOCKS=0";
    env[n++] = "LC_ALL=C";
    if (r->planning)
        env[n++] = "GIT_NO_LAZY_FETCH=1";
    if (r->ssh[0])
        env[n++] = r->ssh;
    if (r->home[0]) { /* what is root's stays root's: the work folder, the agent */
        env[n++] = r->home;
        env[n++] = "TMPDIR=/tmp";
        env[n++] = "SSH_AUTH_SOCK=";
    }
    while (more && *more && n + 1 < ENVIRONMENT)
        env[n++] = *more++;
    env[n] = NULL;
}

belay_status repo_git_with(const repo *r, belay_run *io, const char *const *more, const char *const *arguments)
{
    const char *env[ENVIRONMENT];
    guard_mem const char **argv = make_arguments(r, arguments);
    make_environment(r, more, env);
    io->struct_size = sizeof *io;
    io->argv = argv;
    io->env = env;
    if (r->home[0])
        io->cwd = "/"; /* the work folder is root's */
    belay_status s = r->h->run(r->c, io);
    io->argv = io->env = NULL;
    return s;
}

belay_status repo_git(const repo *r, belay_run *io, const char *const *arguments)
{
    return repo_git_with(r, io, NULL, arguments);
}

belay_status repo_fail(const repo *r, const belay_run *io, const char *what, const char *option, const char *hint)
{
    const char *said = io->err[0] ? io->err : io->out;
    int length = (int)strnlen(said, 1500);
    while (length && said[length - 1] == '\n')
        length--;
    return repo_explain(r, BELAY_E_FAIL, option, hint, "%s in '%s': git exited with %d: %.*s", what, r->path,
                        io->exit_code, length, said);
}

belay_status repo_must(const repo *r, belay_run *io, const char *what, const char *const *arguments)
{
    belay_status s = repo_git(r, io, arguments);
    return s != BELAY_OK || io->exit_code == 0 ? s : repo_fail(r, io, what, NULL, NULL);
}

/* The first line of a result into buf; false when it is empty or too long. */
static bool first_line(const belay_run *io, char *buf, size_t room)
{
    size_t n = strcspn(io->out, "\n");
    if (n == 0 || n >= room)
        return false;
    memcpy(buf, io->out, n);
    buf[n] = '\0';
    return true;
}

belay_status repo_commit_of(const repo *r, const char *full_ref, char ret[GIT_COMMIT_TEXT])
{
    char peeled[600];
    belay_run io = {0};
    (void)snprintf(peeled, sizeof peeled, "%s^{commit}", full_ref);
    belay_status s = repo_git(r, &io, REPO_ARGS("rev-parse", "--verify", "--quiet", "--end-of-options", peeled));
    ret[0] = '\0';
    if (s == BELAY_OK && io.exit_code == 0)
        (void)first_line(&io, ret, GIT_COMMIT_TEXT);
    return s;
}

belay_status repo_head(const repo *r, head *ret)
{
    belay_run io = {0};
    *ret = (head){0};
    belay_status s = repo_commit_of(r, "HEAD", ret->commit);
    if (s == BELAY_OK && !ret->commit[0])
        s = repo_explain(r, BELAY_E_FAIL, "repo", NULL, "'%s' has no commit checked out, or git cannot read it",
                         r->path);
    if (s == BELAY_OK)
        s = repo_git(r, &io, REPO_ARGS("symbolic-ref", "--quiet", "HEAD"));
    if (s == BELAY_OK && io.exit_code == 0 && !first_line(&io, ret->branch, sizeof ret->branch))
        s = repo_explain(r, BELAY_E_LIMIT, "repo", NULL, "the name of the branch in '%s' is too long", r->path);
    return s;
}
