#include "psql.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "say/say.h"
#include "tool.h"

/* What was read and checked, as a file in memory: of a file with both directions only the one. */
static int source_file(const migration *m)
{
    int fd = memfd_create("migration", MFD_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < m->source.length;) {
        ssize_t n = write(fd, m->source.text + at, m->source.length - at);
        if (n < 0) {
            close(fd);
            return -1;
        }
        at += (size_t)n;
    }
    if (fd >= 0)
        (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

/* What psql prints with VERBOSITY=verbose, and without a file before "ERROR" when it is not of the file:
 *
 *   psql:<stdin>:3: ERROR:  42703: column "nothing" does not exist
 *   LINE 1: SELECT nothing;
 *
 * A command of psql's own: psql:<stdin>:2: error: no_such.sql: No such file or directory
 */
static void describe(const migration *m, const char *text, buf *b)
{
    static const char *const words[] = {"ERROR:  ", "FATAL:  ", "error: "};
    static const char input[] = "psql:<stdin>:";
    const char *why = NULL;
    for (size_t i = 0; i < 3 && !why; i++) {
        why = strstr(text, words[i]);
        why = why ? why + strlen(words[i]) : NULL;
    }
    if (!why) {
        buf_printf(b, "%s: psql printed: %.800s", m->path, text);
        return;
    }
    const char *line = why;
    while (line > text && line[-1] != '\n')
        line--;
    buf_printf(b, "%s:", m->path);
    if (strncmp(line, input, sizeof input - 1) == 0)
        buf_printf(b, "%.*s:", (int)strspn(line + sizeof input - 1, "0123456789"), line + sizeof input - 1);
    size_t n = strcspn(why, "\n"), code = strspn(why, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    bool has_code = code == 5 && strncmp(why + code, ": ", 2) == 0;
    buf_printf(b, " %.*s%s%.*s", has_code ? 5 : 0, why, has_code ? " " : "", (int)(n - (has_code ? 7 : 0)),
               why + (has_code ? 7 : 0));
    const char *detail = strstr(why + n, "\nDETAIL:  ");
    if (detail)
        buf_printf(b, " (%.*s)", (int)strcspn(detail + 10, "\n"), detail + 10);
}

static belay_status explain_error(const applier *a, const migration *m, const belay_run *io, belay_status status,
                                  bool transaction)
{
    guard_buf b = {0};
    describe(m, io->err, &b);
    return say(a->c, a->h, status, "psql's whole output is the artifact psql.log", "%s; %s", b.text,
               transaction ? "the file was rolled back, nothing of it is kept"
                           : "the file runs without a transaction: what came before the error STAYS APPLIED");
}

static belay_status run(applier *a, const migration *m, const char *const *args, bool transaction)
{
    guard_fd file = source_file(m);
    if (file < 0)
        return say(a->c, a->h, BELAY_E_RETRY, NULL, "cannot hand %s to psql: %s", m->path, strerror(errno));
    const tool t = {.program = "psql",
                    .args = args,
                    .database = PQdb(a->keeper.conn),
                    .session = &a->keeper,
                    .in_fd = file,
                    .keep_as = "psql.log"};
    belay_run io = {0};
    belay_status status = tool_run(a->c, a->h, &t, &io);
    if (status != BELAY_E_FAIL && !(status == BELAY_E_RETRY && io.err && *io.err))
        return status;
    return explain_error(a, m, &io, status, transaction);
}

belay_status psql_apply(applier *a, migration *m, bool transaction)
{
    guard_heap char *row = ledger_write_sql(&a->keeper, a->ledger, m, 0, a->run);
    guard_heap char *same_server = NULL;
    const char *args[16] = {"-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"};
    size_t n = 6;
    belay_status status = ledger_create(&a->keeper, a->ledger);
    if (status == BELAY_OK && !transaction)
        status = ledger_write(&a->keeper, a->ledger, m, "started", 0, 0, a->run);
    if (status == BELAY_OK)
        status = tool_same_server(&a->keeper, &same_server);
    if (status != BELAY_OK)
        return status;
    if (transaction)
        args[n++] = "--single-transaction";
    args[n++] = "-c", args[n++] = same_server;
    args[n++] = "-f", args[n++] = "-";
    if (transaction)
        args[n++] = "-c", args[n++] = row;
    status = run(a, m, args, transaction);
    if (status == BELAY_OK && !transaction)
        status = ledger_write(&a->keeper, a->ledger, m, "done", (int)m->script->count, 0, a->run);
    return status;
}
