#include "worker/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/inside.h"
#include "worker/load.h"

static _Noreturn void leave(belay_ctx *c)
{
    fflush(NULL);
    json_decref(c->options);
    json_decref(c->memory);
    redactor_free(c->secrets);
    wire_reader_done(&c->reader);
    _exit(EXIT_SUCCESS); /* no exit handlers of the plugin's libraries: they have had their call */
}

/* Says that the call could not be made. */
static _Noreturn void give_up(belay_ctx *c, const error *why)
{
    guard_mem char *text = error_text(why);
    const char *hint = error_get_hint(why);
    call_tell(c,
              json_pack("{s:s, s:o, s:s?}", "type", "problem", "text", wire_string(text, strlen(text)), "hint", hint));
    leave(c);
}

static void add_undo(belay_ctx *c, json_t *message)
{
    const char *key = wire_get_text(message, "key"), *value = wire_get_text(message, "value");
    if (!key || !value)
        return;
    json_array_append(c->memory, message);
    mem_reserve(&c->undo);
    c->undo.items[c->undo.count++] = (call_record){key, value};
}

/* Takes messages up to the one that says what to do, which is kept as the call's options. */
static const char *receive_order(belay_ctx *c, error **err)
{
    for (;;) {
        guard(json_t) message = NULL;
        if (wire_receive(INSIDE_TALK, &c->reader, &message, err) < 0)
            leave(c);
        const char *type = wire_get_text(message, "type");
        if (strcmp(type, "undo") == 0) {
            add_undo(c, message);
            continue;
        }
        json_array_append(c->memory, message);
        return type;
    }
}

static void take_secrets(belay_ctx *c, const json_t *secrets)
{
    size_t i;
    json_t *value;
    c->secrets = redactor_new();
    json_array_foreach(secrets, i, value)
        redactor_add(c->secrets, json_string_value(value));
}

/* The facts, and the one that only this side knows. */
static json_t *take_facts(const json_t *order)
{
    char folder[4096];
    json_t *facts = json_deep_copy(json_object_get(order, "facts"));
    if (!facts)
        facts = json_object();
    if (getcwd(folder, sizeof folder))
        json_object_set_new(facts, "work.dir", wire_string(folder, strlen(folder)));
    return facts;
}

static int find_step(const belay_plugin *p, const char *name, belay_step *ret, error **err)
{
    for (uint32_t i = 0; i < p->step_count; i++) {
        belay_step step = load_step(p, i);
        if (step.name && name && strcmp(step.name, name) == 0) {
            *ret = step;
            return 0;
        }
    }
    return error_set(err, ERROR_PLUGIN, "the plugin '%s' %s has no step '%s'", p->name, p->version, name ? name : "");
}

/* entry: where the plugin's code begins, for a breakpoint. */
static void let_debugger_in(belay_ctx *c, belay_fn fn)
{
    uintptr_t entry = 0;
    char text[32];
    memcpy(&entry, &fn, sizeof entry);
    snprintf(text, sizeof text, "0x%jx", (uintmax_t)entry);
    call_tell(c, json_pack("{s:s, s:i, s:s}", "type", "attach", "pid", (int)getpid(), "entry", text));
    inside_wait_for_debugger();
}

static void make_call(belay_ctx *c, const belay_plugin *plugin, const json_t *order, bool debugged)
{
    guard(error) err = NULL;
    const char *phase = wire_get_text(order, "phase");
    int index = phase ? worker_phase_parse(phase) : -1;
    if (index < 0 || wire_get_int(order, "protocol", 0) != WIRE_PROTOCOL) {
        error_set(&err, ERROR_PLUGIN, "belay and belay-worker are of different versions");
        error_hint(&err, "install both from the same package");
        give_up(c, err);
    }
    if (find_step(plugin, wire_get_text(order, "step"), &c->step, &err) < 0)
        give_up(c, err);
    c->phase = (worker_phase)index;
    c->options = json_incref(json_object_get(order, "options"));
    c->pending = json_object_get(order, "pending");
    c->facts = take_facts(order);
    c->deadline_ms = clock_steady_ms() + wire_get_int(order, "left_ms", 0);
    c->fail_run = (int)wire_get_int(order, "fail_run", 0);
    take_secrets(c, json_object_get(order, "secrets"));
    call_tell(c, json_pack("{s:s, s:i, s:I}", "type", "ready", "protocol", WIRE_PROTOCOL, "minor",
                           (json_int_t)BELAY_ABI_MINOR));
    belay_fn fn = load_phase(&c->step, c->phase);
    if (fn && debugged)
        let_debugger_in(c, fn);
    belay_status status = fn ? fn(c, &call_host) : BELAY_NOTHING;
    call_tell(c, json_pack("{s:s, s:i, s:I, s:i}", "type", "result", "status", (int)status, "dropped",
                           (json_int_t)c->log.dropped, "runs", c->runs));
}

static void describe(belay_ctx *c, const belay_plugin *plugin)
{
    guard(error) err = NULL;
    guard(json_t) descriptor = load_descriptor(plugin);
    if (wire_send(INSIDE_TALK, descriptor, &err) != -ERROR_PLUGIN)
        return;
    error_wrap(&err, "the plugin's tables are too large");
    error_hint(&err, "say less in them, or make two plugins of it");
    give_up(c, err);
}

_Noreturn void inside_call(bool debugged)
{
    mem_init();
    belay_ctx c = {.memory = json_array()};
    guard(error) err = NULL;
    belay_plugin plugin;
    const char *type = receive_order(&c, &err);
    const json_t *order = json_array_get(c.memory, json_array_size(c.memory) - 1);
    if (load_plugin(INSIDE_PLUGIN, debugged, &plugin, &err) < 0)
        give_up(&c, err);
    if (strcmp(type, "describe") == 0)
        describe(&c, &plugin);
    else
        make_call(&c, &plugin, order, debugged);
    leave(&c);
}
