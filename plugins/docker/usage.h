/**
 * @file usage.h
 * What a container uses, from one answer of GET /containers/ID/stats. The figures are those of `docker stats`; source:
 * Engine API, ContainerStats, and Docker's documentation of its command, "docker container stats".
 */
#ifndef DOCKER_USAGE_H
#define DOCKER_USAGE_H

#include <jansson.h>
#include <stdbool.h>

typedef struct usage {
    double cpu_ns;    /**< CPU time of the container since its start */
    double system_ns; /**< CPU time of all CPUs of the machine since its boot */
    double cpus;
    double memory; /**< bytes, without what the page cache gives back on demand */
    double limit;  /**< bytes: the container's limit, or else the machine's memory */
} usage;

/** false when the container did not run at that moment: the engine then answers with nothing but zeros. */
bool usage_read(const json_t *stats, usage *ret);
/** Percent of one CPU between two samples, NaN when they do not tell: no time has passed, or a new life began. */
double usage_cpu(const usage *from, const usage *to);

#endif
