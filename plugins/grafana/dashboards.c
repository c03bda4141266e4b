#include "dashboards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "say/say.h"
#include "titles.h"

#define NEAREST_TEXT 512

static const char *member(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

/* ---- dashboards -------------------------------------------------------------------------------------------------- */

/* All dashboards that the token may see and that are in the wanted folder. The search is asked without a text: what it
 * takes for a match differs from version to version. */
static belay_status list_dashboards(belay_ctx *c, const belay_host *h, json_t **ret)
{
    json_t *answer = NULL, *one;
    const char *folder = h->opt_str(c, "folder");
    size_t i;
    belay_status s = api_call(c, h, "GET", "/api/search?type=dash-db&limit=5000", NULL, 0, &answer);
    if (s != BELAY_OK)
        return s;
    *ret = json_array();
    json_array_foreach(answer, i, one)
        if (!folder || strcmp(member(one, "folderTitle"), folder) == 0 || strcmp(member(one, "folderUid"), folder) == 0)
            json_array_append(*ret, one);
    json_decref(answer);
    return BELAY_OK;
}

static belay_status no_dashboard(belay_ctx *c, const belay_host *h, const json_t *all, const char *wanted)
{
    char nearest[NEAREST_TEXT];
    const char *folder = h->opt_str(c, "folder");
    titles_nearest(all, wanted, nearest, sizeof nearest);
    if (!*nearest)
        return say_option(c, h, BELAY_E_FAIL, "dashboard", "may the service account view the dashboard's folder?",
                          "Grafana shows no dashboard at all%s%s", folder ? " in the folder " : "",
                          folder ? folder : "");
    return say_option(c, h, BELAY_E_FAIL, "dashboard", NULL, "Grafana has no dashboard '%s'%s%s; the nearest: %s",
                      wanted, folder ? " in the folder " : "", folder ? folder : "", nearest);
}

static belay_status several_dashboards(belay_ctx *c, const belay_host *h, const json_t *found, const char *wanted)
{
    char list[1024] = "";
    size_t used = 0, i;
    json_t *one;
    json_array_foreach(found, i, one)
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s in the folder '%s'", i ? ", " : "",
                                     member(one, "uid"), member(one, "folderTitle"));
    return say_option(c, h, BELAY_E_FAIL, "dashboard", "set folder, or write the uid instead of the title",
                      "%zu dashboards have the title '%s': %s", json_array_size(found), wanted, list);
}

static const char *uid_among(const json_t *all, const char *wanted)
{
    size_t i;
    json_t *one;
    json_array_foreach(all, i, one)
        if (strcmp(member(one, "uid"), wanted) == 0)
            return member(one, "uid");
    return NULL;
}

static belay_status fetch(belay_ctx *c, const belay_host *h, const char *uid, json_t **ret)
{
    char path[256];
    json_t *answer = NULL;
    snprintf(path, sizeof path, "/api/dashboards/uid/%.200s", uid); /* letters, digits, '-' and '_' */
    belay_status s = api_call(c, h, "GET", path, NULL, 0, &answer);
    if (s == BELAY_OK)
        *ret = json_incref(json_object_get(answer, "dashboard"));
    json_decref(answer);
    return s == BELAY_OK && !*ret ? say(c, h, BELAY_E_RETRY, NULL, "Grafana's answer to %s has no dashboard", path) : s;
}

belay_status dashboards_find(belay_ctx *c, const belay_host *h, json_t **ret)
{
    const char *wanted = h->opt_str(c, "dashboard");
    json_t *all = NULL;
    belay_status s = list_dashboards(c, h, &all);
    if (s != BELAY_OK)
        return s;
    json_t *found = titles_matching(all, wanted);
    const char *uid = json_array_size(found) == 1 ? member(json_array_get(found, 0), "uid") : uid_among(all, wanted);
    if (uid)
        s = fetch(c, h, uid, ret);
    else
        s = json_array_size(found) ? several_dashboards(c, h, found, wanted) : no_dashboard(c, h, all, wanted);
    json_decref(found);
    json_decref(all);
    return s;
}

/* ---- panels ------------------------------------------------------------------------------------------------------ */

/* A library panel has a name; its title, like its queries, may stand in the library alone. */
static void name_library_panel(json_t *panel)
{
    const char *name = member(json_object_get(panel, "libraryPanel"), "name");
    if (*name && !*member(panel, "title"))
        json_object_set_new(panel, "title", json_string(name));
}

/* What the library holds of a panel that the dashboard only refers to. */
static belay_status complete(belay_ctx *c, const belay_host *h, json_t *panel)
{
    char path[256];
    const char *uid = member(json_object_get(panel, "libraryPanel"), "uid");
    json_t *answer = NULL;
    if (!*uid || json_array_size(json_object_get(panel, "targets")) > 0)
        return BELAY_OK;
    snprintf(path, sizeof path, "/api/library-elements/%.200s", uid);
    belay_status s = api_call(c, h, "GET", path, NULL, 0, &answer);
    json_t *model = json_object_get(json_object_get(answer, "result"), "model");
    if (s == BELAY_OK && !json_is_object(model))
        s = say(c, h, BELAY_E_RETRY, NULL, "Grafana's answer to %s has no model of the library panel", path);
    else if (s == BELAY_OK)
        json_object_update_missing(panel, model);
    if (s == BELAY_OK && json_array_size(json_object_get(panel, "targets")) == 0)
        json_object_set(panel, "targets", json_object_get(model, "targets"));
    json_decref(answer);
    return s;
}

/* A collapsed row holds its panels; before schema 16 all stood in rows. */
static void gather(const json_t *panels, json_t *all)
{
    size_t i;
    json_t *panel;
    json_array_foreach(panels, i, panel) {
        name_library_panel(panel);
        if (!json_object_get(panel, "panels"))
            json_array_append(all, panel);
        gather(json_object_get(panel, "panels"), all);
    }
}

static json_t *all_panels(const json_t *dashboard)
{
    json_t *all = json_array();
    gather(json_object_get(dashboard, "panels"), all);
    gather(json_object_get(dashboard, "rows"), all);
    return all;
}

static json_t *with_id(const json_t *panels, long long id)
{
    json_t *found = json_array(), *panel;
    size_t i;
    json_array_foreach(panels, i, panel)
        if (json_integer_value(json_object_get(panel, "id")) == id)
            json_array_append(found, panel);
    return found;
}

static belay_status not_one(belay_ctx *c, const belay_host *h, const json_t *dashboard, const json_t *all,
                            const json_t *found)
{
    char list[NEAREST_TEXT] = "";
    size_t used = 0, i;
    json_t *panel;
    const char *wanted = h->opt_str(c, "panel");
    if (json_array_size(found) == 0) {
        titles_nearest(all, wanted, list, sizeof list);
        return say_option(c, h, BELAY_E_FAIL, "panel", NULL, "the dashboard '%s' has no panel '%s'; the nearest: %s",
                          member(dashboard, "title"), wanted, *list ? list : "none has a title");
    }
    json_array_foreach(found, i, panel)
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s#%lld", i ? ", " : "",
                                     (long long)json_integer_value(json_object_get(panel, "id")));
    return say_option(c, h, BELAY_E_FAIL, "panel", "write the id instead of the title, \"#4\"",
                      "%zu panels of the dashboard '%s' have the title '%s': %s", json_array_size(found),
                      member(dashboard, "title"), wanted, list);
}

belay_status dashboards_panel(belay_ctx *c, const belay_host *h, const json_t *dashboard, json_t **ret)
{
    const char *wanted = h->opt_str(c, "panel");
    json_t *all = all_panels(dashboard);
    json_t *found = *wanted == '#' ? with_id(all, strtoll(wanted + 1, NULL, 10)) : titles_matching(all, wanted);
    belay_status s = BELAY_OK;
    if (json_array_size(found) == 1)
        *ret = json_array_get(found, 0); /* the dashboard holds it, too */
    else
        s = not_one(c, h, dashboard, all, found);
    if (s == BELAY_OK)
        s = complete(c, h, *ret);
    json_decref(found);
    json_decref(all);
    return s;
}
