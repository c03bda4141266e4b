#include "store_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int fixture_setup(void **state)
{
    char template[] = "/tmp/belay-store-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    fixture *f = mem_new(fixture);
    f->root = mem_dup(template);
    f->folder = mem_printf("%s/state", template);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    fixture *f = *state;
    guard(error) err = NULL;
    store_close(f->store);
    int r = file_remove_tree(f->root, &err);
    free(f->root);
    free(f->folder);
    free(f);
    return r;
}

void fixture_good(int r, const error *err)
{
    guard_mem char *text = error_text(err);
    if (r != 0)
        fail_msg("%s", text);
}

void fixture_says(const error *err, const char *word, const char *other)
{
    guard_mem char *text = error_text(err);
    if (!strstr(text, word) || !strstr(text, other))
        fail_msg("'%s' names not both '%s' and '%s'", text, word, other);
}

void fixture_open(fixture *f)
{
    guard(error) err = NULL;
    store_close(take(f->store));
    fixture_good(store_open(f->folder, &f->store, &err), err);
}

char *fixture_run(fixture *f, const char *environment)
{
    guard(error) err = NULL;
    char name[] = "shop", version[] = "v2", text[] = "pipeline: {};";
    guard_mem char *copy = mem_dup(environment);
    store_run run = {.pipeline = name, .environment = copy, .version = version, .text = text};
    fixture_good(store_run_create(f->store, &run, &err), err);
    return run.id;
}
