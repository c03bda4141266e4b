#include "flow_file.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOW_FILE_MAX (1 << 20)

/* ---- looking into a request -------------------------------------------------------------------------------------- */

const char *flow_text(const config_setting_t *group, const char *member)
{
    const config_setting_t *s = config_setting_get_member(group, member);
    return s ? config_setting_get_string(s) : NULL;
}

const char *flow_method(const config_setting_t *request, const char **ret_address)
{
    static const char *const methods[][2] = {{"get", "GET"},     {"post", "POST"},     {"put", "PUT"},
                                             {"patch", "PATCH"}, {"delete", "DELETE"}, {"receive", "RECEIVE"}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const char *address = flow_text(request, methods[i][0]);
        if (address) {
            if (ret_address)
                *ret_address = address;
            return methods[i][1];
        }
    }
    return NULL;
}

char *flow_request_name(const config_setting_t *request)
{
    const char *address = "", *name = flow_text(request, "name"), *method = flow_method(request, &address);
    return name ? text_dup(name) : text_printf("%s %s", method ? method : "request", address);
}

long flow_duration(const char *text)
{
    static const struct {
        const char *unit;
        long ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || *text == '-')
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0 && number * (double)units[i].ms <= 24.0 * 3600000)
            return (long)(number * (double)units[i].ms);
    return -1;
}

long flow_duration_of(const config_setting_t *group, const char *member, long fallback)
{
    const char *text = flow_text(group, member);
    return text ? flow_duration(text) : fallback;
}

unsigned flow_items(const config_setting_t *list)
{
    return !list                                                                 ? 0
           : config_setting_is_aggregate(list) && !config_setting_is_group(list) ? (unsigned)config_setting_length(list)
                                                                                 : 1;
}

const config_setting_t *flow_item(const config_setting_t *list, unsigned i)
{
    bool many = config_setting_is_aggregate(list) && !config_setting_is_group(list);
    return many ? config_setting_get_elem(list, i) : list;
}

const config_setting_t *flow_requests(const flow *f)
{
    return config_lookup(&f->config, "requests");
}

const config_setting_t *flow_load(const flow *f)
{
    return config_lookup(&f->config, "load");
}

const config_setting_t *flow_finally(const flow *f)
{
    return config_lookup(&f->config, "finally");
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

void flow_add_place(const flow *f, const config_setting_t *s, text *out)
{
    const char *file = config_setting_source_file(s);
    text_add(out, "%s:%u: ", file && strcmp(file, f->path) != 0 ? file : f->shown, config_setting_source_line(s));
}

/* "login" of "conf/flows/login.flow". */
static void set_name(flow *f, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    int length = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    snprintf(f->name, sizeof f->name, "%.*s", length, base);
}

/* libconfig reads whatever it is given, to its end. */
static bool is_short_enough(FILE *file, const char *shown, text *problems)
{
    if (fseek(file, 0, SEEK_END) != 0 || ftell(file) < 0 || ftell(file) > FLOW_FILE_MAX) {
        text_add(problems, "%s: is no file of at most %d MiB\n", shown, FLOW_FILE_MAX >> 20);
        return false;
    }
    rewind(file);
    return true;
}

static bool parse(flow *f, text *problems)
{
    FILE *file = fopen(f->path, "re");
    if (!file) {
        text_add(problems, "%s: %s\n", f->shown, strerror(errno));
        return false;
    }
    bool fits = is_short_enough(file, f->shown, problems);
    fclose(file);
    if (!fits)
        return false;
    guard_mem char *copy = text_dup(f->path);
    config_set_include_dir(&f->config, dirname(copy));
    if (config_read_file(&f->config, f->path) == CONFIG_TRUE)
        return true;
    const char *where = config_error_file(&f->config);
    text_add(problems, "%s:%d: %s\n", where && strcmp(where, f->path) != 0 ? where : f->shown,
             config_error_line(&f->config), config_error_text(&f->config));
    return false;
}

bool flow_open(flow *f, const char *path, const char *shown, text *problems)
{
    *f = (flow){.path = text_dup(path), .shown = text_dup(shown)};
    config_init(&f->config);
    set_name(f, path);
    return parse(f, problems);
}

void flow_done(flow *f)
{
    if (f->path)
        config_destroy(&f->config);
    free(f->path);
    free(f->shown);
    *f = (flow){0};
}
