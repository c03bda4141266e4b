/**
 * @file variables.h
 * A dashboard's variables, put into a panel's query as Grafana's frontend does it for Prometheus: $name, ${name},
 * ${name:format} and [[name]]. What begins with "__" ($__range, $__rate_interval) the data source's backend replaces.
 * Source: Grafana's documentation, "Variable syntax".
 */
#ifndef GRAFANA_VARIABLES_H
#define GRAFANA_VARIABLES_H

#include <jansson.h>
#include <stddef.h>

/** What the variables stand for: those of `overrides` ("name=value", NULL-terminated; a name may come several times),
 * else the values that the dashboard was saved with. The caller decrefs. */
json_t *variables_read(const json_t *dashboard, const char *const *overrides);

/** A copy of value with the variables in all its texts replaced. The caller decrefs. NULL when it cannot be done: why
 * then says it. */
json_t *variables_put(const json_t *variables, json_t *value, char *why, size_t size);

#endif
