/* As whom git runs. Its configuration names programs, so whoever can write to a repository decides what git does there:
 * root runs git in another user's tree only as that user. */
#include "git.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static belay_status refuse_become(const repo *r, const struct stat *st)
{
    return repo_explain(r, BELAY_E_FAIL, "repo", NULL, "run git as user %u, to whom '%s' belongs: %s",
                        (unsigned)st->st_uid, r->path, strerror(errno));
}

/* For good: the process ends with the phase, and whatever it does from here on its owner may do. */
static belay_status become(repo *r, const struct stat *st)
{
    const struct passwd *user = getpwuid(st->st_uid);
    const gid_t group = user ? user->pw_gid : st->st_gid;
    (void)snprintf(r->home, sizeof r->home, "HOME=%s", user && user->pw_dir ? user->pw_dir : "/nonexistent");
    const int groups = user ? initgroups(user->pw_name, group) : setgroups(0, NULL);
    if (groups != 0 || setresgid(group, group, group) != 0 || setresuid(st->st_uid, st->st_uid, st->st_uid) != 0)
        return refuse_become(r, st);
    return BELAY_OK;
}

/* Others may write to it: everybody, or the members of a group when it is root who would run what they write. */
static bool is_shared(const struct stat *st)
{
    return (st->st_mode & S_IWOTH) || (geteuid() == 0 && (st->st_mode & S_IWGRP) && st->st_gid != 0);
}

/* A missing file belongs to nobody; of a symbolic link its target counts. */
static belay_status check_writers(const repo *r, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !is_shared(&st))
        return BELAY_OK;
    return repo_explain(r, BELAY_E_FAIL, "repo", "chmod go-w the folder .git and the files config in it",
                        "others may write to '%s' (mode %04o), and so decide which programs git runs", path,
                        (unsigned)(st.st_mode & 07777));
}

belay_status owner_become(repo *r)
{
    struct stat st;
    char dot_git[sizeof r->path + 8];
    (void)snprintf(dot_git, sizeof dot_git, "%s/.git", r->path);
    if (stat(r->path, &st) != 0)
        return repo_explain(r, BELAY_E_FAIL, "repo", NULL, "open the repository '%s': %s", r->path, strerror(errno));
    if (geteuid() == 0 && st.st_uid != 0)
        return become(r, &st);
    return check_writers(r, dot_git);
}

/* The folder that holds the configuration; for a linked work tree that of the main one. */
static belay_status check_common_folder(const repo *r, const char *written)
{
    char folder[8192], config[sizeof folder + 8];
    (void)snprintf(folder, sizeof folder, "%s%s%s", written[0] == '/' ? "" : r->path, written[0] == '/' ? "" : "/",
                   written);
    (void)snprintf(config, sizeof config, "%s/config", folder);
    belay_status s = check_writers(r, folder);
    return s == BELAY_OK ? check_writers(r, config) : s;
}

static belay_status refuse_place(const repo *r, const char *top)
{
    return repo_explain(r, BELAY_E_FAIL, "repo", "remove core.worktree, or name the folder that holds the files",
                        "the files of '%s' are in '%s' (core.worktree)", r->path, top);
}

belay_status owner_check_place(const repo *r)
{
    belay_run io = {0};
    belay_status s =
        repo_must(r, &io, "open the repository", REPO_ARGS("rev-parse", "--show-toplevel", "--git-common-dir"));
    if (s != BELAY_OK)
        return s;
    char top[sizeof r->path], common[sizeof r->path];
    const size_t first = strcspn(io.out, "\n");
    const char *second = io.out + first + (io.out[first] == '\n');
    (void)snprintf(top, sizeof top, "%.*s", (int)first, io.out);
    (void)snprintf(common, sizeof common, "%.*s", (int)strcspn(second, "\n"), second);
    char *real = realpath(top, NULL);
    const bool here = real && strcmp(real, r->path) == 0;
    free(real);
    return here ? check_common_folder(r, common) : refuse_place(r, top);
}
