/* X1 and X2: secrets stay inside, and no value of an option makes it crash. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/tree.h"
#include "conform/proof.h"

#define WORLD_FILE_MAX ((size_t)64 * 1024 * 1024)
#define HOSTILE_SETS   100
#define SETS_PER_KILL  5 /* where somebody wants few kills, each phase takes its time */
#define HOSTILE_MS     3000

/* ---- X1 ---------------------------------------------------------------------------------------------------------- */

static bool takes_secrets(const catalog_kind *k)
{
    for (size_t i = 0; i < k->option_count; i++)
        if (k->options[i].flags & BELAY_F_SECRET)
            return true;
    return false;
}

static bool file_holds(const bench *b, const char *path)
{
    guard(error) ignored = NULL; /* a file that cannot be read shows nothing */
    guard_mem char *bytes = NULL;
    size_t size = 0;
    return file_read(path, WORLD_FILE_MAX, &bytes, &size, &ignored) == 0 && redactor_finds(b->secrets, bytes, size);
}

static bool link_holds(const bench *b, const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target);
    return n > 0 && redactor_finds(b->secrets, target, (size_t)n);
}

/* What holds a secret now, and did not when the world was new. The name first: the other sentences show it. */
static int look_into(void *user, const tree_entry *entry, error **err)
{
    (void)err;
    proof *p = user;
    const bench *b = p->bench;
    struct stat st;
    guard_mem char *before = mem_printf("%s/%s", b->pristine, entry->path);
    if (redactor_finds(b->secrets, entry->path, strlen(entry->path)))
        return lstat(before, &st) == 0 ? 0 : proof_fails(p, "a secret is in the name of a file or folder that it made");
    if (S_ISREG(entry->st.st_mode) && file_holds(b, entry->absolute) && !file_holds(b, before))
        return proof_fails(p, "a secret is in the file '%s' that it wrote", entry->path);
    if (S_ISLNK(entry->st.st_mode) && link_holds(b, entry->absolute) && !link_holds(b, before))
        return proof_fails(p, "a secret is in the target of the link '%s' that it made", entry->path);
    return 0;
}

/* The line of what was heard that lets a secret out, its kind: "log". */
static int look_at_heard(proof *p, const trial *t, const char *phase)
{
    const redactor *secrets = p->bench->secrets;
    const char *heard = text_get(&t->heard);
    if (!redactor_finds(secrets, heard, strlen(heard)))
        return 0;
    for (const char *line = heard; *line;) {
        size_t n = strcspn(line, "\n");
        if (redactor_finds(secrets, line, n))
            return proof_fails(p, "%s lets a secret out: in the %.*s. The host masks it, but do not rely on that",
                               phase, (int)strcspn(line, ":"), line);
        line += n + (line[n] == '\n');
    }
    return proof_fails(p, "%s lets a secret out, split over lines", phase);
}

static int look_at_programs(proof *p, const trial *t, const char *phase)
{
    for (size_t i = 0; i < t->trace.count; i++) {
        const trace_call *call = &t->trace.items[i];
        if (call->class == 'x' && redactor_finds(p->bench->secrets, call->detail, strlen(call->detail)))
            return proof_fails(p,
                               "%s runs a program with a secret among its arguments, where every user of the machine "
                               "reads it. Hand it over by stdin_text or env",
                               phase);
    }
    return 0;
}

int prove_keeps_secrets(proof *p, error **err)
{
    static const worker_phase phases[] = {WORKER_PREPARE, WORKER_EXECUTE, WORKER_VERIFY, WORKER_ROLLBACK};
    guard_trial t = {0};
    if (!takes_secrets(p->bench->kind)) {
        text_puts(&p->what, "it takes no secret");
        return 0;
    }
    if (redactor_is_empty(p->bench->secrets))
        return proof_lacks(p, "the case gives no secret: secrets = { option = \"a canary\"; }");
    int r = trial_begin(&t, p->bench, err);
    for (size_t i = 0; r == 0 && p->verdict == CONFORM_PROVED && i < sizeof phases / sizeof *phases; i++) {
        const char *phase = worker_phase_name(phases[i]);
        r = trial_call(&t, phases[i], &(wish){.watched = true, .unmasked = true}, err);
        if (r == 0 && t.trace.refused)
            return proof_untraced(p);
        if (r == 0)
            r = look_at_heard(p, &t, phase);
        if (r == 0 && p->verdict == CONFORM_PROVED)
            r = look_at_programs(p, &t, phase);
        if (r == 0 && p->verdict == CONFORM_PROVED)
            r = tree_walk(p->bench->world, look_into, p, err);
    }
    return r;
}

/* ---- X2 ---------------------------------------------------------------------------------------------------------- */

static const char *const hostile_texts[] = {
    "",
    " ",
    "%s%n%99999d",
    "../../../../..",
    "'; exit 1; \"$(false)`false`",
    "line\nline\r\n\ttab",
    "-",
    "--help",
    "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\x97",
    "{\"a\":[1]}",
    "a=b=c",
    "NULL",
};
#define HOSTILE_TEXTS (uint32_t)(sizeof hostile_texts / sizeof *hostile_texts)

static json_t *hostile_text(uint32_t *seed, bool may_be_long)
{
    uint32_t pick = proof_random(seed) % (HOSTILE_TEXTS + may_be_long);
    if (pick < HOSTILE_TEXTS)
        return json_string(hostile_texts[pick]);
    guard_mem char *long_one = mem_array(20001, 1);
    memset(long_one, 'x', 20000);
    return json_string(long_one);
}

/* At the edges of what the schema allows. */
static json_t *hostile_number(const catalog_option *o, uint32_t *seed)
{
    bool limited = o->min < o->max, natural = o->type == BELAY_T_DURATION || o->type == BELAY_T_SIZE;
    const int64_t values[] = {limited   ? o->min
                              : natural ? 0
                                        : INT64_MIN,
                              limited ? o->max : INT64_MAX, limited ? o->min : 0, limited ? o->max : 1};
    return json_integer(values[proof_random(seed) % 4]);
}

static json_t *hostile_list(uint32_t *seed)
{
    json_t *list = json_array();
    bool many = proof_random(seed) % 4 == 0;
    for (uint32_t n = many ? 500 : proof_random(seed) % 3; n; n--)
        json_array_append_new(list, hostile_text(seed, !many)); /* all options travel in one frame */
    return list;
}

static json_t *hostile_path(const bench *b, uint32_t *seed)
{
    static const char *const tails[] = {"/", "/none/at/all", "/../world", "/with blank", "/\n"};
    guard_mem char *path = mem_printf("%s%s", b->world, tails[proof_random(seed) % 5]);
    return json_string(proof_random(seed) % 5 == 0 ? "/dev/null" : path);
}

static json_t *hostile_value(const bench *b, const catalog_option *o, uint32_t *seed)
{
    size_t choices = 0;
    while (o->choices && o->choices[choices])
        choices++;
    switch (o->type) {
    case BELAY_T_BOOL: return json_integer(proof_random(seed) % 2);
    case BELAY_T_ENUM: return json_string(choices ? o->choices[proof_random(seed) % choices] : "");
    case BELAY_T_PATH: return hostile_path(b, seed);
    case BELAY_T_LIST: return hostile_list(seed);
    case BELAY_T_STRING: return hostile_text(seed, true);
    default: return hostile_number(o, seed);
    }
}

/* The case's options with some replaced, or left out where a user may: what has a default is always there. */
static json_t *hostile_options(const bench *b, uint32_t *seed)
{
    json_t *options = json_deep_copy(b->options);
    for (size_t i = 0; i < b->kind->option_count; i++) {
        const catalog_option *o = &b->kind->options[i];
        uint32_t what = proof_random(seed) % 3;
        if (what == 0 && !o->def && !(o->flags & BELAY_F_REQUIRED))
            json_object_del(options, o->name);
        else if (what != 2)
            json_object_set_new(options, o->name, hostile_value(b, o, seed));
    }
    return options;
}

/* Runs one phase with such options: it may refuse them, but not crash or hang. */
static int try_values(proof *p, trial *t, worker_phase phase, const wish *how, error **err)
{
    char replay[64];
    if (!proof_wants(p))
        return 0;
    int r = trial_call(t, phase, how, err);
    if (r < 0 || t->end == WORKER_END_RETURNED || t->end == WORKER_END_TIMEOUT || t->end == WORKER_END_START)
        return r;
    guard_mem char *shown = json_dumps(how->instead, JSON_COMPACT), *end = trial_show(t);
    guard_mem char *later = how->pending ? json_dumps(how->pending, JSON_COMPACT) : mem_dup("");
    return proof_fails(p, "with the options %.300s%s%.100s %s %s. Return BELAY_E_CONFIG with words instead. %s", shown,
                       how->pending ? " and, known later, " : "", later, worker_phase_name(phase), end,
                       proof_replay(p, replay));
}

/* The case's options without those of a list of names. */
static json_t *options_without(const bench *b, const json_t *names)
{
    json_t *options = json_deep_copy(b->options), *name;
    size_t i;
    json_array_foreach(names, i, name)
        json_object_del(options, json_string_value(name));
    return options;
}

static int try_pending(proof *p, trial *t, json_t *names, error **err)
{
    json_t *options = options_without(p->bench, names);
    int r =
        try_values(p, t, WORKER_PREPARE, &(wish){.instead = options, .pending = names, .timeout_ms = HOSTILE_MS}, err);
    json_decref(options);
    json_decref(names);
    return r;
}

/* A value that comes from a step that has not run: one option at a time, then all of them. */
static int try_values_known_later(proof *p, trial *t, error **err)
{
    const catalog_kind *k = p->bench->kind;
    json_t *all = json_array();
    int r = 0;
    for (size_t i = 0; r == 0 && p->verdict == CONFORM_PROVED && i < k->option_count; i++) {
        json_array_append_new(all, json_string(k->options[i].name));
        r = try_pending(p, t, json_pack("[s]", k->options[i].name), err);
    }
    if (r == 0 && p->verdict == CONFORM_PROVED)
        return try_pending(p, t, all, err);
    json_decref(all);
    return r;
}

/* An option that a user may leave out is left out: one at a time. */
static int try_values_left_out(proof *p, trial *t, worker_phase phase, error **err)
{
    const catalog_kind *k = p->bench->kind;
    int r = 0;
    for (size_t i = 0; r == 0 && p->verdict == CONFORM_PROVED && i < k->option_count; i++) {
        const catalog_option *o = &k->options[i];
        if (o->def || o->flags & BELAY_F_REQUIRED || !json_object_get(p->bench->options, o->name))
            continue;
        json_t *name = json_pack("[s]", o->name), *options = options_without(p->bench, name);
        r = try_values(p, t, phase, &(wish){.instead = options, .timeout_ms = HOSTILE_MS}, err);
        json_decref(options);
        json_decref(name);
    }
    return r;
}

static int try_hostile_values(proof *p, trial *t, error **err)
{
    const catalog_kind *k = p->bench->kind;
    uint32_t seed = 1;
    long most = p->kills && p->kills * SETS_PER_KILL < HOSTILE_SETS ? p->kills * SETS_PER_KILL : HOSTILE_SETS;
    int r = 0;
    for (int i = 0; r == 0 && p->verdict == CONFORM_PROVED && i < most; i++) {
        json_t *options = hostile_options(p->bench, &seed);
        worker_phase phase = k->has_prepare && (!k->has_verify || i % 2) ? WORKER_PREPARE : WORKER_VERIFY;
        r = try_values(p, t, phase, &(wish){.instead = options, .timeout_ms = HOSTILE_MS}, err);
        json_decref(options);
    }
    return r;
}

/* Only what changes nothing is run: nobody knows what execute would do with such values. */
int prove_hostile_values(proof *p, error **err)
{
    const catalog_kind *k = p->bench->kind;
    guard_trial t = {0};
    if (!k->has_prepare && !k->has_verify)
        return proof_lacks(p, "it has neither prepare nor verify, and nobody knows what execute would do with such "
                              "values. Give it a prepare that checks them");
    int r = trial_begin(&t, p->bench, err);
    if (r == 0)
        r = try_hostile_values(p, &t, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_prepare)
        r = try_values_known_later(p, &t, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_prepare)
        r = try_values_left_out(p, &t, WORKER_PREPARE, err);
    if (r == 0 && p->verdict == CONFORM_PROVED && k->has_verify)
        r = try_values_left_out(p, &t, WORKER_VERIFY, err);
    if (r == 0 && p->verdict == CONFORM_PROVED)
        text_printf(&p->what, "%ld sets of values", p->trials);
    return r;
}
