/* A plugin of another age: each struct of its tables is longer than this host knows (newer), or ends before its last
 * members (older). BELAY_TEST_NEEDS asks for a host that there is not yet. */
#include <belay/plugin.h>

static belay_status ok(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return BELAY_NOTHING;
}

#ifdef BELAY_TEST_OLDER
/* As if `example` were not invented yet. */
typedef struct old_option {
    const char *name;
    uint32_t type, flags;
    const char *def;
    const char *const *choices;
    int64_t min, max;
    const char *doc;
} option_row;
#define ROW(n)                                                                                                         \
    {                                                                                                                  \
        .name = (n), .type = BELAY_T_STRING, .doc = "Old."                                                             \
    }
#else
typedef struct new_option {
    belay_option known;
    uint64_t unknown[3];
} option_row;
#define ROW(n)                                                                                                         \
    {                                                                                                                  \
        .known = {.name = (n), .type = BELAY_T_STRING, .doc = "New."}, .unknown = { ~0ull, ~0ull, ~0ull }              \
    }
#endif

static const option_row options[] = {ROW("first"), ROW("second")};

typedef struct new_step {
    belay_step known;
    void *unknown;
} new_step;

static const new_step steps[] = {
    {.known = {.name = "one",
               .doc = "First.",
               .flags = BELAY_S_READ_ONLY,
               .options = (const belay_option *)(const void *)options,
               .option_count = 2,
               .option_stride = sizeof options[0],
               .verify = ok}},
    {.known = {.name = "two", .doc = "Second.", .flags = BELAY_S_READ_ONLY, .verify = ok}},
};

#ifndef BELAY_TEST_NEEDS
#define BELAY_TEST_NEEDS 0
#endif
static const struct {
    belay_plugin known;
    uint64_t unknown;
} plugin = {.known = {.struct_size = sizeof plugin,
                      .built_minor = BELAY_ABI_MINOR + 1,
                      .needs_minor = BELAY_TEST_NEEDS,
                      .steps = (const belay_step *)(const void *)steps,
                      .step_count = 2,
                      .step_stride = sizeof steps[0],
                      .name = "other_age",
                      .version = "9",
                      .doc = "Of another age."},
            .unknown = ~0ull};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin.known;
}
