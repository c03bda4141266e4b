/* The tables of docker.diagnose: log lines as servers and libraries write them, and states as the engine tells them. */
#include "kit.h"

#include <string.h>

#include "clues/clues.h"
#include "docker/ailment.h"

static const struct {
    const char *line, *meaning; /* NULL: the line says it all; "": no clue */
} lines[] = {
    {"[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
     "a port is taken"},
    {"Error: listen EADDRINUSE: address already in use :::3000", "a port is taken"},
    {"PANIC:  could not write to file \"pg_wal/xlogtemp.99\": No space left on device", "a disk is full"},
    {"ERROR:  could not extend file \"base/5/1259\": No space left on device", "a disk is full"},
    {"2026-01-01 12:00:00 UTC [71] ERROR:  relation \"v_costs\" does not exist at character 15",
     "the database lacks something"},
    {"ERROR:  column \"model\" does not exist", "the database lacks something"},
    {"ERROR:  column \"model\" of relation \"costs\" does not exist", "the database lacks something"},
    {"psycopg2.errors.UndefinedTable: relation \"runs\" does not exist", "the database lacks something"},
    {"sqlite3.OperationalError: no such table: runs", "the database lacks something"},
    {"FATAL:  password authentication failed for user \"app\"", "a user or password is refused"},
    {"redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.",
     "a user or password is refused"},
    {"WRONGPASS invalid username-password pair", "a user or password is refused"},
    {"FATAL:  database \"shop\" does not exist", "a database does not exist"},
    {"FATAL:  sorry, too many clients already", "the database has no connection left"},
    {"FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
     "the database has no connection left"},
    {"OOM command not allowed when used memory > 'maxmemory'.", "memory ran out"},
    {"MemoryError", "memory ran out"},
    {"could not translate host name \"postgres\" to address: Name or service not known", "a host name is not known"},
    {"dial tcp: lookup redis: no such host", "a host name is not known"},
    {"connection to server at \"10.0.0.5\", port 5432 failed: Connection refused",
     "something that it needs does not answer"},
    {"OSError: [Errno 113] No route to host", "something that it needs does not answer"},
    {"ERROR:  canceling statement due to lock timeout", "a lock is held"},
    {"ERROR:  deadlock detected", "a lock is held"},
    {"KeyError: 'SCHEDULER_TIME_ZONE'", "a setting is missing"},
    {"error: environment variable DATABASE_URL is empty", "a setting is missing"},
    {"PermissionError: [Errno 13] Permission denied: '/data'", "a permission is missing"},
    {"ModuleNotFoundError: No module named 'fastapi'", "a file or module is missing"},
    {"exec: \"start\": executable file not found in $PATH", "a file or module is missing"},
    {"ERROR:  syntax error at or near \"SELCT\"", "a statement is wrong"},
    {"panic: runtime error: index out of range", NULL},
    {"ValueError: bad zone", NULL},
    {"ERROR:    Application startup failed. Exiting.", NULL},
    {"INFO:     Application startup complete.", ""},
    {"GET /api/errors 200", ""},
    {"0 errors", ""},
    {"LOG:  database system is ready to accept connections", ""},
    {"File \"/srv/services/scheduler.py\", line 70, in <module>", ""},
};

static void lines_give_their_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const clue *found = clues_find(lines[i].line);
        if (lines[i].meaning && !*lines[i].meaning) {
            if (found)
                fail_msg("'%s' is taken for a clue: %s", lines[i].line, found->pattern);
            continue;
        }
        if (!found)
            fail_msg("'%s' gives no clue", lines[i].line);
        if (!lines[i].meaning)
            assert_null(found->meaning);
        else
            assert_string_equal(found->meaning ? found->meaning : "", lines[i].meaning);
    }
}

static void the_table_is_in_order_of_weight(void **state)
{
    (void)state;
    size_t count = 0;
    const clue *all = clues_all(&count);
    for (size_t i = 0; i < count; i++) {
        assert_in_range(all[i].weight, 1, 100);
        if (i > 0)
            assert_true(all[i].weight < all[i - 1].weight);
    }
}

/* The service "web" as inspected: State's members, and what stands beside State. */
static ailment judge(const char *inner, const char *beside, int64_t failed_ns, text *what)
{
    char name[] = "shop-web-1", service[] = "web";
    const container c = {.name = name, .service = service};
    guard_mem char *document = text_printf("{\"State\": {%s}%s%s}", inner, *beside ? ", " : "", beside);
    guard_json *inspected = json_loads(document, 0, NULL);
    assert_non_null(inspected);
    return ailment_of(&c, inspected, failed_ns, what);
}

static void states_become_words(void **state)
{
    (void)state;
    static const struct {
        const char *state, *beside, *says;
    } cases[] = {
        {"\"Status\": \"running\"", "", ""},
        {"\"Status\": \"running\", \"Health\": {\"Status\": \"healthy\"}", "\"RestartCount\": 2", ""},
        {"\"Status\": \"exited\", \"ExitCode\": 0", "", ""},
        {"\"Status\": \"exited\", \"ExitCode\": 143", "", ""},
        {"\"Status\": \"exited\", \"ExitCode\": 137, \"FinishedAt\": \"2026-01-01T00:00:00Z\"", "", ""},
        {"\"Status\": \"exited\", \"ExitCode\": 137, \"FinishedAt\": \"2026-06-01T00:00:00Z\"", "",
         "web exited with status 137 (SIGKILL)"},
        {"\"Status\": \"exited\", \"ExitCode\": 3", "", "web exited with status 3"},
        {"\"Status\": \"exited\", \"ExitCode\": 3", "\"RestartCount\": 1",
         "web exited with status 3, having been restarted 1 time"},
        {"\"Status\": \"exited\", \"ExitCode\": 139", "", "web exited with status 139 (SIGSEGV)"},
        {"\"Status\": \"exited\", \"ExitCode\": 137, \"OOMKilled\": true", "\"HostConfig\": {\"Memory\": 67108864}",
         "web was killed for want of memory (its limit is 67.1 MB)"},
        {"\"Status\": \"restarting\", \"ExitCode\": 1", "\"RestartCount\": 4",
         "web keeps ending with status 1, was restarted 4 times"},
        {"\"Status\": \"running\", \"ExitCode\": 0, \"Health\": {\"Status\": \"starting\"}", "\"RestartCount\": 1",
         "web keeps ending, was restarted 1 time"},
        {"\"Status\": \"running\", \"StartedAt\": \"2026-02-28T23:59:30Z\"", "\"RestartCount\": 3",
         "web keeps ending, was restarted 3 times"},
        {"\"Status\": \"running\", \"StartedAt\": \"2026-02-28T23:58:30Z\"", "\"RestartCount\": 3", ""},
        {"\"Status\": \"created\", \"ExitCode\": 128, \"Error\": \"port is already allocated\"", "",
         "web could not be started: port is already allocated"},
        {"\"Status\": \"running\", \"Health\": {\"Status\": \"unhealthy\", \"Log\": [{\"Output\": \"a\"}, {\"Output\": "
         "\"503\\n\"}]}",
         "", "web is unhealthy, its check says: 503"},
        {"\"Status\": \"running\", \"Health\": {\"Status\": \"unhealthy\", \"Log\": [{\"Output\": \"503\"}]}",
         "\"RestartCount\": 1", "web is unhealthy, was restarted 1 time, its check says: 503"},
        {"\"Status\": \"running\", \"Health\": {\"Status\": \"starting\", \"FailingStreak\": 2, \"Log\": []}", "",
         "web has not become healthy"},
        {"\"Status\": \"running\", \"Health\": {\"Status\": \"starting\", \"FailingStreak\": 0}", "", ""},
        {"\"Status\": \"exited\", \"ExitCode\": 0, \"Health\": {\"Status\": \"unhealthy\"}", "", ""},
        {"\"Status\": \"paused\"", "", "web is paused"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_text what = {0};
        const ailment found = judge(cases[i].state, cases[i].beside, engine_time("2026-03-01T00:00:00Z"), &what);
        assert_string_equal(text_of(&what), cases[i].says);
        assert_int_equal(found.weight > 0, *cases[i].says != '\0');
    }
}

static void a_log_counts_since_it_may_tell_why(void **state)
{
    (void)state;
    static const struct {
        const char *started, *ended;
        int restarts;
        const char *since;
    } cases[] = {
        {"2026-03-01T10:00:00Z", "0001-01-01T00:00:00Z", 0, "2026-03-01T09:59:59Z"},     /* runs */
        {"2026-03-01T10:00:00Z", "2026-03-01T10:00:07Z", 0, "2026-03-01T09:59:59Z"},     /* ended soon */
        {"2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z", 0, "2026-03-01T11:59:00Z"},     /* ended after long */
        {"2026-03-01T10:00:00Z", "2026-02-01T00:00:00Z", 0, "2026-03-01T09:59:59Z"},     /* started again by hand */
        {"2026-03-01T10:00:00Z", "2026-03-01T09:59:57Z", 3, "2026-03-01T09:58:57Z"},     /* by the engine */
        {"2026-03-01T10:00:00Z", "2026-03-01T09:59:59.2Z", 3, "2026-03-01T09:58:59.2Z"}, /* by it, at once */
        {"2026-03-01T10:00:00Z", "2026-03-01T10:00:00.2Z", 3, "2026-03-01T09:59:00.2Z"}, /* and ended again */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        guard_json *inspected = json_pack("{s:{s:s, s:s}, s:i}", "State", "StartedAt", cases[i].started, "FinishedAt",
                                          cases[i].ended, "RestartCount", cases[i].restarts);
        assert_int_equal(ailment_since(inspected), engine_time(cases[i].since));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_give_their_meaning),
        cmocka_unit_test(the_table_is_in_order_of_weight),
        cmocka_unit_test(states_become_words),
        cmocka_unit_test(a_log_counts_since_it_may_tell_why),
    };
    return cmocka_run_group_tests_name("docker clues", tests, NULL, NULL);
}
