/* A plugin that does all that a plugin must not: one step for each misdeed. Built for the tests of the worker. */
#include <belay/plugin.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void wait_for_ever(void)
{
    for (;;)
        pause();
}

/* ---- ways to end ------------------------------------------------------------------------------------------------- */

static belay_status segfault(belay_ctx *c, const belay_host *h)
{
    h->log(c, 1, "about to crash");
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would turn the crash into an exit */
    volatile int *forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return *forbidden;
}

static belay_status aborts(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    abort();
}

static belay_status exits(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    exit(0);
}

static belay_status hang(belay_ctx *c, const belay_host *h)
{
    h->explain(c, "waiting for godot", NULL, NULL);
    wait_for_ever();
}

static belay_status stops_itself(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    raise(SIGSTOP);
    return BELAY_OK;
}

static belay_status ignores_cancel(belay_ctx *c, const belay_host *h)
{
    (void)c;
    signal(SIGTERM, SIG_IGN);
    while (!h->cancelled(c))
        usleep(1000);
    h->log(c, 1, "so what");
    wait_for_ever();
}

static belay_status heeds_cancel(belay_ctx *c, const belay_host *h)
{
    h->log(c, 1, "napping");
    return h->nap(c, 60 * 1000);
}

static belay_status finishes_late(belay_ctx *c, const belay_host *h)
{
    return h->nap(c, 60 * 1000) == BELAY_E_CANCELLED ? BELAY_OK : BELAY_E_FAIL;
}

static belay_status unknown_status(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    return 42;
}

static belay_status not_yet(belay_ctx *c, const belay_host *h)
{
    h->explain(c, "still warming up", NULL, NULL);
    return BELAY_NOT_YET;
}

/* ---- what it leaves behind --------------------------------------------------------------------------------------- */

static void note_pid(const char *path)
{
    FILE *f = fopen(path, "a");
    if (f) {
        fprintf(f, "%d\n", (int)getpid());
        fclose(f);
    }
}

/* A daemon as the books have it: forked twice, in a session of its own, deaf to SIGTERM and SIGHUP. */
static void leave_daemon(const char *path)
{
    if (fork() > 0)
        return;
    setsid();
    if (fork() > 0)
        _exit(0);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    note_pid(path);
    wait_for_ever();
}

static void wait_for_file(const char *path)
{
    struct stat st;
    while (stat(path, &st) < 0 || st.st_size == 0)
        usleep(1000);
}

static belay_status stray(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "pids");
    leave_daemon(path);
    wait_for_file(path);
    return BELAY_OK;
}

static belay_status stray_and_hang(belay_ctx *c, const belay_host *h)
{
    const char *path = h->opt_str(c, "pids");
    for (int i = 0; i < 3; i++)
        leave_daemon(path);
    note_pid(path);
    return hang(c, h);
}

static belay_status short_stray(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    if (fork() == 0) {
        usleep(50 * 1000);
        _exit(0);
    }
    return BELAY_OK;
}

static belay_status litter(belay_ctx *c, const belay_host *h)
{
    mkdir("deep", 0700);
    mkdir("deep/er", 0700);
    FILE *f = fopen("deep/er/file", "w");
    if (!f || symlink("/etc", "deep/link") < 0)
        return BELAY_E_FAIL;
    fclose(f);
    chmod("deep/er", 0);
    h->log(c, 1, h->fact(c, "work.dir"));
    return BELAY_OK;
}

/* ---- what it writes ---------------------------------------------------------------------------------------------- */

static belay_status flood_log(belay_ctx *c, const belay_host *h)
{
    for (int i = 0; i < 100000; i++)
        h->log(c, 1, "water, water, every where");
    return BELAY_OK;
}

static belay_status flood_without_end(belay_ctx *c, const belay_host *h)
{
    while (!h->cancelled(c))
        h->log(c, 1, "water, still");
    wait_for_ever();
}

static belay_status flood_stdout(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    char line[1000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (;;)
        if (write(STDOUT_FILENO, line, sizeof line) < 0)
            return BELAY_E_FAIL;
}

static belay_status one_long_line(belay_ctx *c, const belay_host *h)
{
    size_t n = 1024 * 1024;
    char *line = malloc(n + 1);
    if (!line)
        return BELAY_E_FAIL;
    memset(line, '\xff', n);
    line[n] = '\0';
    h->log(c, 1, line);
    ssize_t written = write(STDOUT_FILENO, line, n);
    free(line);
    return written == (ssize_t)n ? BELAY_OK : BELAY_E_FAIL;
}

static belay_status prints(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    puts("to stdout, buffered");
    fputs("to stderr\n", stderr);
    return BELAY_OK;
}

/* ---- what it sends ----------------------------------------------------------------------------------------------- */

static _Noreturn void raw(const char *bytes, size_t n)
{
    ssize_t sent = send(3, bytes, n, MSG_NOSIGNAL);
    (void)sent;
    wait_for_ever();
}

static belay_status bad_length(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    raw("\xff\xff\xff\xff", 4);
}

static belay_status bad_json(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    raw("\0\0\0\4{no}", 8);
}

static belay_status unknown_message(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    raw("\0\0\0\x10{\"type\":\"dance\"}", 20);
}

static belay_status second_result(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    static const char result[] = "\0\0\0\x1c{\"type\":\"result\",\"status\":0}";
    char twice[2 * (sizeof result - 1)];
    memcpy(twice, result, sizeof result - 1);
    memcpy(twice + sizeof result - 1, result, sizeof result - 1);
    raw(twice, sizeof twice);
}

/* Whom it names, somebody would let a debugger loose on. */
static belay_status wants_debugger(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    raw("\0\0\0\x27"
        "{\"type\":\"attach\",\"pid\":1,\"entry\":\"0x0\"}",
        43);
}

static belay_status hangs_up(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    close(3);
    close(4);
    wait_for_ever();
}

/* The core's answer meets a closed socket. */
static belay_status asks_and_hangs_up(belay_ctx *c, const belay_host *h)
{
    (void)c;
    (void)h;
    static const char message[] = "\0\0\0\x30{\"type\":\"remember\",\"id\":1,\"key\":\"k\",\"value\":\"v\"}";
    for (int i = 0; i < 1000; i++)
        if (send(3, message, sizeof message - 1, MSG_NOSIGNAL) < 0)
            break;
    close(3);
    wait_for_ever();
}

/* ---- what it remembers ------------------------------------------------------------------------------------------- */

static belay_status remembers_too_much(belay_ctx *c, const belay_host *h)
{
    size_t n = 64 * 1024 + 1;
    char *value = malloc(n + 1);
    if (!value)
        return BELAY_E_FAIL;
    memset(value, 'v', n);
    value[n] = '\0';
    belay_status over = h->remember(c, "over", value, NULL);
    value[n - 1] = '\0';
    belay_status fits = h->remember(c, "fits", value, NULL);
    free(value);
    return over == BELAY_E_LIMIT && fits == BELAY_OK ? BELAY_E_LIMIT : BELAY_E_FAIL;
}

static belay_status remembers_too_often(belay_ctx *c, const belay_host *h)
{
    char key[16];
    int kept = 0;
    belay_status status = BELAY_OK;
    for (; status == BELAY_OK && kept < 1000; kept++) {
        snprintf(key, sizeof key, "key%d", kept);
        status = h->remember(c, key, "x", NULL);
    }
    return status == BELAY_E_LIMIT && kept == 257 ? status : BELAY_E_FAIL;
}

static belay_status remembers_secret(belay_ctx *c, const belay_host *h)
{
    return h->remember(c, "password", h->opt_str(c, "secret"), NULL);
}

static belay_status outputs_secret(belay_ctx *c, const belay_host *h)
{
    return h->output(c, "file", h->opt_str(c, "secret"));
}

static belay_status runs_with_secret(belay_ctx *c, const belay_host *h)
{
    const char *argv[] = {"/bin/true", h->opt_str(c, "secret"), NULL};
    belay_run run = {.struct_size = sizeof run, .argv = argv};
    return h->run(c, &run);
}

/* ---- where it lets the secret out ---------------------------------------------------------------------------------
 */

/* The alphabet of RFC 4648, section 4. */
static void to_base64(const char *s, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t n = strlen(s); n; n -= n < 3 ? n : 3, s += 3) {
        unsigned a = (unsigned char)s[0], b = n > 1 ? (unsigned char)s[1] : 0, d = n > 2 ? (unsigned char)s[2] : 0;
        unsigned group = a << 16 | b << 8 | d;
        *out++ = letters[group >> 18];
        *out++ = letters[group >> 12 & 63];
        *out++ = n > 1 ? letters[group >> 6 & 63] : '=';
        *out++ = n > 2 ? letters[group & 63] : '=';
    }
    *out = '\0';
}

static void to_url(const char *s, char *out)
{
    for (; *s; s++)
        out += sprintf(out, "%%%02X", (unsigned char)*s);
}

static void leak_text(belay_ctx *c, const belay_host *h, const char *text)
{
    char line[1024], halves[1024];
    size_t half = strlen(text) / 2;
    snprintf(line, sizeof line, "see: %s, quite", text);
    snprintf(halves, sizeof halves, "%.*s\n%s", (int)half, text, text + half);
    h->log(c, 1, line);
    h->log(c, 2, halves);
    h->progress(c, 1, 2, line);
    h->plan(c, line, line);
    h->explain(c, line, line, line);
    h->keep(c, "leak.txt", text, half);
    h->keep(c, "leak.txt", text + half, strlen(text) - half);
    h->keep(c, "leak.txt", halves, strlen(halves));
    dprintf(STDOUT_FILENO, "%.*s", (int)half, text);
    usleep(20 * 1000);
    dprintf(STDOUT_FILENO, "%s", text + half);
    dprintf(STDERR_FILENO, "\nsee: %s\n%s\n", text, halves);
}

static belay_status leaks(belay_ctx *c, const belay_host *h)
{
    const char *secret = h->opt_str(c, "secret");
    char padded[256], coded[512];
    leak_text(c, h, secret);
    to_url(secret, coded);
    leak_text(c, h, coded);
    for (int before = 0; before < 3; before++) {
        snprintf(padded, sizeof padded, "%.*s%s", before, "ab", secret);
        to_base64(padded, coded);
        leak_text(c, h, coded);
    }
    const char *argv[] = {"/bin/cat", NULL};
    belay_run run = {.struct_size = sizeof run, .argv = argv, .stdin_text = secret, .keep_as = "leak.txt"};
    h->run(c, &run);
    return strcmp(run.out, secret) == 0 ? BELAY_E_FAIL : BELAY_E_CONFIG; /* E_FAIL: shows what was explained */
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static belay_status keeps_badly_named(belay_ctx *c, const belay_host *h)
{
    char longest[102] = "";
    memset(longest, 'n', 100);
    if (h->keep(c, longest, "x", 1) != BELAY_OK)
        return BELAY_E_FAIL;
    longest[100] = 'n';
    if (h->keep(c, longest, "x", 1) != BELAY_E_CONFIG)
        return BELAY_E_FAIL;
    return h->keep(c, ".env", "x", 1);
}

static belay_status explains_and_keeps(belay_ctx *c, const belay_host *h)
{
    h->explain(c, "what matters", NULL, NULL);
    (void)h->keep(c, ".env", "x", 1);
    return BELAY_E_FAIL;
}

static belay_status keeps_too_many(belay_ctx *c, const belay_host *h)
{
    belay_status status = BELAY_OK;
    for (int i = 1; i <= 65 && status == BELAY_OK; i++) {
        char name[16];
        snprintf(name, sizeof name, "file-%d", i);
        status = h->keep(c, name, "x", 1);
    }
    return status;
}

static belay_status runs_without_size(belay_ctx *c, const belay_host *h)
{
    const char *argv[] = {"/bin/true", NULL};
    belay_run run = {.argv = argv};
    return h->run(c, &run);
}

static belay_status runs_with_flags(belay_ctx *c, const belay_host *h)
{
    const char *argv[] = {"/bin/true", NULL};
    belay_run run = {.struct_size = sizeof run, .flags = 4, .argv = argv};
    return h->run(c, &run);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static const belay_option options[] = {
    {.name = "pids", .type = BELAY_T_PATH, .doc = "Where to write process ids."},
    {.name = "secret", .type = BELAY_T_STRING, .flags = BELAY_F_SECRET, .doc = "What must not get out."},
};
static const belay_output outputs[] = {{.name = "file", .doc = "Anything.", .type = BELAY_T_STRING}};

#define STEP(phase, fn)                                                                                                \
    {                                                                                                                  \
        .name = #fn, .doc = "Does what its name says.", .flags = BELAY_S_IRREVERSIBLE, BELAY_TABLE(option, options),   \
        BELAY_TABLE(output, outputs), .phase = (fn)                                                                    \
    }

static const belay_step steps[] = {
    STEP(execute, segfault),
    STEP(execute, aborts),
    STEP(execute, exits),
    STEP(execute, hang),
    STEP(execute, stops_itself),
    STEP(execute, ignores_cancel),
    STEP(execute, heeds_cancel),
    STEP(execute, finishes_late),
    STEP(execute, unknown_status),
    STEP(execute, not_yet),
    STEP(execute, stray),
    STEP(execute, stray_and_hang),
    STEP(execute, short_stray),
    STEP(execute, litter),
    STEP(execute, flood_log),
    STEP(execute, flood_without_end),
    STEP(execute, flood_stdout),
    STEP(execute, one_long_line),
    STEP(execute, prints),
    STEP(execute, bad_length),
    STEP(execute, bad_json),
    STEP(execute, unknown_message),
    STEP(execute, second_result),
    STEP(execute, wants_debugger),
    STEP(execute, hangs_up),
    STEP(execute, asks_and_hangs_up),
    STEP(execute, remembers_too_much),
    STEP(execute, remembers_too_often),
    STEP(execute, remembers_secret),
    STEP(execute, outputs_secret),
    STEP(execute, runs_with_secret),
    STEP(execute, keeps_badly_named),
    STEP(execute, explains_and_keeps),
    STEP(execute, keeps_too_many),
    STEP(execute, runs_without_size),
    STEP(execute, runs_with_flags),
    {.name = "leaks",
     .doc = "Does what its name says.",
     .flags = BELAY_S_READ_ONLY,
     BELAY_TABLE(option, options),
     .prepare = leaks},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "hostile", .version = "1", .doc = "Misbehaves.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
