/* Machines with a planted fault (mutants.cmake): the rules find each within so many runs. What they do not find, they
 * do not hold. */
#include "walk.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS    10000
#define LIMIT_S 60

static const char *const names[] = {
#include "mutants.inc"
};
#define COUNT (sizeof names / sizeof *names)

static const sim_machine *load(const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s.so", MUTANTS_FOLDER, name);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const sim_machine *(*get)(void) = NULL;
    if (module)
        *(void **)&get = dlsym(module, "sim_machine_get");
    if (!get)
        fail_msg("%s: %s", path, dlerror());
    return get();
}

/* The first run that breaks a rule; 0: none does. */
static uint64_t find(const sim_machine *kind, recipe *ret)
{
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        *ret = recipe_invent(seed);
        if (walk(ret, kind, NULL).broken)
            return seed;
    }
    return 0;
}

/* In a process of its own, for a fault may also crash it or let it run for ever: that is found then. */
static bool is_found(const char *name)
{
    const pid_t child = fork();
    if (child == 0) {
        recipe r;
        (void)alarm(LIMIT_S);
        const sim_machine *kind = load(name);
        const uint64_t run = find(kind, &r);
        if (run) {
            printf("  %-48s run %5llu: %s\n", name, (unsigned long long)run, walk(&r, kind, NULL).broken);
            (void)fflush(stdout);
        }
        _exit(run ? 0 : 1);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        printf("  %-48s ended by signal %d\n", name, WTERMSIG(status));
    return WIFSIGNALED(status) || WEXITSTATUS(status) == 0;
}

static void each_planted_fault_is_found(void **state)
{
    (void)state;
    size_t missed = 0;
    (void)fflush(stdout);
    for (size_t i = 0; i < COUNT; i++)
        if (!is_found(names[i])) {
            missed++;
            print_error("%s is not found within %d runs\n", names[i], RUNS);
        }
    print_message("%zu of %zu planted faults were found\n", COUNT - missed, COUNT);
    assert_true(COUNT >= 15);
    assert_int_equal(missed, 0);
}

static void what_was_found_is_shrunk_to_a_story_that_people_can_read(void **state)
{
    (void)state;
    static const struct {
        const char *mutant;
        size_t steps;
    } cases[] = {{"undoes_the_oldest_first", 2}, {"takes_no_data_for_passed", 1}, {"does_not_wait_for_needs", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        recipe r;
        const sim_machine *kind = load(cases[i].mutant);
        assert_true(find(kind, &r) > 0);
        const recipe least = walk_shrink(&r, kind);
        assert_string_equal(walk(&least, kind, NULL).broken, walk(&r, kind, NULL).broken);
        assert_int_equal(least.step_count, cases[i].steps);
        assert_int_equal(least.crash + least.cancel, 0);
        char *story = walk_explain(&r, kind);
        assert_non_null(strstr(story, "execute of a starts, try 1"));
        assert_non_null(strstr(story, walk(&r, kind, NULL).broken));
        assert_in_range(strlen(story), 100, 3000);
        free(story);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_planted_fault_is_found),
        cmocka_unit_test(what_was_found_is_shrunk_to_a_story_that_people_can_read),
    };
    return cmocka_run_group_tests_name("sim mutants", tests, NULL, NULL);
}
