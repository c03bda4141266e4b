/** @file units.h  Durations and sizes as people write them. A number without its unit is an error. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define UNITS_TEXT 24

/** "250ms" "30s" "5m" "24h" "2d", whole or decimal ("1.5h"), not negative; gives milliseconds. ERROR_CONFIG says what
 * is wrong and how to write it. */
int units_duration(const char *s, int64_t *ret_ms, error **err) CHECKED;
/** "512B" "64KiB" "1.5GiB" (powers of 1024) "20GB" "200kB" (powers of 1000); gives bytes. */
int units_size(const char *s, int64_t *ret_bytes, error **err) CHECKED;
/** "850 ms", "12.4 s", "3 min 05 s", "2 h 10 min": into buf; returns buf. */
char *units_show_duration(int64_t ms, char buf[UNITS_TEXT]);
/** "512 B", "1.2 GB" (powers of 1000): into buf; returns buf. */
char *units_show_size(int64_t bytes, char buf[UNITS_TEXT]);

/** A threshold as belay/plugin.h describes it: holds when a measurement is bad. */
typedef enum units_compare { UNITS_GT, UNITS_GE, UNITS_LT, UNITS_LE, UNITS_EQ, UNITS_NE, UNITS_OUTSIDE } units_compare;
typedef struct units_threshold {
    units_compare compare;
    double a, b;   /**< b: UNITS_OUTSIDE only, the upper end */
    bool relative; /**< a and b are factors of a baseline: see units_threshold_against() */
} units_threshold;
/** Parses "> 200", "< 20GB", "outside 1..5"; numbers with a unit are converted to metric_unit ("ms", "B", "%"; others
 * take plain numbers only; of a metric "B/h" they are written "8MB/h"). "> 1.2 * baseline" and "outside 0.8..1.2 *
 * baseline" are relative. */
int units_threshold_parse(const char *s, const char *metric_unit, units_threshold *ret, error **err) CHECKED;
/** The absolute threshold that a relative one comes to. */
units_threshold units_threshold_against(const units_threshold *t, double baseline);
/** 1 when value is bad by t, which is not relative. A NaN is always bad. */
int units_threshold_holds(const units_threshold *t, double value);
/** value with its metric's unit, for people: "12.4 s", "1.2 GB", "3.5 %", "42"; into buf; returns buf. */
char *units_show_value(double value, const char *metric_unit, char buf[UNITS_TEXT]);

#endif
