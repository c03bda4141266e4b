#include "git_world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES 40

static void commit(const git_world *w, const char *tag)
{
    (void)git_says(w, "add", "-A");
    (void)git_says(w, "-c", "user.name=kit", "-c", "user.email=kit@example.org", "commit", "-q", "-m", tag);
    (void)git_says(w, "tag", tag);
}

/* v2 changes, removes and adds files, so that a checkout cut off anywhere leaves a trace. */
static git_world make(void)
{
    git_world w = {.path = kit_path("%s/repo", kit_folder())};
    (void)kit_output_of("git", "init", "-q", "-b", "main", w.path, NULL);
    kit_write(kit_path("%s/.gitignore", w.path), ".env\n");
    kit_write(kit_path("%s/gone", w.path), "only in v1\n");
    for (int i = 0; i < FILES; i++)
        kit_write(kit_path("%s/file%02d", w.path, i), kit_path("%d of v1\n", i));
    commit(&w, "v1");
    w.v1 = git_says(&w, "rev-parse", "HEAD");
    for (int i = 0; i < FILES; i++)
        kit_write(kit_path("%s/%s%02d", w.path, i % 2 ? "file" : "added", i),
                  kit_path("%d of v2, which is longer\n", i));
    (void)git_says(&w, "rm", "-q", "gone");
    commit(&w, "v2");
    w.v2 = git_says(&w, "rev-parse", "HEAD");
    (void)git_says(&w, "reset", "-q", "--hard", "v1");
    return w;
}

git_world git_world_new(void)
{
    static git_world original; /* a copy costs one process, a repository a dozen */
    if (!original.path)
        original = make();
    git_world w = {.path = kit_path("%s/repo", kit_folder()), .v1 = original.v1, .v2 = original.v2};
    (void)kit_output_of("cp", "-a", original.path, w.path, NULL);
    return w;
}

const char *git_world_trim(const char *output)
{
    size_t n = strlen(output);
    while (n && output[n - 1] == '\n')
        n--;
    return kit_path("%.*s", (int)n, output);
}

kit_step *git_world_step(const git_world *w, const char *ref)
{
    kit_step *s = kit_step_new("git.checkout");
    kit_set(s, "repo", w->path);
    kit_set(s, "ref", ref);
    return s;
}

const char *git_world_state(const git_world *w)
{
    static const char script[] =
        "cd \"$1\" && cat .git/HEAD && git rev-parse HEAD && git ls-files -s && ls .git/*.lock 2>&1;"
        " find . -path ./.git -prune -o -type f -print | sort | xargs sha256sum";
    return kit_output_of("bash", "-c", script, "state", w->path, NULL);
}
