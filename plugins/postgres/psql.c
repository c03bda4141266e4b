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
    const char *why = strstr(io.err, "ERROR:");
    why = why ? why : io.err;
    return say(a->c, a->h, status, "line numbers are those of the file; the whole output is the artifact psql.log",
               "%s: psql ended with status %d: %.800s%s", m->path, io.exit_code, why,
               transaction ? "; the file was rolled back, nothing of it is kept"
                           : "; the file runs without a transaction: what came before the error STAYS APPLIED");
}

belay_status psql_apply(applier *a, migration *m, bool transaction)
{
    guard_heap char *row = ledger_write_sql(&a->keeper, a->ledger, m, 0, a->run);
    guard_heap char *same_server = NULL;
    const char *args[16] = {"-X", "-q", "-v", "ON_ERROR_STOP=1"};
    size_t n = 4;
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
