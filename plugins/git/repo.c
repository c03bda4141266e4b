#include "git.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "say/say.h"

#define ARGUMENTS 48

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

belay_status repo_open(belay_ctx *c, const belay_host *h, const char *path, repo *ret)
{
    *ret = (repo){.c = c, .h = h};
    struct stat st;
    char *real = realpath(path, NULL), dot_git[sizeof ret->path + 8];
    if (!real)
        return repo_explain(ret, BELAY_E_FAIL, "repo", NULL, "open the repository '%s': %s", path, strerror(errno));
    int n = snprintf(ret->path, sizeof ret->path, "%s", real);
    free(real);
    (void)snprintf(dot_git, sizeof dot_git, "%s/.git", ret->path);
    if (n < (int)sizeof ret->path && stat(dot_git, &st) == 0 && stat(ret->path, &st) == 0) {
        share_as(&st);
        return BELAY_OK;
    }
    return repo_explain(ret, BELAY_E_FAIL, "repo", "name the folder that holds .git",
                        "'%s' is not the top of a git work tree", path);
}

belay_status repo_git(const repo *r, belay_run *io, const char *const *arguments)
{
    char safe[sizeof r->path + 32];
    (void)snprintf(safe, sizeof safe, "safe.directory=%s", r->path);
    /* Hooks and monitors are programs that the repository names: a deploy runs none of them, least of all as root. */
    const char *argv[ARGUMENTS] = {"git",
                                   "-C",
                                   r->path,
                                   "-c",
                                   safe,
                                   "-c",
                                   "core.hooksPath=/dev/null",
                                   "-c",
                                   "core.fsmonitor=false",
                                   "-c",
                                   "gc.auto=0",
                                   "-c",
                                   "maintenance.auto=false",
                                   "-c",
                                   "advice.detachedHead=false",
                                   "-c",
                                   "core.quotePath=false"};
    size_t n = 17;
    while (*arguments && n + 1 < ARGUMENTS)
        argv[n++] = *arguments++;
    /* A question would wait for ever; a look must not write the index. */
    static const char *const env[] = {"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
                                      "GIT_SSH_COMMAND=ssh -oBatchMode=yes", "LC_ALL=C", NULL};
    io->struct_size = sizeof *io;
    io->argv = argv;
    io->env = env;
    belay_status s = r->h->run(r->c, io);
    io->argv = NULL;
    return s;
}

belay_status repo_must(const repo *r, belay_run *io, const char *what, const char *const *arguments)
{
    belay_status s = repo_git(r, io, arguments);
    if (s != BELAY_OK || io->exit_code == 0)
        return s;
    const char *said = io->err[0] ? io->err : io->out;
    int length = (int)strnlen(said, 1500);
    while (length && said[length - 1] == '\n')
        length--;
    return repo_explain(r, BELAY_E_FAIL, NULL, NULL, "%s in '%s': git exited with %d: %.*s", what, r->path,
                        io->exit_code, length, said);
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
