#include "judge.h"

#include <string.h>

#include "logread.h"

#define LOG_LINES      10
#define HEALTH_OUTPUT  400
#define EVENTS_SECONDS 3600
#define NS             1000000000

/* The program of a health check; its arguments may hold a password. */
static const char *check_program(const json_t *inspected, char buf[64])
{
    const json_t *test = json_object_get(json_object_get(json_object_get(inspected, "Config"), "Healthcheck"), "Test");
    const char *first = json_string_value(json_array_get(test, 1));
    size_t n = first ? strcspn(first, " \t\n") : 0;
    if (n == 0 || n > 63)
        return "";
    memcpy(buf, first, n);
    buf[n] = '\0';
    return buf;
}

/* While it may still pass, the first line of its output is enough. */
static void describe_health(const container *c, const json_t *inspected, const json_t *health, bool fails, text *why)
{
    char program[64];
    const char *name = check_program(inspected, program);
    text_add(why, "%s (%s): its health check%s%s %s", c->service, c->name, *name ? " " : "", name,
             fails ? "fails" : "has not passed yet");
    const json_t *log = json_object_get(health, "Log");
    const json_t *last = json_array_get(log, json_array_size(log) ? json_array_size(log) - 1 : 0);
    if (!last) {
        text_add(why, "; it has not been run yet");
        return;
    }
    guard_text output = {0};
    const char *said = text_member(last, "Output");
    text_add(&output, "%.*s", fails ? HEALTH_OUTPUT : (int)strcspn(said, "\n"), said);
    text_trim(&output);
    text_add(why, "; failures in a row: %lld, last exit code %lld, last output: %s",
             json_integer_value(json_object_get(health, "FailingStreak")),
             json_integer_value(json_object_get(last, "ExitCode")), output.length ? output.s : "(none)");
}

static judge_verdict judge_running(const container *c, const json_t *inspected, const json_t *state,
                                   const judge_rules *rules, text *why)
{
    const json_t *health = json_object_get(state, "Health");
    const char *status = text_member(health, "Status");
    if (strcmp(status, "healthy") == 0)
        return JUDGE_READY;
    if (strcmp(status, "unhealthy") == 0) {
        describe_health(c, inspected, health, true, why);
        return rules->unhealthy_waits ? JUDGE_WAIT : JUDGE_BAD;
    }
    if (strcmp(status, "starting") == 0) {
        describe_health(c, inspected, health, false, why);
        return JUDGE_WAIT;
    }
    int64_t up_ms = (rules->now_ns - engine_time(text_member(state, "StartedAt"))) / 1000000;
    if (up_ms >= rules->stable_ms)
        return JUDGE_READY;
    text_add(why, "%s (%s) has no health check and runs since %lld ms; %lld ms are asked for", c->service, c->name,
             (long long)up_ms, (long long)rules->stable_ms);
    return JUDGE_WAIT;
}

void judge_describe_end(const container *c, const json_t *state, const char *what, text *to)
{
    const char *error = text_member(state, "Error");
    text_add(to, "%s (%s) %s", c->service, c->name, what);
    if (strcmp(text_member(state, "Status"), "running") != 0) /* else it is 0, whatever the last one was */
        text_add(to, ", exit code %lld", json_integer_value(json_object_get(state, "ExitCode")));
    text_add(to, "%s%s%s", json_is_true(json_object_get(state, "OOMKilled")) ? ", killed for want of memory" : "",
             *error ? ": " : "", error);
}

judge_verdict judge_state(const container *c, const json_t *inspected, const judge_rules *rules, text *why)
{
    const json_t *state = json_object_get(inspected, "State");
    const char *status = text_member(state, "Status");
    int64_t restarts = json_integer_value(json_object_get(inspected, "RestartCount")) -
                       json_integer_value(json_object_get(rules->restarts, c->id));
    bool oneshot = json_object_get(rules->oneshot, c->service) != NULL;
    if (restarts > rules->max_restarts) {
        guard_mem char *what = text_printf("dies and was started again %lld times", (long long)restarts);
        judge_describe_end(c, state, what, why);
        return JUDGE_BAD;
    }
    if (strcmp(status, "running") == 0 && !oneshot)
        return judge_running(c, inspected, state, rules, why);
    if (strcmp(status, "running") == 0 || strcmp(status, "restarting") == 0) {
        judge_describe_end(c, state, oneshot ? "has not ended yet" : "is being started again", why);
        return JUDGE_WAIT;
    }
    if (strcmp(status, "exited") == 0 && oneshot && json_integer_value(json_object_get(state, "ExitCode")) == 0)
        return JUDGE_READY;
    guard_mem char *what = text_printf("is not running (%s)", *status ? status : "state unknown");
    judge_describe_end(c, state, strcmp(status, "exited") == 0 ? "ended" : what, why);
    return JUDGE_BAD;
}

/* Of one that was started again the engine knows the exit code by its events only, of which it keeps the last 256. */
static void add_last_exit(engine *e, const container *c, const json_t *inspected, int64_t now_ns, text *why)
{
    if (strcmp(text_member(json_object_get(inspected, "State"), "Status"), "running") != 0 ||
        json_integer_value(json_object_get(inspected, "RestartCount")) == 0)
        return;
    guard_mem char *filter = text_printf("{\"container\":[\"%s\"],\"event\":[\"die\"]}", c->id);
    guard_mem char *escaped = engine_escape(filter);
    const long long now = (long long)(now_ns / NS);
    guard_request r = {
        .method = "GET",
        .path = text_printf("/events?since=%lld&until=%lld&filters=%s", now - EVENTS_SECONDS, now + 1, escaped)};
    if (engine_send(e, &r, 1) != BELAY_OK || r.status != 200)
        return;
    text_trim(&r.answer);
    const char *lines = text_of(&r.answer), *last = strrchr(lines, '\n');
    guard_json *event = json_loads(last ? last + 1 : lines, 0, NULL);
    const char *code = text_member(json_object_get(json_object_get(event, "Actor"), "Attributes"), "exitCode");
    if (*code)
        text_add(why, ", last exit code %s", code);
}

belay_status judge_container(engine *e, const container *c, const judge_rules *rules, judge_verdict *ret, text *why)
{
    guard_json *inspected = NULL;
    belay_status s = engine_get(e, &inspected, "/containers/%s/json", c->id);
    if (s != BELAY_OK)
        return s;
    if (!inspected) {
        text_add(why, "%s (%s) is gone", c->service, c->name);
        *ret = JUDGE_BAD;
        return BELAY_OK;
    }
    *ret = judge_state(c, inspected, rules, why);
    if (*ret == JUDGE_BAD) {
        add_last_exit(e, c, inspected, rules->now_ns, why);
        guard_text log = {0};
        logread_tail(e, c->id, LOG_LINES, &log);
        text_add(why, "%s%s", log.length ? "; its last lines:" : "; it wrote no log", text_of(&log));
    }
    return BELAY_OK;
}
