/* Somebody who may write the state folder: what they change of a run that people have signed is noticed by resume and
 * by verify, and nothing more is deployed. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "run.h"
#include "store/store.h"

static const char *alice, *bob, *mallory;
static char *run_id;

static const char *folder(void)
{
    static const char *made;
    if (!made)
        made = kit_folder();
    return made;
}

static const char *new_key(const char *name)
{
    const char *path = kit_path("%s/%s", folder(), name);
    kit_output_of("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path, NULL);
    return path;
}

static void allow(const char *file, const char *person, const char *key)
{
    char *public_key = kit_read(kit_path("%s.pub", key));
    char *before = access(file, R_OK) == 0 ? kit_read(file) : strdup("");
    kit_write(file, kit_path("%s%s %s", before, person, public_key));
    free(public_key);
    free(before);
}

static const char *world(void)
{
    return kit_path("%s/world", folder());
}

static const char *pipeline(void)
{
    const char *path = kit_path("%s/p.cfg", folder());
    kit_write(
        path,
        kit_path("pipeline: { name = \"app\"; environment = \"e\"; version = \"v2\"; previous = \"v1\"; };\n"
                 "stages: ( { name = \"all\"; steps: (\n"
                 "  { id = \"tests\"; use = \"shell.check\"; report = \"counts\"; argv = [\"echo\", \"3 passed\"]; },\n"
                 "  { id = \"change\"; use = \"shell.run\"; argv = [\"true\"]; undo = [\"true\"]; },\n"
                 "  { id = \"gate\"; use = \"gate.approval\"; roles = [\"lead=alice@x\", \"qa=bob@x\"];\n"
                 "    allowed_signers = \"%s/allowed\"; },\n"
                 "  { id = \"deploy\"; use = \"shell.run\"; argv = [\"/bin/sh\", \"-c\", \"echo good >> %s\"];\n"
                 "    undo = [\"true\"]; } ); } );\n",
                 folder(), world()));
    return path;
}

static const char *state(void)
{
    return kit_path("%s/state", folder());
}

/* A run that waits at its gate, with three decisions: alice as lead, alice once more, and what the caller adds. */
static void make_run(void)
{
    (void)belay_state();
    setenv("BELAY_STATE_DIR", state(), 1);
    kit_output_of("rm", "-rf", state(), world(), NULL);
    outcome o = belay("run", pipeline(), "--no-wait", "--set", "pipeline.version=v3", NULL);
    assert_int_equal(o.status, 3);
    free(run_id);
    run_id = strdup(kit_output_of("sqlite3", kit_path("%s/belay.db", state()), "select id from runs", NULL));
    run_id[strcspn(run_id, "\n")] = '\0';
}

static void decide(const char *verb, const char *role, const char *key, const char *reason)
{
    outcome o = belay(verb, "latest", "gate", "--role", role, "--key", key, "--reason", reason, NULL);
    if (o.status != 0)
        fail_msg("%s gave %d: %s", verb, o.status, o.err);
}

static int make_world(void **unused)
{
    (void)unused;
    if (kit_status_of("which", "ssh-keygen", NULL) != 0)
        return 0;
    alice = new_key("alice"), bob = new_key("bob"), mallory = new_key("mallory");
    allow(kit_path("%s/allowed", folder()), "alice@x", alice);
    allow(kit_path("%s/allowed", folder()), "bob@x", bob);
    make_run();
    decide("approve", "lead", alice, "first");
    decide("approve", "lead", alice, "second");
    decide("approve", "qa", bob, "third");
    kit_output_of("cp", "-a", state(), kit_path("%s/signed", folder()), NULL);
    make_run();
    decide("approve", "lead", alice, "yes");
    decide("reject", "lead", alice, "no, after all");
    kit_output_of("cp", "-a", state(), kit_path("%s/rejected", folder()), NULL);
    return 0;
}

static void restore(const char *name)
{
    kit_output_of("rm", "-rf", state(), world(), NULL);
    kit_output_of("cp", "-a", kit_path("%s/%s", folder(), name), state(), NULL);
    free(run_id);
    run_id = strdup(kit_output_of("sqlite3", kit_path("%s/belay.db", state()), "select id from runs", NULL));
    run_id[strcspn(run_id, "\n")] = '\0';
}

/* ---- the forger -------------------------------------------------------------------------------------------------- */

static void execute(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

/* Hashes prove nothing by themselves: this forger makes them all anew. */
static void hash_anew(sqlite3 *db)
{
    char before[65] = "";
    sqlite3_stmt *q = NULL, *set = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT seq, kind, at_ms, json FROM events ORDER BY seq", -1, &q, NULL), 0);
    assert_int_equal(sqlite3_prepare_v2(db, "UPDATE events SET hash = ? WHERE seq = ?", -1, &set, NULL), 0);
    while (sqlite3_step(q) == SQLITE_ROW) {
        char hex[65];
        const store_link l = {.kind = (const char *)sqlite3_column_text(q, 1),
                              .at_ms = sqlite3_column_int64(q, 2),
                              .json = (const char *)sqlite3_column_text(q, 3)};
        store_link_hash(before, run_id, &l, hex);
        sqlite3_bind_text(set, 1, hex, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(set, 2, sqlite3_column_int64(q, 0));
        assert_int_equal(sqlite3_step(set), SQLITE_DONE);
        sqlite3_reset(set);
        memcpy(before, hex, sizeof before);
    }
    sqlite3_finalize(q);
    sqlite3_finalize(set);
}

static void forge(const char *sql, bool anew)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(kit_path("%s/belay.db", state()), &db), SQLITE_OK);
    execute(db, sql);
    if (anew)
        hash_anew(db);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

typedef struct forgery {
    const char *name, *sql, *noticed;
} forgery;

static const forgery forgeries[] = {
    {"the version", "UPDATE runs SET version = 'v666'", "version is 'v666', but was 'v3'"},
    {"the overrides", "UPDATE runs SET sets = replace(sets, 'v3', 'v666')", "the overrides (--set) is"},
    {"the commit", "UPDATE runs SET git_commit = 'evil'", "the run: commit is 'evil'"},
    {"the pipeline's text", "UPDATE runs SET pipeline_text = pipeline_text || ' '", "the pipeline's text changed"},
    {"the environment", "UPDATE runs SET environment = 'prod'", "environment is 'prod'"},
    {"the state", "UPDATE runs SET state = 'running'", "the run: state is 'running'"},
    {"a step's options", "UPDATE steps SET options = replace(options, 'good', 'evil') WHERE step = 'deploy'",
     "the options of step 'deploy' changed"},
    {"a step's kind", "UPDATE steps SET kind = 'shell.check' WHERE step = 'gate'", "the place of step 'gate'"},
    {"a plugin", "UPDATE plugins SET sha256 = replace(sha256, 'a', 'b') WHERE name = 'shell'", "plugin 'shell'"},
    {"the signers' path", "UPDATE steps SET options = replace(options, '/allowed', '/evil') WHERE step = 'gate'",
     "the options of step 'gate' changed"},
    {"the signers' list", "UPDATE approvals SET signers = replace(signers, 'bob@x', 'eve@x')",
     "something else: signers"},
    {"the order of decisions", "UPDATE approvals SET seq = 10 - seq", "something else"},
    {"a decision", "UPDATE approvals SET decision = 'reject' WHERE seq = 2", "something else: decision"},
    {"a decision's role", "UPDATE approvals SET role = 'qa' WHERE seq = 2", "something else: role"},
    {"a decision's reason", "UPDATE approvals SET reason = 'bribed' WHERE seq = 2", "something else: reason"},
    {"a decision's gate", "UPDATE approvals SET gate = 'other' WHERE seq = 2", "something else: gate"},
    {"a decision's user", "UPDATE approvals SET user_name = 'eve' WHERE seq = 2", "something else: user"},
    {"a decision's time", "UPDATE approvals SET at_ms = at_ms + 1000 WHERE seq = 2", "something else: at"},
    {"a signature", "UPDATE approvals SET signature = (SELECT signature FROM approvals WHERE seq = 3) WHERE seq = 2",
     "the signature of decision 2"},
    {"a decision that is gone", "DELETE FROM approvals WHERE seq = 1", "something else: sequence"},
    {"the last decision that is gone", "DELETE FROM approvals WHERE seq = 3", "decision 3 was deleted"},
    {"a verdict", "UPDATE phases SET verdict = 'failed' WHERE step = 'tests' AND phase = 'verify'",
     "verdict is 'failed', but was recorded as 'passed'"},
    {"a measurement", "UPDATE measurements SET value = 4", "value is '4', but was recorded as '3'"},
    {"a measurement that is gone", "DELETE FROM measurements WHERE name = 'tests'", "tests was deleted"},
    {"a measurement more",
     "INSERT INTO measurements (run, step, name, unit, value, samples, at_ms, threshold, verdict) "
     "SELECT run, step, 'new', unit, value, samples, at_ms, threshold, verdict FROM measurements "
     "LIMIT 1",
     "tests new was added"},
    {"an undo record", "UPDATE undo SET value = value || 'x'", "the undo record"},
    {"an event that is gone", "DELETE FROM events WHERE seq = 5", "was changed, or one before it was removed"},
    {"an event that is other", "UPDATE events SET json = replace(json, 'run.start', 'run.stArt')", "was changed"},
    {"an event more",
     "INSERT INTO events (run, at_ms, json, kind, hash) SELECT run, at_ms, json, kind, hash FROM events "
     "WHERE seq = 5",
     "was changed, or one before it"},
    {"a chain that is cut", "DELETE FROM events WHERE seq > 8", "something else"},
    {"a chain that is gone", "DELETE FROM events", "something else"},
    {"a chain without hashes", "UPDATE events SET hash = ''", "something else"},
    {"a gate that passed, in a record that looks old",
     "DELETE FROM approvals; DELETE FROM events; UPDATE phases SET verdict = 'passed' WHERE step = 'gate' AND phase = "
     "'verify'",
     "gate 'gate' passed, but no decision that counts approves it as lead"},
};

/* By one who makes the hashes anew. */
static const forgery with_new_hashes[] = {
    {"an event that is gone, hashes anew", "DELETE FROM events WHERE seq = 5", "something else"},
    {"a verdict, its link too, hashes anew",
     "UPDATE phases SET summary = 'splendid' WHERE seq = (SELECT min(seq) FROM phases WHERE step = 'tests');"
     "UPDATE events SET json = replace(json, json_extract(json, '$.summary'), 'splendid') WHERE kind = 'phase' AND "
     "json_extract(json, '$.seq') = (SELECT min(seq) FROM phases WHERE step = 'tests') AND "
     "json_extract(json, '$.summary') <> '';"
     "UPDATE measurements SET value = 4; UPDATE events SET json = replace(json, '\"value\":\"3\"', '\"value\":\"4\"') "
     "WHERE kind = 'measurement'",
     "something else"},
    {"options and the recorded plan, hashes anew",
     "UPDATE runs SET version = 'v666'; UPDATE events SET json = replace(json, '[\"version\",\"v3\"]', "
     "'[\"version\",\"v666\"]') WHERE kind = 'plan'",
     "something else: version, plan"},
    {"a decision and its link are gone, hashes anew",
     "DELETE FROM approvals WHERE seq = 1; DELETE FROM events WHERE seq = (SELECT min(seq) FROM events WHERE kind = "
     "'decision')",
     "something else"},
    {"a gate that passed without its people, hashes anew",
     "DELETE FROM approvals; DELETE FROM events WHERE kind = 'decision'; UPDATE phases SET verdict = 'passed' WHERE "
     "step = 'gate' AND phase = 'verify'; UPDATE events SET json = replace(json, '\"verdict\":\"not yet\"', "
     "'\"verdict\":\"passed\"') WHERE kind = 'phase'",
     "gate 'gate' passed, but no decision that counts approves it as lead"},
};

static void nobody_has_deployed(const forgery *f, const outcome *o)
{
    if (o->status != 2 || !strstr(o->err, "the record of run") || access(world(), F_OK) == 0)
        fail_msg("%s: resume gave %d and%s deployed:\n%s%s", f->name, o->status,
                 access(world(), F_OK) == 0 ? "" : " not", o->out, o->err);
}

static void must_be_noticed(const forgery *f, bool anew)
{
    restore("signed");
    forge(f->sql, anew);
    outcome o = belay("verify", run_id, NULL);
    if (o.status != 1 || !strstr(o.out, f->noticed))
        fail_msg("%s: verify gave %d, \"%s\" was expected in:\n%s%s", f->name, o.status, f->noticed, o.out, o.err);
    o = belay("resume", run_id, "--no-wait", NULL);
    nobody_has_deployed(f, &o);
}

static void whatever_is_changed_is_noticed(void **unused)
{
    (void)unused;
    if (!alice)
        skip();
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++)
        must_be_noticed(&forgeries[i], false);
}

static void new_hashes_do_not_hide_it(void **unused)
{
    (void)unused;
    if (!alice)
        skip();
    for (size_t i = 0; i < sizeof with_new_hashes / sizeof *with_new_hashes; i++)
        must_be_noticed(&with_new_hashes[i], true);
}

static void what_nobody_changed_is_good_and_says_what_is_signed(void **unused)
{
    (void)unused;
    if (!alice)
        skip();
    restore("signed");
    outcome o = belay("verify", run_id, "--signers", kit_path("%s/allowed", folder()), NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "decision 3 at gate 'gate': approve as qa by bob@x, signed");
    assert_holds(o.out, "signed: events 1 to ");
    assert_int_equal(belay("resume", run_id, "--no-wait", NULL).status, 0);
    o = belay("verify", run_id, NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "Everything matches what was signed.");
    assert_holds(o.out, "which came after the last signature");
}

static void an_unsigned_run_is_said_to_be_unsigned(void **unused)
{
    (void)unused;
    make_run();
    outcome o = belay("verify", NULL);
    assert_int_equal(o.status, 0);
    assert_holds(o.out, "unsigned: no signature covers this run");
    assert_holds(o.out, "nothing of it is signed");
}

static void an_older_decision_cannot_be_replayed_behind_a_newer_one(void **unused)
{
    (void)unused;
    if (!alice)
        skip();
    static const char replay[] =
        "INSERT INTO approvals (run, gate, role, decision, reason, statement, signature, user_name, at_ms, signers) "
        "SELECT run, gate, role, decision, reason, statement, signature, user_name, at_ms, signers FROM approvals "
        "WHERE decision = 'approve';";
    static const char and_link[] = "INSERT INTO events (run, at_ms, json, kind) SELECT run, at_ms, json, kind FROM "
                                   "events WHERE kind = 'decision' ORDER BY seq LIMIT 1";
    for (int i = 0; i < 2; i++) {
        restore("rejected");
        forge(kit_path("%s%s", replay, i ? and_link : ""), i);
        assert_holds(belay("verify", run_id, NULL).out, i ? "something else: sequence" : "decision 3 was added");
        const forgery f = {.name = "replay"};
        outcome o = belay("resume", run_id, "--no-wait", NULL);
        nobody_has_deployed(&f, &o);
    }
}

static void decisions_of_another_run_do_not_count(void **unused)
{
    (void)unused;
    if (!alice)
        skip();
    restore("rejected");
    forge(kit_path("ATTACH '%s/signed/belay.db' AS a; DELETE FROM approvals; INSERT INTO approvals SELECT seq, '%s', "
                   "gate, role, decision, reason, statement, signature, user_name, at_ms, signers FROM a.approvals",
                   folder(), run_id),
          true);
    assert_holds(belay("verify", run_id, NULL).out, "run, ");
    const forgery f = {.name = "another run's"};
    outcome o = belay("resume", run_id, "--no-wait", NULL);
    nobody_has_deployed(&f, &o);
}

/* Who replaces the list before anybody has signed leaves nothing that speaks against it in the record: only the list
 * that the reader holds does, and the digest that the signer was given. */
static void a_list_of_ones_own_and_a_record_of_yesterday_are_noticed_from_outside(void **unused)
{
    (void)unused;
    if (!alice)
        skip();
    const char *theirs = kit_path("%s/theirs", folder());
    allow(theirs, "alice@x", mallory);
    allow(theirs, "bob@x", bob);
    restore("signed");
    outcome o = belay("verify", run_id, "--signers", theirs, NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.out, "decision 1 is not signed by anybody in the list that was given");
    o = belay("verify", run_id, "--expect", "0123", NULL);
    assert_int_equal(o.status, 1);
    assert_holds(o.out, "is not among the run's decisions");
}

/* ---- bundles ----------------------------------------------------------------------------------------------------- */

static const char *bundle(void)
{
    return kit_path("%s/b.tar.zst", folder());
}

/* Packs it again after the shell script, in its folder, changed it. */
static void repack(const char *script)
{
    const char *work = kit_path("%s/work", folder());
    kit_output_of("rm", "-rf", work, NULL);
    kit_output_of("mkdir", work, NULL);
    kit_output_of("tar", "-C", work, "--zstd", "-xf", bundle(), NULL);
    kit_output_of("sh", "-c", kit_path("cd %s/* && %s", work, script), NULL);
    kit_output_of("sh", "-c", kit_path("cd %s && tar --zstd -cf ../b.tar.zst *", work), NULL);
}

#define NEW_MANIFEST                                                                                                   \
    " && find . -type f ! -name MANIFEST.sha256 | sed 's,^./,,' | LC_ALL=C sort | xargs -d '\\n' sha256sum > "         \
    "MANIFEST.sha256"

static void a_bundle_is_checked_without_the_store(void **unused)
{
    (void)unused;
    if (!alice)
        skip();
    static const struct {
        const char *script, *noticed;
    } cases[] = {
        {"echo x >> pipeline.cfg", "pipeline.cfg is not what the manifest tells"},
        {"echo x >> pipeline.cfg" NEW_MANIFEST, "pipeline.cfg is not the text that was recorded"},
        {"sed -i 's/\"version\": \"v3\"/\"version\": \"v9\"/' run.json" NEW_MANIFEST, "run.json: version of the run"},
        {"sed -i 's/\"value\": 3.0/\"value\": 4.0/' measurements.json" NEW_MANIFEST, "measurements.json: value of"},
        {"sed -i '2d' events.jsonl" NEW_MANIFEST, "events.jsonl is not what was recorded"},
        {"sed -i 's/yes/no/;s/approve/reject/' approvals/1.statement" NEW_MANIFEST, "approvals/1.statement is not"},
        {"sed -i 's/\"v3\"/\"v9\"/' proof.json run.json" NEW_MANIFEST, "something else: version, plan"},
        {"rm events.jsonl", "events.jsonl is missing"},
    };
    restore("signed");
    outcome o = belay("bundle", run_id, "--output", bundle(), NULL);
    assert_int_equal(o.status, 0);
    kit_output_of("cp", bundle(), kit_path("%s.good", bundle()), NULL);
    kit_output_of("rm", "-rf", state(), NULL);
    o = belay("verify", bundle(), NULL);
    if (o.status != 0)
        fail_msg("a good bundle: %s%s", o.out, o.err);
    assert_int_not_equal(access(state(), F_OK), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_output_of("cp", kit_path("%s.good", bundle()), bundle(), NULL);
        repack(cases[i].script);
        o = belay("verify", bundle(), NULL);
        if (o.status != 1 || !strstr(o.out, cases[i].noticed))
            fail_msg("%s: %d, \"%s\" was expected in:\n%s%s", cases[i].script, o.status, cases[i].noticed, o.out,
                     o.err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_changed_is_noticed),
        cmocka_unit_test(new_hashes_do_not_hide_it),
        cmocka_unit_test(what_nobody_changed_is_good_and_says_what_is_signed),
        cmocka_unit_test(an_unsigned_run_is_said_to_be_unsigned),
        cmocka_unit_test(an_older_decision_cannot_be_replayed_behind_a_newer_one),
        cmocka_unit_test(decisions_of_another_run_do_not_count),
        cmocka_unit_test(a_list_of_ones_own_and_a_record_of_yesterday_are_noticed_from_outside),
        cmocka_unit_test(a_bundle_is_checked_without_the_store),
    };
    return cmocka_run_group_tests_name("forgery", tests, make_world, NULL);
}
