#include "conform/conform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "conform/debugger.h"
#include "conform/interrupt.h"
#include "conform/proof.h"
#include "worker/wire.h"

#define ONLY_CHANGES (1u << 0) /* of kinds that have execute */
#define ONLY_UNDONE  (1u << 1) /* of kinds that have rollback */
#define MANY_TRIALS  (1u << 2)

/* In the order in which they are worth knowing. */
static const struct {
    const char *id, *claim;
    unsigned of;
    prove prove;
} proofs[] = {
    {"D1", "it makes do with a bare host", 0, prove_bare},
    {"D2", "prepare and verify change nothing", 0, prove_looks_only},
    {"D3", "execute, run again, finds that all is done", ONLY_CHANGES, prove_execute_twice},
    {"D4", "rollback restores the world, also twice", ONLY_UNDONE, prove_rollback},
    {"D5", "rollback refuses what somebody else changed", ONLY_UNDONE, prove_foreign_change},
    {"C1", "a kill at any system call can be taken back", ONLY_UNDONE | MANY_TRIALS, prove_kills},
    {"C2", "nothing is changed before it is remembered", ONLY_UNDONE, prove_remembers_first},
    {"C3", "what the host refuses ends the step", ONLY_UNDONE | MANY_TRIALS, prove_refusals},
    {"T1", "it stops when it is cancelled", MANY_TRIALS, prove_cancel},
    {"T2", "it leaves no process running", MANY_TRIALS, prove_leaves_nobody},
    {"R1", "it gives back files, sockets and threads", 0, prove_gives_back},
    {"X1", "secrets stay inside", 0, prove_keeps_secrets},
    {"X2", "no value of an option makes it crash", MANY_TRIALS, prove_hostile_values},
};
#define PROOF_COUNT (sizeof proofs / sizeof *proofs)

typedef struct checking {
    const conform_request *request;
    conform_report *report;
    char *folder; /* for everything; removed in the end */
    catalog *catalog;
    char only_id[8];
    long only_trial;
    unsigned only_of;
    debugging debugging;
} checking;

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* For reports, which are UTF-8 whatever a plugin says; the caller frees. */
static char *make_text(const char *s)
{
    guard(json_t) string = wire_string(s, strlen(s));
    return mem_dup(json_string_value(string));
}

static void add_row(checking *c, const char *id, const char *claim, const char *subject, conform_verdict verdict,
                    const char *what, int64_t began_ms)
{
    mem_reserve(c->report);
    conform_row *row = &c->report->items[c->report->count++];
    *row = (conform_row){.id = id,
                         .claim = claim,
                         .subject = make_text(subject),
                         .verdict = verdict,
                         .text = make_text(what),
                         .ms = clock_steady_ms() - began_ms};
    if (c->request->progress)
        conform_print_row(c->request->progress, row);
}

static bool wants(const checking *c, const char *id)
{
    return !*c->only_id || strcmp(c->only_id, id) == 0;
}

/* ---- the plugin alone -------------------------------------------------------------------------------------------- */

static const char claim_s1[] = "it loads, and its tables keep the rules";
static const char claim_s2[] = "loading it does nothing";

/* False when it cannot be used at all; then no more can be proved. */
static bool prove_tables(checking *c)
{
    guard(error) err = NULL;
    guard_mem char *other = NULL;
    int64_t began = clock_steady_ms();
    int r = catalog_open_file(c->folder, c->request->plugin, &c->catalog, &err);
    if (r == 0)
        r = prove_one_symbol(c->request->plugin, &other, &err);
    guard_mem char *why = r < 0 ? error_text(err) : NULL;
    const char *hint = error_get_hint(err);
    guard_mem char *what = r < 0   ? mem_printf("%s%s%s", why, hint ? ". Do: " : "", hint ? hint : "")
                           : other ? mem_printf("it exports '%s' besides belay_plugin_v1, which may clash with a "
                                                "library. Compile with -fvisibility=hidden",
                                                other)
                                   : mem_dup("");
    if (wants(c, "S1") || r < 0)
        add_row(c, "S1", claim_s1, "plugin", r < 0 || other ? CONFORM_FAILED : CONFORM_PROVED, what, began);
    return r == 0;
}

static int prove_loading(checking *c, error **err)
{
    int64_t began = clock_steady_ms();
    proof p = {.id = "S2"};
    int r = prove_quiet_load(c->catalog, c->folder, c->folder, &p, err);
    if (r == 0)
        add_row(c, "S2", claim_s2, "plugin", p.verdict, text_get(&p.what), began);
    text_done(&p.what);
    return r;
}

/* ---- a case ------------------------------------------------------------------------------------------------------ */

static bool applies(unsigned of, const catalog_kind *k)
{
    return !((of & ONLY_CHANGES && !k->has_execute) || (of & ONLY_UNDONE && !k->has_rollback));
}

static int prove_case(checking *c, const bench *b, error **err)
{
    guard_mem char *subject = mem_printf("%s, case %s", b->kind->name, b->trial_case.name);
    for (size_t i = 0; i < PROOF_COUNT; i++) {
        if (!wants(c, proofs[i].id) || !applies(proofs[i].of, b->kind))
            continue;
        int64_t began = clock_steady_ms();
        proof p = {.bench = b, .id = proofs[i].id, .only = c->only_trial, .kills = c->request->kills};
        int r = proofs[i].prove(&p, err);
        if (r == 0 && p.verdict == CONFORM_PROVED && p.trials && p.trials < p.only)
            r = proof_lacks(&p, "there are only %ld trials", p.trials);
        if (r == 0)
            add_row(c, proofs[i].id, proofs[i].claim, subject, p.verdict, text_get(&p.what), began);
        text_done(&p.what);
        if (r < 0)
            return error_wrap(err, "%s of %s", proofs[i].id, subject);
    }
    return 0;
}

/* The case of a kind was given, when cases[i] is of it. */
static void note_case(const catalog_kind *k, const catalog_plugin *p, bool *covered)
{
    covered[k - p->kinds] = true;
}

static int prove_cases(checking *c, bool *covered, error **err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && c->request->cases && c->request->cases[i]; i++) {
        guard_mem char *scratch = mem_printf("%s/case-%zu", c->folder, i);
        bench b = {0};
        r = bench_open(c->catalog, c->folder, scratch, c->request->cases[i], &b, err);
        if (r < 0)
            return r;
        note_case(b.kind, catalog_plugin_at(c->catalog, 0), covered);
        b.debugging = c->request->gdb ? &c->debugging : NULL;
        r = prove_case(c, &b, err);
        bench_close(&b);
    }
    return r;
}

/* Nothing is said of what nobody tried: it is a row of its own, and no pass. */
static void add_uncovered(checking *c, const bool *covered)
{
    const catalog_plugin *p = catalog_plugin_at(c->catalog, 0);
    for (size_t i = 0; i < p->kind_count; i++)
        for (size_t k = 0; k < PROOF_COUNT && !covered[i]; k++)
            if (wants(c, proofs[k].id) && applies(proofs[k].of, &p->kinds[i]))
                add_row(c, proofs[k].id, proofs[k].claim, p->kinds[i].name, CONFORM_NOT_PROVED, "no case was given",
                        clock_steady_ms());
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static int read_only_wish(checking *c, error **err)
{
    const char *only = c->request->only;
    if (!only)
        return 0;
    size_t n = strcspn(only, "#");
    bool known = n == 2 && (strncmp(only, "S1", 2) == 0 || strncmp(only, "S2", 2) == 0);
    for (size_t i = 0; i < PROOF_COUNT; i++) {
        bool same = n == 2 && strncmp(only, proofs[i].id, 2) == 0;
        c->only_of = same ? proofs[i].of : c->only_of;
        known |= same;
    }
    char *end = NULL;
    c->only_trial = only[n] ? strtol(only + n + 1, &end, 10) : 0;
    if (!known || (end && (*end || c->only_trial < 1))) {
        (void)error_set(err, ERROR_USAGE, "--only takes a proof or one of its trials, not '%s'", only);
        return error_hint(err, "for example: --only C1 or --only C1#37");
    }
    memcpy(c->only_id, only, n);
    return 0;
}

static int read_gdb_wish(checking *c, error **err)
{
    const char *phase = c->request->gdb;
    if (!phase)
        return 0;
    int index = worker_phase_parse(phase);
    if (index < 0 || index == WORKER_DISCARD)
        return error_set(err, ERROR_USAGE, "--gdb takes prepare, execute, verify or rollback, not '%s'", phase);
    if (!*c->only_id || (c->only_of & MANY_TRIALS && !c->only_trial)) {
        (void)error_set(err, ERROR_USAGE, "--gdb looks at one trial: name it by --only");
        return error_hint(err, "for example: --only D4 or --only C1#37, as a failure says it");
    }
    if (!c->request->progress)
        return error_set(err, ERROR_USAGE, "--gdb is for people, --json for machines: leave out one of them");
    c->debugging.phase = (worker_phase)index;
    return debugger_find(err);
}

/* Nobody is to wonder why gdb did not come. */
static int check_debugged(const checking *c, error **err)
{
    if (!c->request->gdb || c->debugging.count)
        return 0;
    (void)error_set(err, ERROR_USAGE, "%s runs no %s that gdb can look at", c->request->only, c->request->gdb);
    return error_hint(err, "a phase that is killed, or followed from call to call, has its tracer already; %s",
                      "look at the same phase in D2 or D4");
}

static int check(checking *c, error **err)
{
    int r = read_only_wish(c, err);
    if (r == 0)
        r = read_gdb_wish(c, err);
    if (r < 0 || !prove_tables(c))
        return r;
    guard_mem bool *covered = mem_array(catalog_plugin_at(c->catalog, 0)->kind_count, sizeof *covered);
    if (wants(c, "S2"))
        r = prove_loading(c, err);
    if (r == 0)
        r = prove_cases(c, covered, err);
    if (r == 0)
        add_uncovered(c, covered);
    return r == 0 ? check_debugged(c, err) : r;
}

static int check_in_folder(checking *c, error **err)
{
    guard(error) left = NULL;
    if (!mkdtemp(c->folder))
        return error_set(err, ERROR_IO, "make the folder '%s': %s", c->folder, strerror(errno));
    int r = check(c, err);
    catalog_free(c->catalog);
    if (file_remove_tree(c->folder, &left) < 0 && r == 0)
        r = error_set(err, ERROR_IO, "temporary files are left in '%s'", c->folder);
    return r;
}

int conform_run(const conform_request *request, conform_report *ret, error **err)
{
    const char *base = getenv("TMPDIR");
    conform_report report = {.plugin = make_text(request->plugin)};
    checking c = {.request = request, .report = &report};
    c.folder = mem_printf("%s/belay-check-XXXXXX", base && *base == '/' ? base : "/tmp");
    int r = interrupt_watch(err);
    if (r == 0) {
        r = check_in_folder(&c, err);
        interrupt_unwatch();
    }
    free(c.folder);
    if (r < 0)
        conform_report_done(&report);
    else
        *ret = report;
    return r;
}
