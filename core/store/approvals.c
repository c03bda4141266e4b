#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "store/sql.h"

json_t *store_approval_json(const store_approval *a)
{
    char digest[SHA256_TEXT];
    guard_mem char *all = mem_printf("%s\n%s", a->statement, a->signature);
    sha256_bytes(all, strlen(all), digest);
    return json_pack("{s:s, s:s, s:s, s:s}", "gate", a->gate, "role", a->role, "decision", a->decision, "sha256",
                     digest);
}

int store_approval_add(store *s, const char *run, const store_approval *a, int64_t number, error **err)
{
    guard_transaction t = {0};
    int64_t there = 0;
    int r = sql_begin(s, &t, err);
    if (r == 0)
        r = sql_int(s, &there, 0, err, "SELECT count(*) FROM approvals WHERE run = ?", "s", run);
    if (r == 0 && there + 1 != number)
        return error_set(err, ERROR_LOCKED, "somebody else has decided at run %s meanwhile", run);
    if (r == 0)
        r = sql_run(s, err,
                    "INSERT INTO approvals (run, gate, role, decision, reason, statement, signature, user_name, "
                    "at_ms, signers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    "ssssssssIs", run, a->gate, a->role, a->decision, a->reason, a->statement, a->signature, a->user,
                    a->at_ms, a->signers);
    if (r == 0)
        r = chain_add(s, run, STORE_CHAIN_DECISION, store_approval_json(a), err);
    return r == 0 ? sql_commit(&t, err) : r;
}

static void approval_done(const store_approval *a)
{
    char *owned[] = {a->gate, a->role, a->decision, a->reason, a->statement, a->signature, a->user, a->signers};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
}

int store_approvals(store *s, const char *run, const char *gate, bool (*fn)(void *user, const store_approval *a),
                    void *user, error **err)
{
    guard(sqlite3_stmt) q = NULL;
    int r = sql_query(s, &q, err,
                      "SELECT gate, role, decision, reason, statement, signature, user_name, at_ms, signers FROM "
                      "approvals "
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
                                  .at_ms = sqlite3_column_int64(q, 7),
                                  .signers = sql_column(q, 8)};
        more = fn(user, &a);
        approval_done(&a);
    }
    return r < 0 ? r : 0;
}
