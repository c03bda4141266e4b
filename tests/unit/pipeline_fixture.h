/** @file pipeline_fixture.h  What the tests of core/pipeline share: a catalog of constants, and loading of texts. */
#ifndef TESTS_UNIT_PIPELINE_FIXTURE_H
#define TESTS_UNIT_PIPELINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "pipeline/pipeline.h"

/** The kinds docker.build, docker.tag, docker.info; the plugin redis was refused. */
const catalog *fixture_catalog(void);

/** One line: a good pipeline section. */
#define HEAD "pipeline: { name = \"shop\"; environment = \"staging\"; version = \"v2\"; previous = \"v1\"; };"
/** One line each: a stage around steps, and a step of each kind. */
#define STAGE(steps)   "stages: ( { name = \"main\"; steps: (\n" steps "\n); } );\n"
#define BUILD(id, etc) "{ id = \"" id "\"; use = \"docker.build\"; services = \"web\"; " etc " }"
#define INFO(id, etc)  "{ id = \"" id "\"; use = \"docker.info\"; " etc " }"

/** A folder of the test's own; all of it is removed by fixture_remove(). */
const char *fixture_folder(void);
/** Writes "folder/name" with a mode and gives its path, which lives until fixture_remove(). */
const char *fixture_file(const char *name, const char *content, unsigned mode);
int fixture_remove(void **state);

/** Loads a text as the recorded pipeline "FOLDER/t.cfg"; fails the test when there are errors. The caller frees. */
pipeline *fixture_load(const char *content);
/** Loads a text, or with NULL the file; gives its problems, one a line: "t.cfg:3: what" or "t.cfg:3: warning: what",
 * each with " [hint]" when there is one. Fails the test when the outcome and the problems do not agree. The caller
 * frees. */
char *fixture_problems(const char *path, const char *content, const char *const *sets);
/** The same, as a list, for pipelines loaded by other means. Frees the problems. */
char *fixture_show(pipeline_problems *problems);
/** A step's stored options, as compact JSON with sorted keys; the caller frees. */
char *fixture_options(const pipeline *p, const char *id);
/** All that a pipeline says, as text; the caller frees. */
char *fixture_dump(const pipeline *p);

#define assert_problems(content, expected)                                                                             \
    do {                                                                                                               \
        char *found_ = fixture_problems(NULL, content, NULL);                                                          \
        assert_string_equal(found_, expected);                                                                         \
        free(found_);                                                                                                  \
    } while (0)

#endif
