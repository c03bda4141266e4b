/*
 * belay-tracer REPORT STOP BELAY-WORKER: starts belay-worker, follows the plugin's process and all that it starts from
 * system call to system call, and writes what they do into the file REPORT. When STOP is not 0, the process and its
 * children are killed as they enter the STOP-th call that they make after the plugin was loaded.
 *
 * The report: lines of fields that are split by tabs. docs/PROTOCOL.md, "Watching", describes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "conform/tracee.h"
#include "worker/inside.h"

#define REPORT_FD_MIN 64

typedef struct tracee {
    pid_t pid;
    bool supervisor, plugin;
    bool started; /* its first stop was seen */
} tracee;

typedef struct tracer {
    FILE *report;
    long stop, calls; /* calls: made since the plugin was loaded */
    bool loaded, returned;
    pid_t plugin;
    char *work_folder; /* what happens in it is nobody's business */
    int descriptors;   /* open when the call began */
    struct {
        tracee *items;
        size_t count, room;
    } tracees;
} tracer;

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void print_field(FILE *out, const char *s)
{
    fputc('\t', out);
    for (; *s; s++)
        fputc((unsigned char)*s < ' ' ? '?' : *s, out);
}

static void report_call(const tracer *t, char class, const char *name, const char *detail)
{
    fprintf(t->report, "call\t%ld\t%c", t->calls, class);
    print_field(t->report, name);
    print_field(t->report, detail);
    fputc('\n', t->report);
}

static bool is_inside(const char *path, const char *folder)
{
    size_t n = folder ? strlen(folder) : 0;
    return n && strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n]) && !strstr(path, "/../");
}

/* Appends the files outside the work folder that the call changes. */
static void add_files(const tracer *t, pid_t pid, const syscall_rule *rule, const uint64_t a[6], text *out)
{
    for (size_t i = 0; i < 2; i++) {
        guard_mem char *path = tracee_file(pid, rule->files[i], a);
        if (path && !is_inside(path, t->work_folder))
            text_printf(out, "%s%s", out->count ? " " : "", path);
    }
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static const char *word_of(const char *bytes, const char *before, char word[16])
{
    const char *at = strstr(bytes, before);
    size_t n = at ? strcspn(at + strlen(before), "\"") : 0;
    snprintf(word, 16, "%.*s", (int)n, at ? at + strlen(before) : "");
    return word;
}

/* The type of a message that the plugin's process sends to the core, behind its length; "" when it is none. */
static const char *message_type(pid_t pid, const uint64_t a[6], char word[16])
{
    char bytes[48] = "";
    size_t n = tracee_read(pid, a[1], bytes, sizeof bytes - 1);
    bytes[n] = '\0';
    return n > 4 ? word_of(bytes + 4, "{\"type\":\"", word) : "";
}

static void note_loaded(tracer *t, pid_t pid)
{
    t->loaded = true;
    t->descriptors = tracee_count(pid, "fd");
}

static void note_message(tracer *t, pid_t pid, const char *type)
{
    report_call(t, 't', type, "");
    if (!t->loaded && strcmp(type, "ready") == 0)
        note_loaded(t, pid);
    if (strcmp(type, "result") != 0)
        return;
    t->returned = true;
    fprintf(t->report, "held\t%d\t%d\t%d\n", t->descriptors, tracee_count(pid, "fd"), tracee_count(pid, "task"));
}

static void note_call(const tracer *t, pid_t pid, uint64_t number, const uint64_t a[6])
{
    guard_text detail = {0};
    char unnamed[32];
    const syscall_rule *rule = syscall_find(number, a);
    char class = '-';
    if (rule && rule->class == SYSCALL_CHANGES) {
        add_files(t, pid, rule, a, &detail);
        class = detail.count ? 'c' : '-';
    } else if (rule && rule->class == SYSCALL_PROGRAM) {
        class = 'x';
        bool at = number == SYS_execveat;
        tracee_read_text(pid, a[at], &detail);
        tracee_read_list(pid, a[1 + at], &detail);
    } else if (rule) {
        class = rule->class == SYSCALL_NETWORK ? 'n' : 'p';
    }
    snprintf(unnamed, sizeof unnamed, "system call %lu", (unsigned long)number);
    if (t->loaded || class != '-')
        report_call(t, class, rule ? rule->name : unnamed, text_get(&detail));
}

/* As when the machine dies: nobody of them makes one more call. */
static void kill_all(tracer *t)
{
    fprintf(t->report, "killed\t%ld\n", t->calls);
    for (size_t i = 0; i < t->tracees.count; i++)
        if (!t->tracees.items[i].supervisor)
            kill(t->tracees.items[i].pid, SIGKILL);
}

static void on_call(tracer *t, const tracee *who, uint64_t number, const uint64_t a[6])
{
    char word[16];
    if (t->returned)
        return;
    if (!t->work_folder)
        t->work_folder = tracee_folder(who->pid);
    t->calls += t->loaded;
    bool talks = who->plugin && number == SYS_sendto && a[0] == INSIDE_TALK;
    const char *type = talks ? message_type(who->pid, a, word) : "";
    if (*type)
        note_message(t, who->pid, type);
    else
        note_call(t, who->pid, number, a);
    if (t->stop && t->calls == t->stop)
        kill_all(t);
}

/* ---- stops ------------------------------------------------------------------------------------------------------- */

static tracee *find(tracer *t, pid_t pid)
{
    for (size_t i = 0; i < t->tracees.count; i++)
        if (t->tracees.items[i].pid == pid)
            return &t->tracees.items[i];
    mem_reserve(&t->tracees);
    tracee *new = &t->tracees.items[t->tracees.count++];
    /* The first is the supervisor, and its only child is the plugin's process. */
    *new = (tracee){.pid = pid, .supervisor = t->tracees.count == 1, .plugin = !t->plugin && t->tracees.count == 2};
    if (new->plugin)
        t->plugin = pid;
    return new;
}

static void forget(tracer *t, pid_t pid)
{
    tracee *gone = find(t, pid);
    if (gone->supervisor || gone->plugin)
        return; /* their places say who they are */
    *gone = t->tracees.items[--t->tracees.count];
}

static void on_syscall_stop(tracer *t, const tracee *who)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, who->pid, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    uint64_t arguments[6];
    for (int i = 0; i < 6; i++)
        arguments[i] = info.entry.args[i];
    on_call(t, who, info.entry.nr, arguments);
}

static void on_stop(tracer *t, pid_t pid, int status)
{
    tracee *who = find(t, pid);
    int signal = WSTOPSIG(status), deliver = 0;
    if (signal == (SIGTRAP | 0x80))
        on_syscall_stop(t, who);
    else if (signal == SIGSTOP && !who->started)
        who->started = true;
    else if (signal != SIGTRAP)
        deliver = signal;
    (void)ptrace(who->supervisor ? PTRACE_CONT : PTRACE_SYSCALL, pid, NULL, (long)deliver); /* it may be dead by now */
}

/* Until nobody is left. */
static int follow(tracer *t)
{
    int result = EXIT_SUCCESS;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            return result;
        if (WIFSTOPPED(status))
            on_stop(t, pid, status);
        else if (find(t, pid)->supervisor)
            result = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
        else
            forget(t, pid);
        fflush(t->report);
    }
}

/* ---- start ------------------------------------------------------------------------------------------------------- */

static _Noreturn void become_worker(char *program)
{
    char option[] = INSIDE_WATCHED;
    char *argv[] = {program, option, NULL};
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        _exit(EXIT_FAILURE); /* a stop would be nobody's to end */
    raise(SIGSTOP);
    execv(program, argv);
    _exit(EXIT_FAILURE);
}

static int start(tracer *t, char *program)
{
    const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    int status;
    pid_t pid = fork();
    if (pid == 0)
        become_worker(program);
    /* What the worker inherits is its own: the end of each stream tells the core something. */
    for (int fd = STDOUT_FILENO; fd < INSIDE_COUNT; fd++)
        close(fd);
    if (pid < 0 || waitpid(pid, &status, __WALL) != pid)
        return -1;
    if (WIFSTOPPED(status) && ptrace(PTRACE_SETOPTIONS, pid, NULL, options) == 0) {
        find(t, pid)->started = true;
        if (ptrace(PTRACE_CONT, pid, NULL, NULL) == 0)
            return 0;
    }
    fputs("refused\n", t->report); /* this machine does not let a process be traced */
    kill(pid, SIGKILL);
    return -1;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("belay-tracer watches belay-worker for `belay plugin check`. It is not started by hand.\n", stderr);
        return EXIT_FAILURE;
    }
    mem_on_exhausted("belay-tracer: out of memory\n", EXIT_FAILURE);
    tracer t = {.stop = strtol(argv[2], NULL, 10)};
    int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int fd = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, REPORT_FD_MIN);
    t.report = fd < 0 ? NULL : fdopen(fd, "w");
    if (!t.report)
        return EXIT_FAILURE;
    close(file);
    int r = start(&t, argv[3]) < 0 ? EXIT_FAILURE : follow(&t);
    fclose(t.report);
    free(t.work_folder);
    free(t.tracees.items);
    return r;
}
