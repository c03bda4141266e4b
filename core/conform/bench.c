#include "conform/bench.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/tree.h"
#include "conform/interrupt.h"
#include "pipeline/command.h"
#include "pipeline/pipeline.h"

#define PROGRAM_MS  60000
#define PROGRAM_MAX ((size_t)1024 * 1024)

/* As belay-worker is found: beside the program, in its installation, in a build tree's bin. */
int bench_find_tracer(char **ret, error **err)
{
    static const char *const places[] = {".", "../libexec/belay", "../bin"};
    guard_mem char *program = realpath("/proc/self/exe", NULL);
    if (!program)
        return error_set(err, ERROR_IO, "find the running program by /proc/self/exe: %s", strerror(errno));
    *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        guard_mem char *path = mem_printf("%s/%s/belay-tracer", program, places[i]);
        if (access(path, X_OK) == 0) {
            *ret = take(path);
            return 0;
        }
    }
    (void)error_set(err, ERROR_NOT_FOUND, "the program belay-tracer is not beside %s", program);
    return error_hint(err, "it comes with the package belay-dev");
}

static int run_program(const bench *b, char *const *program, char **ret_output, error **err)
{
    const char *const *argv = (const char *const *)program;
    size_t size = 0;
    int r = interrupt_check(err);
    if (r < 0 || (r = command_output(argv, b->world, PROGRAM_MS, PROGRAM_MAX, ret_output, &size, err)) == 0)
        return r;
    return error_wrap(err, "'%s' of case %s", argv[0], b->trial_case.name);
}

int bench_run(const bench *b, char *const *const *programs, error **err)
{
    int r = 0;
    for (; r == 0 && *programs; programs++) {
        guard_mem char *output = NULL;
        r = run_program(b, *programs, &output, err);
    }
    return r;
}

/* ---- the world --------------------------------------------------------------------------------------------------- */

static bool is_ignored(const bench *b, const char *line)
{
    for (char **path = b->trial_case.ignore; *path; path++) {
        size_t n = strlen(*path);
        if (strncmp(line, *path, n) == 0 && (line[n] == '/' || line[n] == ' '))
            return true;
    }
    return false;
}

/* One line of the digest for each line that an observer prints. */
static int observe(const bench *b, text *out, error **err)
{
    int r = 0;
    for (char ***program = b->trial_case.observe; r == 0 && *program; program++) {
        guard_mem char *output = NULL;
        r = run_program(b, *program, &output, err);
        for (const char *line = r == 0 ? output : ""; *line;) {
            size_t n = strcspn(line, "\n");
            text_printf(out, "%s: %.*s\n", (*program)[0], (int)n, line);
            line += n + (line[n] == '\n');
        }
    }
    return r;
}

int bench_digest(const bench *b, text *out, error **err)
{
    guard_text all = {0};
    int r = tree_digest(b->world, &all, err);
    for (const char *line = text_get(&all); r == 0 && *line;) {
        size_t n = strcspn(line, "\n") + 1; /* each line ends with one */
        if (!is_ignored(b, line))
            text_add(out, line, n);
        line += n;
    }
    return r == 0 ? observe(b, out, err) : r;
}

static int make_world(bench *b, error **err)
{
    guard_mem char *given = mem_printf("%s/world", b->trial_case.folder);
    guard_text digest = {0};
    struct stat st;
    int r = 0;
    if (stat(given, &st) == 0)
        r = tree_copy(given, b->world, err);
    else if (mkdir(b->world, 0777) < 0)
        r = error_set(err, ERROR_IO, "make the folder '%s': %s", b->world, strerror(errno));
    if (r == 0)
        r = bench_run(b, (char *const *const *)b->trial_case.setup, err);
    if (r == 0)
        r = tree_copy(b->world, b->pristine, err);
    if (r == 0 && b->trial_case.server)
        r = server_start(&b->server, b->trial_case.server, b->scratch, b->port, err);
    if (r == 0)
        r = bench_run(b, (char *const *const *)b->trial_case.reset, err);
    if (r == 0)
        r = bench_digest(b, &digest, err);
    b->start = text_take(&digest);
    return r;
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

static const catalog_kind *find_kind(const catalog *c, const char *name)
{
    guard_mem char *whole =
        strchr(name, '.') ? mem_dup(name) : mem_printf("%s.%s", catalog_plugin_at(c, 0)->name, name);
    return catalog_kind_find(c, whole);
}

/* The first thing that is wrong, as one line: the case, not a pipeline file, is what its author wrote. */
static int sum_up(const bench *b, const pipeline_problems *problems, error **err)
{
    for (size_t i = 0; i < problems->count; i++)
        if (!problems->items[i].warning)
            return error_set(err, ERROR_CONFIG, "%s/case.cfg: %s", b->trial_case.folder, problems->items[i].what);
    return error_wrap(err, "%s/case.cfg", b->trial_case.folder);
}

/* The options are read like those of a pipeline. */
static int make_options(bench *b, error **err)
{
    guard(pipeline) p = NULL;
    json_t *pending = NULL;
    pipeline_problems problems = {0};
    const char *const *sets = (const char *const *)b->trial_case.sets;
    int r = pipeline_of_step(b->catalog, b->kind->name, sets, b->world, &p, &problems, err);
    if (r < 0)
        r = sum_up(b, &problems, err);
    pipeline_problems_done(&problems);
    if (r == 0)
        r = pipeline_options(p, &p->steps[0], NULL, NULL, false, &b->options, &pending, b->secrets, err);
    json_decref(pending);
    for (char **value = b->trial_case.secrets; r == 0 && *value; value++)
        redactor_add(b->secrets, *value);
    return r;
}

static int open_case(bench *b, const char *state_folder, const char *case_folder, error **err)
{
    int r = server_free_port(&b->port, err);
    if (r == 0)
        r = case_read(case_folder, b->world, b->port, &b->trial_case, err);
    if (r < 0)
        return r;
    b->kind = find_kind(b->catalog, b->trial_case.kind);
    if (!b->kind)
        return error_set(err, ERROR_CONFIG, "%s/case.cfg: the plugin has no kind '%s'", b->trial_case.folder,
                         b->trial_case.kind);
    r = catalog_pinned(state_folder, b->kind->plugin->sha256, &b->pinned, err);
    if (r == 0)
        r = bench_find_tracer(&b->tracer, err);
    if (r == 0)
        r = make_options(b, err);
    return r == 0 ? make_world(b, err) : r;
}

int bench_open(const catalog *c, const char *state_folder, const char *scratch, const char *case_folder, bench *ret,
               error **err)
{
    bench b = {.catalog = c, .secrets = redactor_new(), .nothing = redactor_new()};
    b.scratch = mem_dup(scratch);
    b.world = mem_printf("%s/world", scratch);
    b.pristine = mem_printf("%s/pristine", scratch);
    int r = file_make_folder(scratch, err);
    if (r == 0)
        r = open_case(&b, state_folder, case_folder, err);
    if (r < 0)
        bench_close(&b);
    else
        *ret = b;
    return r;
}

void bench_close(bench *b)
{
    server_stop(&b->server);
    case_done(&b->trial_case);
    char *const texts[] = {b->tracer, b->pinned, b->scratch, b->world, b->pristine, b->start};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    json_decref(b->options);
    redactor_free(b->secrets);
    redactor_free(b->nothing);
    *b = (bench){0};
}
