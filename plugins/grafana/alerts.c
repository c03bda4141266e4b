/*
 * grafana.alerts: what fires now and did not fire before. Asked of the Alertmanager, not of the rules: only it knows
 * what a person has silenced. Source: Alertmanager's API v2, which Grafana serves below /api/alertmanager/NAME.
 */
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "kinds.h"
#include "say/say.h"

/* What counts, in the making. */
typedef struct tally {
    size_t firing, fresh, known;
    char *fingerprints; /* of all that fire, parted by a space */
    size_t length;
} tally;

belay_status alerts_prepare(belay_ctx *c, const belay_host *h)
{
    const char *baseline = h->pending(c, "baseline") ? NULL : h->opt_str(c, "baseline");
    if (baseline && strspn(baseline, "0123456789abcdef ") != strlen(baseline))
        return say_option(c, h, BELAY_E_CONFIG, "baseline",
                          "write \"${steps.ID.firing}\", ID being a step grafana.alerts",
                          "the baseline is not what grafana.alerts gives as its output firing");
    if (h->opt_int(c, "record") && h->opt_str(c, "baseline"))
        return say_option(c, h, BELAY_E_CONFIG, "record", NULL,
                          "a step either makes a baseline or is compared with one");
    return api_check(c, h);
}

static const char *label(const json_t *alert, const char *name)
{
    const char *value = json_string_value(json_object_get(json_object_get(alert, "labels"), name));
    return value ? value : "";
}

/* "NAME" or "label=value", with the wildcards of file names. */
static bool matches(const json_t *alert, const char *pattern)
{
    char name[128];
    const char *equals = strchr(pattern, '=');
    if (!equals)
        return fnmatch(pattern, label(alert, "alertname"), 0) == 0;
    snprintf(name, sizeof name, "%.*s", (int)(equals - pattern), pattern);
    return fnmatch(equals + 1, label(alert, name), 0) == 0;
}

static bool is_allowed(belay_ctx *c, const belay_host *h, const json_t *alert)
{
    for (const char *const *item = h->opt_list(c, "allow"); *item; item++)
        if (matches(alert, *item))
            return true;
    return false;
}

static bool is_severe(belay_ctx *c, const belay_host *h, const json_t *alert)
{
    const char *const *wanted = h->opt_list(c, "severities");
    const char *severity = label(alert, h->opt_str(c, "severity_label"));
    if (!*wanted)
        return true;
    for (; *wanted; wanted++)
        if (strcmp(*wanted, severity) == 0)
            return true;
    return false;
}

static bool is_known(belay_ctx *c, const belay_host *h, const char *fingerprint)
{
    const char *baseline = h->opt_str(c, "baseline");
    return h->opt_int(c, "record") || (baseline && *fingerprint && strstr(baseline, fingerprint));
}

static belay_status remember_fingerprint(belay_ctx *c, const belay_host *h, tally *t, const char *fingerprint)
{
    const size_t room = t->length + strlen(fingerprint) + 2;
    char *grown = realloc(t->fingerprints, room);
    if (!grown)
        return say(c, h, BELAY_E_RETRY, NULL, "out of memory");
    t->fingerprints = grown;
    t->length += (size_t)snprintf(grown + t->length, room - t->length, "%s%s", t->length ? " " : "", fingerprint);
    return BELAY_OK;
}

static belay_status keep_line(belay_ctx *c, const belay_host *h, const json_t *alert, const char *verdict)
{
    char line[1024];
    const char *starts = json_string_value(json_object_get(alert, "startsAt"));
    const char *summary = json_string_value(json_object_get(json_object_get(alert, "annotations"), "summary"));
    char *labels = json_dumps(json_object_get(alert, "labels"), JSON_COMPACT | JSON_SORT_KEYS);
    int n = snprintf(line, sizeof line - 1, "%-8s %s since %s: %s %.400s", verdict, label(alert, "alertname"),
                     starts ? starts : "?", summary ? summary : "(no summary)", labels ? labels : "");
    free(labels);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
    if (strcmp(verdict, "new") == 0)
        h->log(c, 2, line);
    line[used] = '\n';
    return h->keep(c, "alerts.txt", line, used + 1);
}

static belay_status take(belay_ctx *c, const belay_host *h, const json_t *alert, tally *t)
{
    const char *state = json_string_value(json_object_get(json_object_get(alert, "status"), "state"));
    const char *fingerprint = json_string_value(json_object_get(alert, "fingerprint"));
    if (!state || !fingerprint || strspn(fingerprint, "0123456789abcdef") != strlen(fingerprint) || !*fingerprint)
        return say(c, h, BELAY_E_RETRY, "does `source` name an Alertmanager?",
                   "an alert in Grafana's answer has no state or no fingerprint");
    if (strcmp(state, "active") != 0)
        return BELAY_OK;
    bool allowed = is_allowed(c, h, alert), severe = is_severe(c, h, alert), known = is_known(c, h, fingerprint);
    bool counts = severe && !allowed;
    t->firing += counts;
    t->known += counts && known;
    t->fresh += counts && !known;
    belay_status s = remember_fingerprint(c, h, t, fingerprint);
    return s == BELAY_OK ? keep_line(c, h, alert, allowed ? "allowed" : !severe ? "mild" : known ? "known" : "new") : s;
}

static belay_status report(belay_ctx *c, const belay_host *h, const tally *t)
{
    belay_status s = h->output(c, "firing", t->fingerprints ? t->fingerprints : "");
    if (s == BELAY_E_LIMIT)
        return say(c, h, s, "mend or silence some first", "too many alerts fire for a baseline");
    (void)h->measure(c, "firing", (double)t->firing);
    (void)h->measure(c, "known", (double)t->known);
    return s == BELAY_OK ? h->measure(c, "new", (double)t->fresh) : s;
}

belay_status alerts_verify(belay_ctx *c, const belay_host *h)
{
    char path[256];
    json_t *answer = NULL, *alert;
    tally t = {0};
    size_t i;
    snprintf(path, sizeof path, "/api/alertmanager/%.100s/api/v2/alerts?active=true&silenced=false&inhibited=false",
             h->opt_str(c, "source"));
    belay_status s = api_call(c, h, "GET", path, NULL, 0, &answer);
    if (s == BELAY_OK && !json_is_array(answer))
        s = say(c, h, BELAY_E_RETRY, NULL, "Grafana's answer to %s is no list", path);
    json_array_foreach(answer, i, alert)
        if (s == BELAY_OK)
            s = take(c, h, alert, &t);
    if (s == BELAY_OK)
        s = report(c, h, &t);
    json_decref(answer);
    free(t.fingerprints);
    return s;
}
