#include "cli/ask.h"

#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/reason.h"

#define LINE_MAX_BYTES 1024

extern char **environ;

typedef enum question { ASK_NOTHING, ASK_ROLE, ASK_APPROVE, ASK_REJECT, ASK_REASON, ASK_KEY, ASK_RECORDING } question;

typedef struct ask {
    store *store;
    const report_sink *view;
    const char *given_key;
    bool gone; /* the terminal is */

    char *run, *gate, *summary; /* what waits; gate NULL: nothing does */
    char *asked;                /* the summary that was asked about last */
    json_t *roles;              /* names; NULL: not looked up yet */
    bool wants_key;

    question at;
    char *role, *reason, *key;
    bool approve;
    pid_t recorder;
} ask;

bool ask_can(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static void put(char **slot, const char *value)
{
    free(*slot);
    *slot = mem_dup_or_null(value);
}

static void hold(const ask *a, bool held)
{
    if (a->view->hold)
        a->view->hold(a->view->user, held);
}

static void forget_gate(ask *a)
{
    char **texts[] = {&a->gate, &a->summary, &a->asked, &a->role, &a->reason, &a->key};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put(texts[i], NULL);
    json_decref(a->roles);
    a->roles = NULL;
}

/* ---- what the gate wants ----------------------------------------------------------------------------------------- */

static bool look_at_step(void *user, const store_step *s)
{
    ask *a = user;
    size_t i;
    const json_t *item;
    if (strcmp(s->step, a->gate) != 0)
        return true;
    json_array_foreach(json_object_get(s->options, "roles"), i, item) {
        const char *written = json_string_value(item);
        if (written)
            json_array_append_new(a->roles, json_stringn(written, strcspn(written, "=")));
    }
    a->wants_key = json_object_get(s->options, "allowed_signers") != NULL;
    return false;
}

static void look_up(ask *a)
{
    guard(error) ignored = NULL; /* then there are no roles, and nothing is asked */
    a->roles = json_array();
    (void)!store_steps(a->store, a->run, look_at_step, a, &ignored);
}

static bool is_role(const ask *a, const char *name)
{
    size_t i;
    const json_t *role;
    json_array_foreach(a->roles, i, role)
        if (strcmp(json_string_value(role), name) == 0)
            return true;
    return false;
}

static char *default_key(void)
{
    static const char *const names[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
    const char *home = getenv("HOME");
    for (size_t i = 0; home && i < sizeof names / sizeof *names; i++) {
        char *path = mem_printf("%s/.ssh/%s", home, names[i]);
        if (access(path, R_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

static void print_question(const ask *a)
{
    size_t i;
    const json_t *role;
    switch (a->at) {
    case ASK_ROLE:
        fputs("Role (", stderr);
        json_array_foreach(a->roles, i, role)
            fprintf(stderr, "%s%s", i ? ", " : "", json_string_value(role));
        fputs("; Enter: not now): ", stderr);
        break;
    case ASK_APPROVE: fprintf(stderr, "Approve as %s? yes/no [no]: ", a->role); break;
    case ASK_REJECT: fprintf(stderr, "Reject as %s, so that the run is taken back? yes/no [no]: ", a->role); break;
    case ASK_REASON: fputs("Reason, in one line (may be empty): ", stderr); break;
    case ASK_KEY:
        fprintf(stderr, "SSH key that signs%s%s%s: ", a->key ? " [" : "", a->key ? a->key : "", a->key ? "]" : "");
        break;
    case ASK_NOTHING:
    case ASK_RECORDING: break;
    }
    (void)fflush(stderr);
}

static void ask_for(ask *a, question next)
{
    a->at = next;
    print_question(a);
}

static void open_question(ask *a)
{
    if (!a->roles)
        look_up(a);
    if (json_array_size(a->roles) == 0)
        return;
    hold(a, true);
    put(&a->asked, a->summary);
    (void)tcflush(STDIN_FILENO, TCIFLUSH); /* what was typed before it stood there is no answer to it */
    guard_mem char *more = mem_printf(" %s --role %s%s", a->gate, json_string_value(json_array_get(a->roles, 0)),
                                      a->wants_key ? " --key ~/.ssh/id_ed25519" : "");
    guard_mem char *command = reason_command(a->store, "approve", a->run, more);
    fprintf(stderr, "\nGate '%s' waits %s.\nDecide here, or from elsewhere: %s\n", a->gate, a->summary, command);
    if (json_array_size(a->roles) == 1)
        put(&a->role, json_string_value(json_array_get(a->roles, 0)));
    ask_for(a, json_array_size(a->roles) == 1 ? ASK_APPROVE : ASK_ROLE);
}

static void close_question(ask *a, const char *why)
{
    fprintf(stderr, "%s\n", why);
    a->at = ASK_NOTHING;
    hold(a, false);
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static void record_answer(ask *a)
{
    const char *argv[] = {"belay",   a->approve ? "approve" : "reject",
                          a->run,    a->gate,
                          "--role",  a->role,
                          "--state", store_folder(a->store),
                          NULL,      NULL,
                          NULL,      NULL,
                          NULL};
    size_t n = 8;
    if (*a->reason) {
        argv[n++] = "--reason";
        argv[n++] = a->reason;
    }
    if (a->key) {
        argv[n++] = "--key";
        argv[n++] = a->key;
    }
    union {
        const char **borrowed;
        char *const *args; /* execve() takes them as if it changed them */
    } vector = {argv};
    int r = posix_spawn(&a->recorder, "/proc/self/exe", NULL, NULL, vector.args, environ);
    a->at = ASK_RECORDING;
    if (r == 0)
        return;
    fprintf(stderr, "belay approve cannot be started: %s\n", strerror(r));
    close_question(a, "Nothing was decided; Enter asks again.");
}

static void finish_recording(ask *a)
{
    int status = 0;
    if (waitpid(a->recorder, &status, WNOHANG) != a->recorder)
        return;
    a->recorder = 0;
    const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    close_question(a, good ? "The gate looks at it soon." : "Nothing was decided; Enter asks again.");
    if (a->gate && !good)
        put(&a->asked, a->summary);
}

static void want_key(ask *a)
{
    put(&a->key, a->given_key);
    if (!a->wants_key || a->key) {
        record_answer(a);
        return;
    }
    a->key = default_key();
    ask_for(a, ASK_KEY);
}

static bool is_yes(const char *line)
{
    return strcasecmp(line, "yes") == 0 || strcasecmp(line, "y") == 0;
}

static bool is_no(const char *line)
{
    return !*line || strcasecmp(line, "no") == 0 || strcasecmp(line, "n") == 0;
}

static void decide(ask *a, const char *line, bool approve)
{
    a->approve = approve;
    if (is_yes(line))
        ask_for(a, ASK_REASON);
    else if (!is_no(line))
        print_question(a);
    else if (approve)
        ask_for(a, ASK_REJECT);
    else
        close_question(a, "Nothing was decided; Enter asks again.");
}

static void take_role(ask *a, const char *line)
{
    if (!*line) {
        close_question(a, "Nothing was decided; Enter asks again.");
        return;
    }
    if (!is_role(a, line)) {
        fprintf(stderr, "There is no role '%s'.\n", line);
        print_question(a);
        return;
    }
    put(&a->role, line);
    ask_for(a, ASK_APPROVE);
}

static void take_line(ask *a, const char *line)
{
    switch (a->at) {
    case ASK_NOTHING:
        if (a->gate)
            open_question(a);
        break;
    case ASK_ROLE: take_role(a, line); break;
    case ASK_APPROVE: decide(a, line, true); break;
    case ASK_REJECT: decide(a, line, false); break;
    case ASK_REASON:
        put(&a->reason, line);
        want_key(a);
        break;
    case ASK_KEY:
        if (*line)
            put(&a->key, line);
        if (a->key)
            record_answer(a);
        else
            print_question(a);
        break;
    case ASK_RECORDING: break;
    }
}

/* ---- the terminal ------------------------------------------------------------------------------------------------ */

/* Whoever reads from the background of a terminal is stopped. */
static bool line_is_there(const ask *a)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return !a->gone && tcgetpgrp(STDIN_FILENO) == getpgrp() && poll(&in, 1, 0) > 0;
}

static void read_line(ask *a)
{
    char line[LINE_MAX_BYTES];
    const ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n < 0 && errno == EINTR)
        return;
    a->gone = n < 0;
    if (n < 0)
        return;
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (n == 0 && a->at != ASK_NOTHING)
        fputc('\n', stderr); /* Ctrl-D is as good as Enter */
    char *begin = line + strspn(line, " \t");
    for (size_t end = strlen(begin); end > 0 && strchr(" \t", begin[end - 1]); end--)
        begin[end - 1] = '\0';
    if (n > 0 || a->at != ASK_NOTHING)
        take_line(a, begin);
}

static void on_tick(void *user)
{
    ask *a = user;
    if (a->recorder)
        finish_recording(a);
    else if (line_is_there(a))
        read_line(a);
    else if (a->gate && a->at == ASK_NOTHING && !a->gone && (!a->asked || strcmp(a->asked, a->summary) != 0))
        open_question(a);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static void end_gate(ask *a)
{
    if (a->at != ASK_NOTHING && a->at != ASK_RECORDING) {
        fputc('\n', stderr);
        close_question(a, "The gate no longer waits.");
    }
    forget_gate(a);
}

static void on_event(void *user, const json_t *event)
{
    ask *a = user;
    const char *type = event_text(event, "type"), *step = event_text(event, "step");
    const bool same = a->gate && strcmp(a->gate, step) == 0;
    if (strcmp(type, "phase.end") == 0 && strcmp(event_text(event, "verdict"), "not yet") == 0 &&
        text_starts(event_text(event, "kind"), "gate.") && (same || !a->gate)) {
        put(&a->run, event_text(event, "run"));
        put(&a->gate, step);
        put(&a->summary, event_text(event, "summary"));
    } else if ((same && strcmp(type, "step.end") == 0) || strcmp(type, "run.end") == 0 ||
               (strcmp(type, "run.state") == 0 && strcmp(event_text(event, "state"), "running") != 0)) {
        end_gate(a);
    }
}

static void on_free(void *user)
{
    ask *a = user;
    if (a->recorder)
        (void)waitpid(a->recorder, NULL, 0);
    forget_gate(a);
    free(a->run);
    free(a);
}

report_sink ask_sink(store *s, const report_sink *view, const char *key)
{
    ask *a = mem_new(ask);
    *a = (ask){.store = s, .view = view, .given_key = key};
    return (report_sink){.user = a, .event = on_event, .tick = on_tick, .free = on_free};
}
