#include "git.h"

#include <stdio.h>
#include <string.h>

/* Keys of the undo journal. */
#define KEY_REPO   "repo"
#define KEY_COMMIT "commit" /* what is to be checked out; written also when there is nothing to do */
#define KEY_DIRTY  "dirty"  /* "1": there were changes, which stay */
#define KEY_BRANCH "branch" /* HEAD before: the branch, "" when detached */
#define KEY_BEFORE "before" /* HEAD before: the commit; written last, so that it stands for all */

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static bool may_be_dirty(const repo *r)
{
    return r->h->opt_int(r->c, "allow_dirty") != 0;
}

static belay_status refuse_changes(const repo *r, const char *changes)
{
    int length = (int)strnlen(changes, 400);
    while (length && changes[length - 1] == '\n')
        length--;
    return repo_explain(r, BELAY_E_FAIL, "allow_dirty",
                        "commit or stash them; allow_dirty = true keeps them as they are",
                        "'%s' has changes that are not committed:\n%.*s", r->path, length, changes);
}

/* The tree is one that a checkout may leave: no other git, no changes that nobody allowed. *ret_dirty may be NULL. */
static belay_status check_tree(const repo *r, bool *ret_dirty)
{
    const char *changes = "";
    belay_status s = tree_check_lock(r);
    if (s == BELAY_OK)
        s = tree_changes(r, &changes);
    if (s == BELAY_OK && *changes && !may_be_dirty(r) && r->own.override_count)
        r->h->log(r->c, 2,
                  "files differ from what git keeps; whether that is a change, the repository's filters would "
                  "tell, which do not run in a plan");
    else if (s == BELAY_OK && *changes && !may_be_dirty(r))
        return refuse_changes(r, changes);
    *ret_dirty = *changes != '\0';
    return s;
}

/* "branch main" or "commit 1a2b3c4d" */
static void name_head(const head *at, char *buf, size_t room)
{
    if (at->branch[0])
        (void)snprintf(buf, room, "branch %s (%.10s)", at->branch + strlen("refs/heads/"), at->commit);
    else
        (void)snprintf(buf, room, "commit %.10s", at->commit);
}

static belay_status announce(const repo *r, const char *ref, const char *commit, const head *now)
{
    char change[600], undo[600], from[400];
    name_head(now, from, sizeof from);
    if (!commit[0]) {
        (void)snprintf(change, sizeof change, "fetch, then check out %.100s in '%.200s', which is at %.250s", ref,
                       r->path, from);
        (void)snprintf(undo, sizeof undo, "go back to %.380s", from);
        r->h->plan(r->c, change, undo);
        return BELAY_OK;
    }
    if (strcmp(now->commit, commit) == 0) {
        (void)snprintf(change, sizeof change, "nothing: '%.200s' already is at %.100s (%.10s)", r->path, ref, commit);
        r->h->plan(r->c, change, NULL);
        return BELAY_OK;
    }
    (void)snprintf(change, sizeof change, "check out %.100s (%.10s) in '%.200s', which is at %.250s", ref, commit,
                   r->path, from);
    (void)snprintf(undo, sizeof undo, "go back to %.380s", from);
    r->h->plan(r->c, change, undo);
    return BELAY_OK;
}

/* Before a fetch the remote's word counts; a commit that is named by its id may be here already. "": only the remote
 * can tell, which is not asked now. */
static belay_status look_up(const repo *r, const char *ref, char commit[GIT_COMMIT_TEXT])
{
    if (!r->h->opt_int(r->c, "fetch"))
        return ref_resolve(r, ref, false, commit);
    if (!config_may_ask_remote(r))
        return ref_find(r, ref, false, commit);
    belay_status s = ref_on_remote(r, ref, commit);
    return s == BELAY_OK && !commit[0] ? ref_resolve(r, ref, false, commit) : s;
}

/* Which files the checkout brings is known once the commit is here. */
static belay_status check_files(const repo *r, const head *now, const char *commit)
{
    char here[GIT_COMMIT_TEXT];
    belay_status s = commit[0] ? repo_commit_of(r, commit, here) : BELAY_OK;
    if (s != BELAY_OK || !commit[0] || !here[0])
        return s;
    s = tree_check_in_the_way(r, now->commit, commit);
    return s == BELAY_OK ? filter_check(r, now->commit, commit) : s;
}

belay_status checkout_prepare(belay_ctx *c, const belay_host *h)
{
    repo r;
    head now;
    bool dirty = false;
    char commit[GIT_COMMIT_TEXT];
    if (h->pending(c, "repo") || h->pending(c, "ref")) {
        h->plan(c, "check out a release that an earlier step names", "go back to where HEAD is then");
        return BELAY_OK;
    }
    const char *ref = h->opt_str(c, "ref");
    belay_status s = repo_open(c, h, h->opt_str(c, "repo"), &r);
    if (s == BELAY_OK)
        s = repo_head(&r, &now);
    if (s == BELAY_OK)
        s = look_up(&r, ref, commit);
    if (s == BELAY_OK)
        s = check_tree(&r, &dirty);
    if (s == BELAY_OK)
        s = check_files(&r, &now, commit);
    if (s == BELAY_OK)
        s = announce(&r, ref, commit, &now);
    return s == BELAY_OK && commit[0] ? h->output(c, "commit", commit) : s;
}

/* ---- acting ------------------------------------------------------------------------------------------------------ */

static belay_status fetch(const repo *r)
{
    belay_run io = {.keep_as = "fetch.log"};
    if (!r->h->opt_int(r->c, "fetch"))
        return BELAY_OK;
    r->h->progress(r->c, 0, 0, "fetching");
    return repo_must(r, &io, "fetch from the remote",
                     REPO_ARGS("fetch", "--tags", "--no-recurse-submodules", "--", r->h->opt_str(r->c, "remote")));
}

static belay_status remember_head(const repo *r, const head *now, bool dirty)
{
    const struct {
        const char *key, *value;
    } records[] = {
        {KEY_REPO, r->path}, {KEY_DIRTY, dirty ? "1" : "0"}, {KEY_BRANCH, now->branch}, {KEY_BEFORE, now->commit}};
    belay_status s = BELAY_OK;
    for (size_t i = 0; s == BELAY_OK && i < sizeof records / sizeof *records; i++)
        s = r->h->remember(r->c, records[i].key, records[i].value, NULL);
    return s;
}

static belay_status move_to(const repo *r, const char *commit)
{
    belay_run io = {.keep_as = "checkout.log"};
    return repo_must(r, &io, "check out the release",
                     REPO_ARGS("checkout", "--quiet", "--no-guess", "--detach", commit));
}

static belay_status act(const repo *r, const head *now, const char *commit)
{
    bool dirty = false;
    const char *kept = NULL;
    belay_status s = check_tree(r, &dirty);
    /* A second try goes to the commit of the first: the tag may have moved meanwhile. */
    if (s == BELAY_OK)
        s = r->h->remember(r->c, KEY_COMMIT, commit, &kept);
    if (s != BELAY_OK || strcmp(now->commit, kept) == 0)
        return s == BELAY_OK ? BELAY_NOTHING : s;
    s = tree_check_in_the_way(r, now->commit, kept);
    if (s == BELAY_OK)
        s = filter_check(r, now->commit, kept);
    if (s == BELAY_OK)
        s = remember_head(r, now, dirty);
    return s == BELAY_OK ? move_to(r, kept) : s;
}

belay_status checkout_execute(belay_ctx *c, const belay_host *h)
{
    repo r;
    head now;
    char commit[GIT_COMMIT_TEXT];
    const char *before = h->recall(c, KEY_BEFORE);
    belay_status s = repo_open(c, h, h->opt_str(c, "repo"), &r);
    if (s == BELAY_OK)
        s = fetch(&r);
    if (s == BELAY_OK)
        s = ref_resolve(&r, h->opt_str(c, "ref"), h->opt_int(c, "fetch") != 0, commit);
    if (s == BELAY_OK)
        s = repo_head(&r, &now);
    /* A first try was cut off within the checkout: its traces must not look like somebody's changes. */
    if (s == BELAY_OK && before && strcmp(now.commit, before) == 0 && strcmp(h->recall(c, KEY_DIRTY), "0") == 0)
        s = tree_restore(&r, before, h->recall(c, KEY_COMMIT));
    belay_status done = s == BELAY_OK ? act(&r, &now, commit) : s;
    if (done < 0)
        return done;
    const char *kept = h->recall(c, KEY_COMMIT);
    s = h->output(c, "commit", kept ? kept : commit);
    if (s == BELAY_OK)
        s = h->output(c, "previous", before ? before : now.commit);
    if (s == BELAY_OK)
        s = h->output(c, "dir", r.path);
    return s == BELAY_OK ? done : s;
}

belay_status checkout_verify(belay_ctx *c, const belay_host *h)
{
    repo r;
    head now;
    const char *changes = "", *wanted = h->recall(c, KEY_COMMIT);
    char resolved[GIT_COMMIT_TEXT], at[400];
    belay_status s = repo_open(c, h, h->opt_str(c, "repo"), &r);
    if (s == BELAY_OK)
        s = repo_head(&r, &now);
    if (s == BELAY_OK && !wanted) {
        s = ref_resolve(&r, h->opt_str(c, "ref"), false, resolved);
        wanted = resolved;
    }
    if (s == BELAY_OK)
        s = tree_changes(&r, &changes);
    if (s != BELAY_OK)
        return s;
    name_head(&now, at, sizeof at);
    if (strcmp(now.commit, wanted) != 0)
        return repo_explain(&r, BELAY_E_FAIL, "ref", NULL, "'%s' is at %s, not at %.10s", r.path, at, wanted);
    return *changes && !may_be_dirty(&r) ? refuse_changes(&r, changes) : BELAY_OK;
}

/* ---- going back -------------------------------------------------------------------------------------------------- */

/* Somebody committed to the branch, or deleted it: HEAD on it would no longer be the release it was. */
static belay_status check_branch(const repo *r, const head *before)
{
    char commit[GIT_COMMIT_TEXT];
    if (!before->branch[0])
        return BELAY_OK;
    belay_status s = repo_commit_of(r, before->branch, commit);
    if (s != BELAY_OK || strcmp(commit, before->commit) == 0)
        return s;
    return repo_explain(r, BELAY_E_FAIL, "repo",
                        "decide where it belongs; 'git checkout' of the commit brings the files back",
                        "%s in '%s' was at %.10s and is now %s%.10s: someone else moved it", before->branch, r->path,
                        before->commit, commit[0] ? "at " : "gone", commit);
}

static belay_status refuse_elsewhere(const repo *r, const head *now, const head *before, const char *commit)
{
    char at[400], was[400];
    name_head(now, at, sizeof at);
    name_head(before, was, sizeof was);
    return repo_explain(
        r, BELAY_E_FAIL, "repo", "decide where it belongs, check that out, and go on",
        "'%s' is at %s: neither where it was (%s) nor where Belay put it (%.10s); someone else moved it", r->path, at,
        was, commit);
}

static belay_status attach(const repo *r, const head *now, const head *before)
{
    belay_run io = {0};
    if (strcmp(now->branch, before->branch) == 0)
        return BELAY_OK;
    return repo_must(r, &io, "go back to the branch",
                     REPO_ARGS("symbolic-ref", "-m", "belay: rollback", "HEAD", before->branch));
}

static belay_status go_back(const repo *r, const head *before, const char *commit, bool dirty)
{
    head now;
    belay_status s = repo_head(r, &now);
    if (s != BELAY_OK)
        return s;
    bool at_before = strcmp(now.commit, before->commit) == 0, at_commit = strcmp(now.commit, commit) == 0;
    bool on_other_branch = now.branch[0] && strcmp(now.branch, before->branch) != 0;
    if ((!at_before && !at_commit) || on_other_branch)
        return refuse_elsewhere(r, &now, before, commit);
    s = check_branch(r, before);
    /* An earlier rollback may have been cut off on its way. */
    if (s == BELAY_OK && at_commit && !dirty)
        s = tree_recover(r, commit, before->commit);
    if (s == BELAY_OK && at_commit)
        s = move_to(r, before->commit);
    else if (s == BELAY_OK && !dirty)
        s = tree_restore(r, before->commit, commit);
    if (s == BELAY_OK && at_commit)
        now.branch[0] = '\0';
    return s == BELAY_OK ? attach(r, &now, before) : s;
}

belay_status checkout_rollback(belay_ctx *c, const belay_host *h)
{
    repo r;
    head before = {0};
    const char *path = h->recall(c, KEY_REPO), *branch = h->recall(c, KEY_BRANCH), *commit = h->recall(c, KEY_COMMIT);
    const char *old = h->recall(c, KEY_BEFORE), *dirty = h->recall(c, KEY_DIRTY);
    if (!old || !path || !branch || !commit || !dirty)
        return BELAY_NOTHING; /* the last record was not written, so nothing was done */
    (void)snprintf(before.branch, sizeof before.branch, "%s", branch);
    (void)snprintf(before.commit, sizeof before.commit, "%s", old);
    belay_status s = repo_open(c, h, path, &r);
    return s == BELAY_OK ? go_back(&r, &before, commit, strcmp(dirty, "1") == 0) : s;
}
