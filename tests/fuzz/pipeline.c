/* Any text as a recorded pipeline: it loads or names problems; what loads gives the same again from its own record. */
#include "../unit/pipeline_fixture.h"
#include "fuzz.h"

static int load(const char *content, pipeline **ret)
{
    guard(error) err = NULL;
    pipeline_problems problems = {0};
    pipeline_source source = {.path = "/nonexistent/fuzz.cfg", .text = content};
    int r = pipeline_load(&source, fixture_catalog(), ret, &problems, &err);
    MUST((r != 0) == pipeline_problems_fatal(&problems));
    pipeline_problems_done(&problems);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    guard_mem char *content = mem_array(size + 1, 1);
    if (size)
        memcpy(content, bytes, size);
    guard(pipeline) p = NULL;
    guard(pipeline) again = NULL;
    if (load(content, &p))
        return 0;
    MUST(load(p->text, &again) == 0);
    guard_mem char *dump = fixture_dump(p), *dump_again = fixture_dump(again);
    MUST(strcmp(dump, dump_again) == 0);
    return 0;
}
