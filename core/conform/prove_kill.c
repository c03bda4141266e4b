/* C1: a kill at each system call, of execute and of rollback, can be taken back. */
#include <stdlib.h>

#include "conform/proof.h"

/* Where there would be more than this, not every call is taken; the row says so. */
#define KILLS_MAX 1000
/* Of pairs, which are kills of execute and of the rollback after it, one for each five kills. */
#define PAIR_SHARE 5
#define PAIRS_MAX  200

typedef enum manner {
    KILL_EXECUTE,       /* killed, then rolled back */
    KILL_EXECUTE_RETRY, /* killed, executed again, then rolled back */
    KILL_ROLLBACK,      /* executed, rolled back and killed, then rolled back */
    MANNERS             /* and, of some: both killed, then rolled back */
} manner;

/* Runs the phase up to its stop-th call; *ret_after says where that was, for people. */
static int run_killed(trial *t, worker_phase phase, long stop, char **ret_after, error **err)
{
    int r = trial_call(t, phase, &(wish){.watched = true, .stop = stop}, err);
    if (r < 0)
        return r;
    const trace_call *call = trace_find(&t->trace, stop);
    guard_mem char *shown = call ? trace_show(call) : mem_dup("its end");
    *ret_after = mem_printf("killed at call %ld of %s (%s)", stop, worker_phase_name(phase), shown);
    return 0;
}

static int try_kill(proof *p, trial *t, manner how, long stop, error **err)
{
    guard_mem char *killed = NULL, *after = NULL;
    char replay[64];
    bool good = true;
    int r = trial_begin(t, p->bench, err);
    if (r == 0 && how == KILL_ROLLBACK)
        r = proof_run(p, t, WORKER_EXECUTE, &(wish){0}, &good, err);
    if (r < 0 || !good)
        return r;
    r = run_killed(t, how == KILL_ROLLBACK ? WORKER_ROLLBACK : WORKER_EXECUTE, stop, &killed, err);
    if (r == 0 && how == KILL_EXECUTE_RETRY)
        r = trial_call(t, WORKER_EXECUTE, &(wish){0}, err);
    if (r < 0)
        return r;
    guard_mem char *end = trial_show(t);
    if (how == KILL_EXECUTE_RETRY && !trial_is_good(t))
        return proof_fails(p, "%s and executed again, it %s. Execute must survive being run again. %s", killed, end,
                           proof_replay(p, replay));
    after = how == KILL_EXECUTE_RETRY ? mem_printf("%s and executed again", killed) : mem_dup(killed);
    return proof_undo(p, t, after, err);
}

static int try_pair(proof *p, trial *t, long first, long second, error **err)
{
    guard_mem char *killed = NULL, *again = NULL;
    int r = trial_begin(t, p->bench, err);
    if (r == 0)
        r = run_killed(t, WORKER_EXECUTE, first, &killed, err);
    if (r == 0)
        r = run_killed(t, WORKER_ROLLBACK, second, &again, err);
    if (r < 0)
        return r;
    guard_mem char *after = mem_printf("%s, then %s", killed, again);
    return proof_undo(p, t, after, err);
}

/* What each phase does when nobody kills it. */
typedef struct plain_run {
    trace execute, rollback;
} plain_run;

static void plain_run_done(plain_run *run)
{
    trace_done(&run->execute);
    trace_done(&run->rollback);
}
#define guard_plain_run __attribute__((cleanup(plain_run_done))) plain_run

/* Moves the trace out of the trial, which forgets it at its next phase. */
static trace take_trace(trial *t)
{
    trace taken = t->trace;
    t->trace = (trace){0};
    return taken;
}

static int run_plainly(proof *p, plain_run *ret, error **err)
{
    guard_trial t = {0};
    bool good = false;
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = proof_run(p, &t, WORKER_EXECUTE, &(wish){.watched = true}, &good, err);
    if (r == 0 && good)
        r = proof_changed(p, &t, &good, err);
    ret->execute = take_trace(&t);
    if (r == 0 && good)
        r = proof_run(p, &t, WORKER_ROLLBACK, &(wish){.watched = true}, &good, err);
    ret->rollback = take_trace(&t);
    return r;
}

/* Which of the calls are taken: each n-th of those that others can notice, and each m-th of the rest (0: none). Between
 * two calls that others can notice a kill makes no difference, so that those come first. */
typedef struct choice {
    long noticed, rest;
} choice;

static bool is_noticed(const trace *t, long stop)
{
    const trace_call *call = trace_find(t, stop);
    return call && call->class != '-';
}

static long count_noticed(const trace *t)
{
    long n = 0;
    for (size_t i = 0; i < t->count; i++)
        n += t->items[i].number > 0 && t->items[i].class != '-';
    return n;
}

/* The number of the n-th of them, from 0. */
static long find_noticed(const trace *t, long n)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].number > 0 && t->items[i].class != '-' && n-- == 0)
            return t->items[i].number;
    return 0;
}

static choice choose(const plain_run *run, long most)
{
    long all = 2 * run->execute.calls + run->rollback.calls;
    long noticed = 2 * count_noticed(&run->execute) + count_noticed(&run->rollback);
    if (noticed >= most)
        return (choice){.noticed = noticed / most + 1};
    return (choice){.noticed = 1, .rest = (all - noticed) / (most - noticed) + 1};
}

/* The middle one of each run of `each`, so that also a few calls of many give one. */
static bool is_middle(long index, long each, long all)
{
    return each && index % each == (each < all ? each : all) / 2;
}

/* Walks over both kinds of calls by counters of their own, so that each kind is sampled evenly. */
static bool is_chosen(const choice *each, const trace *t, long noticed, long stop, choice *seen)
{
    return is_noticed(t, stop) ? is_middle(seen->noticed++, each->noticed, noticed)
                               : is_middle(seen->rest++, each->rest, t->calls - noticed);
}

static int kill_at_each(proof *p, manner how, const trace *calls, const choice *each, long *done, error **err)
{
    guard_trial t = {0};
    choice seen = {0};
    const long noticed = count_noticed(calls);
    for (long stop = 1; stop <= calls->calls; stop++) {
        bool chosen = is_chosen(each, calls, noticed, stop, &seen);
        if (!proof_wants(p) || (!p->only && !chosen))
            continue;
        ++*done;
        int r = try_kill(p, &t, how, stop, err);
        if (r < 0 || p->verdict != CONFORM_PROVED)
            return r;
    }
    return 0;
}

/* The calls that others can notice, of both phases, in pairs: all of them, or as many at random. */
static int kill_in_pairs(proof *p, const plain_run *run, long most, long *done, error **err)
{
    guard_trial t = {0};
    long others = count_noticed(&run->rollback), all = count_noticed(&run->execute) * others;
    uint32_t seed = 1;
    for (long i = 0; i < all && i < most; i++) {
        long pick = all > most ? (long)(proof_random(&seed) % (unsigned long)all) : i;
        if (!proof_wants(p))
            continue;
        ++*done;
        int r = try_pair(p, &t, find_noticed(&run->execute, pick / others), find_noticed(&run->rollback, pick % others),
                         err);
        if (r < 0 || p->verdict != CONFORM_PROVED)
            return r;
    }
    return 0;
}

static long count_pairs(long most)
{
    long pairs = most / PAIR_SHARE;
    return pairs < 1 ? 1 : pairs < PAIRS_MAX ? pairs : PAIRS_MAX;
}

static void tell_choice(proof *p, const plain_run *run, const choice *each, long done, long pairs)
{
    text_printf(&p->what, "%ld kills at the %ld calls of execute and %ld of rollback, %ld of both", done,
                run->execute.calls, run->rollback.calls, pairs);
    if (p->only || (each->noticed == 1 && each->rest == 1))
        return;
    if (each->noticed == 1)
        text_printf(&p->what, ": all that others can notice, and each %ld-th of the rest", each->rest);
    else
        text_printf(&p->what, ": a sample, each %ld-th of those that others can notice", each->noticed);
}

int prove_kills(proof *p, error **err)
{
    guard_plain_run run = {0};
    int r = run_plainly(p, &run, err);
    if (r < 0 || p->verdict != CONFORM_PROVED)
        return r;
    if (!run.execute.calls || !run.rollback.calls)
        return proof_lacks(p, "no system call was seen");
    long most = p->kills ? p->kills : KILLS_MAX, done = 0, pairs = 0;
    choice each = choose(&run, most);
    for (int how = 0; r == 0 && p->verdict == CONFORM_PROVED && how < MANNERS; how++)
        r = kill_at_each(p, (manner)how, how == KILL_ROLLBACK ? &run.rollback : &run.execute, &each, &done, err);
    if (r == 0 && p->verdict == CONFORM_PROVED)
        r = kill_in_pairs(p, &run, count_pairs(most), &pairs, err);
    if (r < 0 || p->verdict != CONFORM_PROVED)
        return r;
    if (!p->only && done + pairs == 0)
        return proof_lacks(p, "no call was chosen to be killed at");
    tell_choice(p, &run, &each, done, pairs);
    return 0;
}
