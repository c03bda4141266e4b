/*
 * The snapshot is a copy by TEMPLATE, taken while nobody writes. Undoing is two renames in one transaction, so its time
 * does not grow with the data; the database as it was at the failure stays beside it.
 *
 * The copy is made under another name and gets the snapshot's once it has all properties of the original; only then is
 * "copied" recorded. Without that record nothing came after this step, so rollback drops what there is of the copy.
 */
#include "kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "obstacles.h"
#include "properties.h"
#include "say/say.h"
#include "server.h"

/* Transactions and rows written so far, by the server's own statistics; they go with the database when it is renamed.
 */
static belay_status count_writes(server *s, const char *name, char *buf, size_t size)
{
    return server_text(s, buf, size,
                       "SELECT xact_commit || ' ' || tup_inserted || ' ' || tup_updated || ' ' || tup_deleted"
                       " FROM pg_stat_database WHERE datname = $1",
                       1, &name);
}

static belay_status check_idle(server *s)
{
    char sessions[1024] = "";
    belay_status status = server_sessions(s, s->database, sessions, sizeof sessions);
    if (status == BELAY_OK && sessions[0])
        return server_say(s, BELAY_E_RETRY, "stop the applications first; postgres.sessions waits until they are gone",
                          "%s is in use, so a copy would not be whole: %s", s->database, sessions);
    return status;
}

belay_status snapshot_prepare(belay_ctx *c, const belay_host *h)
{
    server s;
    double size = 0;
    bool exists = false;
    char text[SERVER_WHERE + 512], name[SERVER_NAME], where[SERVER_WHERE];
    if (h->pending(c, "database"))
        return BELAY_OK;
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = server_exists(&s, s.database, &exists);
    if (status == BELAY_OK && !exists)
        status = server_say(&s, BELAY_E_FAIL, NULL, "there is no database \"%s\" on this server", s.database);
    if (status == BELAY_OK)
        status = server_size(&s, s.database, &size);
    if (status == BELAY_OK)
        status = obstacles_rights(&s);
    if (status == BELAY_OK)
        status = obstacles_copy(&s, true, true);
    if (status == BELAY_OK)
        status = obstacles_replication(&s, true);
    if (status == BELAY_OK) {
        server_derive(&s, "before", name);
        snprintf(text, sizeof text, "copy database %s%s (%.0f MB) to %s", s.database, server_where(where), size / 1e6,
                 name);
        h->plan(c, text, "swap the copy in by renaming; the database as it is then is kept aside");
    }
    server_close(&s);
    return status;
}

/* What rollback needs; of an earlier try that was interrupted, its names and not new ones. */
static belay_status remember_all(server *s)
{
    char writes[128] = "", names[3][SERVER_NAME], properties[PROPERTIES_TEXT] = "";
    static const char *const words[3] = {"before", "broken", "unfinished"};
    belay_status status = count_writes(s, s->database, writes, sizeof writes);
    for (size_t i = 0; i < 3 && status == BELAY_OK; i++)
        status = server_free_name(s, words[i], names[i]);
    if (status == BELAY_OK)
        status = properties_print(s, s->database, properties);
    const struct {
        const char *key, *value;
    } facts[] = {{"snapshot", names[0]},   {"database", s->database}, {"aside", names[1]},
                 {"unfinished", names[2]}, {"writes", writes},        {"properties", properties}};
    for (size_t i = 0; i < sizeof facts / sizeof *facts && status == BELAY_OK; i++)
        status = s->h->remember(s->c, facts[i].key, facts[i].value, NULL);
    return status;
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* Whatever an earlier try left under these names is incomplete, or was made of the database as it was then. */
static belay_status make(server *s, const char *name, const char *unfinished)
{
    belay_status status = server_drop(s, unfinished);
    if (status == BELAY_OK)
        status = server_drop(s, name);
    if (status != BELAY_OK)
        return status;
    status = server_copy(s, s->database, unfinished);
    if (status == BELAY_OK)
        status = server_rename(s, unfinished, name);
    if (status != BELAY_OK && !s->h->cancelled(s->c))
        server_drop_quietly(s, unfinished);
    return status;
}

static belay_status copy(server *s)
{
    bool exists = false;
    double size = 0, start = now_ms();
    belay_status status = check_idle(s);
    if (status == BELAY_OK)
        status = obstacles_copy(s, false, true);
    if (status == BELAY_OK)
        status = obstacles_replication(s, false);
    if (status == BELAY_OK)
        status = remember_all(s);
    const char *name = s->h->recall(s->c, "snapshot"), *unfinished = s->h->recall(s->c, "unfinished");
    if (status == BELAY_OK)
        status = server_exists(s, name, &exists);
    if (status == BELAY_OK && !(exists && s->h->recall(s->c, "copied")))
        status = make(s, name, unfinished);
    if (status == BELAY_OK) /* from now on a missing copy is one that was lost */
        status = s->h->remember(s->c, "copied", "yes", NULL);
    if (status == BELAY_OK)
        status = server_size(s, name, &size);
    if (status != BELAY_OK)
        return status;
    (void)s->h->measure(s->c, "size", size);
    (void)s->h->measure(s->c, "duration", now_ms() - start);
    return s->h->output(s->c, "name", name);
}

belay_status snapshot_execute(belay_ctx *c, const belay_host *h)
{
    server s;
    belay_status status = server_open_alone(c, h, &s);
    if (status == BELAY_OK)
        status = copy(&s);
    server_close(&s);
    return status;
}

belay_status snapshot_verify(belay_ctx *c, const belay_host *h)
{
    server s;
    bool exists = false;
    const char *name = h->recall(c, "snapshot"), *properties = h->recall(c, "properties");
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = server_exists(&s, name ? name : "", &exists);
    if (status == BELAY_OK && !exists)
        status = server_say(&s, BELAY_E_FAIL, NULL, "the snapshot %s is not there", name ? name : "");
    if (status == BELAY_OK && !h->recall(c, "copied"))
        status = server_say(&s, BELAY_E_FAIL, NULL, "the snapshot %s is not known to be complete", name);
    if (status == BELAY_OK && properties)
        status = properties_check(&s, name, properties);
    server_close(&s);
    return status;
}

/* What the database that is set aside holds beyond the snapshot, "" when that is not known. */
static void count_beyond(server *s, const char *aside, char ret[256])
{
    char now[128] = "";
    long long was[4] = {0}, is[4] = {0};
    const char *before = s->h->recall(s->c, "writes");
    *ret = '\0';
    if (!before || count_writes(s, aside, now, sizeof now) != BELAY_OK)
        return;
    if (sscanf(before, "%lld %lld %lld %lld", &was[0], &was[1], &was[2], &was[3]) != 4 ||
        sscanf(now, "%lld %lld %lld %lld", &is[0], &is[1], &is[2], &is[3]) != 4)
        return;
    snprintf(ret, 256, ": since the snapshot it saw %lld transactions, %lld rows inserted, %lld updated, %lld deleted",
             is[0] - was[0], is[1] - was[1], is[2] - was[2], is[3] - was[3]);
}

/* A warning, because what was written since is no longer where the applications look for it. */
static void tell_aside(server *s, const char *name, const char *aside)
{
    char beyond[256], when[64] = "";
    struct tm tm;
    const time_t now = time(NULL);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &tm));
    count_beyond(s, aside, beyond);
    say_log(s->c, s->h, 2, "the database %s as it was at %s is kept as %s%s", name, when, aside, beyond);
    (void)s->h->output(s->c, "aside", aside);
}

static void tell_replication(server *s, const char *name, const char *aside)
{
    char names[1024] = "";
    if (obstacles_name_replication(s, aside, names, sizeof names) == BELAY_OK && *names)
        say_log(s->c, s->h, 2, "%s stayed with %s: make them again for %s where they are needed", names, aside, name);
}

/* There is no snapshot to swap in: it is swapped in already, or somebody dropped it. */
static belay_status without_snapshot(server *s, const char *name, bool have_name, const char *snapshot,
                                     const char *aside)
{
    bool have_aside = false;
    belay_status status = server_exists(s, aside, &have_aside);
    if (status != BELAY_OK)
        return status;
    if (!have_name)
        return server_say(s, BELAY_E_FAIL, "restore the backup with postgres.restore",
                          "neither %s nor its snapshot %s is there", name, snapshot);
    if (have_aside)
        return BELAY_NOTHING;
    return server_say(s, BELAY_E_FAIL,
                      "find out who dropped or renamed it; restore the backup with postgres.restore, if the database "
                      "is not as it was",
                      "the snapshot %s was made and is gone, so %s stays as it is", snapshot, name);
}

static belay_status swap_back(server *s, const char *name, const char *snapshot, const char *aside)
{
    bool have_snapshot = false, have_name = false;
    belay_status status = server_exists(s, snapshot, &have_snapshot);
    if (status == BELAY_OK)
        status = server_exists(s, name, &have_name);
    if (status != BELAY_OK)
        return status;
    if (!have_snapshot)
        return without_snapshot(s, name, have_name, snapshot, aside);
    if (!have_name)
        return server_say(s, BELAY_E_FAIL, "find out who dropped or renamed it",
                          "database %s is gone; its snapshot %s is there", name, snapshot);
    status = server_swap(s, name, aside, snapshot);
    if (status == BELAY_OK) {
        tell_aside(s, name, aside);
        tell_replication(s, name, aside);
    }
    return status;
}

/* The copy was never complete, so no step came after it: the database stays as it is. */
static belay_status drop_incomplete(server *s, const char *snapshot)
{
    const char *const names[] = {s->h->recall(s->c, "unfinished"), snapshot};
    belay_status status = BELAY_OK;
    bool dropped = false;
    for (size_t i = 0; i < 2 && status == BELAY_OK; i++) {
        bool exists = false;
        if (names[i])
            status = server_exists(s, names[i], &exists);
        if (status == BELAY_OK && exists)
            status = server_drop(s, names[i]);
        dropped = dropped || exists;
    }
    return status == BELAY_OK && !dropped ? BELAY_NOTHING : status;
}

belay_status snapshot_rollback(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    const char *snapshot = h->recall(c, "snapshot"), *name = h->recall(c, "database"), *aside = h->recall(c, "aside");
    if (!snapshot || !name || !aside)
        return BELAY_NOTHING;
    belay_status status = server_wait(c, h);
    if (status == BELAY_OK)
        status = server_open_alone(c, h, &s);
    if (status == BELAY_OK)
        status = h->recall(c, "copied") ? swap_back(&s, name, snapshot, aside) : drop_incomplete(&s, snapshot);
    server_close(&s);
    return status;
}

/* What it held beyond the snapshot is gone with it. */
static belay_status drop_aside(server *s, const char *aside)
{
    char beyond[256];
    bool exists = false;
    belay_status status = server_exists(s, aside, &exists);
    if (status != BELAY_OK || !exists)
        return status;
    count_beyond(s, aside, beyond);
    say_log(s->c, s->h, 2, "dropping the database %s, which the rollback of this run set aside%s", aside, beyond);
    return server_drop(s, aside);
}

belay_status snapshot_discard(belay_ctx *c, const belay_host *h)
{
    server s;
    const char *snapshot = h->recall(c, "snapshot"), *aside = h->recall(c, "aside");
    if (!snapshot || !aside)
        return BELAY_NOTHING;
    belay_status status = server_open_alone(c, h, &s);
    if (status == BELAY_OK)
        status = server_drop(&s, snapshot);
    if (status == BELAY_OK)
        status = drop_aside(&s, aside);
    server_close(&s);
    return status;
}
