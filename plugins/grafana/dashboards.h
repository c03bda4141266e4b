/**
 * @file dashboards.h
 * Dashboards and their panels, found by title. Source: Grafana's HTTP API, "Folder/Dashboard search" and "Dashboard",
 * and its "Dashboard JSON model".
 */
#ifndef GRAFANA_DASHBOARDS_H
#define GRAFANA_DASHBOARDS_H

#include <belay/plugin.h>

#include <jansson.h>

/**
 * The dashboard that the option `dashboard` names by title or uid, in the folder that `folder` names when it is set.
 * *ret (the caller decrefs) is its JSON model. E_FAIL, explained with the nearest titles, when there is none or
 * several.
 */
belay_status dashboards_find(belay_ctx *c, const belay_host *h, json_t **ret);
/** Its panel that the option `panel` names by title, or by id as "#4"; also within rows. Borrowed from the dashboard.
 */
belay_status dashboards_panel(belay_ctx *c, const belay_host *h, const json_t *dashboard, json_t **ret);

#endif
