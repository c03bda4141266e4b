/** @file flow_reader.h  How a flow file's settings are held against rules; each thing that is wrong becomes a line. */
#ifndef HTTP_FLOW_READER_H
#define HTTP_FLOW_READER_H

#include "flow_file.h"
#include "flow_vars.h"

/** Types that a setting may have, as bits. */
enum {
    FLOW_TEXT = 1,
    FLOW_NUMBER = 2,
    FLOW_BOOL = 4,
    FLOW_GROUP = 8,
    FLOW_LIST = 16,
    FLOW_SCALAR = FLOW_TEXT | FLOW_NUMBER | FLOW_BOOL,
    FLOW_ANY = FLOW_SCALAR | FLOW_GROUP | FLOW_LIST
};
unsigned flow_type(const config_setting_t *s);

/** What a flow may build on, besides its own file. */
typedef struct flow_given {
    const flow_vars *vars; /**< the step's; values do not matter */
    bool has_base;         /**< an address that "/path" is put behind */
    bool has_listener;
    bool for_load; /**< the file has a list `load` for http.load, and needs no `requests` */
} flow_given;

typedef struct flow_reader {
    const flow *flow;
    const flow_given *given;
    text *problems;
    flow_vars known; /**< what is set by the time a request runs; the values are empty */
} flow_reader;

/** What may be a member of a group. check: NULL when nothing but the variables in its texts is to be checked. */
typedef struct flow_rule {
    const char *name; /**< NULL ends a table */
    unsigned types;
    void (*check)(flow_reader *r, const config_setting_t *s);
} flow_rule;

/** Adds a line about a setting. */
void reader_problem(flow_reader *r, const config_setting_t *s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** Each member of a group against its rule; what: "a request". */
void reader_members(flow_reader *r, const config_setting_t *group, const flow_rule *rules, const char *what);
/** A text with the known variables, which are empty; NULL when that was a problem. The caller frees. */
char *reader_expand(flow_reader *r, const config_setting_t *s);

/* ---- checks for rules: texts, times, regular expressions, places in JSON; groups of any names with scalar values
 * -------- */

void reader_texts(flow_reader *r, const config_setting_t *s);
void reader_duration(flow_reader *r, const config_setting_t *s);
void reader_regex(flow_reader *r, const config_setting_t *s);
void reader_path(flow_reader *r, const config_setting_t *s);
void reader_pairs(flow_reader *r, const config_setting_t *s);

#endif
