#include "pipeline_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *folder;
static struct {
    char **items;
    size_t count, room;
} paths;

const char *fixture_folder(void)
{
    if (!folder) {
        char template[] = "/tmp/belay-pipeline-XXXXXX";
        assert_non_null(mkdtemp(template));
        folder = mem_dup(template);
    }
    return folder;
}

static const char *path_of(const char *name)
{
    mem_reserve(&paths);
    return paths.items[paths.count++] = mem_printf("%s/%s", fixture_folder(), name);
}

const char *fixture_file(const char *name, const char *content, unsigned mode)
{
    const char *path = path_of(name);
    guard_mem char *parent = mem_dup_n(path, (size_t)(strrchr(path, '/') - path));
    guard(error) err = NULL;
    assert_int_equal(file_make_folder(parent, &err), 0);
    (void)remove(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(content, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

int fixture_remove(void **state)
{
    (void)state;
    guard(error) err = NULL;
    int r = folder ? file_remove_tree(folder, &err) : 0;
    for (size_t i = 0; i < paths.count; i++)
        free(paths.items[i]);
    free(paths.items);
    free(folder);
    folder = NULL;
    memset(&paths, 0, sizeof paths);
    return r;
}

static const char *without_folder(const char *file)
{
    size_t n = folder ? strlen(folder) : 0;
    return n && strncmp(file, folder, n) == 0 && file[n] == '/' ? file + n + 1 : file;
}

char *fixture_show(pipeline_problems *problems)
{
    text out = {0};
    for (size_t i = 0; i < problems->count; i++) {
        const pipeline_problem *p = &problems->items[i];
        text_printf(&out, "%s%s:%u: %s%s", i ? "\n" : "", without_folder(p->where.file), p->where.line,
                    p->warning ? "warning: " : "", p->what);
        if (p->hint)
            text_printf(&out, " [%s]", p->hint);
    }
    pipeline_problems_done(problems);
    return text_take(&out);
}

char *fixture_problems(const char *path, const char *content, const char *const *sets)
{
    guard(pipeline) p = NULL;
    guard(error) err = NULL;
    pipeline_problems problems = {0};
    const char *default_path = "t.cfg"; /* no folder of ours in messages */
    pipeline_source source = {.path = path ? path : default_path, .text = content, .sets = sets};
    int r = pipeline_load(&source, fixture_catalog(), &p, &problems, &err);
    assert_int_equal(r != 0, pipeline_problems_fatal(&problems));
    assert_int_equal(r != 0, err != NULL);
    assert_int_equal(r != 0, p == NULL);
    return fixture_show(&problems);
}

pipeline *fixture_load(const char *content)
{
    pipeline *p = NULL;
    guard(error) err = NULL;
    pipeline_problems problems = {0};
    guard_mem char *path = mem_printf("%s/t.cfg", fixture_folder());
    pipeline_source source = {.path = path, .text = content};
    int r = pipeline_load(&source, fixture_catalog(), &p, &problems, &err);
    guard_mem char *shown = fixture_show(&problems);
    if (r)
        fail_msg("%s", shown);
    return p;
}

char *fixture_options(const pipeline *p, const char *id)
{
    const pipeline_step *s = pipeline_step_find(p, id);
    assert_non_null(s);
    return json_dumps(s->options, JSON_COMPACT | JSON_SORT_KEYS);
}

static void dump_step(text *out, const pipeline *p, const pipeline_step *s)
{
    text_printf(out,
                " step %zu %s %s %s:%u title=%s skipped=%d t=%lld u=%lld retry=%d/%lld/%g ready=%lld/%lld/%d on=%d%d%d",
                s->index, s->id, s->kind->name, s->where.file, s->where.line, s->title ? s->title : "-", s->skipped,
                (long long)s->timeout_ms, (long long)s->undo_timeout_ms, s->retry_attempts,
                (long long)s->retry_delay_ms, s->retry_backoff, (long long)s->ready_ms, (long long)s->interval_ms,
                s->hits, (int)s->on_failure, (int)s->on_error, (int)s->on_inconclusive);
    for (char **c = s->covers; *c; c++)
        text_printf(out, " covers=%s", *c);
    for (size_t i = 0; i < s->need_count; i++)
        text_printf(out, " needs=%zu", s->needs[i]);
    for (size_t i = 0; i < s->threshold_count; i++)
        text_printf(out, " %s=%s%s", s->thresholds[i].fail ? "fail" : "warn", s->thresholds[i].metric,
                    s->thresholds[i].text);
    guard_mem char *options = fixture_options(p, s->id);
    text_printf(out, " %s\n", options);
}

char *fixture_dump(const pipeline *p)
{
    text out = {0};
    guard_mem char *vars = json_dumps(p->vars, JSON_COMPACT | JSON_SORT_KEYS);
    text_printf(&out, "%s %s %s %s %s %s %s main=%zu\n", p->name, p->environment, p->version, p->previous, p->path,
                p->folder, vars, p->main_count);
    for (size_t i = 0; i < p->stage_count; i++) {
        const pipeline_stage *g = &p->stages[i];
        text_printf(&out, "stage %s %s:%u parallel=%u rollback=%d\n", g->name, g->where.file, g->where.line,
                    g->parallel, g->rollback);
        for (size_t k = g->first; k < g->first + g->count; k++)
            dump_step(&out, p, &p->steps[k]);
    }
    return text_take(&out);
}

/* libconfig 1.5 loses the text it was reading when a syntax error follows it: some bytes, once, before the program
 * ends. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:strbuf_append\nleak:libconfig_yylex\n";
}
