#include "catalog/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/trust.h"
#include "catalog/load.h"
#include "catalog/pin.h"

struct catalog {
    struct {
        catalog_plugin **items; /* pointers: kinds point back to their plugin */
        size_t count, room;
    } plugins;
    struct {
        catalog_problem *items;
        size_t count, room;
    } problems;
    struct {
        struct stat *items;
        size_t count, room;
    } searched; /* a folder that has two names is looked through once */
    const char *state_folder;
};

/* ---- problems ---------------------------------------------------------------------------------------------------- */

static void add_problem(catalog *c, const char *path, bool refused, const char *hint, char *why)
{
    mem_reserve(&c->problems);
    c->problems.items[c->problems.count++] =
        (catalog_problem){.path = mem_dup(path), .why = why, .hint = mem_dup_or_null(hint), .refused = refused};
}

static void add_refused(catalog *c, const char *path, const error *err)
{
    add_problem(c, path, true, error_get_hint(err), error_text(err));
}

/* ---- search ------------------------------------------------------------------------------------------------------ */

static catalog_plugin *find_plugin(const catalog *c, const char *name)
{
    for (size_t i = 0; i < c->plugins.count; i++)
        if (strcmp(c->plugins.items[i]->name, name) == 0)
            return c->plugins.items[i];
    return NULL;
}

/* The first of a name wins; another with other content is told, since somebody may expect it to be used. */
static void add_plugin(catalog *c, catalog_plugin *p)
{
    const catalog_plugin *first = find_plugin(c, p->name);
    if (!first) {
        mem_reserve(&c->plugins);
        c->plugins.items[c->plugins.count++] = p;
        return;
    }
    if (strcmp(first->sha256, p->sha256) != 0)
        add_problem(c, p->path, false, NULL,
                    mem_printf("not used: '%s' of version %s comes first, and its content differs", first->path,
                               first->version));
    catalog_plugin_free(p);
}

static int is_plugin_file(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return entry->d_name[0] != '.' && n > 3 && strcmp(entry->d_name + n - 3, ".so") == 0;
}

static bool was_searched(catalog *c, int folder)
{
    struct stat st;
    if (fstat(folder, &st) != 0)
        return false;
    for (size_t i = 0; i < c->searched.count; i++)
        if (c->searched.items[i].st_dev == st.st_dev && c->searched.items[i].st_ino == st.st_ino)
            return true;
    mem_reserve(&c->searched);
    c->searched.items[c->searched.count++] = st;
    return false;
}

static void search_open_folder(catalog *c, int folder, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandirat(folder, ".", &entries, is_plugin_file, alphasort);
    if (count < 0)
        add_problem(c, path, true, NULL, mem_printf("read the folder '%s': %s", path, strerror(errno)));
    for (int i = 0; i < count; i++) {
        guard(error) err = NULL;
        catalog_plugin *p = NULL;
        guard_mem char *file = mem_printf("%s/%s", path, entries[i]->d_name);
        if (load_plugin(c->state_folder, folder, path, entries[i]->d_name, &p, &err) < 0)
            add_refused(c, file, err);
        else
            add_plugin(c, p);
        free(entries[i]);
    }
    free(entries);
}

/* wanted: somebody named this folder, so that it must be there. */
static void search_folder(catalog *c, const char *path, bool wanted)
{
    guard(error) err = NULL;
    guard_mem char *real = NULL;
    int opened = -1;
    int r = trust_open_folder(path, &opened, &real, &err);
    guard_fd folder = opened;
    if (r == -ERROR_NOT_FOUND && !wanted)
        return;
    if (r < 0)
        add_refused(c, path, err);
    else if (!was_searched(c, folder))
        search_open_folder(c, folder, real);
}

/* What another user's environment says must not decide what root loads. */
static bool environment_counts(void)
{
    return geteuid() != 0 && getauxval(AT_SECURE) == 0;
}

static void search_environment(catalog *c)
{
    const char *list = getenv("BELAY_PLUGIN_PATH");
    if (list && *list && !environment_counts()) {
        add_problem(c, "BELAY_PLUGIN_PATH", false, "use --plugin-dir", mem_dup("ignored: root does not read it"));
        return;
    }
    while (list && *list) {
        size_t length = strcspn(list, ":");
        guard_mem char *path = mem_dup_n(list, length);
        if (length)
            search_folder(c, path, true);
        list += length + (list[length] == ':');
    }
}

static void search_users_folder(catalog *c)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    guard_mem char *path = data && *data == '/' ? mem_printf("%s/belay/plugins", data)
                           : home               ? mem_printf("%s/.local/share/belay/plugins", home)
                                                : NULL;
    if (path && environment_counts())
        search_folder(c, path, false);
}

/* Relative to the program: an installation may be staged or moved. A build tree has its programs in one folder and the
 * plugins in the next. */
static void search_beside_program(catalog *c)
{
    static const char *const places[] = {"../plugins", BELAY_PLUGINS_FROM_PROGRAM};
    guard_mem char *program = realpath("/proc/self/exe", NULL);
    char *slash = program ? strrchr(program, '/') : NULL;
    if (!slash)
        return;
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        guard_mem char *path = mem_printf("%s/%s", program, places[i]);
        search_folder(c, path, false);
    }
}

int catalog_open(const catalog_places *places, catalog **ret, error **err)
{
    static const char *const installed[] = {"/usr/local/lib/belay", "/usr/lib/belay"};
    int r = pin_prepare(places->state_folder, err);
    if (r < 0)
        return r;
    catalog *c = mem_new(catalog);
    c->state_folder = places->state_folder;
    for (size_t i = 0; places->folders && places->folders[i]; i++)
        search_folder(c, places->folders[i], true);
    search_environment(c);
    search_users_folder(c);
    search_beside_program(c);
    for (size_t i = 0; i < sizeof installed / sizeof *installed; i++)
        search_folder(c, installed[i], false);
    c->state_folder = NULL;
    *ret = c;
    return 0;
}

int catalog_open_pinned(const char *state_folder, const char *const *sha256s, catalog **ret, error **err)
{
    guard(catalog) c = mem_new(catalog);
    for (size_t i = 0; sha256s[i]; i++) {
        catalog_plugin *p = NULL;
        int r = catalog_describe_pinned(state_folder, sha256s[i], &p, err);
        if (r < 0)
            return r;
        add_plugin(c, p);
    }
    *ret = take(c);
    return 0;
}

int catalog_open_file(const char *state_folder, const char *path, catalog **ret, error **err)
{
    catalog_plugin *p = NULL;
    int r = catalog_describe(state_folder, path, &p, err);
    if (r < 0)
        return r;
    *ret = mem_new(catalog);
    add_plugin(*ret, p);
    return 0;
}

void catalog_free(catalog *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->plugins.count; i++)
        catalog_plugin_free(c->plugins.items[i]);
    for (size_t i = 0; i < c->problems.count; i++) {
        free(c->problems.items[i].path);
        free(c->problems.items[i].why);
        free(c->problems.items[i].hint);
    }
    free(c->plugins.items);
    free(c->problems.items);
    free(c->searched.items);
    free(c);
}

/* ---- what there is ----------------------------------------------------------------------------------------------- */

size_t catalog_plugin_count(const catalog *c)
{
    return c->plugins.count;
}

const catalog_plugin *catalog_plugin_at(const catalog *c, size_t i)
{
    return i < c->plugins.count ? c->plugins.items[i] : NULL;
}

size_t catalog_problem_count(const catalog *c)
{
    return c->problems.count;
}

const catalog_problem *catalog_problem_at(const catalog *c, size_t i)
{
    return i < c->problems.count ? &c->problems.items[i] : NULL;
}
