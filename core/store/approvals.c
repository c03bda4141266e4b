#include <stdlib.h>

#include "store/sql.h"

int store_approval_add(store *s, const char *run, const store_approval *a, error **err)
{
    return sql_run(s, err,
                   "INSERT INTO approvals (run, gate, role, decision, reason, statement, signature, user_name, at_ms) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "ssssssssI", run, a->gate, a->role, a->decision, a->reason, a->statement, a->signature, a->user,
                   a->at_ms);
}

static void approval_done(const store_approval *a)
{
    char *owned[] = {a->gate, a->role, a->decision, a->reason, a->statement, a->signature, a->user};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
}

int store_approvals(store *s, const char *run, const char *gate, bool (*fn)(void *user, const store_approval *a),
                    void *user, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT gate, role, decision, reason, statement, signature, user_name, at_ms FROM approvals "
                      "WHERE run = ? AND (? = '' OR gate = ?) ORDER BY seq",
                      "sss", run, gate ? gate : "", gate ? gate : "");
    if (r < 0)
        return r;
    bool more = true;
    while (more && (r = sql_next(s, q, err)) == SQL_ROW) {
        const store_approval a = {.gate = sql_column(q, 0),
                                  .role = sql_column(q, 1),
                                  .decision = sql_column(q, 2),
                                  .reason = sql_column(q, 3),
                                  .statement = sql_column(q, 4),
                                  .signature = sql_column(q, 5),
                                  .user = sql_column(q, 6),
                                  .at_ms = sqlite3_column_int64(q, 7)};
        more = fn(user, &a);
        approval_done(&a);
    }
    return r < 0 ? r : 0;
}
