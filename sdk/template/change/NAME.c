/* @NAME@: a change that can be undone. It points a symbolic link at a release, in one step for those who follow it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <belay/plugin.h>

static const belay_option options[] = {
    {.name = "link",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The symbolic link.",
     .example = "/srv/app/current"},
    {.name = "to",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "What it shall point at.",
     .example = "releases/v2"},
};

static belay_status fail(belay_ctx *c, const belay_host *h, const char *what, const char *path, belay_status status)
{
    char why[PATH_MAX + 256];
    snprintf(why, sizeof why, "%s '%s': %s", what, path, strerror(errno));
    h->explain(c, why, NULL, "link");
    return status;
}

/* Where the link points; "" when there is none. 0, or -1 with errno. */
static int read_link(const char *link, char target[PATH_MAX])
{
    ssize_t n = readlink(link, target, PATH_MAX - 1);
    target[n > 0 ? n : 0] = '\0';
    return n >= 0 || errno == ENOENT ? 0 : -1;
}

/* Made beside the link and renamed over it, so that at no moment there is none. */
static int point(const char *link, const char *to)
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.@NAME@-new", link) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return -1;
    }
    unlink(beside); /* what a call that was killed left */
    if (!*to)
        return unlink(link) == 0 || errno == ENOENT ? 0 : -1;
    return symlink(to, beside) == 0 && rename(beside, link) == 0 ? 0 : -1;
}

/* Looks, changes nothing; says what execute will do. */
static belay_status prepare(belay_ctx *c, const belay_host *h)
{
    const char *link = h->opt_str(c, "link"), *to = h->opt_str(c, "to");
    char now[PATH_MAX], change[3 * PATH_MAX], undo[3 * PATH_MAX];
    if (read_link(link, now) < 0)
        return fail(c, h, "this is no symbolic link:", link, BELAY_E_CONFIG);
    snprintf(change, sizeof change, "points %s at %s", link, to);
    snprintf(undo, sizeof undo, *now ? "points it at %s again" : "removes it", now);
    h->plan(c, change, undo);
    return BELAY_OK;
}

/* May be killed at any instruction, and run again: so it remembers first, then acts, and what is remembered first stays.
 */
static belay_status execute(belay_ctx *c, const belay_host *h)
{
    const char *link = h->opt_str(c, "link"), *to = h->opt_str(c, "to");
    char now[PATH_MAX];
    if (read_link(link, now) < 0)
        return fail(c, h, "read the link", link, BELAY_E_FAIL);
    if (strcmp(now, to) == 0 && !h->recall(c, "before"))
        return BELAY_NOTHING;
    belay_status status = h->remember(c, "before", now, NULL);
    if (status == BELAY_OK)
        status = h->remember(c, "after", to, NULL);
    if (status != BELAY_OK)
        return status;
    return point(link, to) == 0 ? BELAY_OK : fail(c, h, "point the link", link, BELAY_E_FAIL);
}

/* Asks the world, not memory. */
static belay_status verify(belay_ctx *c, const belay_host *h)
{
    const char *link = h->opt_str(c, "link");
    char now[PATH_MAX];
    if (read_link(link, now) < 0)
        return fail(c, h, "read the link", link, BELAY_E_RETRY);
    if (strcmp(now, h->opt_str(c, "to")) == 0)
        return BELAY_OK;
    h->explain(c, "the link points elsewhere", NULL, "link");
    return BELAY_E_FAIL;
}

/* From the journal, in a process that knows nothing else; maybe for the second time, maybe though nothing was done. */
static belay_status rollback(belay_ctx *c, const belay_host *h)
{
    const char *link = h->opt_str(c, "link");
    const char *before = h->recall(c, "before"), *after = h->recall(c, "after");
    char now[PATH_MAX];
    if (!before)
        return BELAY_NOTHING; /* execute did not come so far as to act */
    if (read_link(link, now) < 0)
        return fail(c, h, "read the link", link, BELAY_E_FAIL);
    if (strcmp(now, before) != 0 && (!after || strcmp(now, after) != 0)) {
        char why[3 * PATH_MAX];
        snprintf(why, sizeof why, "'%s' points at '%s': somebody else changed it", link, now);
        h->explain(c, why, "see who did, and why, before you point it elsewhere", "link");
        return BELAY_E_FAIL;
    }
    return point(link, before) == 0 ? BELAY_OK : fail(c, h, "point the link", link, BELAY_E_RETRY);
}

static const belay_step steps[] = {
    {.name = "link",
     .doc = "Points a symbolic link at a release.",
     BELAY_TABLE(option, options),
     .prepare = prepare,
     .execute = execute,
     .verify = verify,
     .rollback = rollback},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,
    BELAY_TABLE(step, steps),
    .undo_format = 1,
    .undo_format_oldest = 1,
    .name = "@NAME@",
    .version = "0.1.0",
    .doc = "Changes of our own.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
