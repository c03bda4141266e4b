#include "report_events.h"

#include <stdlib.h>
#include <string.h>

#define RUN                     "\"at\":\"2026-11-23T18:45:12.345Z\",\"run\":\"20261123-184512-k7f2\""
#define STEP(stage, step, kind) "\"stage\":\"" stage "\",\"step\":\"" step "\",\"kind\":\"" kind "\""
#define DISK                    STEP("preflight", "disk", "host.disk")
#define IMAGES                  STEP("build", "images", "docker.build")
#define TAGS                    STEP("build", "tags", "docker.tag")
#define APPLY                   STEP("migrate", "apply", "postgres.migrate")
#define WHO                     STEP("diagnose", "who", "host.diagnose")
#define UP                      STEP("rollback", "up", "docker.up")

#define START(mode)                                                                                                    \
    "{" RUN ",\"type\":\"run.start\",\"mode\":\"" mode "\",\"pipeline\":\"temponest\",\"environment\":\"staging\","    \
    "\"version\":\"v1.8.0\",\"previous\":\"v1.7.0\",\"file\":\"/opt/staging.cfg\",\"stages\":["                        \
    "{\"name\":\"preflight\",\"steps\":[{\"id\":\"disk\",\"kind\":\"host.disk\"}]},"                                   \
    "{\"name\":\"build\",\"steps\":[{\"id\":\"images\",\"kind\":\"docker.build\",\"title\":\"Build the images\"},"     \
    "{\"id\":\"tags\",\"kind\":\"docker.tag\"}]},"                                                                     \
    "{\"name\":\"migrate\",\"steps\":[{\"id\":\"apply\",\"kind\":\"postgres.migrate\"}]}],"                            \
    "\"diagnose\":[{\"id\":\"who\",\"kind\":\"host.diagnose\"}],"                                                      \
    "\"rollback\":[{\"id\":\"up\",\"kind\":\"docker.up\"}]}"
#define PHASE_START(step, phase) "{\"type\":\"phase.start\"," step ",\"phase\":\"" phase "\",\"attempt\":1}"
#define PHASE_PASSED(step, phase)                                                                                      \
    "{\"type\":\"phase.end\"," step ",\"phase\":\"" phase "\",\"attempt\":1,\"verdict\":\"passed\",\"duration_ms\":5}"
#define PREPARED(step)    PHASE_START(step, "prepare"), PHASE_PASSED(step, "prepare")
#define ALL_PREPARED      PREPARED(DISK), PREPARED(IMAGES), PREPARED(TAGS), PREPARED(APPLY)
#define STAGE_START(name) "{\"type\":\"stage.start\",\"stage\":\"" name "\"}"
#define STAGE_END(name)   "{\"type\":\"stage.end\",\"stage\":\"" name "\",\"verdict\":\"passed\",\"duration_ms\":9}"
#define STEP_END(step, verdict, ms)                                                                                    \
    "{\"type\":\"step.end\"," step ",\"verdict\":\"" verdict "\",\"duration_ms\":" #ms "}"
#define PASSED(step, phase, ms) PHASE_START(step, phase), PHASE_PASSED(step, phase), STEP_END(step, "passed", ms)
#define MEASURE(step, name, value, unit, threshold, verdict)                                                           \
    "{\"type\":\"measure\"," step ",\"name\":\"" name "\",\"value\":" #value ",\"unit\":\"" unit                       \
    "\",\"threshold\":\"" threshold "\",\"verdict\":\"" verdict "\",\"samples\":1}"

#define BEFORE_MIGRATION                                                                                               \
    START("run"), ALL_PREPARED, STAGE_START("preflight"), PHASE_START(DISK, "verify"),                                 \
        MEASURE(DISK, "free", 20100000000, "B", "< 10GB", "passed"), PHASE_PASSED(DISK, "verify"),                     \
        STEP_END(DISK, "passed", 12), STAGE_END("preflight"), STAGE_START("build"), PHASE_START(IMAGES, "execute"),    \
        "{\"type\":\"progress\"," IMAGES ",\"phase\":\"execute\",\"done\":3,\"all\":7,\"what\":\"agents\"}",           \
        "{\"type\":\"log\"," IMAGES ",\"phase\":\"execute\",\"level\":1,\"line\":\"Step 4/9 : COPY . /app\"}",         \
        PHASE_PASSED(IMAGES, "execute"), MEASURE(IMAGES, "size", 456000000, "B", "> 400MB", "warned"),                 \
        STEP_END(IMAGES, "warned", 42100), PASSED(TAGS, "execute", 300), STAGE_END("build"), STAGE_START("migrate")

#define MIGRATION_FAILS                                                                                                \
    PHASE_START(APPLY, "execute"),                                                                                     \
        "{\"type\":\"phase.end\"," APPLY ",\"phase\":\"execute\",\"attempt\":1,\"verdict\":\"failed\","                \
        "\"summary\":\"008_bad.sql:12: 42601 syntax error at or near \\\"TABEL\\\"\","                                 \
        "\"hint\":\"mend the file and run again\",\"duration_ms\":2300}",                                              \
        STEP_END(APPLY, "failed", 2300)

#define ROLLING_BACK                                                                                                   \
    "{\"type\":\"run.state\",\"state\":\"rolling back\",\"reason\":\"migrate/apply failed: "                           \
    "008_bad.sql:12: 42601 syntax error at or near \\\"TABEL\\\"\"}"

const char *const events_committed[] = {
    BEFORE_MIGRATION,
    PASSED(APPLY, "execute", 2300),
    STAGE_END("migrate"),
    "{\"type\":\"run.end\",\"state\":\"committed\",\"reason\":\"\",\"exit_status\":0,\"duration_ms\":112000,"
    "\"commit\":\"ab12cd3\",\"next\":[\"belay discard --keep 1\"]}",
    NULL,
};

const char *const events_rolled_back[] = {
    BEFORE_MIGRATION,
    MIGRATION_FAILS,
    ROLLING_BACK,
    PHASE_START(APPLY, "rollback"),
    PHASE_PASSED(APPLY, "rollback"),
    STEP_END(APPLY, "undone", 1200),
    PHASE_START(TAGS, "rollback"),
    PHASE_PASSED(TAGS, "rollback"),
    STEP_END(TAGS, "undone", 40),
    STAGE_START("rollback"),
    PASSED(UP, "execute", 6000),
    "{\"type\":\"run.end\",\"state\":\"rolled back\",\"reason\":\"migrate/apply failed\",\"exit_status\":10,"
    "\"duration_ms\":55000,\"healthy_after_ms\":8400,\"evidence\":\"/var/lib/belay/runs/20261123-184512-k7f2\","
    "\"next\":[\"belay logs 20261123-184512-k7f2 apply\",\"belay show 20261123-184512-k7f2\"]}",
    NULL,
};

#define FOUND  "port 8001 is held by pid 812 (nginx)"
#define FOUND2 "web exited with status 3"
#define REASON "step 'apply' failed in execute: 008_bad.sql:12: 42601 syntax error at or near \\\"TABEL\\\""

const char *const events_diagnosed[] = {
    BEFORE_MIGRATION,
    MIGRATION_FAILS,
    "{\"type\":\"run.state\",\"state\":\"rolling back\",\"reason\":\"" REASON "\"}",
    STAGE_START("diagnose"),
    PHASE_START(WHO, "verify"),
    "{\"type\":\"finding\"," WHO ",\"weight\":94,\"text\":\"" FOUND "\"}",
    "{\"type\":\"phase.end\"," WHO ",\"phase\":\"verify\",\"attempt\":1,\"verdict\":\"failed\",\"summary\":\"no more\","
    "\"duration_ms\":9}",
    STEP_END(WHO, "failed", 9),
    STAGE_END("diagnose"),
    "{\"type\":\"diagnosis\"," APPLY ",\"duration_ms\":30,\"best\":[\"" FOUND "\",\"" FOUND2 "\"],\"findings\":["
    "{\"collector\":\"who\",\"weight\":94,\"text\":\"" FOUND "\"}]}",
    "{\"type\":\"run.end\",\"state\":\"needs a person\",\"reason\":\"it could not be undone; it was rolled back "
    "because " REASON "; found: " FOUND "; " FOUND2 "\",\"exit_status\":20,\"duration_ms\":55000}",
    NULL,
};

const char *const events_needs_person[] = {
    BEFORE_MIGRATION,
    MIGRATION_FAILS,
    ROLLING_BACK,
    PHASE_START(APPLY, "rollback"),
    "{\"type\":\"phase.end\"," APPLY ",\"phase\":\"rollback\",\"attempt\":3,\"verdict\":\"error\","
    "\"summary\":\"the server does not answer\",\"hint\":\"start PostgreSQL\",\"duration_ms\":10}",
    STEP_END(APPLY, "not undone", 10),
    "{\"type\":\"run.end\",\"state\":\"needs a person\",\"reason\":\"migrate/apply could not be undone\","
    "\"exit_status\":20,\"duration_ms\":55000,\"next\":[\"belay rollback 20261123-184512-k7f2\"]}",
    NULL,
};

const char *const events_refused[] = {
    START("run"),
    PHASE_START(DISK, "prepare"),
    "{\"type\":\"phase.end\"," DISK ",\"phase\":\"prepare\",\"attempt\":1,\"verdict\":\"failed\","
    "\"summary\":\"no such path '/srv'\",\"hint\":\"mount it\",\"option\":\"path\",\"duration_ms\":1}",
    STEP_END(DISK, "failed", 1),
    PREPARED(IMAGES),
    "{\"type\":\"run.end\",\"state\":\"refused\",\"reason\":\"preflight/disk cannot run\",\"exit_status\":2,"
    "\"duration_ms\":20}",
    NULL,
};

#define UNREACHABLE(step)                                                                                              \
    "{\"type\":\"phase.end\"," step ",\"phase\":\"prepare\",\"attempt\":1,\"verdict\":\"failed\","                     \
    "\"summary\":\"no connection\",\"hint\":\"start the server\",\"option\":null,\"duration_ms\":1}"

const char *const events_one_obstacle[] = {
    START("run"),
    PHASE_START(DISK, "prepare"),
    UNREACHABLE(DISK),
    STEP_END(DISK, "failed", 1),
    PHASE_START(IMAGES, "prepare"),
    UNREACHABLE(IMAGES),
    STEP_END(IMAGES, "failed", 1),
    PHASE_START(TAGS, "verify"),
    "{\"type\":\"phase.end\"," TAGS ",\"phase\":\"verify\",\"attempt\":1,\"verdict\":\"error\","
    "\"summary\":\"cancelled\",\"hint\":null,\"option\":null,\"duration_ms\":1}",
    STEP_END(TAGS, "stopped", 1),
    "{\"type\":\"run.end\",\"state\":\"refused\",\"reason\":\"preflight/disk cannot run\",\"exit_status\":2,"
    "\"duration_ms\":20}",
    NULL,
};

const char *const events_plan[] = {
    START("plan"),
    "{\"type\":\"plan\"," DISK ",\"change\":\"waits for lead\",\"check\":true}",
    PREPARED(DISK),
    PHASE_START(IMAGES, "prepare"),
    "{\"type\":\"plan\"," IMAGES ",\"change\":\"builds agents and scheduler\",\"undo\":\"gives the tags back\","
    "\"pending\":[\"commit\"]}",
    PHASE_PASSED(IMAGES, "prepare"),
    PREPARED(TAGS),
    PHASE_START(APPLY, "prepare"),
    "{\"type\":\"plan\"," APPLY ",\"change\":\"applies 008_more.sql\",\"irreversible\":true}",
    PHASE_PASSED(APPLY, "prepare"),
    STEP_END(TAGS, "skipped", 0),
    "{\"type\":\"run.end\",\"state\":\"committed\",\"exit_status\":0,\"duration_ms\":20}",
    NULL,
};

json_t *events_parse(const char *json)
{
    json_error_t why;
    json_t *event = json_loads(json, 0, &why);
    if (!event)
        fail_msg("%s in %s", why.text, json);
    if (!json_object_get(event, "at"))
        json_object_set_new(event, "at", json_string("2026-11-23T18:45:20.000Z"));
    if (!json_object_get(event, "run"))
        json_object_set_new(event, "run", json_string("20261123-184512-k7f2"));
    return event;
}

void events_feed_one(const report_sink *sink, const char *json)
{
    json_t *event = events_parse(json);
    sink->event(sink->user, event);
    json_decref(event);
}

void events_feed(const report_sink *sink, const char *const *events)
{
    for (; *events; events++)
        events_feed_one(sink, *events);
}

json_t *events_array(const char *const *events)
{
    json_t *array = json_array();
    for (; *events; events++)
        json_array_append_new(array, events_parse(*events));
    return array;
}

char *events_written(report_sink (*open)(FILE *out), const char *const *events)
{
    FILE *out = tmpfile();
    assert_non_null(out);
    report_sink sink = open(out);
    events_feed(&sink, events);
    sink.free(sink.user);
    fseek(out, 0, SEEK_END);
    size_t n = (size_t)ftell(out);
    rewind(out);
    char *bytes = mem_array(n + 1, 1);
    assert_int_equal(fread(bytes, 1, n, out), n);
    fclose(out);
    return bytes;
}

void events_same(const char *got, const char *want)
{
    if (strcmp(got, want) != 0)
        fail_msg("got:\n%s\nwant:\n%s", got, want);
}
