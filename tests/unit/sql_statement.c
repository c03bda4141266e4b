#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statement.h"

static sql_traits traits_of(const char *text)
{
    sql_traits traits = {0};
    sql_traits_add(&traits, text, strlen(text), true);
    return traits;
}

static void assert_flags(const char *text, unsigned expected)
{
    sql_traits traits = traits_of(text);
    if (traits.flags != (expected | SQL_IS_ANYTHING))
        fail_msg("%s: flags %u, expected %u", text, traits.flags, expected | SQL_IS_ANYTHING);
    sql_traits_done(&traits);
}

static void what_cannot_run_in_a_transaction_is_known(void **state)
{
    (void)state;
    static const char *const alone[] = {"VACUUM t;",
                                        "vacuum (full) t",
                                        "/* c */ Create /* d */ Database x;",
                                        "DROP DATABASE IF EXISTS x",
                                        "ALTER SYSTEM SET a = 1",
                                        "CREATE TABLESPACE t LOCATION '/x'",
                                        "CLUSTER;",
                                        "CLUSTER VERBOSE",
                                        "CLUSTER (verbose) ;",
                                        "REINDEX (VERBOSE) DATABASE x",
                                        "REINDEX SYSTEM x",
                                        "DISCARD ALL",
                                        "ALTER DATABASE d SET TABLESPACE x",
                                        "COMMIT PREPARED 'x'",
                                        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
                                        "ALTER SUBSCRIPTION s REFRESH PUBLICATION"};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        assert_flags(alone[i], SQL_ALONE);
    static const char *const concurrently[] = {"DROP INDEX CONCURRENTLY IF EXISTS i", "REINDEX INDEX CONCURRENTLY i",
                                               "REINDEX (CONCURRENTLY) TABLE t",
                                               "ALTER TABLE t DETACH PARTITION p CONCURRENTLY"};
    for (size_t i = 0; i < sizeof concurrently / sizeof *concurrently; i++)
        assert_flags(concurrently[i], SQL_ALONE | SQL_CONCURRENTLY);
}

static void what_may_run_in_a_transaction_is_left_there(void **state)
{
    (void)state;
    static const char *const plain[] = {"REFRESH MATERIALIZED VIEW CONCURRENTLY v",
                                        "CLUSTER t USING i",
                                        "REINDEX TABLE t",
                                        "ALTER TYPE e ADD VALUE 'x'",
                                        "ALTER DATABASE d SET search_path = x",
                                        "COMMENT ON TABLE t IS 'VACUUM'",
                                        "SELECT 'BEGIN'",
                                        "\"begin\"",
                                        "DROP INDEX i",
                                        "ALTER TABLE t DETACH PARTITION p",
                                        "SET standard_conforming_strings_x = off",
                                        "COPY t FROM 'stdin'",
                                        "COPY (SELECT a FROM stdin) TO '/x'",
                                        "LOCK TABLE begin_end"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_flags(plain[i], 0);
}

static void transaction_commands_are_known(void **state)
{
    (void)state;
    static const char *const own[] = {"BEGIN",
                                      "begin isolation level serializable;",
                                      "START TRANSACTION",
                                      "COMMIT AND CHAIN",
                                      "END",
                                      "ROLLBACK TO SAVEPOINT s",
                                      "ABORT",
                                      "SAVEPOINT s",
                                      "RELEASE s",
                                      "PREPARE TRANSACTION 'x'"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_flags(own[i], SQL_OWN_TRANSACTION);
    assert_flags("PREPARE q AS SELECT 1", 0);
}

static void copy_with_the_client_is_told_from_copy_with_a_file(void **state)
{
    (void)state;
    assert_flags("COPY t (a, b) FROM STDIN WITH (FORMAT csv)", SQL_COPY_IN);
    assert_flags("copy \"from\".t from stdout", SQL_COPY_IN);
    assert_flags("COPY (SELECT 1) TO STDOUT", SQL_COPY_OUT);
    assert_flags("COPY t TO PROGRAM 'cat'", 0);
}

static void a_new_index_has_a_name_and_a_table(void **state)
{
    (void)state;
    static const struct {
        const char *text, *index, *table;
        unsigned flags;
    } cases[] = {
        {"CREATE INDEX i ON t (a)", "i", "t", SQL_NEW_INDEX},
        {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I x\" ON ONLY s.\"T\" USING btree (a)", "\"I x\"", "s.\"T\"",
         SQL_NEW_INDEX | SQL_UNLESS_EXISTS | SQL_ALONE | SQL_CONCURRENTLY},
        {"CREATE INDEX ON t (a)", NULL, NULL, SQL_NEW_INDEX},
        {"CREATE INDEX CONCURRENTLY ON t (a)", NULL, NULL, SQL_NEW_INDEX | SQL_ALONE | SQL_CONCURRENTLY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sql_traits traits = traits_of(cases[i].text);
        assert_int_equal(traits.flags, cases[i].flags | SQL_IS_ANYTHING);
        if (cases[i].index) {
            assert_string_equal(traits.index, cases[i].index);
            assert_string_equal(traits.table, cases[i].table);
        } else {
            assert_null(traits.index);
        }
        sql_traits_done(&traits);
    }
}

static void the_setting_that_changes_strings_is_seen(void **state)
{
    (void)state;
    assert_flags("SET standard_conforming_strings = off;", SQL_STRINGS_OFF);
    assert_flags("set local standard_conforming_strings to 'false'", SQL_STRINGS_OFF);
    assert_flags("SET SESSION standard_conforming_strings TO on", SQL_STRINGS_ON);
    assert_flags("SET standard_conforming_strings = DEFAULT", SQL_STRINGS_ON);
}

static void comments_alone_are_nothing(void **state)
{
    (void)state;
    assert_int_equal(traits_of("/* x */ ;").flags, 0);
    assert_int_equal(traits_of("").flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_run_in_a_transaction_is_known),
        cmocka_unit_test(what_may_run_in_a_transaction_is_left_there),
        cmocka_unit_test(transaction_commands_are_known),
        cmocka_unit_test(copy_with_the_client_is_told_from_copy_with_a_file),
        cmocka_unit_test(a_new_index_has_a_name_and_a_table),
        cmocka_unit_test(the_setting_that_changes_strings_is_seen),
        cmocka_unit_test(comments_alone_are_nothing),
    };
    return cmocka_run_group_tests_name("sql statement", tests, NULL, NULL);
}
