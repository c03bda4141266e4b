/** @file grafana_world.h  A real Prometheus behind the sample's stand-in for Grafana, for tests; both end with the
 * program. */
#ifndef TESTS_PLUGIN_GRAFANA_WORLD_H
#define TESTS_PLUGIN_GRAFANA_WORLD_H

#define GRAFANA_TOKEN "glsa_test-token-0123456789"

/** Starts both; gives Grafana's address. Skips the program when Prometheus or Python is not installed. */
const char *grafana_start(void);
void grafana_stop(void);
/** Writes a dashboard's JSON model; "other/x.json" lies in the folder "other". */
void grafana_dashboard(const char *file, const char *json);
/** Makes the alert Provoked (critical) fire; Always (warning) fires anyway. */
void grafana_provoke_alert(void);
/** Stops Prometheus alone, so that Grafana's data source is gone. */
void grafana_stop_prometheus(void);

#endif
