/* gate.decision: GO or NO-GO, by what the run has found; a person of a named role may overrule a NO-GO. */
#include <string.h>

#include "evidence.h"
#include "say/say.h"
#include "tally.h"

belay_status go_prepare(belay_ctx *c, const belay_host *h)
{
    static tally t;
    static evidence e;
    char line[TEXT_MAX] = "";
    belay_status s = tally_read(c, h, &t);
    if (s == BELAY_OK)
        s = evidence_prepare(c, h, &e);
    if (s != BELAY_OK)
        return s;
    tally_append(line, sizeof line, "GO when all evidence speaks for it (%zu boxes, steps and limits)", e.wanted);
    if (t.count) {
        tally_append(line, sizeof line, "; a NO-GO may be overruled by ");
        tally_roles(c, h, &t, line);
    }
    h->plan(c, line, NULL);
    return BELAY_OK;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static const decision *find(const tally *t, bool approve)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->said[i].role && t->said[i].approve == approve)
            return &t->said[i];
    return NULL;
}

static void add_list(belay_ctx *c, const belay_host *h, const char *option, const char *what, char text[TEXT_MAX])
{
    const char *const *items = h->opt_list(c, option);
    for (size_t i = 0; items[i]; i++)
        tally_append(text, TEXT_MAX, "%s%s", i ? ", " : what, items[i]);
}

static void add_evidence(belay_ctx *c, const belay_host *h, char text[TEXT_MAX])
{
    tally_append(text, TEXT_MAX, "GO: all that was asked for holds");
    add_list(c, h, "boxes", "; boxes ", text);
    add_list(c, h, "steps", "; steps ", text);
    add_list(c, h, "no_go_if", "; never ", text);
    tally_append(text, TEXT_MAX, "\n");
}

static belay_status go(belay_ctx *c, const belay_host *h, const evidence *e, const decision *overruled)
{
    char record[TEXT_MAX] = "", by[TEXT_MAX] = "";
    if (!overruled) {
        add_evidence(c, h, record);
    } else {
        tally_record(overruled, by, sizeof by);
        tally_append(record, sizeof record, "GO, though %s\n", e->missing);
        tally_line(overruled, "overruled", record);
    }
    (void)h->keep(c, "decisions.txt", record, strlen(record));
    (void)h->output(c, "decision", "GO");
    (void)h->output(c, "overruled_by", by);
    return say(c, h, BELAY_OK, NULL, "%s", record);
}

static belay_status no_go(belay_ctx *c, const belay_host *h, const tally *t, const evidence *e)
{
    char what[TEXT_MAX] = "";
    if (t->count == 0)
        return say(c, h, BELAY_E_FAIL, "nobody may overrule it: the option roles is empty", "NO-GO: %s", e->missing);
    tally_append(what, sizeof what, "%s to overrule a NO-GO, with --reason: %s", t->roles[0].name, e->missing);
    return tally_wait(c, h, t, what, t->roles[0].name, true);
}

belay_status go_verify(belay_ctx *c, const belay_host *h)
{
    static tally t;
    static evidence e;
    char who[TEXT_MAX] = "";
    belay_status s = tally_read(c, h, &t);
    if (s == BELAY_OK)
        tally_count(c, h, &t);
    if (s == BELAY_OK)
        s = evidence_weigh(c, h, &e);
    if (s != BELAY_OK)
        return s;
    const decision *no = find(&t, false), *yes = find(&t, true);
    if (no) {
        tally_who(no, who, sizeof who);
        return say(c, h, BELAY_E_FAIL, NULL, "NO-GO by %s", who);
    }
    if (!*e.missing)
        return go(c, h, &e, NULL);
    if (yes && *yes->reason)
        return go(c, h, &e, yes);
    return no_go(c, h, &t, &e);
}
