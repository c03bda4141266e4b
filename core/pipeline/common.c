#include <stdlib.h>
#include <string.h>

#include <belay/plugin.h>

#include "pipeline/load.h"

#define DEFAULT_UNDO_MS     120000
#define DEFAULT_RETRY_MS    2000
#define DEFAULT_BACKOFF     2.0
#define DEFAULT_READY_MS    60000
#define DEFAULT_INTERVAL_MS 1000
#define WAITING_INTERVAL_MS 5000 /* for people: a sample costs little, but there may be days of them */
#define MAX_ATTEMPTS        100
#define MAX_HITS            10000
#define MAX_GAPS            1000000
#define MAX_BACKOFF         10.0

static void read_text(load *l, const config_setting_t *s, void *into)
{
    *(char **)into = setting_text(l, s);
}

static void read_texts(load *l, const config_setting_t *s, void *into)
{
    texts_free(*(char ***)into);
    *(char ***)into = setting_texts(l, s);
}

static void read_duration(load *l, const config_setting_t *s, void *into)
{
    (void)setting_duration(l, s, 1, into);
}

static void read_window(load *l, const config_setting_t *s, void *into)
{
    (void)setting_duration(l, s, 0, into);
}

static void read_hits(load *l, const config_setting_t *s, void *into)
{
    int64_t value = 1;
    if (setting_int(l, s, 1, MAX_HITS, &value))
        *(int *)into = (int)value;
}

static void read_gaps(load *l, const config_setting_t *s, void *into)
{
    (void)setting_int(l, s, 0, MAX_GAPS, into);
}

static void read_policy(load *l, const config_setting_t *s, void *into)
{
    static const char *const names[] = {
        [POLICY_ROLLBACK] = "rollback", [POLICY_PAUSE] = "pause", [POLICY_WARN] = "warn", NULL};
    guard_mem char *name = setting_text(l, s);
    for (int i = 0; name && names[i]; i++)
        if (strcmp(name, names[i]) == 0) {
            *(pipeline_policy *)into = (pipeline_policy)i;
            return;
        }
    if (!name)
        return;
    guard_mem char *meant = load_did_you_mean_of(name, names);
    load_problem(l, load_place(l, s), "'%s' cannot be '%s'%s", config_setting_name(s), name, meant);
    load_hint(l, "write \"rollback\", \"pause\" or \"warn\"");
}

static void read_backoff(load *l, const config_setting_t *s, double *into)
{
    guard_mem char *text = config_setting_type(s) == CONFIG_TYPE_STRING ? setting_text(l, s) : NULL;
    char *end = NULL;
    double value = text ? strtod(text, &end) : setting_number(s);
    if (value >= 1 && value <= MAX_BACKOFF && (!text || (*text && !*end)))
        *into = value;
    else
        load_problem(l, load_place(l, s), "'backoff' must be a number from 1 to %.0f", MAX_BACKOFF);
}

static void read_retry(load *l, const config_setting_t *s, void *into)
{
    static const char *const names[] = {"attempts", "delay", "backoff", NULL};
    pipeline_step *step = into;
    if (!config_setting_is_group(s)) {
        load_problem(l, load_place(l, s), "'retry' is %s; it must be a group", setting_type_name(s));
        load_hint(l, "retry = { attempts = 3; delay = \"2s\"; backoff = 2.0; };");
        return;
    }
    setting_check_names(l, s, "retry", names);
    const config_setting_t *attempts = setting_member(s, "attempts"), *delay = setting_member(s, "delay");
    const config_setting_t *backoff = setting_member(s, "backoff");
    int64_t value = 0;
    if (attempts && setting_int(l, attempts, 1, MAX_ATTEMPTS, &value))
        step->retry_attempts = (int)value;
    else if (!attempts)
        load_problem(l, load_place(l, s), "'retry' lacks 'attempts'");
    if (delay)
        (void)setting_duration(l, delay, 0, &step->retry_delay_ms);
    if (backoff)
        read_backoff(l, backoff, &step->retry_backoff);
}

static void read_when(load *l, const config_setting_t *s, void *into)
{
    static const char *const no[] = {"", "false", "no", "0"};
    if (config_setting_type(s) == CONFIG_TYPE_BOOL) {
        *(bool *)into = !config_setting_get_bool(s);
        return;
    }
    guard_mem char *value = setting_text(l, s);
    for (size_t i = 0; value && i < sizeof no / sizeof *no; i++)
        if (strcmp(value, no[i]) == 0)
            *(bool *)into = true;
}

/** The options common to all steps. Those without a reader are read where they belong. */
static const struct common {
    const char *name;
    void (*read)(load *l, const config_setting_t *s, void *into);
    size_t offset; /**< of what is read, in pipeline_step */
} commons[] = {
    {"id", NULL, 0},
    {"use", NULL, 0},
    {"needs", NULL, 0},
    {"answers", NULL, 0},
    {"fail_if", NULL, 0},
    {"warn_if", NULL, 0},
    {"title", read_text, offsetof(pipeline_step, title)},
    {"covers", read_texts, offsetof(pipeline_step, covers)},
    {"timeout", read_duration, offsetof(pipeline_step, timeout_ms)},
    {"undo_timeout", read_duration, offsetof(pipeline_step, undo_timeout_ms)},
    {"retry", read_retry, 0},
    {"ready", read_window, offsetof(pipeline_step, ready_ms)},
    {"interval", read_duration, offsetof(pipeline_step, interval_ms)},
    {"hits", read_hits, offsetof(pipeline_step, hits)},
    {"soak", read_duration, offsetof(pipeline_step, soak_ms)},
    {"max_gaps", read_gaps, offsetof(pipeline_step, max_gaps)},
    {"on_failure", read_policy, offsetof(pipeline_step, on_failure)},
    {"on_error", read_policy, offsetof(pipeline_step, on_error)},
    {"on_inconclusive", read_policy, offsetof(pipeline_step, on_inconclusive)},
    {"when", read_when, offsetof(pipeline_step, skipped)},
};
#define COMMON_COUNT (sizeof commons / sizeof *commons)

bool step_common_name(const char *name)
{
    for (size_t i = 0; i < COMMON_COUNT; i++)
        if (strcmp(commons[i].name, name) == 0)
            return true;
    return false;
}

void step_common_offer(nearest *n)
{
    for (size_t i = 0; i < COMMON_COUNT; i++)
        nearest_offer(n, commons[i].name);
}

/** What soaks is asked again and again, and is watched by the main stages. */
static void check_soak(load *l, const pipeline_step *s, const config_setting_t *group)
{
    const config_setting_t *soak = setting_member(group, "soak");
    if (!soak || !s->soak_ms || !s->kind)
        return;
    if (!s->kind->has_verify || s->kind->flags & BELAY_S_WAITS)
        load_problem(l, load_place(l, soak), "%s cannot soak: it %s", s->kind->name,
                     s->kind->has_verify ? "waits for people" : "has no verify");
    else if (s->stage->rollback)
        load_problem(l, load_place(l, soak), "a step of the rollback stage cannot soak");
    else if (s->hits > 1)
        load_problem(l, load_place(l, soak), "a step has either 'soak' or 'hits'");
    else if (s->interval_ms > s->soak_ms)
        load_problem(l, load_place(l, soak), "'interval' is longer than 'soak'");
}

void step_load_common(load *l, pipeline_step *s, const config_setting_t *group)
{
    s->covers = mem_array(1, sizeof *s->covers);
    s->timeout_ms = s->kind ? s->kind->timeout_ms : 0;
    s->retry_attempts = 1;
    s->retry_delay_ms = DEFAULT_RETRY_MS;
    s->retry_backoff = DEFAULT_BACKOFF;
    s->ready_ms = DEFAULT_READY_MS;
    s->interval_ms = s->kind && s->kind->flags & BELAY_S_WAITS ? WAITING_INTERVAL_MS : DEFAULT_INTERVAL_MS;
    s->hits = 1;
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        const config_setting_t *given = commons[i].read ? setting_member(group, commons[i].name) : NULL;
        if (given)
            commons[i].read(l, given, (char *)s + commons[i].offset);
    }
    check_soak(l, s, group);
    if (s->undo_timeout_ms == 0)
        s->undo_timeout_ms = s->timeout_ms > DEFAULT_UNDO_MS ? s->timeout_ms : DEFAULT_UNDO_MS;
}
