#include "git.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST  3
#define TAG_ROOM 128

/* ---- "did you mean" ---------------------------------------------------------------------------------------------- */

/* Levenshtein's distance; names that are longer than a row count as far away. */
static size_t distance(const char *a, const char *b)
{
    size_t row[TAG_ROOM], a_len = strlen(a), b_len = strlen(b);
    if (b_len + 1 > TAG_ROOM)
        return TAG_ROOM;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[b_len];
}

typedef struct near_tags {
    const char *wanted;
    struct {
        char name[TAG_ROOM];
        size_t distance;
    } best[NEAREST];
    size_t count;
} near_tags;

/* Called for each tag, newest first: of two that are equally near, the newer stays before. */
static void offer_tag(void *user, const char *name)
{
    near_tags *t = user;
    size_t d = distance(t->wanted, name), at = t->count;
    if (strlen(name) >= TAG_ROOM || !*name)
        return;
    while (at > 0 && t->best[at - 1].distance > d)
        at--;
    if (at == NEAREST)
        return;
    size_t moved = (t->count < NEAREST ? t->count : NEAREST - 1) - at;
    memmove(&t->best[at + 1], &t->best[at], moved * sizeof t->best[0]);
    (void)snprintf(t->best[at].name, TAG_ROOM, "%s", name);
    t->best[at].distance = d;
    t->count += t->count < NEAREST;
}

static belay_status not_found(const repo *r, const char *ref, bool fetched)
{
    near_tags t = {.wanted = ref};
    char names[NEAREST * (TAG_ROOM + 2)] = "";
    belay_run io = {.on_line = offer_tag, .user = &t};
    belay_status s =
        repo_git(r, &io, REPO_ARGS("for-each-ref", "--sort=-creatordate", "--format=%(refname:strip=2)", "refs/tags"));
    if (s != BELAY_OK)
        return s;
    for (size_t i = 0; i < t.count; i++) {
        size_t n = strlen(names);
        (void)snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", t.best[i].name);
    }
    return repo_explain(r, BELAY_E_FAIL, "ref",
                        fetched ? "push the tag to the remote, or correct its name"
                                : "correct its name, or set fetch = true when it is only on the remote",
                        "'%s' has no tag, branch or commit '%s'%s%s", r->path, ref,
                        t.count ? "; the nearest tags: " : ", and no tags at all", names);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* git-check-ref-format(1), and what rev-parse gives a meaning of its own: "v1~3" is not a name. */
static bool is_ref_name(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > 250 || strpbrk(s, " ~^:?*[\\\177") || strstr(s, "..") || strstr(s, "@{") || strstr(s, "//"))
        return false;
    for (const char *p = s; *p; p++)
        if ((unsigned char)*p < ' ')
            return false;
    return s[0] != '/' && s[n - 1] != '/' && s[n - 1] != '.' && strcmp(s, "@") != 0;
}

static bool is_commit_id(const char *s)
{
    size_t n = strlen(s);
    return n >= 7 && n < GIT_COMMIT_TEXT && s[strspn(s, "0123456789abcdefABCDEF")] == '\0';
}

static belay_status refuse_name(const repo *r, const char *ref)
{
    return repo_explain(r, BELAY_E_CONFIG, "ref", "name a tag, a branch or a commit",
                        "'%s' is no name of a tag, branch or commit", ref);
}

belay_status ref_find(const repo *r, const char *ref, bool fetched, char ret[GIT_COMMIT_TEXT])
{
    ret[0] = '\0';
    const char *remote = r->h->opt_str(r->c, "remote");
    char tag[300], local[300], tracked[600];
    if (!is_ref_name(ref))
        return refuse_name(r, ref);
    (void)snprintf(tag, sizeof tag, "refs/tags/%s", ref);
    (void)snprintf(local, sizeof local, "refs/heads/%s", ref);
    (void)snprintf(tracked, sizeof tracked, "refs/remotes/%s/%s", remote, ref);
    const char *order[] = {tag, fetched ? tracked : local, fetched ? local : tracked, is_commit_id(ref) ? ref : NULL};
    for (size_t i = 0; i < sizeof order / sizeof *order && order[i]; i++) {
        belay_status s = repo_commit_of(r, order[i], ret);
        if (s != BELAY_OK || ret[0])
            return s;
    }
    return BELAY_OK;
}

belay_status ref_resolve(const repo *r, const char *ref, bool fetched, char ret[GIT_COMMIT_TEXT])
{
    belay_status s = ref_find(r, ref, fetched, ret);
    return s == BELAY_OK && !ret[0] ? not_found(r, ref, fetched) : s;
}

/* Lines of `git ls-remote`: "COMMIT\tREF". An annotated tag has a second one, "REF^{}", with the commit behind it. */
static void take_remote_commit(const char *listing, const char *full_ref, char ret[GIT_COMMIT_TEXT])
{
    size_t length = strlen(full_ref);
    for (const char *line = listing; *line; line += *line == '\n') {
        const char *end = line + strcspn(line, "\n"), *tab = memchr(line, '\t', (size_t)(end - line));
        const char *rest = tab ? tab + 1 + length : NULL;
        bool named = tab && tab - line < GIT_COMMIT_TEXT && rest <= end && strncmp(tab + 1, full_ref, length) == 0;
        if (named && (rest == end || strncmp(rest, "^{}", 3) == 0))
            (void)snprintf(ret, GIT_COMMIT_TEXT, "%.*s", (int)(tab - line), line);
        line = end;
    }
}

belay_status ref_on_remote(const repo *r, const char *ref, char ret[GIT_COMMIT_TEXT])
{
    const char *remote = r->h->opt_str(r->c, "remote");
    char tag[300], peeled[300], branch[300];
    belay_run io = {0};
    ret[0] = '\0';
    if (!is_ref_name(ref))
        return refuse_name(r, ref);
    (void)snprintf(tag, sizeof tag, "refs/tags/%s", ref);
    (void)snprintf(peeled, sizeof peeled, "refs/tags/%s^{}", ref);
    (void)snprintf(branch, sizeof branch, "refs/heads/%s", ref);
    belay_status s =
        repo_must(r, &io, "ask the remote", REPO_ARGS("ls-remote", "--quiet", "--", remote, tag, peeled, branch));
    if (s != BELAY_OK)
        return s;
    take_remote_commit(io.out, branch, ret);
    take_remote_commit(io.out, tag, ret); /* preferred, as in ref_resolve */
    return BELAY_OK;
}
