#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *among_kinds(const char *word)
{
    static const char *const kinds[] = {"docker.build", "docker.tag", "docker.stop", "postgres.migrate",
                                        "services",     "timeout",    "id"};
    nearest n = nearest_to(word);
    for (size_t i = 0; i < COUNT(kinds); i++)
        nearest_offer(&n, kinds[i]);
    return nearest_get(&n);
}

static void misspellings_find_the_right_word(void **state)
{
    (void)state;
    static const struct {
        const char *word, *want;
    } cases[] = {
        {"docker.buidl", "docker.build"},
        {"docker.bulid", "docker.build"},
        {"docker.top", "docker.stop"},
        {"postgres-migrate", "postgres.migrate"},
        {"serivces", "services"},
        {"Timeout", "timeout"},
        {"TIMEOUT", "timeout"},
        {"timeuot", "timeout"},
        {"ID", "id"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *found = among_kinds(cases[i].word);
        if (!found || strcmp(found, cases[i].want) != 0)
            fail_msg("for '%s': %s", cases[i].word, found ? found : "nothing");
    }
}

static void nothing_is_suggested_when_nothing_is_near(void **state)
{
    (void)state;
    assert_null(among_kinds("kubernetes"));
    assert_null(among_kinds(""));
    assert_null(among_kinds("xy"));
}

static void the_nearest_of_several_wins_and_the_first_of_equals(void **state)
{
    (void)state;
    nearest n = nearest_to("restore");
    nearest_offer(&n, "restart");
    nearest_offer(&n, "restored");
    nearest_offer(&n, "restores");
    assert_string_equal(nearest_get(&n), "restored");
}

static void very_long_words_are_never_near(void **state)
{
    (void)state;
    char word[300];
    memset(word, 'a', sizeof word);
    word[sizeof word - 1] = '\0';
    nearest n = nearest_to(word);
    nearest_offer(&n, word);
    assert_null(nearest_get(&n));
    n = nearest_to("aaaa");
    nearest_offer(&n, word);
    assert_null(nearest_get(&n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misspellings_find_the_right_word),
        cmocka_unit_test(nothing_is_suggested_when_nothing_is_near),
        cmocka_unit_test(the_nearest_of_several_wins_and_the_first_of_equals),
        cmocka_unit_test(very_long_words_are_never_near),
    };
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
