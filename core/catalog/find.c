/* What there is, by name. */
#include <string.h>

#include "base/nearest.h"
#include "catalog/catalog.h"

const catalog_kind *catalog_kind_find(const catalog *c, const char *name)
{
    for (size_t i = 0; i < catalog_plugin_count(c); i++) {
        const catalog_plugin *p = catalog_plugin_at(c, i);
        for (size_t k = 0; k < p->kind_count; k++)
            if (strcmp(p->kinds[k].name, name) == 0)
                return &p->kinds[k];
    }
    return NULL;
}

const char *catalog_kind_nearest(const catalog *c, const char *name)
{
    nearest n = nearest_to(name);
    const char *same = NULL;
    size_t steps = 0;
    for (size_t i = 0; i < catalog_plugin_count(c); i++) {
        const catalog_plugin *p = catalog_plugin_at(c, i);
        for (size_t k = 0; k < p->kind_count; k++) {
            nearest_offer(&n, p->kinds[k].name);
            if (strcmp(p->kinds[k].step, name) == 0) {
                same = p->kinds[k].name;
                steps++;
            }
        }
    }
    return steps == 1 ? same : nearest_get(&n);
}

const catalog_option *catalog_option_find(const catalog_kind *k, const char *name)
{
    for (size_t i = 0; i < k->option_count; i++)
        if (strcmp(k->options[i].name, name) == 0)
            return &k->options[i];
    return NULL;
}

const catalog_output *catalog_output_find(const catalog_kind *k, const char *name)
{
    for (size_t i = 0; i < k->output_count; i++)
        if (strcmp(k->outputs[i].name, name) == 0)
            return &k->outputs[i];
    return NULL;
}

const catalog_metric *catalog_metric_find(const catalog_kind *k, const char *name)
{
    size_t length = strcspn(name, "/");
    for (size_t i = 0; i < k->metric_count; i++)
        if (strlen(k->metrics[i].name) == length && strncmp(k->metrics[i].name, name, length) == 0)
            return &k->metrics[i];
    return NULL;
}
