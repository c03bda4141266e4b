#include "world_bed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS 20000
#define WORDS    24

static void short_nap(void)
{
    const struct timespec ms5 = {.tv_nsec = 5000000};
    (void)nanosleep(&ms5, NULL);
}

/* Describing all plugins of the build tree takes longer than a run: that is done once, then linked. */
static void share_descriptions(bed *b)
{
    static const char *first;
    if (!first) {
        first = b->state;
        assert_int_equal(bed_belay(b, "plugins", NULL), 0);
        return;
    }
    assert_int_equal(kit_status_of("mkdir", "-m", "700", b->state, NULL), 0);
    assert_int_equal(kit_status_of("cp", "-rl", kit_path("%s/plugins", first), b->state, NULL), 0);
}

bed bed_new(void)
{
    bed b = {.world = kit_folder()};
    const char *beside = kit_folder();
    b.state = kit_path("%s/state", beside);
    b.file = kit_path("%s/pipeline.cfg", beside);
    b.output = kit_path("%s/output", beside);
    share_descriptions(&b);
    kit_write(kit_path("%s/a", b.world), "old");
    return b;
}

bool bed_torture(void)
{
    const char *wanted = getenv("BELAY_TORTURE");
    return wanted && strcmp(wanted, "1") == 0;
}

static void write_pipeline(const bed *b, const char *previous, const char *stages)
{
    kit_write(b->file,
              kit_path("pipeline: { name = \"world\"; environment = \"test\"; version = \"v2\"; previous = \"%s\"; };\n"
                       "%s\n",
                       previous, stages));
}

void bed_pipeline(const bed *b, const char *stages)
{
    write_pipeline(b, "v1", stages);
}

void bed_first_pipeline(const bed *b, const char *stages)
{
    write_pipeline(b, "", stages);
}

static const char *step(const bed *b, char id, const char *kind, const char *file, const char *more)
{
    return kit_path("{ id = \"%c\"; use = \"world.%s\"; folder = \"%s\"; %s %s }", id, kind, b->world, file, more);
}

const char *bed_write(const bed *b, char id, const char *more)
{
    return step(b, id, "write", kit_path("file = \"%c\"; content = \"new\";", id), more);
}

const char *bed_check(const bed *b, char id, const char *more)
{
    return step(b, id, "check", "file = \"a\"; content = \"old\";", more);
}

const char *bed_look(const bed *b, char id, const char *more)
{
    return step(b, id, "look", "", more);
}

const char *bed_shout(const bed *b, char id, const char *more)
{
    return step(b, id, "shout", "", more);
}

const char *bed_two_writes(const bed *b, const char *of_a, const char *of_b)
{
    return kit_path("stages: ( { name = \"one\"; steps: ( %s, %s ); } ); rollback: ( %s );", bed_write(b, 'a', of_a),
                    bed_write(b, 'b', of_b), bed_check(b, 'c', ""));
}

int64_t bed_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- belay
 * ---------------------------------------------------------------------------------------------------- */

static _Noreturn void become_belay(const bed *b, const char *const *words)
{
    const char *build = getenv("BELAY_BUILD_DIR");
    const char *plugins = kit_path("%s/tests/world", build), *program = kit_path("%s/bin/belay", build);
    const char *argv[WORDS + 8] = {program};
    size_t n = 1;
    for (size_t i = 0; words[i]; i++)
        argv[n++] = words[i];
    const char *const always[] = {"--state", b->state, "--plugin-dir", plugins};
    for (size_t i = 0; i < 4; i++)
        argv[n++] = always[i];
    int out = open(b->output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (b->in_child)
        b->in_child(b->user);
    execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void start(bed *b, const char *first, va_list ap)
{
    const char *words[WORDS] = {first};
    size_t n = 1;
    while (n + 1 < WORDS && (words[n] = va_arg(ap, const char *)))
        n++;
    words[n] = NULL;
    if (strcmp(first, "show") == 0)
        words[n++] = "--format=json";
    else if (strcmp(first, "discard") != 0 && strcmp(first, "try") != 0)
        words[n++] = "--json";
    words[n] = NULL;
    b->running = fork();
    if (b->running == 0)
        become_belay(b, words);
}

void bed_start(bed *b, ...)
{
    va_list ap;
    va_start(ap, b);
    const char *first = va_arg(ap, const char *);
    start(b, first, ap);
    va_end(ap);
}

int bed_end(bed *b)
{
    int status = 0;
    for (int waited = 0; waitpid(b->running, &status, WNOHANG) == 0; waited += 5) {
        short_nap();
        if (waited > LIMIT_MS) {
            (void)kill(b->running, SIGKILL);
            (void)waitpid(b->running, &status, 0);
            b->running = 0;
            fail_msg("belay did not end\n%s", bed_events(b));
        }
    }
    b->running = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int bed_belay(bed *b, ...)
{
    va_list ap;
    va_start(ap, b);
    const char *first = va_arg(ap, const char *);
    start(b, first, ap);
    va_end(ap);
    return bed_end(b);
}

int bed_run(bed *b)
{
    return bed_belay(b, "run", b->file, NULL);
}

void bed_signal(const bed *b, int number)
{
    assert_int_equal(kill(b->running, number), 0);
}

pid_t bed_child(pid_t of)
{
    char *children = kit_read(kit_path("/proc/%d/task/%d/children", (int)of, (int)of));
    const pid_t first = (pid_t)atoi(children);
    free(children);
    assert_true(first > 0);
    return first;
}

static void give_up(const bed *b, const char *wanted)
{
    (void)kill(b->running, SIGKILL);
    (void)waitpid(b->running, NULL, 0);
    fail_msg("waited for '%s'; trace: %s\n%s", wanted, bed_trace(b), bed_events(b));
}

void bed_wait(const bed *b, const char *marks)
{
    const size_t n = strlen(marks);
    for (int waited = 0;; waited += 5) {
        const char *trace = bed_trace(b);
        if (strlen(trace) >= n && strcmp(trace + strlen(trace) - n, marks) == 0)
            return;
        if (waited > LIMIT_MS)
            give_up(b, marks);
        short_nap();
    }
}

void bed_wait_output(const bed *b, const char *text)
{
    for (int waited = 0; !strstr(bed_events(b), text); waited += 5) {
        if (waited > LIMIT_MS)
            give_up(b, text);
        short_nap();
    }
}

/* ---- what there is
 * -------------------------------------------------------------------------------------------- */

static const char *read_file(const char *path)
{
    if (access(path, F_OK) != 0)
        return NULL;
    char *owned = kit_read(path);
    const char *text = kit_path("%s", owned);
    free(owned);
    return text;
}

const char *bed_file(const bed *b, const char *name)
{
    return read_file(kit_path("%s/%s", b->world, name));
}

const char *bed_events(const bed *b)
{
    const char *text = read_file(b->output);
    return text ? text : "";
}

/* Steps are prepared side by side: in which order they come is nobody's promise. */
static void sort_prepared(char *marks)
{
    for (char *p = marks; *p;) {
        char *end = p;
        while (end[0] == 'p' && end[2] == ' ' && end[3] == 'p')
            end += 3;
        for (char *a = p; a < end; a += 3)
            for (char *b = a + 3; b <= end; b += 3)
                if (b[1] < a[1]) {
                    const char later = a[1];
                    a[1] = b[1];
                    b[1] = later;
                }
        p = end[2] ? end + 3 : end + 2;
    }
}

const char *bed_trace(const bed *b)
{
    const char *text = bed_file(b, "trace");
    char marks[4096] = "";
    size_t n = 0;
    for (const char *line = text ? text : ""; *line && n + 4 < sizeof marks; line += strcspn(line, "\n") + 1) {
        if (n > 0)
            marks[n++] = ' ';
        marks[n++] = line[0];
        marks[n++] = line[strcspn(line, " ") + 1];
    }
    marks[n] = '\0';
    sort_prepared(marks);
    return kit_path("%s", marks);
}

void bed_forget(const bed *b)
{
    (void)unlink(kit_path("%s/trace", b->world));
}

void bed_assert_untouched(const bed *b)
{
    DIR *folder = opendir(b->world);
    assert_non_null(folder);
    const struct dirent *entry;
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "a") != 0 && strcmp(entry->d_name, "trace") != 0)
            fail_msg("there is a file '%s' left", entry->d_name);
    closedir(folder);
    const char *a = bed_file(b, "a");
    assert_non_null(a);
    assert_string_equal(a, "old");
}

void assert_contains(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text ? text : "(nothing)");
}
