/* The layout of ABI 1, which may never change: docs/ABI.md is the promise, this holds both to it. 64-bit machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <belay/plugin.h>

#include "base/file.h"
#include "base/mem.h"

/* X(struct, member, offset) */
#define MEMBERS(X)                                                                                                     \
    X(belay_option, name, 0)                                                                                           \
    X(belay_option, type, 8)                                                                                           \
    X(belay_option, flags, 12)                                                                                         \
    X(belay_option, def, 16)                                                                                           \
    X(belay_option, choices, 24)                                                                                       \
    X(belay_option, min, 32)                                                                                           \
    X(belay_option, max, 40)                                                                                           \
    X(belay_option, doc, 48)                                                                                           \
    X(belay_option, example, 56)                                                                                       \
    X(belay_output, name, 0)                                                                                           \
    X(belay_output, doc, 8)                                                                                            \
    X(belay_output, type, 16)                                                                                          \
    X(belay_output, flags, 20)                                                                                         \
    X(belay_metric, name, 0)                                                                                           \
    X(belay_metric, unit, 8)                                                                                           \
    X(belay_metric, doc, 16)                                                                                           \
    X(belay_metric, warn, 24)                                                                                          \
    X(belay_metric, fail, 32)                                                                                          \
    X(belay_run, struct_size, 0)                                                                                       \
    X(belay_run, flags, 4)                                                                                             \
    X(belay_run, timeout_ms, 8)                                                                                        \
    X(belay_run, in_fd, 12)                                                                                            \
    X(belay_run, out_fd, 16)                                                                                           \
    X(belay_run, exit_code, 20)                                                                                        \
    X(belay_run, term_signal, 24)                                                                                      \
    X(belay_run, reserved, 28)                                                                                         \
    X(belay_run, argv, 32)                                                                                             \
    X(belay_run, env, 40)                                                                                              \
    X(belay_run, cwd, 48)                                                                                              \
    X(belay_run, stdin_text, 56)                                                                                       \
    X(belay_run, keep_as, 64)                                                                                          \
    X(belay_run, on_line, 72)                                                                                          \
    X(belay_run, user, 80)                                                                                             \
    X(belay_run, out, 88)                                                                                              \
    X(belay_run, err, 96)                                                                                              \
    X(belay_run, out_len, 104)                                                                                         \
    X(belay_run, err_len, 112)                                                                                         \
    X(belay_host, struct_size, 0)                                                                                      \
    X(belay_host, abi_minor, 4)                                                                                        \
    X(belay_host, opt_str, 8)                                                                                          \
    X(belay_host, opt_int, 16)                                                                                         \
    X(belay_host, opt_list, 24)                                                                                        \
    X(belay_host, pending, 32)                                                                                         \
    X(belay_host, fact, 40)                                                                                            \
    X(belay_host, plan, 48)                                                                                            \
    X(belay_host, remember, 56)                                                                                        \
    X(belay_host, recall, 64)                                                                                          \
    X(belay_host, recall_at, 72)                                                                                       \
    X(belay_host, output, 80)                                                                                          \
    X(belay_host, measure, 88)                                                                                         \
    X(belay_host, log, 96)                                                                                             \
    X(belay_host, progress, 104)                                                                                       \
    X(belay_host, keep, 112)                                                                                           \
    X(belay_host, explain, 120)                                                                                        \
    X(belay_host, cancelled, 128)                                                                                      \
    X(belay_host, cancel_fd, 136)                                                                                      \
    X(belay_host, time_left_ms, 144)                                                                                   \
    X(belay_host, nap, 152)                                                                                            \
    X(belay_host, run, 160)                                                                                            \
    X(belay_host, feature, 168)                                                                                        \
    X(belay_step, name, 0)                                                                                             \
    X(belay_step, doc, 8)                                                                                              \
    X(belay_step, flags, 16)                                                                                           \
    X(belay_step, default_timeout_ms, 20)                                                                              \
    X(belay_step, options, 24)                                                                                         \
    X(belay_step, option_count, 32)                                                                                    \
    X(belay_step, option_stride, 36)                                                                                   \
    X(belay_step, outputs, 40)                                                                                         \
    X(belay_step, output_count, 48)                                                                                    \
    X(belay_step, output_stride, 52)                                                                                   \
    X(belay_step, metrics, 56)                                                                                         \
    X(belay_step, metric_count, 64)                                                                                    \
    X(belay_step, metric_stride, 68)                                                                                   \
    X(belay_step, prepare, 72)                                                                                         \
    X(belay_step, execute, 80)                                                                                         \
    X(belay_step, verify, 88)                                                                                          \
    X(belay_step, rollback, 96)                                                                                        \
    X(belay_step, discard, 104)                                                                                        \
    X(belay_plugin, struct_size, 0)                                                                                    \
    X(belay_plugin, built_minor, 4)                                                                                    \
    X(belay_plugin, needs_minor, 8)                                                                                    \
    X(belay_plugin, undo_format, 12)                                                                                   \
    X(belay_plugin, undo_format_oldest, 16)                                                                            \
    X(belay_plugin, step_count, 20)                                                                                    \
    X(belay_plugin, step_stride, 24)                                                                                   \
    X(belay_plugin, steps, 32)                                                                                         \
    X(belay_plugin, name, 40)                                                                                          \
    X(belay_plugin, version, 48)                                                                                       \
    X(belay_plugin, license, 56)                                                                                       \
    X(belay_plugin, contact, 64)                                                                                       \
    X(belay_plugin, doc, 72)
/* X(struct, size): of minor 0. Only growing at the end is allowed. */
#define SIZES(X)                                                                                                       \
    X(belay_option, 64)                                                                                                \
    X(belay_output, 24) X(belay_metric, 40) X(belay_run, 120) X(belay_host, 176) X(belay_step, 112) X(belay_plugin, 80)
/* clang-format off */
/* X(name, value): what plugins have compiled in. */
#define CONSTANTS(X) \
    X(BELAY_OK, 0) X(BELAY_NOTHING, 1) X(BELAY_NOT_YET, 2) X(BELAY_NO_DATA, 3) X(BELAY_E_FAIL, -1) \
    X(BELAY_E_RETRY, -2) X(BELAY_E_CANCELLED, -3) X(BELAY_E_CONFIG, -4) X(BELAY_E_LIMIT, -5) \
    X(BELAY_E_UNSUPPORTED, -6) X(BELAY_E_HOST, -7) X(BELAY_T_STRING, 1) X(BELAY_T_INT, 2) X(BELAY_T_BOOL, 3) \
    X(BELAY_T_DURATION, 4) X(BELAY_T_SIZE, 5) X(BELAY_T_ENUM, 6) X(BELAY_T_PATH, 7) X(BELAY_T_LIST, 8) \
    X(BELAY_F_REQUIRED, 1) X(BELAY_F_SECRET, 2) X(BELAY_F_DEPRECATED, 4) X(BELAY_F_COMMIT, 8) \
    X(BELAY_S_READ_ONLY, 1) X(BELAY_S_IRREVERSIBLE, 2) X(BELAY_S_WAITS, 4)
/* clang-format on */

#define X(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved");
MEMBERS(X)
#undef X
#define X(type, size) _Static_assert(sizeof(type) >= (size), #type " became smaller");
SIZES(X)
#undef X
#define X(name, value) _Static_assert((int64_t)(name) == (value), #name " has another value");
CONSTANTS(X)
#undef X
_Static_assert(sizeof(void *) == 8, "the offsets are those of 64-bit machines");

static char *page(void)
{
    error *err = NULL;
    char *text = NULL;
    const char *source = getenv("BELAY_SOURCE_DIR");
    assert_non_null(source);
    char *path = mem_printf("%s/docs/ABI.md", source);
    assert_int_equal(file_read(path, 1024 * 1024, &text, NULL, &err), 0);
    free(path);
    return text;
}

static void assert_has_row(const char *text, char *row)
{
    if (!strstr(text, row))
        fail_msg("docs/ABI.md lacks the row \"%s\"", row);
    free(row);
}

static void the_page_has_every_member_at_its_place(void **state)
{
    (void)state;
    char *text = page();
#define X(type, member, offset) assert_has_row(text, mem_printf("| `%s` | `%s` | %d |", #type, #member, offset));
    MEMBERS(X)
#undef X
#define X(type, size) assert_has_row(text, mem_printf("| `%s` | %zu |", #type, sizeof(type)));
    SIZES(X)
#undef X
    free(text);
}

static void the_page_has_every_constant(void **state)
{
    (void)state;
    char *text = page();
#define X(name, value) assert_has_row(text, mem_printf("| `%s` | %d |", #name, value));
    CONSTANTS(X)
#undef X
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_every_member_at_its_place),
        cmocka_unit_test(the_page_has_every_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
