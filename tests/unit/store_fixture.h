/** @file store_fixture.h  A state folder for one test, removed at its end. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"

typedef struct fixture {
    char *root;   /**< a private folder */
    char *folder; /**< the state folder in it; not made yet */
    store *store; /**< NULL until fixture_open */
} fixture;

/** Setup and teardown of a cmocka test; *state is a fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/** Opens the store (again); the test fails when that fails. */
void fixture_open(fixture *f);
/** Records a run in `environment` and gives its id; the caller frees. */
char *fixture_run(fixture *f, const char *environment);
/** Fails the test unless r is 0, showing the error. */
void fixture_good(int r, const error *err);
/** Fails the test unless err holds both words in its text. */
void fixture_says(const error *err, const char *word, const char *other);

#define FIXTURE_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

#endif
