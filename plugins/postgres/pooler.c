#include "pooler.h"

#include <poll.h>
#include <stdlib.h>

#define ASK_PID  "SELECT /* " SERVER_OWN " */ pg_catalog.pg_backend_pid()"
#define LIMIT_MS 2000

belay_status pooler_is_there(server *s, bool *ret)
{
    char pid[16];
    belay_status status = server_text(s, pid, sizeof pid, ASK_PID, 0, NULL);
    *ret = status == BELAY_OK && atoi(pid) != PQbackendPID(s->conn);
    return status;
}

/* The server process that answers the session now; 0 when there is none in time: a pool of one is held by the other. */
static int ask_pid(server *s)
{
    const int64_t end = s->h->time_left_ms(s->c) - LIMIT_MS;
    int pid = 0;
    if (!PQsendQuery(s->conn, ASK_PID))
        return 0;
    while (PQisBusy(s->conn)) {
        struct pollfd fd = {.fd = PQsocket(s->conn), .events = POLLIN};
        const int64_t left = s->h->time_left_ms(s->c) - end;
        if (left <= 0 || s->h->cancelled(s->c) || poll(&fd, 1, (int)left) < 0 || !PQconsumeInput(s->conn))
            return 0;
    }
    for (PGresult *r = PQgetResult(s->conn); r; r = PQgetResult(s->conn)) {
        if (PQresultStatus(r) == PGRES_TUPLES_OK)
            pid = atoi(PQgetvalue(r, 0, 0));
        PQclear(r);
    }
    return pid;
}

/*
 * A session of its own keeps its process while it is idle. A shared one is given to whoever asks next: as a rule the
 * process that was given back last, else (server_round_robin) the one that waits longest. The order of asking makes
 * two such sessions meet in either case.
 */
bool pooler_shares(server *s, server *other)
{
    static const char order[] = "ABAABBAB";
    int of_a = 0, of_b = 0;
    for (const char *who = order; *who; who++) {
        int *mine = *who == 'A' ? &of_a : &of_b, pid = ask_pid(*who == 'A' ? s : other);
        if (pid == 0)
            return false;
        if ((*mine && *mine != pid) || pid == (*who == 'A' ? of_b : of_a))
            return true;
        *mine = pid;
    }
    return false;
}
