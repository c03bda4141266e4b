/* Content filters: git-lfs, git-crypt and their like turn what git keeps into what is checked out. One that fails stops
 * a checkout half way, and one that is not configured leaves stand-ins instead of the files. */
#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say/say.h"
#include "text/text.h"

/* So many files are looked at of the filters together; a filter's first one is always among them. */
#define FILES_MAX 200

typedef struct filtered {
    char *driver, *path;
} filtered;

typedef struct trial {
    const repo *repo;
    const char *to;
    char *folder, *index, *tree; /* index and tree: "GIT_INDEX_FILE=..." and "GIT_WORK_TREE=..." */
    filtered *files;
    size_t count;
} trial;

/* ---- a place of its own ------------------------------------------------------------------------------------------ */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path) == 0 ? 0 : -1;
}

static void trial_done(trial *t)
{
    if (t->folder)
        (void)nftw(t->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < t->count; i++) {
        free(t->files[i].driver);
        free(t->files[i].path);
    }
    free(t->files);
    free(t->folder);
    free(t->index);
    free(t->tree);
}

/* The work folder is root's: another owner's git has /tmp. */
static belay_status make_folder(trial *t)
{
    const char *work = t->repo->home[0] ? "/tmp" : t->repo->h->fact(t->repo->c, "work.dir");
    guard_mem char *folder = text_printf("%s/belay-git-XXXXXX", work ? work : "/tmp");
    if (!mkdtemp(folder))
        return repo_explain(t->repo, BELAY_E_RETRY, NULL, NULL, "make a folder to try the filters in, '%s': %s", folder,
                            strerror(errno));
    t->folder = take(folder);
    t->index = text_printf("GIT_INDEX_FILE=%s/index", t->folder);
    t->tree = text_printf("GIT_WORK_TREE=%s/tree", t->folder);
    return mkdir(t->tree + strlen("GIT_WORK_TREE="), 0700) == 0
               ? BELAY_OK
               : repo_explain(t->repo, BELAY_E_RETRY, NULL, NULL, "make a folder in '%s': %s", t->folder,
                              strerror(errno));
}

/* ---- which files have a filter ----------------------------------------------------------------------------------- */

/* A file in the folder, to be read and written; -1: explained. */
static int open_list(const trial *t, const char *name, belay_status *ret)
{
    guard_mem char *path = text_printf("%s/%s", t->folder, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    *ret =
        fd >= 0 ? BELAY_OK : repo_explain(t->repo, BELAY_E_RETRY, NULL, NULL, "write '%s': %s", path, strerror(errno));
    return fd;
}

/* Of ":100644 100644 OLD NEW M", NUL, path, NUL the paths of plain files: links are never filtered. Closes both. */
static belay_status pick_files(const trial *t, int from, int to)
{
    char *head = NULL, *path = NULL;
    size_t head_room = 0, path_room = 0;
    (void)lseek(from, 0, SEEK_SET);
    FILE *in = fdopen(from, "r"), *out = fdopen(to, "w");
    while (in && out && getdelim(&head, &head_room, '\0', in) > 8 && getdelim(&path, &path_room, '\0', in) > 0)
        if (strncmp(head + 8, "100", 3) == 0)
            (void)fwrite(path, 1, strlen(path) + 1, out);
    bool ok = in && out && !ferror(in);
    ok = out && fclose(out) == 0 && ok;
    if (in)
        (void)fclose(in);
    free(head);
    free(path);
    return ok ? BELAY_OK
              : repo_explain(t->repo, BELAY_E_RETRY, NULL, NULL, "list the files of the release: %s", strerror(errno));
}

/* Writes the names of the files that the checkout writes to the list "names". */
static belay_status list_files(const trial *t, const char *from)
{
    belay_status s;
    int raw = open_list(t, "raw", &s), names = s == BELAY_OK ? open_list(t, "names", &s) : -1;
    if (s != BELAY_OK) {
        if (raw >= 0)
            (void)close(raw);
        return s;
    }
    belay_run io = {.out_fd = raw};
    s = repo_must(t->repo, &io, "compare the releases",
                  REPO_ARGS("diff-tree", "-r", "-z", "--no-renames", "--diff-filter=AMT", from, t->to));
    if (s == BELAY_OK)
        return pick_files(t, raw, names);
    (void)close(raw);
    (void)close(names);
    return s;
}

static bool has_driver(const trial *t, const char *driver)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->files[i].driver, driver) == 0)
            return true;
    return false;
}

static void take_file(trial *t, const char *path, const char *driver)
{
    static const char *const none[] = {"unspecified", "unset", "set"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (strcmp(driver, none[i]) == 0)
            return;
    if (t->count >= FILES_MAX && has_driver(t, driver))
        return;
    t->files = text_grow(t->files, t->count + 1, sizeof *t->files);
    t->files[t->count++] = (filtered){text_dup(driver), text_dup(path)};
}

/* path, NUL, "filter", NUL, driver, NUL, again and again. Closes fd. */
static void take_files(trial *t, int fd)
{
    char *field[3] = {NULL};
    size_t room[3] = {0};
    (void)lseek(fd, 0, SEEK_SET);
    FILE *in = fdopen(fd, "r");
    while (in && getdelim(&field[0], &room[0], '\0', in) > 0 && getdelim(&field[1], &room[1], '\0', in) > 0 &&
           getdelim(&field[2], &room[2], '\0', in) > 0)
        take_file(t, field[0], field[2]);
    if (in)
        (void)fclose(in);
    for (size_t i = 0; i < 3; i++)
        free(field[i]);
}

/* By the attributes of the release itself, which an index of its own holds. */
static belay_status find_filtered(trial *t, const char *from)
{
    belay_run index = {0}, io = {0};
    const char *const env[] = {t->index, NULL};
    belay_status s = repo_git_with(t->repo, &index, env, REPO_ARGS("read-tree", t->to));
    if (s == BELAY_OK && index.exit_code != 0)
        s = repo_fail(t->repo, &index, "read the release", NULL, NULL);
    if (s == BELAY_OK)
        s = list_files(t, from);
    if (s != BELAY_OK)
        return s;
    io.in_fd = open_list(t, "names", &s);
    io.out_fd = s == BELAY_OK ? open_list(t, "filters", &s) : -1;
    if (s == BELAY_OK)
        s = repo_git_with(t->repo, &io, env, REPO_ARGS("check-attr", "-z", "--stdin", "--cached", "filter"));
    if (s == BELAY_OK && io.exit_code != 0)
        s = repo_fail(t->repo, &io, "read the attributes of the release", NULL, NULL);
    if (io.in_fd >= 0)
        (void)close(io.in_fd);
    if (s == BELAY_OK)
        take_files(t, io.out_fd);
    else if (io.out_fd >= 0)
        (void)close(io.out_fd);
    return s;
}

/* ---- trying ------------------------------------------------------------------------------------------------------ */

static const struct smudger *find_smudger(const repo *r, const char *driver)
{
    for (size_t i = 0; i < r->own.smudger_count; i++)
        if (strcmp(r->own.smudgers[i].name, driver) == 0)
            return &r->own.smudgers[i];
    return NULL;
}

/* What git-lfs and git-crypt leave in the place of a file is of no use without them. */
static bool is_stand_in(const trial *t, const char *path)
{
    static const char lfs[] = "version https://git-lfs", crypt[] = "\0GITCRYPT";
    guard_mem char *spec = text_printf("%s:%s", t->to, path);
    belay_run io = {0};
    if (repo_git(t->repo, &io, REPO_ARGS("cat-file", "blob", spec)) != BELAY_OK || io.exit_code != 0)
        return false;
    return (io.out_len > sizeof lfs && memcmp(io.out, lfs, sizeof lfs - 1) == 0) ||
           (io.out_len > sizeof crypt && memcmp(io.out, crypt, sizeof crypt - 1) == 0);
}

static belay_status judge_missing(const trial *t, const filtered *f, bool first)
{
    if (is_stand_in(t, f->path))
        return repo_explain(t->repo, BELAY_E_FAIL, "repo",
                            "install it for the user as whom git runs (git lfs install, git-crypt unlock)",
                            "'%s' needs the filter '%s', which is not configured: a stand-in would be checked out",
                            f->path, f->driver);
    if (first)
        say_log(t->repo->c, t->repo->h, 2,
                "'%s' names the filter '%s', which is not configured: it stays as git keeps it", f->path, f->driver);
    return BELAY_OK;
}

static belay_status try_file(const trial *t, const filtered *f)
{
    belay_run io = {0};
    const char *const env[] = {t->index, t->tree, NULL};
    belay_status s = repo_git_with(t->repo, &io, env, REPO_ARGS("checkout-index", "--force", "--", f->path));
    if (s != BELAY_OK)
        return s;
    guard_mem char *what = text_printf("try the filter '%s' of '%s'", f->driver, f->path);
    if (io.exit_code != 0)
        return repo_fail(t->repo, &io, what, "ref",
                         "install the filter's program and what it needs, as keys and network");
    if (io.err[0]) /* a filter that is not required: git goes on without it */
        say_log(t->repo->c, t->repo->h, 2, "%s: %s", what, io.err);
    return BELAY_OK;
}

belay_status filter_check(const repo *r, const char *from, const char *to)
{
    trial t = {.repo = r, .to = to};
    belay_status s = make_folder(&t);
    if (s == BELAY_OK)
        s = find_filtered(&t, from);
    for (size_t i = 0; s == BELAY_OK && i < t.count; i++) {
        const filtered *f = &t.files[i];
        const struct smudger *known = find_smudger(r, f->driver);
        bool first = true;
        for (size_t k = 0; k < i && first; k++)
            first = strcmp(t.files[k].driver, f->driver) != 0;
        if (!known)
            s = judge_missing(&t, f, first);
        else if (first && !(r->planning && known->own))
            s = try_file(&t, f);
    }
    trial_done(&t);
    return s;
}
