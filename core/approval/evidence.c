#include "approval/approval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool add_plugin(void *user, const char *name, const char *version, const char *sha256)
{
    text_printf(user, "plugin %s %s %s\n", name, version, sha256);
    return true;
}

/* "Not yet" is no finding: a gate says it as long as it waits. */
static bool add_phase(void *user, const store_phase *p)
{
    if (*p->verdict && strcmp(p->verdict, "not yet") != 0)
        text_printf(user, "phase %" PRId64 " %s %s %d %s %s\n", p->seq, p->step, p->phase, p->attempt, p->verdict,
                    p->summary);
    return true;
}

static bool add_measurement(void *user, const store_measurement *m)
{
    text_printf(user, "measured %s %s %.17g %s %s %" PRId64 "\n", m->step, m->name, m->value, m->threshold, m->verdict,
                m->samples);
    return true;
}

int approval_evidence(store *s, const store_run *run, char hex[SHA256_TEXT], error **err)
{
    guard_text all = {0};
    text_printf(&all, "run %s\n%s\n", run->id, run->text);
    int r = store_plugins(s, run->id, add_plugin, &all, err);
    if (r == 0)
        r = store_phases(s, run->id, NULL, add_phase, &all, err);
    if (r == 0)
        r = store_measurements(s, run->id, add_measurement, &all, err);
    if (r == 0)
        sha256_bytes(text_get(&all), all.count, hex);
    return r;
}
