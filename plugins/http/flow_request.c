#include <curl/curl.h>
#include <string.h>

#include "flow_check.h"
#include "flow_reader.h"
#include "flow_run.h"

#define FORM "application/x-www-form-urlencoded"

/* "name=value&..." of a group; false when a variable is not set. */
static bool add_pairs(const flow_run *run, const config_setting_t *group, text *out, char **ret_why)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *one = config_setting_get_elem(group, (unsigned)i);
        guard_mem char *value = flow_scalar(one, &run->vars, ret_why);
        if (!value)
            return false;
        char *escaped = curl_easy_escape(NULL, value, (int)strlen(value));
        text_add(out, "%s%s=%s", i ? "&" : "", config_setting_name(one), escaped ? escaped : "");
        curl_free(escaped);
    }
    return true;
}

/* The setting as JSON; NULL when a variable is not set. */
static json_t *to_json(const flow_run *run, const config_setting_t *s, char **ret_why)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_BOOL: return json_boolean(config_setting_get_bool(s));
    case CONFIG_TYPE_FLOAT: return json_real(config_setting_get_float(s));
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: return json_integer(config_setting_get_int64(s));
    case CONFIG_TYPE_STRING: {
        guard_mem char *text = flow_vars_expand(&run->vars, config_setting_get_string(s), ret_why);
        return text ? json_string(text) : NULL;
    }
    default: break;
    }
    guard_json *out = config_setting_is_group(s) ? json_object() : json_array();
    for (int i = 0; i < config_setting_length(s); i++) {
        const config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
        json_t *value = to_json(run, one, ret_why);
        if (!value)
            return NULL;
        if (config_setting_is_group(s))
            json_object_set_new(out, config_setting_name(one), value);
        else
            json_array_append_new(out, value);
    }
    return take(out);
}

static bool make_body(const flow_run *run, const config_setting_t *request, flow_request *r, char **ret_why)
{
    const config_setting_t *json = config_setting_get_member(request, "json");
    const config_setting_t *form = config_setting_get_member(request, "form");
    const char *body = flow_text(request, "body"), *type = flow_text(request, "type");
    if (json) {
        guard_json *value = to_json(run, json, ret_why);
        r->body = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    } else if (form) {
        text out = {0};
        text_add(&out, "%s", "");
        bool good = add_pairs(run, form, &out, ret_why);
        r->body = out.s;
        if (!good)
            return false;
    } else if (body) {
        r->body = flow_vars_expand(&run->vars, body, ret_why);
    } else if (strcmp(flow_method(request, NULL), "POST") == 0) {
        r->body = text_dup("");
    } else {
        return true;
    }
    r->type = text_dup(type ? type : json ? "application/json" : form || !body ? FORM : "text/plain");
    return r->body != NULL;
}

static bool make_url(const flow_run *run, const config_setting_t *request, flow_request *r, char **ret_why)
{
    const char *address = "";
    (void)flow_method(request, &address);
    guard_mem char *path = flow_vars_expand(&run->vars, address, ret_why);
    const config_setting_t *query = config_setting_get_member(request, "query");
    guard_text url = {0};
    if (!path)
        return false;
    text_add(&url, "%s%s", *path == '/' && run->base ? run->base : "", path);
    if (query)
        text_add(&url, strchr(path, '?') ? "&" : "?");
    if (query && !add_pairs(run, query, &url, ret_why))
        return false;
    r->url = take(url.s);
    return true;
}

static bool make_headers(const flow_run *run, const config_setting_t *request, flow_request *r, char **ret_why)
{
    const config_setting_t *headers = config_setting_get_member(request, "headers");
    unsigned n = headers ? (unsigned)config_setting_length(headers) : 0;
    r->headers = text_grow(NULL, n + 1, sizeof *r->headers);
    r->headers[0] = NULL;
    for (unsigned i = 0; i < n; i++) {
        const config_setting_t *one = config_setting_get_elem(headers, i);
        guard_mem char *value = flow_scalar(one, &run->vars, ret_why);
        if (!value)
            return false;
        r->headers[i] = text_printf("%s: %s", config_setting_name(one), value);
        r->headers[i + 1] = NULL;
    }
    return true;
}

bool flow_request_make(const flow_run *run, const config_setting_t *request, flow_request *r, char **ret_why)
{
    const char *bearer = flow_text(request, "bearer"), *method = flow_method(request, NULL);
    const config_setting_t *follow = config_setting_get_member(request, "follow");
    *r = (flow_request){0};
    if (!make_url(run, request, r, ret_why) || !make_headers(run, request, r, ret_why) ||
        !make_body(run, request, r, ret_why))
        return false;
    if (bearer && !(r->bearer = flow_vars_expand(&run->vars, bearer, ret_why)))
        return false;
    /* GET and POST are curl's own: named, they would stay what they are after a redirect. */
    bool own = strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0;
    r->transfer = (transfer){
        .method = own ? NULL : method,
        .url = r->url,
        .body = r->body,
        .content_type = r->type,
        .headers = (const char *const *)r->headers,
        .bearer = r->bearer,
        .ca_file = run->h->opt_str(run->c, "ca_file"),
        .timeout_ms = flow_duration_of(request, "timeout", (long)run->h->opt_int(run->c, "request_timeout")),
        .redirects = follow ? config_setting_get_int(follow) : 0,
        .session = run->session,
    };
    return true;
}

void flow_request_done(flow_request *r)
{
    transfer_done(&r->transfer, 1);
    for (char **header = r->headers; header && *header; header++)
        free(*header);
    free(r->headers);
    free(r->url);
    free(r->body);
    free(r->type);
    free(r->bearer);
}
