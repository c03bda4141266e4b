/* Why a file failed, and what of it is in the database. */
#include <stdio.h>
#include <string.h>

#include "attempt.h"
#include "say/say.h"

#define EXCERPT 160

/* The beginning of a statement, on one line. */
static void excerpt(const char *text, char buf[EXCERPT + 4])
{
    size_t n = 0;
    const char *p = text;
    for (; *p && n < EXCERPT; p++) {
        bool blank = strchr(" \t\r\n", *p) != NULL;
        if (!blank || (n > 0 && buf[n - 1] != ' '))
            buf[n++] = blank ? ' ' : *p;
    }
    while (*p && n > 0 && ((unsigned char)*p & 0xc0) == 0x80)
        p--, n--; /* do not cut within a character */
    while (!*p && n > 0 && (buf[n - 1] == ';' || buf[n - 1] == ' '))
        n--;
    snprintf(buf + n, 4, "%s", *p ? "..." : "");
}

/* What of the file is in the database now. */
static void tell_kept(const attempt *t, bool transaction, buf *b)
{
    size_t all = t->m->script->count;
    if (transaction)
        buf_puts(b, "; the file was rolled back, nothing of it is kept");
    else if (t->nothing)
        buf_puts(b, "; nothing of the file took effect");
    else if (t->kept == 0)
        buf_puts(b, "; the file runs without a transaction: this statement may have left something behind");
    else
        buf_printf(b, "; the file runs without a transaction: statement%s %zu of %zu STAY%s APPLIED",
                   t->kept == 1 ? "" : "s 1 to", t->kept, all, t->kept == 1 ? "S" : "");
    if (!transaction && !t->why.state[0])
        buf_printf(b, ", and whether statement %zu took effect is not known", t->at + 1);
    if (t->index[0])
        buf_printf(b, "; it left an invalid index: %s", t->index);
}

static const char *hint_for(const attempt *t)
{
    static char drop[sizeof t->index + 64];
    if (t->index[0]) {
        snprintf(drop, sizeof drop, "DROP INDEX CONCURRENTLY %s; then fix the cause and run the file again", t->index);
        return drop;
    }
    static const struct {
        const char *state, *hint;
    } hints[] = {
        {"55P03", "end or wait for the session that holds the lock, or raise lock_timeout or lock_retries"},
        {"57014", "raise statement_timeout, or make the statement's work smaller"},
        {"2D000", "a COMMIT within DO or CALL needs a file that begins with the line -- belay: no-transaction"},
        {"25001", "begin the file with the line -- belay: no-transaction"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strcmp(t->why.state, hints[i].state) == 0)
            return hints[i].hint;
    if (!t->why.state[0])
        return "the server's log says why it ended the session";
    if (strcmp(t->why.state, "42P07") == 0 && !t->a->ledger->exists)
        return "if the database was migrated before Belay came: set first to the number of the first file that is new";
    return t->why.hint;
}

belay_status attempt_explain(const attempt *t, belay_status status, bool transaction)
{
    guard_buf b = {0};
    const migration *m = t->m;
    if (t->at >= m->script->count) {
        buf_printf(&b, "%s: at its end: %s %s", m->path, t->why.state, t->why.message);
    } else {
        const sql_statement *st = &m->script->items[t->at];
        char text[EXCERPT + 4];
        excerpt(st->text, text);
        buf_printf(&b, "%s:%u: ", m->path, sql_statement_line(st, t->why.offset));
        if (status == BELAY_E_CANCELLED)
            buf_puts(&b, "cancelled");
        else
            buf_printf(&b, "%s%s%s", t->why.state[0] ? t->why.state : "the connection was lost",
                       t->why.state[0] ? " " : ": ", t->why.message ? t->why.message : "");
        buf_printf(&b, ", in statement %zu of %zu: %s", t->at + 1, m->script->count, text);
    }
    if (strcmp(t->why.state, "55P03") == 0 && t->a->blockers[0])
        buf_printf(&b, "; the lock is held by %s", t->a->blockers);
    tell_kept(t, transaction, &b);
    return say(t->a->c, t->a->h, status, hint_for(t), "%s", b.text);
}
