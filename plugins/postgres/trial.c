/*
 * postgres.trial: applies the pending files to a copy of the database and drops the copy, whatever happens. The copy is
 * made by TEMPLATE while nobody is connected, else from a dump.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "expected.h"
#include "kinds.h"
#include "obstacles.h"
#include "say/option.h"
#include "say/say.h"
#include "tool.h"

/* The way that the option asks for, or that the present sessions leave. */
static belay_status choose_way(server *s, bool *by_dump)
{
    char sessions[1024] = "";
    *by_dump = option_is(s->c, s->h, "copy", "dump");
    if (!option_is(s->c, s->h, "copy", "auto"))
        return BELAY_OK;
    belay_status status = server_sessions(s, s->database, sessions, sizeof sessions);
    *by_dump = sessions[0] != '\0';
    return status;
}

belay_status trial_prepare(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    double size = 0;
    bool by_dump = false;
    char name[SERVER_NAME], text[SERVER_WHERE + 512], where[SERVER_WHERE];
    if (h->pending(c, "database"))
        return BELAY_OK;
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = server_size(&s, s.database, &size);
    if (status == BELAY_OK)
        status = choose_way(&s, &by_dump);
    if (status == BELAY_OK)
        status = obstacles_rights(&s);
    if (status == BELAY_OK && !by_dump)
        status = obstacles_copy(&s, true, true);
    if (status == BELAY_OK && by_dump)
        status = tool_check_dump(&s);
    if (status == BELAY_OK) {
        server_derive(&s, "trial", name);
        snprintf(text, sizeof text,
                 "copy database %s%s (%.0f MB) %s to %s, apply the pending migrations there, drop it", s.database,
                 server_where(where), size / 1e6, by_dump ? "by a dump" : "by TEMPLATE", name);
        h->plan(c, text, "drop the copy");
    }
    server_close(&s);
    return status;
}

/* Through a file, so that each program's own exit status counts. */
static belay_status copy_by_dump(server *s, const char *name)
{
    guard_fd file = open("trial.dump", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return say(s->c, s->h, BELAY_E_RETRY, NULL, "the dump for the trial cannot be written: %s", strerror(errno));
    const char *const dump_args[] = {"-Fc", "-Z1", NULL}, *const restore_args[] = {"--exit-on-error", NULL};
    const tool restore = {.program = "pg_restore", .args = restore_args, .database = name, .session = s, .in_fd = file};
    belay_status status = server_create_like(s, s->database, name);
    if (status == BELAY_OK)
        status = tool_dump(s, dump_args, file, NULL);
    if (status == BELAY_OK && lseek(file, 0, SEEK_SET) != 0)
        status = say(s->c, s->h, BELAY_E_RETRY, NULL, "the dump for the trial cannot be read: %s", strerror(errno));
    if (status == BELAY_OK)
        status = tool_run(s->c, s->h, &restore, NULL);
    if (status == BELAY_OK)
        status = server_complete_like(s, s->database, name, true);
    (void)unlink("trial.dump");
    return status;
}

static belay_status make_copy(server *s, const char *name)
{
    bool by_dump = false;
    belay_status status = s->h->remember(s->c, "copy", name, NULL);
    if (status == BELAY_OK)
        status = server_drop(s, name); /* what an earlier try left */
    if (status == BELAY_OK)
        status = choose_way(s, &by_dump);
    if (status != BELAY_OK)
        return status;
    s->h->progress(s->c, 0, 0, by_dump ? "copying by a dump" : "copying by TEMPLATE");
    status = by_dump ? BELAY_E_RETRY : server_copy(s, s->database, name);
    if (status == BELAY_E_RETRY && (by_dump || option_is(s->c, s->h, "copy", "auto"))) {
        /* somebody connected since it was looked at */
        status = server_drop(s, name);
        if (status == BELAY_OK)
            status = copy_by_dump(s, name);
    }
    return status;
}

static belay_status try_out(belay_ctx *c, const belay_host *h, const char *name)
{
    applier a = {0};
    migration_plan plan = {0};
    belay_status status = apply_open(c, h, name, &a);
    if (status == BELAY_OK)
        status = plan_read(c, h, &a.keeper, &plan);
    if (status == BELAY_OK)
        status = plan_check(c, h, &plan);
    if (status == BELAY_OK)
        status = apply_all(&a, &plan);
    if (status == BELAY_OK)
        status = expected_check(&a.keeper);
    plan_done(&plan);
    apply_close(&a);
    return status;
}

belay_status trial_execute(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    char name[SERVER_NAME] = "";
    belay_status status = server_open_alone(c, h, &s);
    if (status == BELAY_OK) {
        server_derive(&s, "trial", name);
        status = make_copy(&s, name);
    }
    if (status == BELAY_OK)
        status = try_out(c, h, name);
    if (status == BELAY_OK)
        status = server_drop(&s, name);
    else if (name[0] && !h->cancelled(c))
        server_drop_quietly(&s, name); /* what was explained stands; rollback looks again */
    server_close(&s);
    return status;
}

static belay_status check_gone(server *s, const char *name)
{
    bool exists = false;
    belay_status status = server_exists(s, name, &exists);
    if (status == BELAY_OK && exists)
        status = say(s->c, s->h, BELAY_E_FAIL, NULL, "the copy %s is still there", name);
    return status;
}

belay_status trial_verify(belay_ctx *c, const belay_host *h)
{
    server s = {0};
    const char *name = h->recall(c, "copy");
    if (!name)
        return say(c, h, BELAY_NO_DATA, NULL, "no copy was made, so nothing was tried");
    belay_status status = server_open(c, h, &s);
    if (status == BELAY_OK)
        status = check_gone(&s, name);
    server_close(&s);
    return status;
}

belay_status trial_rollback(belay_ctx *c, const belay_host *h)
{
    const char *name = h->recall(c, "copy");
    return name ? server_rollback_copy(c, h, name) : BELAY_NOTHING;
}
