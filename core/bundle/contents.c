#include "bundle/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval/proof.h"
#include "base/clean.h"
#include "base/tree.h"
#include "checklist/checklist.h"
#include "report/event.h"

void contents_done(contents *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->items[i].name);
        free(c->items[i].path);
        text_done(&c->items[i].bytes);
    }
    free(c->items);
    *c = (contents){0};
}

/* The name is taken; the file is valid until the next one is added. */
static content *add(contents *c, char *name)
{
    mem_reserve(c);
    content *one = &c->items[c->count++];
    *one = (content){.name = name};
    return one;
}

static void add_json(contents *c, const char *name, const json_t *document)
{
    guard_mem char *dumped = json_dumps(document, JSON_INDENT(2));
    text_printf(&add(c, mem_dup(name))->bytes, "%s\n", dumped);
}

/* ---- events, and what is made of them ---------------------------------------------------------------------------- */

static const char *word(const json_t *event, const char *key)
{
    const char *s = json_string_value(json_object_get(event, key));
    return s ? s : "";
}

static content *log_of(contents *c, const char *step)
{
    char *name = mem_printf("logs/%s.log", step);
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->items[i].name, name) == 0) {
            free(name);
            return &c->items[i];
        }
    return add(c, name);
}

static void add_logs(contents *c, const json_t *events)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event) {
        const json_int_t level = json_integer_value(json_object_get(event, "level"));
        if (strcmp(word(event, "type"), "log") != 0 || !*word(event, "step"))
            continue;
        guard_text line = {0};
        clean_text(&line, word(event, "line"));
        text_printf(&log_of(c, word(event, "step"))->bytes, "%s %s %s: %s\n", word(event, "at"), word(event, "phase"),
                    levels[level < 0 || level > 3 ? 1 : level], text_get(&line));
    }
}

static int add_junit(contents *c, const json_t *events, error **err)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&bytes, &n);
    if (!out)
        return error_set(err, ERROR_IO, "the JUnit report could not be written");
    int r = report_junit(out, events, err);
    (void)fclose(out);
    if (r == 0)
        text_add(&add(c, mem_dup("report.xml"))->bytes, bytes, n);
    free(bytes);
    return r;
}

typedef struct reading {
    text lines;
    json_t *events;
} reading;

static bool read_event(void *user, const char *json)
{
    reading *all = user;
    json_t *event = json_loads(json, 0, NULL);
    text_printf(&all->lines, "%s\n", json);
    if (event)
        json_array_append_new(all->events, event);
    return true;
}

static int add_events(contents *c, store *s, const store_run *run, error **err)
{
    reading all = {.events = json_array()};
    int r = store_events(s, run->id, NULL, read_event, &all, err);
    if (r == 0)
        r = add_junit(c, all.events, err);
    if (r == 0) {
        add_logs(c, all.events);
        add(c, mem_dup("events.jsonl"))->bytes = all.lines;
        all.lines = (text){0};
    }
    text_done(&all.lines);
    json_decref(all.events);
    return r;
}

/* ---- the record -------------------------------------------------------------------------------------------------- */

static int add_record(contents *c, store *s, const store_run *run, error **err)
{
    json_t *document = NULL;
    int r = bundle_run_json(s, run, &document, err);
    if (r < 0)
        return r;
    add_json(c, "run.json", document);
    add_json(c, "measurements.json", json_object_get(document, "measurements"));
    json_decref(document);
    if ((r = proof_gather(s, run, &document, err)) < 0)
        return r;
    add_json(c, "proof.json", document);
    json_decref(document);
    text_puts(&add(c, mem_dup("pipeline.cfg"))->bytes, run->text);
    return 0;
}

/* A pipeline need not have one. */
static int add_checklist(contents *c, store *s, const store_run *run, error **err)
{
    json_t *filled = NULL;
    int r = checklist_gather(s, run, &filled, err);
    if (r == -ERROR_NOT_FOUND) {
        error_free(take(*err));
        return 0;
    }
    if (r < 0)
        return r;
    checklist_html(&add(c, mem_dup("checklist.html"))->bytes, filled);
    checklist_markdown(&add(c, mem_dup("checklist.md"))->bytes, filled);
    add_json(c, "checklist.json", filled);
    json_decref(filled);
    return 0;
}

typedef struct decisions {
    contents *into;
    json_t *list;
} decisions;

static bool add_decision(void *user, const store_approval *a)
{
    decisions *d = user;
    char *name = mem_printf("approvals/%zu.statement", json_array_size(d->list) + 1);
    json_array_append_new(d->list,
                          json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:b}", "gate", a->gate, "role", a->role,
                                    "decision", a->decision, "reason", a->reason, "user", a->user, "at_ms",
                                    (json_int_t)a->at_ms, "statement", name, "signed", *a->signature != '\0'));
    if (*a->signature)
        text_puts(&add(d->into, mem_printf("%s.sig", name))->bytes, a->signature);
    text_puts(&add(d->into, name)->bytes, a->statement);
    return true;
}

static int add_approvals(contents *c, store *s, const store_run *run, error **err)
{
    decisions d = {.into = c, .list = json_array()};
    int r = store_approvals(s, run->id, NULL, add_decision, &d, err);
    add_json(c, "approvals.json", d.list);
    json_decref(d.list);
    return r;
}

/* ---- artifacts --------------------------------------------------------------------------------------------------- */

static int add_artifact(void *user, const tree_entry *entry, error **err)
{
    (void)err;
    if (S_ISREG(entry->st.st_mode))
        add(user, mem_printf("artifacts/%s", entry->path))->path = mem_dup(entry->absolute);
    return 0;
}

static int add_artifacts(contents *c, const store *s, const store_run *run, error **err)
{
    struct stat st;
    guard_mem char *folder = mem_printf("%s/runs/%s", store_folder(s), run->id);
    return stat(folder, &st) == 0 ? tree_walk(folder, add_artifact, c, err) : 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const content *)a)->name, ((const content *)b)->name);
}

int contents_gather(store *s, const store_run *run, contents *ret, error **err)
{
    contents c = {0};
    int r = add_events(&c, s, run, err);
    if (r == 0)
        r = add_record(&c, s, run, err);
    if (r == 0)
        r = add_checklist(&c, s, run, err);
    if (r == 0)
        r = add_approvals(&c, s, run, err);
    if (r == 0)
        r = add_artifacts(&c, s, run, err);
    if (r < 0) {
        contents_done(&c);
        return r;
    }
    qsort(c.items, c.count, sizeof *c.items, by_name);
    *ret = c;
    return 0;
}
