/* maintenance: a change with its undo. It puts up the page that a web server shows while a deploy is under way. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <belay/plugin.h>

#define PAGE_MAX 32768
#define NO_PAGE  "" /* a page is never empty: the text is required */

static const belay_option options[] = {
    {.name = "page",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The file that the web server shows while it is there.",
     .example = "/srv/www/maintenance.html"},
    {.name = "text", .type = BELAY_T_STRING, .def = "We are back in a few minutes.", .doc = "What it says."},
};

static belay_status fail(belay_ctx *c, const belay_host *h, const char *what)
{
    char why[PATH_MAX + 256];
    snprintf(why, sizeof why, "%s '%s': %s", what, h->opt_str(c, "page"), strerror(errno));
    h->explain(c, why, NULL, "page");
    return BELAY_E_FAIL;
}

/* What the page says now; NO_PAGE when there is none. 0, or -1 with errno. */
static int read_page(const char *path, char page[PAGE_MAX])
{
    page[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    ssize_t n = read(fd, page, PAGE_MAX);
    close(fd);
    if (n == PAGE_MAX)
        errno = EFBIG;
    if (n < 0 || n == PAGE_MAX)
        return -1;
    page[n] = '\0';
    return 0;
}

/* Written beside the page and renamed over it, so that nobody is ever shown half of it. 0, or -1 with errno. */
static int write_page(const char *path, const char *page)
{
    char beside[PATH_MAX];
    snprintf(beside, sizeof beside, "%.*s.new", PATH_MAX - 8, path);
    unlink(beside); /* what a call that was killed left */
    if (strcmp(page, NO_PAGE) == 0)
        return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, page, strlen(page));
    int bad = n != (ssize_t)strlen(page) || fchmod(fd, 0644) != 0 || fsync(fd) != 0;
    return close(fd) != 0 || bad || rename(beside, path) != 0 ? -1 : 0;
}

/* Looks, changes nothing; says what execute will do and how that is undone. */
static belay_status prepare(belay_ctx *c, const belay_host *h)
{
    char now[PAGE_MAX], change[PATH_MAX + 64];
    if (read_page(h->opt_str(c, "page"), now) < 0)
        return fail(c, h, "read");
    snprintf(change, sizeof change, "puts up %s", h->opt_str(c, "page"));
    h->plan(c, change, *now ? "puts back the page of before" : "removes it");
    return BELAY_OK;
}

/* May be killed at any instruction and run again: what is remembered is on disk before anything is changed. */
static belay_status execute(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "page"), *page = h->opt_str(c, "text");
    char now[PAGE_MAX];
    if (read_page(path, now) < 0)
        return fail(c, h, "read");
    if (strcmp(now, page) == 0 && !h->recall(c, "before"))
        return BELAY_NOTHING;
    belay_status status = h->remember(c, "before", now, NULL); /* of a second try only the first value is kept */
    if (status == BELAY_OK)
        status = h->remember(c, "after", page, NULL);
    if (status != BELAY_OK)
        return status;
    return write_page(path, page) == 0 ? BELAY_OK : fail(c, h, "write");
}

/* In a process that knows the journal alone; maybe for the second time, maybe though nothing was done. */
static belay_status rollback(belay_ctx *c, const belay_host *h)
{
    const char *before = h->recall(c, "before"), *after = h->recall(c, "after"), *path = h->opt_str(c, "page");
    char now[PAGE_MAX];
    if (!before)
        return BELAY_NOTHING; /* execute did not come so far as to act */
    if (read_page(path, now) < 0)
        return fail(c, h, "read");
    if (strcmp(now, before) != 0 && (!after || strcmp(now, after) != 0)) {
        h->explain(c, "somebody else wrote the page meanwhile", "see what it says; then remove it", "page");
        return BELAY_E_FAIL;
    }
    return write_page(path, before) == 0 ? BELAY_OK : fail(c, h, "put back");
}

static const belay_step steps[] = {
    {.name = "page",
     .doc = "Puts up a maintenance page.",
     BELAY_TABLE(option, options),
     .prepare = prepare,
     .execute = execute,
     .rollback = rollback},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD,  BELAY_TABLE(step, steps),     .undo_format = 1, .undo_format_oldest = 1, .name = "maintenance",
    .version = "0.1.0", .doc = "A maintenance page.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
