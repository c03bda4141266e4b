#include "git.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_PATIENCE_MS 1000
#define NAMED_FILES      5

belay_status tree_changes(const repo *r, const char **ret)
{
    belay_run io = {0};
    /* Not into submodules: there git runs by another configuration, whose monitors are not switched off. */
    belay_status s =
        repo_must(r, &io, "look for changed files",
                  REPO_ARGS("status", "--porcelain=v1", "--untracked-files=no", "--ignore-submodules=dirty"));
    *ret = io.out;
    return s;
}

/* ---- files in the way -------------------------------------------------------------------------------------------- */

typedef struct obstacles {
    const repo *repo;
    char names[600];
    size_t count;
} obstacles;

static void look_for_obstacle(void *user, const char *name)
{
    obstacles *o = user;
    char path[8192];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", o->repo->path, name);
    if (n < 0 || (size_t)n >= sizeof path || lstat(path, &st) != 0)
        return;
    size_t used = strlen(o->names);
    if (o->count++ < NAMED_FILES)
        (void)snprintf(o->names + used, sizeof o->names - used, "%s'%.100s'", used ? ", " : "", name);
}

/* Files that lie where `to` has one and `from` has none. */
static belay_status find_obstacles(obstacles *o, const char *from, const char *to)
{
    belay_run io = {.on_line = look_for_obstacle, .user = o};
    return repo_must(o->repo, &io, "compare the releases",
                     REPO_ARGS("diff-tree", "-r", "--no-renames", "--name-only", "--diff-filter=A", from, to));
}

/* git itself refuses to overwrite untracked files, but not ignored ones: an .env that the new release tracks would be
 * lost without a word. */
belay_status tree_check_in_the_way(const repo *r, const char *from, const char *to)
{
    obstacles o = {.repo = r};
    belay_status s = find_obstacles(&o, from, to);
    if (s != BELAY_OK || o.count == 0)
        return s;
    return repo_explain(r, BELAY_E_FAIL, "repo",
                        "move them away: git does not track them, so they could not be brought back",
                        "the checkout would overwrite %zu file%s in '%s': %s%s", o.count, o.count == 1 ? "" : "s",
                        r->path, o.names, o.count > NAMED_FILES ? ", ..." : "");
}

/* ---- the locks --------------------------------------------------------------------------------------------------- */

/* What a checkout holds, in the order in which it takes them. */
static const char *const locks[] = {"index.lock", "HEAD.lock"};
#define LOCK_COUNT (sizeof locks / sizeof *locks)

static belay_status lock_path(const repo *r, const char *name, char *buf, size_t room)
{
    belay_run io = {0};
    belay_status s = repo_must(r, &io, "find its locks", REPO_ARGS("rev-parse", "--git-path", name));
    int length = (int)strcspn(io.out, "\n");
    if (s == BELAY_OK && io.out[0] == '/')
        (void)snprintf(buf, room, "%.*s", length, io.out);
    else if (s == BELAY_OK)
        (void)snprintf(buf, room, "%s/%.*s", r->path, length, io.out);
    return s;
}

/* Another git may be at work for a moment: waits until its lock is gone. *ret_path is "" then. */
static belay_status wait_for_lock(const repo *r, const char *name, char *path, size_t room)
{
    struct stat st;
    belay_status s = lock_path(r, name, path, room);
    for (int waited = 0; s == BELAY_OK && lstat(path, &st) == 0; waited += 100) {
        if (waited >= LOCK_PATIENCE_MS)
            return BELAY_OK;
        s = r->h->nap(r->c, 100);
    }
    path[0] = '\0';
    return s;
}

belay_status tree_check_lock(const repo *r)
{
    char path[8192] = "";
    belay_status s = BELAY_OK;
    for (size_t i = 0; s == BELAY_OK && !path[0] && i < LOCK_COUNT; i++)
        s = wait_for_lock(r, locks[i], path, sizeof path);
    if (s != BELAY_OK || !path[0])
        return s;
    return repo_explain(r, BELAY_E_FAIL, "repo", "wait for it to end; when no git runs there, remove the lock",
                        "another git works in '%s', or left its lock: '%s'", r->path, path);
}

/* ---- a checkout that was cut off --------------------------------------------------------------------------------- */

typedef struct suspect {
    const repo *repo;
    const char *to;
    char foreign[256]; /* the first changed file that the checkout cannot have touched */
    belay_status status;
} suspect;

/* The blob that `to` has at this path, "" when it has none. */
static belay_status blob_of(const repo *r, const char *commit, const char *name, char ret[GIT_COMMIT_TEXT])
{
    char spec[8192];
    belay_run io = {0};
    (void)snprintf(spec, sizeof spec, "%s:%s", commit, name);
    belay_status s = repo_git(r, &io, REPO_ARGS("rev-parse", "--verify", "--quiet", "--end-of-options", spec));
    ret[0] = '\0';
    if (s == BELAY_OK && io.exit_code == 0)
        (void)snprintf(ret, GIT_COMMIT_TEXT, "%.*s", (int)strcspn(io.out, "\n"), io.out);
    return s;
}

static bool is_shorter(const repo *r, const char *blob, const struct stat *st)
{
    belay_run io = {0};
    return repo_git(r, &io, REPO_ARGS("cat-file", "-s", blob)) == BELAY_OK && io.exit_code == 0 &&
           (long long)st->st_size < atoll(io.out);
}

/* Could the checkout have left the file so: removed, as the new release has it, or cut off while it was written? */
static bool checkout_left_it(const repo *r, const char *name, const char *blob)
{
    char path[8192];
    struct stat st;
    belay_run io = {0};
    (void)snprintf(path, sizeof path, "%s/%s", r->path, name);
    if (lstat(path, &st) != 0 || S_ISLNK(st.st_mode))
        return true;
    if (!blob[0])
        return false;
    if (repo_git(r, &io, REPO_ARGS("hash-object", "--path", name, "--", path)) != BELAY_OK || io.exit_code != 0)
        return false;
    return strncmp(io.out, blob, strlen(blob)) == 0 || is_shorter(r, blob, &st);
}

static void examine(void *user, const char *name)
{
    suspect *s = user;
    char blob[GIT_COMMIT_TEXT];
    if (s->status != BELAY_OK || s->foreign[0])
        return;
    s->status = blob_of(s->repo, s->to, name, blob);
    if (s->status == BELAY_OK && !checkout_left_it(s->repo, name, blob))
        (void)snprintf(s->foreign, sizeof s->foreign, "%s", name);
}

/* Calls fn for each line of a captured text. */
static void each_line(const char *text, void (*fn)(void *, const char *), void *user)
{
    char line[8192];
    for (; *text; text += *text == '\n') {
        size_t n = strcspn(text, "\n");
        (void)snprintf(line, sizeof line, "%.*s", (int)n, text);
        text += n;
        fn(user, line);
    }
}

static belay_status refuse_foreign_changes(const repo *r, const char *changed, const char *to)
{
    suspect p = {.repo = r, .to = to};
    each_line(changed, examine, &p);
    if (p.status != BELAY_OK || !p.foreign[0])
        return p.status;
    return repo_explain(r, BELAY_E_FAIL, "repo", "save the change or drop it, then roll back again",
                        "'%s' in '%s' was changed by someone else while the checkout was under way", p.foreign,
                        r->path);
}

/* *ret_any: there was one. */
static belay_status drop_locks(const repo *r, bool *ret_any)
{
    char path[8192];
    belay_status s = BELAY_OK;
    for (size_t i = 0; s == BELAY_OK && i < LOCK_COUNT; i++) {
        s = wait_for_lock(r, locks[i], path, sizeof path);
        *ret_any |= path[0] != '\0';
        /* There was none before the checkout began, and nobody lets go of it: it is of the git that was killed. */
        if (s == BELAY_OK && path[0] && unlink(path) != 0 && errno != ENOENT)
            s = repo_explain(r, BELAY_E_FAIL, "repo", NULL, "remove the lock '%s' that git left: %s", path,
                             strerror(errno));
    }
    return s;
}

belay_status tree_restore(const repo *r, const char *from, const char *to)
{
    obstacles made = {.repo = r};
    belay_run changed = {0}, io = {0};
    bool any = false;
    belay_status s = drop_locks(r, &any);
    if (s == BELAY_OK)
        s = repo_must(r, &changed, "look for changed files", REPO_ARGS("diff", "--name-only", "--no-renames", from));
    if (s == BELAY_OK)
        s = find_obstacles(&made, from, to);
    if (s != BELAY_OK || (!changed.out[0] && !made.count))
        return s; /* the checkout had not begun */
    s = refuse_foreign_changes(r, changed.out, to);
    /* The index first goes wholly there, so that the files that the checkout had already made go away on the way back.
     * It goes there alone: to write the files of `to` would need its filters, one of which may be why it was cut off.
     */
    if (s == BELAY_OK)
        s = repo_must(r, &io, "restore the index", REPO_ARGS("read-tree", "--reset", to));
    if (s == BELAY_OK)
        s = repo_must(r, &io, "restore the files", REPO_ARGS("read-tree", "--reset", "-u", from));
    return s;
}

belay_status tree_recover(const repo *r, const char *from, const char *to)
{
    bool cut_off = false; /* git holds a lock for as long as it changes files */
    belay_status s = drop_locks(r, &cut_off);
    return s == BELAY_OK && cut_off ? tree_restore(r, from, to) : s;
}
