/* grafana.panel: the query of a dashboard's panel, asked and judged. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "dashboards.h"
#include "kinds.h"
#include "say/say.h"
#include "text/text.h"
#include "values.h"
#include "variables.h"

#define MIXED      "-- Mixed --" /* each query has a data source of its own */
#define EXPRESSION "__expr__"    /* the uid of Grafana's own data source, which reckons with other queries' answers */

belay_status panel_prepare(belay_ctx *c, const belay_host *h)
{
    for (const char *const *item = h->opt_list(c, "variables"); *item; item++)
        if (!strchr(*item, '=') || **item == '=')
            return say_option(c, h, BELAY_E_CONFIG, "variables", NULL, "'%s' is not written \"name=value\"", *item);
    return api_check(c, h);
}

/* ---- data sources ------------------------------------------------------------------------------------------------ */

static belay_status default_source(belay_ctx *c, const belay_host *h, json_t **ret)
{
    json_t *answer = NULL, *source;
    size_t i;
    belay_status s = api_call(c, h, "GET", "/api/datasources", NULL, 0, &answer);
    json_array_foreach(answer, i, source)
        if (!*ret && json_is_true(json_object_get(source, "isDefault")))
            *ret = json_pack("{s:O}", "uid", json_object_get(source, "uid"));
    json_decref(answer);
    if (s == BELAY_OK && !*ret)
        return say(c, h, BELAY_E_FAIL, NULL, "the panel uses the default data source, and Grafana has none");
    return s;
}

/* Dashboards of old have a data source's name; what is no name is a uid. */
static belay_status named_source(belay_ctx *c, const belay_host *h, const char *name, json_t **ret)
{
    json_t *answer = NULL, *source;
    size_t i;
    belay_status s = api_call(c, h, "GET", "/api/datasources", NULL, 0, &answer);
    json_array_foreach(answer, i, source) {
        const char *its = json_string_value(json_object_get(source, "name"));
        if (!*ret && its && strcmp(its, name) == 0)
            *ret = json_pack("{s:O}", "uid", json_object_get(source, "uid"));
    }
    json_decref(answer);
    if (s == BELAY_OK && !*ret)
        *ret = json_pack("{s:s}", "uid", name);
    return s;
}

/* What POST /api/ds/query takes for a data source; *ret is the caller's. */
static belay_status find_source(belay_ctx *c, const belay_host *h, const json_t *source, json_t **ret)
{
    const char *uid = json_string_value(json_object_get(source, "uid"));
    const char *name = json_string_value(source);
    if ((uid && strcmp(uid, "-- Dashboard --") == 0) || (name && strcmp(name, "-- Dashboard --") == 0))
        return say_option(c, h, BELAY_E_FAIL, "panel", "name the panel that has the query",
                          "the panel shows the answer of another panel");
    if ((uid && strcmp(uid, MIXED) == 0) || (name && strcmp(name, MIXED) == 0))
        return say_option(c, h, BELAY_E_FAIL, "panel", "choose its data source in the panel's editor",
                          "a query of the mixed panel '%s' names no data source", h->opt_str(c, "panel"));
    if (uid) {
        *ret = json_deep_copy(source);
        return BELAY_OK;
    }
    return name ? named_source(c, h, name, ret) : default_source(c, h, ret);
}

/* ---- the queries ------------------------------------------------------------------------------------------------- */

static const char *source_uid(const json_t *target)
{
    const char *uid = json_string_value(json_object_get(json_object_get(target, "datasource"), "uid"));
    return uid ? uid : "";
}

static int is_hidden(const json_t *target)
{
    return json_is_true(json_object_get(target, "hide"));
}

/* One target of the panel, with data source and variables; *ret is the caller's. */
static belay_status make_query(belay_ctx *c, const belay_host *h, const json_t *panel, const json_t *variables,
                               const json_t *target, json_t **ret)
{
    char why[256];
    json_t *source = json_object_get(target, "datasource");
    json_t *named = json_pack("{s:O?}", "datasource",
                              source && !json_is_null(source) ? source : json_object_get(panel, "datasource"));
    json_t *query = json_deep_copy(target), *put = NULL, *found = NULL;
    json_object_update(query, named);
    json_decref(named);
    put = variables_put(variables, query, why, sizeof why);
    json_decref(query);
    if (!put)
        return say_option(c, h, BELAY_E_FAIL, "variables", "give it with variables = [\"name=value\"]", "%s", why);
    belay_status s = find_source(c, h, json_object_get(put, "datasource"), &found);
    if (s == BELAY_OK) {
        json_object_set_new(put, "datasource", found);
        if (!json_object_get(put, "intervalMs"))
            json_object_set_new(put, "intervalMs", json_integer(15000));
        if (!json_object_get(put, "maxDataPoints"))
            json_object_set_new(put, "maxDataPoints", json_integer(1000));
        *ret = put;
        return BELAY_OK;
    }
    json_decref(put);
    return s;
}

/* Hidden queries are asked only where an expression may need them. */
static void drop_hidden(json_t *queries)
{
    size_t i;
    json_t *query;
    json_array_foreach(queries, i, query)
        if (strcmp(source_uid(query), EXPRESSION) == 0)
            return;
    for (i = json_array_size(queries); i-- > 0;)
        if (is_hidden(json_array_get(queries, i)))
            json_array_remove(queries, i);
}

static belay_status make_queries(belay_ctx *c, const belay_host *h, const json_t *dashboard, const json_t *panel,
                                 json_t *queries)
{
    size_t i;
    json_t *target, *variables = variables_read(dashboard, h->opt_list(c, "variables"));
    belay_status s = BELAY_OK;
    json_array_foreach(json_object_get(panel, "targets"), i, target) {
        json_t *query = NULL;
        if (s == BELAY_OK)
            s = make_query(c, h, panel, variables, target, &query);
        if (query)
            json_array_append_new(queries, query);
    }
    json_decref(variables);
    drop_hidden(queries);
    if (s == BELAY_OK && json_array_size(queries) == 0)
        s = say_option(c, h, BELAY_E_FAIL, "panel", NULL, "the panel '%s' has no query", h->opt_str(c, "panel"));
    return s;
}

/* The option `window`, else the panel's own time, else the dashboard's. */
static json_t *make_request(belay_ctx *c, const belay_host *h, const json_t *dashboard, const json_t *panel,
                            json_t *queries)
{
    char from[64];
    const json_t *time = json_object_get(dashboard, "time");
    const char *own = json_string_value(json_object_get(panel, "timeFrom"));
    const char *begin = json_string_value(json_object_get(time, "from")),
               *end = json_string_value(json_object_get(time, "to"));
    long long window_s = (long long)h->opt_int(c, "window") / 1000;
    if (window_s > 0)
        snprintf(from, sizeof from, "now-%llds", window_s);
    else if (own && *own)
        snprintf(from, sizeof from, "now-%s", own);
    else
        snprintf(from, sizeof from, "%s", begin ? begin : "now-6h");
    int whole = window_s > 0 || (own && *own) || !end;
    return json_pack("{s:s, s:s, s:O}", "from", from, "to", whole ? "now" : end, "queries", queries);
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

/* Takes the series of one query over; its refId goes before their labels when there are several queries. */
static void take_series(frames *all, frames *part, const char *prefix)
{
    for (size_t i = 0; i < part->count; i++) {
        frames_series *from = &part->series[i];
        if (prefix) {
            char *name = text_printf("%s:%s", prefix, from->name);
            free(from->name);
            from->name = name;
        }
        all->series = text_grow(all->series, all->count + 1, sizeof *all->series);
        all->series[all->count++] = *from;
        *from = (frames_series){0};
    }
}

static bool has_number(const frames *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (frames_has_number(&f->series[i]))
            return true;
    return false;
}

/* A query that gave no number beside one that did: what it would have shown nobody knows. */
static belay_status check_unseen(belay_ctx *c, const belay_host *h, const frames *all, const text *unseen)
{
    if (!unseen->length || !has_number(all))
        return BELAY_OK;
    return say(c, h, BELAY_NO_DATA, "hide the query in the panel, if it is not to be judged",
               "of the panel '%s' these queries gave no number: %s", h->opt_str(c, "panel"), text_of(unseen));
}

static belay_status judge(belay_ctx *c, const belay_host *h, const json_t *answer, const json_t *queries)
{
    frames all = {0};
    guard_text unseen = {0};
    size_t i, shown = 0;
    json_t *query;
    belay_status s = BELAY_OK;
    json_array_foreach(queries, i, query)
        shown += !is_hidden(query);
    json_array_foreach(queries, i, query) {
        const char *ref = json_string_value(json_object_get(query, "refId"));
        frames part = {0};
        if (s == BELAY_OK && !is_hidden(query))
            frames_read(answer, ref ? ref : "A", &part);
        if (part.error[0])
            s = say(c, h, BELAY_E_RETRY, "open the panel in Grafana", "query %s of the panel '%s' failed: %s",
                    ref ? ref : "A", h->opt_str(c, "panel"), part.error);
        else if (!is_hidden(query) && !has_number(&part))
            text_add(&unseen, "%s%s%s", unseen.length ? ", " : "", ref ? ref : "A", part.logs ? " (log lines)" : "");
        take_series(&all, &part, shown > 1 ? ref : NULL);
        frames_done(&part);
    }
    if (s == BELAY_OK)
        s = values_measure(c, h, &all);
    if (s == BELAY_OK)
        s = check_unseen(c, h, &all, &unseen);
    frames_done(&all);
    return s;
}

belay_status panel_verify(belay_ctx *c, const belay_host *h)
{
    json_t *dashboard = NULL, *answer = NULL, *request = NULL, *queries = json_array();
    json_t *panel = NULL;
    belay_status s = dashboards_find(c, h, &dashboard);
    if (s == BELAY_OK)
        s = dashboards_panel(c, h, dashboard, &panel);
    if (s == BELAY_OK)
        s = make_queries(c, h, dashboard, panel, queries);
    if (s == BELAY_OK) {
        request = make_request(c, h, dashboard, panel, queries);
        s = api_call(c, h, "POST", "/api/ds/query", request, 1, &answer);
    }
    if (s == BELAY_OK)
        s = judge(c, h, answer, queries);
    json_decref(answer);
    json_decref(request);
    json_decref(queries);
    json_decref(dashboard);
    return s;
}
