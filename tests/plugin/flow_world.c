#include "flow_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN   "token-4f1c22aa"
#define COOKIE  "cookie-77aa31bb"
#define JSON_OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define TO(where, cookie)                                                                                              \
    "HTTP/1.1 303 See Other\r\nLocation: " where "\r\n" cookie "Content-Length: 0\r\nConnection: close\r\n\r\n"

static int port;

static bool has(const char *request, const char *part)
{
    return strstr(request, part) != NULL;
}

/* Pages with a session cookie, as a browser sees them. */
static const char *page(const char *request)
{
    bool known = has(request, "Cookie: session=" COOKIE);
    if (has(request, "POST /register"))
        return has(request, "email=new%2Bone%40example.org&")
                   ? TO("/home", "Set-Cookie: session=" COOKIE "; Path=/\r\n")
                   : "HTTP/1.1 422 No\r\n\r\nno such email";
    if (has(request, "POST /logout"))
        return TO("/login", "Set-Cookie: session=; Max-Age=0; Path=/\r\n");
    if (has(request, "GET /home"))
        return known ? KIT_WEB_OK("<h1>Home</h1>") : TO("/login", "");
    return has(request, "GET /login") ? KIT_WEB_OK("<h1>Log in</h1>") : NULL;
}

/* An order goes one state further every second time it is asked for. */
static const char *order(const char *request)
{
    static const char *const states[] = {"queued", "running", "completed"};
    static char text[256];
    static int asked;
    if (has(request, "POST /orders"))
        asked = 0;
    if (has(request, "POST /orders/fast"))
        asked = 4;
    int i = asked / 2 < 2 ? asked / 2 : 2;
    asked++;
    snprintf(text, sizeof text, JSON_OK "{\"id\": 42, \"state\": \"%s\", \"lines\": [1, 2]}",
             has(request, "/stuck") ? "failed" : states[i]);
    return text;
}

static const char *api(const char *request)
{
    static char echo[4096];
    if (has(request, "POST /api/login"))
        return has(request, "{\"user\":\"eve\",\"age\":7,\"tags\":[\"a\",true]}")
                   ? JSON_OK "{\"token\": \"" TOKEN "\"}"
                   : "HTTP/1.1 401 No\r\n\r\nwho? " TOKEN;
    if (has(request, "/api/me"))
        return has(request, "Authorization: Bearer " TOKEN) ? JSON_OK "{\"name\": \"eve\"}"
                                                            : "HTTP/1.1 403 No\r\n\r\nno";
    if (has(request, "/api/list"))
        return JSON_OK "{\"items\": [{\"id\": 3, \"name\": \"c\"}, {\"id\": 9, \"name\": \"b\"}], \"total\": 2.5,"
                       " \"none\": null, \"on\": true, \"text\": \"gr\xc3\xbc\xc3\x9f\","
                       " \"big\": 9007199254740993, \"endless\": \"Infinity\"}";
    if (has(request, "/api/slow"))
        usleep(120000);
    snprintf(echo, sizeof echo, "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Kind: Echo\r\n\r\n%.3800s", request);
    return echo;
}

static const char *answer(const char *request)
{
    if (has(request, " /orders"))
        return order(request);
    return has(request, " /api/") ? api(request) : page(request);
}

int flow_world_start(void **state)
{
    (void)state;
    port = kit_web_start(answer);
    return 0;
}

int flow_world_stop(void **state)
{
    (void)state;
    kit_web_stop(port);
    return 0;
}

int flow_world_port(void)
{
    return port;
}

kit_step *flow_world_step(const char *text, const char **ret_path)
{
    const char *path = kit_path("%s/shop.flow", kit_folder());
    kit_step *s = kit_step_new("http.flow");
    kit_write(path, text);
    kit_set_list(s, "flows", path, NULL);
    kit_set(s, "base_url", kit_path("http://127.0.0.1:%d/", port));
    if (ret_path)
        *ret_path = path;
    return s;
}

void flow_world_verify(kit_step *s, belay_status wanted)
{
    belay_status came = kit_run(s, KIT_VERIFY);
    if (came != wanted)
        fail_msg("status %d, expected %d: %s", came, wanted, kit_summary(s));
}

void flow_world_says(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is missing from: %s", part, text ? text : "nothing");
}

static void says_all(const char *text, va_list parts)
{
    for (const char *part = va_arg(parts, const char *); part; part = va_arg(parts, const char *))
        flow_world_says(text, part);
}

void flow_world_fails(const char *text, ...)
{
    kit_step *s = flow_world_step(text, NULL);
    va_list parts;
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_OK);
    flow_world_verify(s, BELAY_E_FAIL);
    va_start(parts, text);
    says_all(kit_summary(s), parts);
    va_end(parts);
    kit_step_free(s);
}

void flow_world_refuses(const char *text, ...)
{
    kit_step *s = flow_world_step(text, NULL);
    va_list parts;
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    assert_string_equal(kit_option_to_blame(s), "flows");
    va_start(parts, text);
    says_all(kit_summary(s), parts);
    va_end(parts);
    kit_step_free(s);
}
