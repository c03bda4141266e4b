/* gate.approval: every role says yes. */
#include <string.h>

#include "say/say.h"
#include "tally.h"

static belay_status read_roles(belay_ctx *c, const belay_host *h, tally *t)
{
    belay_status s = tally_read(c, h, t);
    if (s == BELAY_OK && t->count == 0)
        return say_option(c, h, BELAY_E_CONFIG, "roles", NULL, "a gate without roles would be open to nobody");
    return s;
}

belay_status approval_prepare(belay_ctx *c, const belay_host *h)
{
    static tally t;
    belay_status s = read_roles(c, h, &t);
    char line[TEXT_MAX] = "waits for ";
    if (s != BELAY_OK)
        return s;
    tally_roles(c, h, &t, line);
    h->plan(c, line, NULL);
    return BELAY_OK;
}

/* What the record and the checklist tell: who, when, how that is known, why. */
static belay_status approved(belay_ctx *c, const belay_host *h, const tally *t)
{
    char lines[TEXT_MAX] = "", by[TEXT_MAX] = "";
    for (size_t i = 0; i < t->count; i++) {
        const decision *d = &t->said[i];
        tally_line(d, "approved", lines);
        tally_append(by, sizeof by, "%s", i ? "; " : "");
        tally_record(d, by, sizeof by);
    }
    (void)h->keep(c, "decisions.txt", lines, strlen(lines));
    (void)h->output(c, "approved_by", by);
    return say(c, h, BELAY_OK, NULL, "%s", lines);
}

static belay_status still_waiting(belay_ctx *c, const belay_host *h, const tally *t)
{
    char missing[TEXT_MAX] = "";
    const char *first = NULL;
    for (size_t i = 0; i < t->count; i++) {
        if (t->said[i].role)
            continue;
        tally_append(missing, sizeof missing, "%s%s", first ? ", " : "", t->roles[i].name);
        first = first ? first : t->roles[i].name;
    }
    return tally_wait(c, h, t, missing, first, h->opt_int(c, "require_reason"));
}

belay_status approval_verify(belay_ctx *c, const belay_host *h)
{
    static tally t;
    size_t yes = 0;
    belay_status s = read_roles(c, h, &t);
    if (s == BELAY_OK)
        tally_count(c, h, &t);
    for (size_t i = 0; i < t.count && s == BELAY_OK; i++) {
        const decision *d = &t.said[i];
        char who[TEXT_MAX] = "";
        if (d->role && !d->approve) {
            tally_who(d, who, sizeof who);
            return say(c, h, BELAY_E_FAIL, NULL, "rejected by %s", who);
        }
        if (d->role && h->opt_int(c, "require_reason") && !*d->reason)
            return say_option(c, h, BELAY_NOT_YET, "require_reason", NULL,
                              "for a reason of %s: approve again with --reason", d->role);
        yes += d->role != NULL;
    }
    if (s != BELAY_OK)
        return s;
    return yes < t.count ? still_waiting(c, h, &t) : approved(c, h, &t);
}
