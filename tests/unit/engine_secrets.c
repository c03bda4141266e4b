/*
 * When a pipeline has been through its phases and all is freed, the core's memory no longer holds the secret that it
 * used: wherever it went, it was wiped. The test itself knows the secret only veiled, since its own memory is searched.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/engine.h"
#include "kit.h"
#include "report/event.h"
#include "vault_world.h"

/* Whoever frees memory may write over its beginning: a piece of the canary counts as the whole. */
#define CANARY 160
#define PIECE  16
#define VEIL   0x80
#define CHUNK  ((size_t)1 << 20)

static unsigned char veiled[CANARY]; /* the canary, each byte with its highest bit set */
static unsigned char *chunk;         /* what is being searched; itself left out of the search */

/* A secret of random letters, put into a file without passing through any buffer that stays. */
static const char *secret_file(void)
{
    const char *path = kit_path("%s/secret", kit_folder());
    unsigned char plain[CANARY];
    assert_int_equal(getrandom(plain, sizeof plain, 0), sizeof plain);
    for (size_t i = 0; i < CANARY; i++) {
        plain[i] = (unsigned char)('a' + plain[i] % 26);
        veiled[i] = plain[i] | VEIL;
    }
    guard_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, plain, sizeof plain), sizeof plain);
    explicit_bzero(plain, sizeof plain);
    return path;
}

static bool is_piece(const unsigned char *bytes, const unsigned char *piece)
{
    size_t n = 0;
    while (n < PIECE && (bytes[n] ^ VEIL) == piece[n])
        n++;
    return n == PIECE;
}

static size_t count_in_chunk(size_t n)
{
    size_t count = 0;
    for (size_t at = 0; at + PIECE <= n; at++)
        for (size_t from = 0; chunk[at] >= 'a' && chunk[at] <= 'z' && from + PIECE <= CANARY; from++)
            if (is_piece(chunk + at, veiled + from)) {
                count++;
                break;
            }
    return count;
}

/* How many pieces of the canary stand in what this process may write: heap, stack, data. */
static size_t count_in_memory(void)
{
    size_t count = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    guard_fd memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char access[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) != 3 || access[1] != 'w' || access[3] == 's')
            continue;
        for (unsigned long at = from; at < to; at += CHUNK - PIECE) {
            size_t n = to - at < CHUNK ? to - at : CHUNK;
            ssize_t got = pread(memory, chunk, n, (off_t)at);
            count += got > 0 ? count_in_chunk((size_t)got) : 0;
        }
    }
    (void)fclose(maps);
    return count;
}

/* ---- a pipeline whose only step lets the secret slip in every way that it can ---------------------------------------
 */

/* secret: the options of its provider. */
static const char *pipeline_file(const char *secret)
{
    const char *path = kit_path("%s/p.cfg", kit_folder());
    kit_write(path, kit_path("pipeline: { name = \"shop\"; environment = \"staging\"; version = \"v1\"; };\n"
                             "secrets: { it = { %s }; };\n"
                             "stages: ( { name = \"main\"; steps: (\n"
                             "  { id = \"slip\"; use = \"hostile.leaks\"; secret = \"${secret:it}\"; } ); } );\n",
                             secret));
    return path;
}

static const char *plugin_folder(void)
{
    const char *folder = kit_folder();
    (void)kit_output_of("cp", kit_path("%s/tests/plugins/hostile.so", getenv("BELAY_BUILD_DIR")), folder, NULL);
    assert_int_equal(chmod(kit_path("%s/hostile.so", folder), 0700), 0);
    return folder;
}

static void good(int r, const error *err)
{
    guard_mem char *text = error_text(err);
    if (r < 0)
        fail_msg("%s", text);
}

static void on_event(void *user, const json_t *event)
{
    size_t *masked = user;
    guard_mem char *text = json_dumps(event, JSON_COMPACT);
    *masked += strstr(text, REDACT_MASK) != NULL;
}

/* The secret while it is in use, so that the search is known to find it. */
static void is_found(const pipeline *p)
{
    guard(error) err = NULL;
    guard(redactor) secrets = redactor_new();
    json_t *options = NULL, *pending = NULL;
    good(pipeline_options(p, &p->steps[0], NULL, NULL, true, &options, &pending, secrets, &err), err);
    assert_true(count_in_memory() >= CANARY);
    json_decref(options);
    json_decref(pending);
}

static void plan(const char *file)
{
    guard(error) err = NULL;
    guard(catalog) c = NULL;
    guard(pipeline) p = NULL;
    const char *const folders[] = {plugin_folder(), NULL};
    const catalog_places places = {.folders = folders, .state_folder = kit_folder()};
    pipeline_problems problems = {0};
    size_t masked = 0;
    const report_sink sink = {.user = &masked, .event = on_event};
    const engine e = {.sinks = &sink, .sink_count = 1};
    int status = -1;
    good(catalog_open(&places, &c, &err), err);
    good(pipeline_load(&(pipeline_source){.path = file}, c, &p, &problems, &err), err);
    is_found(p);
    good(engine_plan(&e, c, p, &status, &err), err);
    assert_int_equal(status, EXIT_REFUSED); /* the step fails after it has let slip what it could */
    assert_true(masked > 5);
    pipeline_problems_done(&problems);
}

static int set_up(void **state)
{
    (void)state;
    mem_init();
    chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(chunk != MAP_FAILED);
    return 0;
}

static void no_secret_stays_in_memory_once_it_is_no_longer_used(void **state)
{
    (void)state;
    const char *secret = secret_file();
    assert_int_equal(count_in_memory(), 0);
    plan(pipeline_file(kit_path("provider = \"file\"; path = \"%s\";", secret)));
    assert_int_equal(count_in_memory(), 0);
}

static void nor_does_one_that_a_vault_gave(void **state)
{
    (void)state;
    const char *secret = secret_file();
    char *folder = strdup(secret);
    *strrchr(folder, '/') = '\0';
    const char *token = kit_path("%s/token", folder);
    kit_write(token, "hvs.root-of-the-test");
    const char *options = kit_path("provider = \"vault\"; address = \"http://127.0.0.1:%d\"; token_file = \"%s\";"
                                   " mount = \"secret\"; path = \"shop\"; field = \"password\";",
                                   vault_serve(folder, NULL, NULL), token);
    free(folder);
    assert_int_equal(count_in_memory(), 0);
    plan(pipeline_file(options));
    assert_int_equal(count_in_memory(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_stays_in_memory_once_it_is_no_longer_used),
        cmocka_unit_test(nor_does_one_that_a_vault_gave),
    };
    return cmocka_run_group_tests_name("engine, secrets", tests, set_up, NULL);
}
