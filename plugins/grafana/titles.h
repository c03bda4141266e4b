/** @file titles.h  Titles of dashboards and panels: the one that is meant, or the nearest ones for a message. */
#ifndef GRAFANA_TITLES_H
#define GRAFANA_TITLES_H

#include <jansson.h>
#include <stddef.h>

/** The objects of the array whose member "title" is this text, letter case apart where none is exactly so. The caller
 * decrefs; never NULL. */
json_t *titles_matching(const json_t *objects, const char *wanted);
/** "'Error Rate', 'Errors'": the titles most like the wanted one, at most five, into buf; "" when there are none. */
void titles_nearest(const json_t *objects, const char *wanted, char *buf, size_t size);

#endif
