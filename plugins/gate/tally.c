#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "say/say.h"

void tally_append(char *text, size_t room, const char *fmt, ...)
{
    const size_t n = strlen(text);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + n, room - n, fmt, ap);
    va_end(ap);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

static belay_status check_signers(belay_ctx *c, const belay_host *h)
{
    const char *allowed = h->opt_str(c, "allowed_signers");
    FILE *f = allowed ? fopen(allowed, "re") : NULL;
    if (allowed && !f)
        return say_option(c, h, BELAY_E_FAIL, "allowed_signers", "lines \"PRINCIPAL KEYTYPE KEY\", see ssh-keygen(1)",
                          "the file %s cannot be read", allowed);
    if (f)
        fclose(f);
    return BELAY_OK;
}

belay_status tally_read(belay_ctx *c, const belay_host *h, tally *t)
{
    *t = (tally){.count = 0};
    for (const char *const *item = h->opt_list(c, "roles"); *item; item++) {
        if (t->count == ROLES_MAX)
            return say_option(c, h, BELAY_E_CONFIG, "roles", NULL, "there are more than %d roles", ROLES_MAX);
        if (!role_parse(*item, &t->roles[t->count++]))
            return say_option(c, h, BELAY_E_CONFIG, "roles", "write \"qa-lead\" or \"qa-lead=alice@example.org bob\"",
                              "'%s' is not a role", *item);
    }
    return check_signers(c, h);
}

static const char *who_may(const role *r)
{
    return *r->people ? r->people : "anybody";
}

void tally_roles(belay_ctx *c, const belay_host *h, const tally *t, char text[TEXT_MAX])
{
    for (size_t i = 0; i < t->count; i++)
        tally_append(text, TEXT_MAX, "%s%s (%s)", i ? ", " : "", t->roles[i].name, who_may(&t->roles[i]));
    tally_append(text, TEXT_MAX, "; %s",
                 h->opt_str(c, "allowed_signers") ? "signed" : "unsigned: the operating system's user counts");
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static void count(tally *t, const decision *d)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->roles[i].name, d->role) == 0)
            t->said[i] = *d;
}

/* The facts, and what decisions borrow from them, live until the worker ends. */
void tally_count(belay_ctx *c, const belay_host *h, tally *t)
{
    const char *fact = h->fact(c, "step.approvals");
    const json_t *items = fact ? json_loads(fact, 0, NULL) : NULL;
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item) {
        decision d;
        if (decision_read(item, &d))
            count(t, &d);
        else
            snprintf(t->void_reason, sizeof t->void_reason, "the decision of %s%s%s does not count: %s", d.person,
                     *d.person ? " as " : "", d.role, d.why);
    }
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static const char *how(const decision *d)
{
    return d->is_signed ? "signed" : "operating system's user, unsigned";
}

void tally_who(const decision *d, char *text, size_t room)
{
    tally_append(text, room, "%s (%s, %s)%s%s", d->person, d->role, how(d), *d->reason ? ": " : "", d->reason);
}

void tally_record(const decision *d, char *text, size_t room)
{
    tally_append(text, room, "%s: %s (%s)", d->role, d->person, how(d));
}

void tally_line(const decision *d, const char *word, char text[TEXT_MAX])
{
    char at[32];
    const time_t seconds = (time_t)d->at;
    struct tm tm;
    strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&seconds, &tm));
    tally_append(text, TEXT_MAX, "%s: %s by %s (%s) at %s%s%s\n", d->role, word, d->person, how(d), at,
                 *d->reason ? ": " : "", d->reason);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/* Seconds since the gate was first asked, also by another process. */
static double waited(belay_ctx *c, const belay_host *h)
{
    const char *seconds = h->fact(c, "step.waited");
    return seconds ? strtod(seconds, NULL) : 0;
}

/* A command that works as it is printed; without a run (belay try) there is nothing to approve. */
static const char *command(belay_ctx *c, const belay_host *h, const char *role, bool reason, char hint[512])
{
    const char *run = h->fact(c, "run.id");
    if (!run || !*run)
        return NULL;
    snprintf(hint, 512, "belay approve %s %s --role %s%s%s", run, h->fact(c, "step.id"), role,
             reason ? " --reason WHY" : "", h->opt_str(c, "allowed_signers") ? " --key ~/.ssh/id_ed25519" : "");
    return hint;
}

belay_status tally_wait(belay_ctx *c, const belay_host *h, const tally *t, const char *what, const char *role,
                        bool reason)
{
    char hint[512];
    const double left = (double)h->opt_int(c, "expires") / 1000 - waited(c, h);
    if (left <= 0)
        return say_option(c, h, BELAY_E_FAIL, "expires", NULL, "nobody decided in time: %s", what);
    if (left * 1000 <= (double)h->opt_int(c, "warn_before"))
        say_log(c, h, 2, "the gate closes in %.0f min, and waits for %s", left / 60, what);
    return say(c, h, BELAY_NOT_YET, command(c, h, role, reason, hint), "for %s%s%s", what, *t->void_reason ? "; " : "",
               t->void_reason);
}
