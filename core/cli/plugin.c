#include "cli/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

int plugin_file_open(plugin_file *ret, const char *path, error **err)
{
    const char *base = getenv("TMPDIR");
    plugin_file f = {.folder = mem_printf("%s/belay-plugin-XXXXXX", base && *base == '/' ? base : "/tmp")};
    if (!mkdtemp(f.folder)) {
        int r = error_set(err, ERROR_IO, "make the folder '%s': %s", f.folder, strerror(errno));
        free(f.folder);
        return r;
    }
    int r = catalog_open_file(f.folder, path, &f.catalog, err);
    if (r < 0)
        plugin_file_done(&f);
    else
        *ret = f;
    return r;
}

void plugin_file_done(plugin_file *f)
{
    guard(error) err = NULL;
    catalog_free(f->catalog);
    if (f->folder && file_remove_tree(f->folder, &err) < 0) {
        guard_mem char *why = error_text(err);
        fprintf(stderr, "belay: warning: temporary files are left in %s: %s\n", f->folder, why);
    }
    free(f->folder);
    *f = (plugin_file){0};
}

int plugin_file_kind(const plugin_file *f, const char *name, char **ret, error **err)
{
    const catalog_plugin *p = catalog_plugin_at(f->catalog, 0);
    guard_mem char *whole = strchr(name, '.') ? mem_dup(name) : mem_printf("%s.%s", p->name, name);
    if (catalog_kind_find(f->catalog, whole)) {
        *ret = take(whole);
        return 0;
    }
    guard_text kinds = {0};
    for (size_t i = 0; i < p->kind_count; i++)
        text_printf(&kinds, "%s%s", i ? ", " : "", p->kinds[i].step);
    (void)error_set(err, ERROR_NOT_FOUND, "the plugin '%s' has no kind '%s'", p->name, name);
    return error_hint(err, "it has: %s", text_get(&kinds));
}
