/* From what happened to a worker: how it ended, in one word, and why, in one sentence. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "worker/host.h"

/* A result counts, unless it came after its time and is no success, or somebody was left behind. */
static worker_end end_of(const worker *w)
{
    if (w->cause == HOST_PROTOCOL)
        return WORKER_END_PROTOCOL;
    if (w->returned && w->status < 0 && w->cause == HOST_TIMEOUT)
        return WORKER_END_TIMEOUT;
    if (w->returned)
        return w->status >= 0 && w->ended.strays ? WORKER_END_STRAY : WORKER_END_RETURNED;
    if (!w->ended.known)
        return w->ready || w->cause == HOST_KILL ? WORKER_END_KILLED : WORKER_END_START;
    if (w->problem)
        return WORKER_END_START;
    if (!w->ended.killed)
        return w->ended.signal ? WORKER_END_CRASHED : WORKER_END_EXITED;
    return w->cause == HOST_TIMEOUT ? WORKER_END_TIMEOUT : WORKER_END_KILLED;
}

static char *show_ms(int64_t ms)
{
    return ms % 1000 ? mem_printf("%lld ms", (long long)ms) : mem_printf("%lld s", (long long)(ms / 1000));
}

static char *crash_text(const worker *w, const char *call)
{
    const char *name = sigabbrev_np(w->ended.signal);
    const char *also = w->ended.signal == SIGKILL ? "; was the machine short of memory?" : "";
    return mem_printf("the plugin crashed in %s, by SIG%s%s", call, name ? name : "?", also);
}

static char *exited_text(const worker *w, const char *call)
{
    if (w->ended.exit == WIRE_EXHAUSTED)
        return mem_printf("the plugin's process ran out of memory in %s", call);
    return mem_printf("the plugin ended its process in %s with exit status %d, instead of returning", call,
                      w->ended.exit);
}

static char *timeout_text(const worker *w, const char *call)
{
    guard_mem char *time = show_ms(w->timeout_ms);
    const char *why = w->summary ? w->summary : "";
    return mem_printf("%s did not end within %s%s%s", call, time, *why ? ": " : "", why);
}

static char *killed_text(const worker *w, const char *call)
{
    guard_mem char *grace = show_ms(w->grace_ms);
    if (w->cause == HOST_NONE)
        return mem_printf("belay-worker itself was ended while %s ran", call);
    if (w->cause == HOST_KILL)
        return mem_printf("%s was killed", call);
    return mem_printf("%s was cancelled, did not return within %s and was killed", call, grace);
}

static char *stray_text(const worker *w, const char *call)
{
    return mem_printf("%s returned, but left %s running; %s", call, w->ended.stray,
                      w->ended.left ? "it cannot be killed" : "it was killed");
}

static char *text_of(const worker *w, worker_end end)
{
    const char *call = w->describing ? "describing itself" : worker_phase_name(w->phase);
    switch (end) {
    case WORKER_END_RETURNED: return mem_dup(w->summary ? w->summary : "");
    case WORKER_END_CRASHED: return crash_text(w, call);
    case WORKER_END_EXITED: return exited_text(w, call);
    case WORKER_END_TIMEOUT: return timeout_text(w, call);
    case WORKER_END_KILLED: return killed_text(w, call);
    case WORKER_END_PROTOCOL: return mem_printf("the plugin was stopped in %s: %s", call, w->problem);
    case WORKER_END_STRAY: return stray_text(w, call);
    case WORKER_END_START:
        return mem_dup(w->problem ? w->problem : "belay-worker ended before it could run the plugin");
    }
    return mem_dup("");
}

static bool lacked_memory(const worker *w, worker_end end)
{
    return (end == WORKER_END_CRASHED && w->ended.signal == SIGKILL) ||
           (end == WORKER_END_EXITED && w->ended.exit == WIRE_EXHAUSTED);
}

static const char *hint_of(const worker *w, worker_end end)
{
    if (lacked_memory(w, end))
        return "look at the machine's memory, and at the limits of what belay runs in; `dmesg` has what the kernel "
               "ended";
    switch (end) {
    case WORKER_END_RETURNED:
    case WORKER_END_START: return w->hint;
    case WORKER_END_CRASHED:
    case WORKER_END_EXITED:
    case WORKER_END_PROTOCOL: return "this is a defect of the plugin: report it to its author";
    case WORKER_END_STRAY: return "let a service manager start what is to stay; a step's own programs end with it";
    case WORKER_END_TIMEOUT: return w->hint ? w->hint : "if this is how long it takes, set a longer timeout";
    case WORKER_END_KILLED: return NULL;
    }
    return NULL;
}

worker_result verdict_of(const worker *w, char **ret_text)
{
    worker_end end = end_of(w);
    *ret_text = text_of(w, end);
    return (worker_result){
        .status = end == WORKER_END_RETURNED ? w->status : BELAY_E_RETRY,
        .end = end,
        .signal = end == WORKER_END_CRASHED ? w->ended.signal : 0,
        .summary = *ret_text,
        .hint = hint_of(w, end),
        .option = end == WORKER_END_RETURNED ? w->option : NULL,
        .stray = w->returned && w->ended.strays ? w->ended.stray : NULL,
        .duration_ms = clock_steady_ms() - w->started_ms,
        .log_dropped = w->out.log.dropped + w->dropped_inside,
        .runs = w->runs,
    };
}
