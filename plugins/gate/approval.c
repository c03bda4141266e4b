#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gate.h"
#include "say/say.h"

#define ROLES_MAX 32
#define TEXT_MAX  2048

/* Where each role stands, by the decisions that count; a later one takes the place of an earlier. */
typedef struct tally {
    role roles[ROLES_MAX];
    decision said[ROLES_MAX]; /* role NULL: nothing yet */
    size_t count;
    char void_reason[512]; /* the last decision that did not count, and why */
} tally;

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t room, const char *fmt, ...)
{
    const size_t n = strlen(text);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + n, room - n, fmt, ap);
    va_end(ap);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

static belay_status read_roles(belay_ctx *c, const belay_host *h, tally *t)
{
    for (const char *const *item = h->opt_list(c, "roles"); *item; item++) {
        if (t->count == ROLES_MAX)
            return say_option(c, h, BELAY_E_CONFIG, "roles", NULL, "there are more than %d roles", ROLES_MAX);
        if (!role_parse(*item, &t->roles[t->count++]))
            return say_option(c, h, BELAY_E_CONFIG, "roles", "write \"qa-lead\" or \"qa-lead=alice@example.org bob\"",
                              "'%s' is not a role", *item);
    }
    if (t->count == 0)
        return say_option(c, h, BELAY_E_CONFIG, "roles", NULL, "a gate without roles would be open to nobody");
    return BELAY_OK;
}

static const char *who_may(const role *r)
{
    return *r->people ? r->people : "anybody";
}

belay_status approval_prepare(belay_ctx *c, const belay_host *h)
{
    static tally t;
    belay_status s = read_roles(c, h, &t);
    if (s != BELAY_OK)
        return s;
    const char *allowed = h->opt_str(c, "allowed_signers");
    FILE *f = allowed ? fopen(allowed, "re") : NULL;
    if (allowed && !f)
        return say_option(c, h, BELAY_E_FAIL, "allowed_signers", "lines \"PRINCIPAL KEYTYPE KEY\", see ssh-keygen(1)",
                          "the file %s cannot be read", allowed);
    if (f)
        fclose(f);
    char line[TEXT_MAX] = "waits for ";
    for (size_t i = 0; i < t.count; i++)
        append(line, sizeof line, "%s%s (%s)", i ? ", " : "", t.roles[i].name, who_may(&t.roles[i]));
    append(line, sizeof line, "; %s", allowed ? "signed" : "unsigned: the operating system's user counts");
    h->plan(c, line, NULL);
    return BELAY_OK;
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static const char *refusal(belay_ctx *c, const belay_host *h, const tally *t, const role *r, const decision *d)
{
    if (!r)
        return "the gate has no such role";
    if (!role_has(r, d->person))
        return "that person does not have this role";
    const char *starter = h->fact(c, "run.user");
    if (d->approve && !h->opt_int(c, "own_run") && starter && strcmp(starter, d->user) == 0)
        return "nobody approves a run of their own";
    for (size_t i = 0; h->opt_int(c, "distinct") && i < t->count; i++)
        if (&t->roles[i] != r && t->said[i].role && strcmp(t->said[i].person, d->person) == 0)
            return "one person cannot speak for two roles";
    return NULL;
}

static void count(belay_ctx *c, const belay_host *h, tally *t, const decision *d)
{
    size_t i = 0;
    while (i < t->count && strcmp(t->roles[i].name, d->role) != 0)
        i++;
    const char *why = refusal(c, h, t, i < t->count ? &t->roles[i] : NULL, d);
    if (why)
        snprintf(t->void_reason, sizeof t->void_reason, "the decision of %s as %s does not count: %s", d->person,
                 d->role, why);
    else
        t->said[i] = *d;
}

static belay_status count_all(belay_ctx *c, const belay_host *h, const json_t *items, tally *t)
{
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item) {
        decision d;
        char buf[256];
        const char *why = NULL;
        belay_status s;
        const bool counts = decision_check(c, h, item, &d, &why, buf, &s);
        if (s != BELAY_OK)
            return s;
        if (counts)
            count(c, h, t, &d);
        else
            snprintf(t->void_reason, sizeof t->void_reason, "the decision of %s does not count: %s", d.role, why);
    }
    return BELAY_OK;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static const char *how(const decision *d)
{
    return d->is_signed ? "signed" : "operating system's user, unsigned";
}

static void keep_record(belay_ctx *c, const belay_host *h, const tally *t)
{
    char line[TEXT_MAX], by[TEXT_MAX] = "", at[32];
    for (size_t i = 0; i < t->count; i++) {
        const decision *d = &t->said[i];
        time_t seconds = (time_t)d->at;
        struct tm tm;
        strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&seconds, &tm));
        snprintf(line, sizeof line, "%s: approved by %s (%s) at %s%s%s\n", d->role, d->person, how(d), at,
                 *d->reason ? ": " : "", d->reason);
        (void)h->keep(c, "decisions.txt", line, strlen(line));
        append(by, sizeof by, "%s%s: %s (%s)", i ? "; " : "", d->role, d->person, how(d));
    }
    (void)h->output(c, "approved_by", by);
}

/* Seconds since the gate was first asked, also by another process. */
static double waited(belay_ctx *c, const belay_host *h)
{
    const char *since = h->fact(c, "step.started_at");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return since ? (double)now.tv_sec - strtod(since, NULL) : 0;
}

static belay_status still_waiting(belay_ctx *c, const belay_host *h, const tally *t)
{
    char missing[TEXT_MAX] = "", hint[512];
    const char *first = NULL;
    for (size_t i = 0; i < t->count; i++) {
        if (t->said[i].role)
            continue;
        append(missing, sizeof missing, "%s%s", first ? ", " : "", t->roles[i].name);
        first = first ? first : t->roles[i].name;
    }
    const double left = (double)h->opt_int(c, "expires") / 1000 - waited(c, h);
    if (left <= 0)
        return say_option(c, h, BELAY_E_FAIL, "expires", NULL, "nobody decided in time: %s", missing);
    if (left * 1000 <= (double)h->opt_int(c, "warn_before"))
        say_log(c, h, 2, "the gate closes in %.0f min, and waits for %s", left / 60, missing);
    snprintf(hint, sizeof hint, "belay approve %s %s --role %s", h->fact(c, "run.id"), h->fact(c, "step.id"), first);
    return say(c, h, BELAY_NOT_YET, hint, "for %s%s%s", missing, *t->void_reason ? "; " : "", t->void_reason);
}

static belay_status answer(belay_ctx *c, const belay_host *h, const tally *t)
{
    size_t approved = 0;
    for (size_t i = 0; i < t->count; i++) {
        const decision *d = &t->said[i];
        if (d->role && !d->approve)
            return say(c, h, BELAY_E_FAIL, NULL, "rejected by %s (%s, %s)%s%s", d->person, d->role, how(d),
                       *d->reason ? ": " : "", d->reason);
        if (d->approve && h->opt_int(c, "require_reason") && !*d->reason)
            return say_option(c, h, BELAY_NOT_YET, "require_reason", NULL,
                              "for a reason of %s: approve again with --reason", d->role);
        approved += d->role != NULL;
    }
    if (approved < t->count)
        return still_waiting(c, h, t);
    keep_record(c, h, t);
    return BELAY_OK;
}

belay_status approval_verify(belay_ctx *c, const belay_host *h)
{
    static tally t;
    belay_status s = read_roles(c, h, &t);
    if (s != BELAY_OK)
        return s;
    const char *fact = h->fact(c, "step.approvals");
    json_t *items = fact ? json_loads(fact, 0, NULL) : NULL;
    s = count_all(c, h, items, &t);
    if (s == BELAY_OK)
        s = answer(c, h, &t);
    json_decref(items);
    return s;
}
