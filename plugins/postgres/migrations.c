/* postgres.migrations: are the files in order, unchanged since they were applied, and what is pending? */
#include <stdio.h>
#include <string.h>

#include "kinds.h"
#include "plan.h"
#include "say/say.h"
#include "server.h"

/* As a JSON string; bytes that are no UTF-8 become U+FFFD. */
static void add_json(buf *to, const char *s, size_t n)
{
    buf_putc(to, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t length = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 0;
        bool whole = length > 0 && c < 0xf5 && i + length <= n;
        for (size_t k = 1; whole && k < length; k++)
            whole = ((unsigned char)s[i + k] & 0xc0) == 0x80;
        if (c == '"' || c == '\\')
            buf_printf(to, "\\%c", c);
        else if (c == '\n')
            buf_puts(to, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(to, "\\u%04x", c);
        else if (whole)
            buf_add(to, s + i, length);
        else
            buf_puts(to, "\xef\xbf\xbd");
        i += whole ? length : 1;
    }
    buf_putc(to, '"');
}

static void print_statements(belay_ctx *c, const belay_host *h, const migration *m)
{
    for (size_t i = 0; i < m->script->count; i++) {
        guard_buf line = {0};
        buf_puts(&line, "{\"file\": ");
        add_json(&line, m->name, strlen(m->name));
        buf_printf(&line, ", \"line\": %u, \"text\": ", m->script->items[i].lines[0]);
        add_json(&line, m->script->items[i].text, m->script->items[i].length);
        buf_puts(&line, "}");
        h->log(c, 1, line.text);
        buf_putc(&line, '\n');
        (void)h->keep(c, "statements.jsonl", line.text, line.length);
    }
}

static belay_status tell(belay_ctx *c, const belay_host *h, migration_plan *plan, bool connected)
{
    guard_buf names = {0};
    char count[32];
    belay_status status = BELAY_OK;
    for (size_t i = 0; i < plan->count; i++) {
        buf_printf(&names, "%s%s", i ? "," : "", plan->items[i]->name);
        say_log(c, h, 1, "pending %s sha256 %s", plan->items[i]->name, plan->items[i]->sha256);
    }
    for (size_t i = 0; h->opt_int(c, "statements") && status == BELAY_OK && i < plan->count; i++) {
        status = migration_load(c, h, plan->items[i], plan->standard_strings);
        if (status == BELAY_OK)
            print_statements(c, h, plan->items[i]);
    }
    migration_files_tell_left_out(c, h, &plan->files);
    snprintf(count, sizeof count, "%zu", plan->count);
    (void)h->output(c, "pending", buf_get(&names));
    (void)h->output(c, "count", count);
    (void)h->measure(c, "pending", (double)plan->count);
    say_log(c, h, 1, "%zu files, %zu pending%s", plan->files.count, plan->count,
            connected ? "" : " (without a database: nothing counts as applied)");
    return status;
}

static belay_status check(belay_ctx *c, const belay_host *h, bool telling)
{
    server s = {0};
    migration_plan plan = {0};
    bool connect = h->opt_str(c, "database") != NULL;
    belay_status status = connect ? server_open_target(c, h, &s) : BELAY_OK;
    if (status == BELAY_OK)
        status = plan_read(c, h, connect ? &s : NULL, &plan);
    if (status == BELAY_OK && telling)
        status = tell(c, h, &plan, connect);
    if (status == BELAY_OK)
        status = plan_check(c, h, &plan);
    plan_done(&plan);
    server_close(&s);
    return status;
}

belay_status migrations_verify(belay_ctx *c, const belay_host *h)
{
    return check(c, h, true);
}
