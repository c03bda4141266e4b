#include "store/sql.h"

#include <string.h>

/* What to do about a result code; the words of SQLite itself say what went wrong. */
static const struct advice {
    int code;
    const char *what, *hint;
} advices[] = {
    {SQLITE_NOTADB, "is damaged, or is no database",
     "it was left as it is; move it away (with its -wal and -shm files) and restore a copy"},
    {SQLITE_CORRUPT, "is damaged",
     "it was left as it is; copy it and its -wal file, then try: sqlite3 COPY .recover | sqlite3 NEW"},
    {SQLITE_READONLY, "cannot be written",
     "give this user the right to write to it, or choose another folder with --state or $BELAY_STATE_DIR"},
    {SQLITE_CANTOPEN, "cannot be opened",
     "give this user the right to write to it, or choose another folder with --state or $BELAY_STATE_DIR"},
    {SQLITE_FULL, "cannot grow", "free space on its file system, then go on with `belay resume`"},
    {SQLITE_BUSY, "was held by another process for too long", "see which program has it open: fuser -v FILE"},
    {SQLITE_IOERR, "cannot be read or written", "look at the kernel's log for what is wrong with the disk"},
    {0, "refused", NULL},
};

static const struct advice *advice_for(int code)
{
    const struct advice *a = advices;
    while (a->code && a->code != code)
        a++;
    return a;
}

int sql_fail(store *s, error **err)
{
    int code = sqlite3_errcode(s->db) & 0xff;
    const struct advice *a = advice_for(code);
    (void)error_set(err, ERROR_STORE, "the store '%s' %s: %s", s->path, a->what, sqlite3_errmsg(s->db));
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL); /* write nothing more to a damaged file */
    return a->hint ? error_hint(err, "%s", a->hint) : -ERROR_STORE;
}

static int bind(sqlite3_stmt *q, const char *letters, va_list ap)
{
    int r = SQLITE_OK;
    for (int i = 1; *letters && r == SQLITE_OK; letters++, i++) {
        const char *s = NULL;
        switch (*letters) {
        case 's':
            s = va_arg(ap, const char *);
            r = sqlite3_bind_text(q, i, s ? s : "", -1, SQLITE_TRANSIENT);
            break;
        case 'i': r = sqlite3_bind_int(q, i, va_arg(ap, int)); break;
        case 'I': r = sqlite3_bind_int64(q, i, va_arg(ap, int64_t)); break;
        case 'd': r = sqlite3_bind_double(q, i, va_arg(ap, double)); break;
        default: r = SQLITE_MISUSE;
        }
    }
    return r;
}

static int query(store *s, sqlite3_stmt **ret, error **err, const char *sql, const char *letters, va_list ap)
{
    guard(sqlite3_stmt) q = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK || bind(q, letters, ap) != SQLITE_OK)
        return sql_fail(s, err);
    *ret = take(q);
    return 0;
}

int sql_query(store *s, sqlite3_stmt **ret, error **err, const char *sql, const char *letters, ...)
{
    va_list ap;
    va_start(ap, letters);
    int r = query(s, ret, err, sql, letters, ap);
    va_end(ap);
    return r;
}

int sql_next(store *s, sqlite3_stmt *q, error **err)
{
    switch (sqlite3_step(q)) {
    case SQLITE_ROW: return SQL_ROW;
    case SQLITE_DONE: return 0;
    default: return sql_fail(s, err);
    }
}

/* Steps to the end: only then is a statement that also returns rows committed. */
static int finish(store *s, sqlite3_stmt *q, error **err)
{
    int r;
    while ((r = sql_next(s, q, err)) == SQL_ROW)
        ;
    return r;
}

int sql_run(store *s, error **err, const char *sql, const char *letters, ...)
{
    guard(sqlite3_stmt) q = NULL;
    va_list ap;
    va_start(ap, letters);
    int r = query(s, &q, err, sql, letters, ap);
    va_end(ap);
    return r < 0 ? r : finish(s, q, err);
}

int sql_int(store *s, int64_t *ret, int64_t otherwise, error **err, const char *sql, const char *letters, ...)
{
    guard(sqlite3_stmt) q = NULL;
    va_list ap;
    va_start(ap, letters);
    int r = query(s, &q, err, sql, letters, ap);
    va_end(ap);
    if (r < 0 || (r = sql_next(s, q, err)) < 0)
        return r;
    int64_t value = r == SQL_ROW ? sqlite3_column_int64(q, 0) : otherwise;
    if (r == SQL_ROW && (r = finish(s, q, err)) < 0)
        return r;
    *ret = value;
    return 0;
}

int sql_text(store *s, char **ret, error **err, const char *sql, const char *letters, ...)
{
    guard(sqlite3_stmt) q = NULL;
    va_list ap;
    va_start(ap, letters);
    int r = query(s, &q, err, sql, letters, ap);
    va_end(ap);
    if (r < 0 || (r = sql_next(s, q, err)) < 0)
        return r;
    guard_mem char *value = r == SQL_ROW ? sql_column(q, 0) : NULL;
    if (r == SQL_ROW && (r = finish(s, q, err)) < 0)
        return r;
    *ret = take(value);
    return 0;
}

int sql_script(store *s, const char *script, error **err)
{
    return sqlite3_exec(s->db, script, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(s, err);
}

const char *sql_peek(sqlite3_stmt *q, int column)
{
    const unsigned char *value = sqlite3_column_text(q, column);
    return value ? (const char *)value : "";
}

char *sql_column(sqlite3_stmt *q, int column)
{
    return mem_dup(sql_peek(q, column));
}

int sql_begin(store *s, sql_transaction *t, error **err)
{
    int r = sql_script(s, "BEGIN IMMEDIATE", err); /* takes the write lock now: no upgrade can fail midway */
    if (r == 0)
        t->s = s;
    return r;
}

int sql_commit(sql_transaction *t, error **err)
{
    int r = sql_script(t->s, "COMMIT", err);
    if (r == 0)
        t->s = NULL;
    return r;
}

void sql_transaction_done(sql_transaction *t)
{
    if (t->s && !sqlite3_get_autocommit(t->s->db))
        (void)sqlite3_exec(t->s->db, "ROLLBACK", NULL, NULL, NULL);
    t->s = NULL;
}
