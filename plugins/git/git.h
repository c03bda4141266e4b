/** @file git.h  What the files of this plugin share: a repository, and git run in it. */
#ifndef GIT_H
#define GIT_H

#include <belay/plugin.h>

#include <stdbool.h>
#include <stddef.h>

#define GIT_PRINTF(f, a) __attribute__((format(printf, f, a)))
/** A SHA-1 or SHA-256 in hex, and its NUL. */
#define GIT_COMMIT_TEXT 65

/** What git's configuration asks for; "own" is the repository's: .git/config, what it includes, config.worktree. */
typedef struct own_config {
    struct smudger {
        char *name;
        bool own; /**< set by the repository itself */
    } * smudgers; /**< the filters that have a program, of every configuration */
    size_t smudger_count;
    char **overrides; /**< "-c" and "filter.NAME.smudge=" in turn: neutralize its filters; only while planning */
    size_t override_count;
    char transport[200]; /**< a key that can run a program when the remote is asked; "" when there is none */
    char unnamable[200]; /**< a filter that git has no way to switch off by name; "" when there is none */
    bool ssh_command;    /**< core.sshCommand is set, here or in the user's or the system's configuration */
} own_config;

/** A work tree, for the life of a call. */
typedef struct repo {
    belay_ctx *c;
    const belay_host *h;
    char path[4096];     /**< absolute, without symbolic links */
    char home[4096 + 8]; /**< "HOME=..." of the tree's owner when git runs as that user, else "" */
    char ssh[2048];      /**< "GIT_SSH_COMMAND=..." or "" */
    bool planning;       /**< `belay plan`: no program that the repository names runs */
    own_config own;
} repo;

/** Where HEAD is. */
typedef struct head {
    char branch[256]; /**< "refs/heads/main"; "" when detached */
    char commit[GIT_COMMIT_TEXT];
} head;

/* ---- repo.c ------------------------------------------------------------------------------------------------------ */

/** Finds the work tree at path; explains when there is none, or when somebody else could decide what git does there.
 * When root opens another user's tree, this process is that user from here on, for good (owner.c). */
belay_status repo_open(belay_ctx *c, const belay_host *h, const char *path, repo *ret);
/** Runs git with the NULL-terminated arguments, without hooks, prompts or background work. BELAY_OK when it ran,
 * whatever its exit status; io holds the result. */
belay_status repo_git(const repo *r, belay_run *io, const char *const *arguments);
/** The same with more variables ("NAME=value", NULL-terminated). */
belay_status repo_git_with(const repo *r, belay_run *io, const char *const *more, const char *const *arguments);
/** E_FAIL, explained with `what` and git's own words. */
belay_status repo_fail(const repo *r, const belay_run *io, const char *what, const char *option, const char *hint);
/** The same for arguments that must succeed: else E_FAIL, explained with `what` and git's own words. */
belay_status repo_must(const repo *r, belay_run *io, const char *what, const char *const *arguments);
/** explain(), formatted; returns status. */
belay_status repo_explain(const repo *r, belay_status status, const char *option, const char *hint, const char *fmt,
                          ...) GIT_PRINTF(5, 6);

/** Where HEAD is. E_FAIL, explained, in a repository without a commit. */
belay_status repo_head(const repo *r, head *ret);
/** The branch's commit, "" when there is no such branch. */
belay_status repo_commit_of(const repo *r, const char *full_ref, char ret[GIT_COMMIT_TEXT]);

#define REPO_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- owner.c ----------------------------------------------------------------------------------------------------- */

/** Root in another user's tree becomes that user, so that nothing in the tree can do more than its owner. In root's own
 * tree: E_FAIL, explained, when others may write to .git. Before the first git runs. */
belay_status owner_become(repo *r);
/** E_FAIL, explained, when git would work elsewhere than in r->path (core.worktree), or others may write to the folder
 * that holds the configuration. */
belay_status owner_check_place(const repo *r);

/* ---- config.c ---------------------------------------------------------------------------------------------------- */

/** Reads which programs the repository's own configuration names; fills r->own and r->ssh. */
belay_status config_read(repo *r);
/** True when the remote may be asked now: not while planning, when that could run a program of the repository's. Says
 * so in the log. */
bool config_may_ask_remote(const repo *r);

/* ---- filter.c ---------------------------------------------------------------------------------------------------- */

/** Tries the content filters (git-lfs, git-crypt ...) of the files that a checkout of `to` from `from` writes: one file
 * for each filter, into a folder of its own. E_FAIL, explained, when one fails, or is not configured and its files are
 * useless without it. */
belay_status filter_check(const repo *r, const char *from, const char *to);

/* ---- ref.c ------------------------------------------------------------------------------------------------------- */

/** The commit of `ref`, as ref_resolve() has it; "" when there is none. E_CONFIG, explained, when it is no name. */
belay_status ref_find(const repo *r, const char *ref, bool fetched, char ret[GIT_COMMIT_TEXT]);
/** The commit of `ref`: a tag, else a branch (the remote's first when it was just fetched), else a commit. Explains
 * what is missing, with the nearest tags. */
belay_status ref_resolve(const repo *r, const char *ref, bool fetched, char ret[GIT_COMMIT_TEXT]);
/** The commit of the remote's tag or branch, "" when it has none; asks the remote, changes nothing. */
belay_status ref_on_remote(const repo *r, const char *ref, char ret[GIT_COMMIT_TEXT]);

/* ---- tree.c ------------------------------------------------------------------------------------------------------ */

/** The tracked files that differ from HEAD, one a line, as git status names them; "" when there are none. */
belay_status tree_changes(const repo *r, const char **ret);
/** E_FAIL, explained, when a file that git does not track lies where `to` has a file that `from` has not. */
belay_status tree_check_in_the_way(const repo *r, const char *from, const char *to);
/** E_FAIL, explained, when another git works in the repository, or left its lock. */
belay_status tree_check_lock(const repo *r);
/** Brings index and files back to `from` after a checkout of `to` that was cut off; leaves HEAD. Refuses, naming the
 * file, when one has changed that the checkout cannot have touched. */
belay_status tree_restore(const repo *r, const char *from, const char *to);
/** The same when git left a lock, so that a move from `from` to `to` may have been cut off; nothing otherwise. */
belay_status tree_recover(const repo *r, const char *from, const char *to);

/* ---- checkout.c -------------------------------------------------------------------------------------------------- */

belay_status checkout_prepare(belay_ctx *c, const belay_host *h);
belay_status checkout_execute(belay_ctx *c, const belay_host *h);
belay_status checkout_verify(belay_ctx *c, const belay_host *h);
belay_status checkout_rollback(belay_ctx *c, const belay_host *h);

#endif
