/* Who may decide, and checking a signature. */
#include "approval/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"

#define LIST_MAX   ((size_t)1024 * 1024)
#define ANSWER_MAX ((size_t)64 * 1024)

extern char **environ;

/* ---- who may ----------------------------------------------------------------------------------------------------- */

static int read_list(const char *path, json_t **ret, error **err)
{
    guard_mem char *all = NULL;
    struct stat st;
    int r = stat(path, &st) == 0 && !S_ISREG(st.st_mode)
                ? error_set(err, ERROR_CONFIG, "the list of signers '%s' is not a regular file", path)
                : file_read(path, LIST_MAX, &all, NULL, err);
    if (r < 0)
        return error_wrap(err, "allowed_signers");
    *ret = json_string(all);
    return *ret ? 0 : error_set(err, ERROR_CONFIG, "the list of signers '%s' is not UTF-8", path);
}

int signer_list(const json_t *options, char **ret, error **err)
{
    const char *path = json_string_value(json_object_get(options, "allowed_signers"));
    json_t *list = json_null(), *roles = json_object_get(options, "roles");
    int r = path && *path ? read_list(path, &list, err) : 0;
    if (r < 0)
        return r;
    json_t *all = json_pack("{s:o, s:O}", "allowed_signers", list, "roles", roles ? roles : json_null());
    *ret = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(all);
    return 0;
}

char *signer_people(const json_t *roles, const char *role)
{
    size_t i;
    const json_t *item;
    const size_t n = strlen(role);
    json_array_foreach(roles, i, item) {
        const char *written = json_string_value(item);
        if (written && strncmp(written, role, n) == 0 && (!written[n] || written[n] == '='))
            return mem_dup(written[n] ? written + n + 1 : "");
    }
    return NULL;
}

/* ---- ssh-keygen -------------------------------------------------------------------------------------------------- */

typedef struct asking {
    char *folder;
    const signature *s;
    char *when;       /* "-Overify-time=..."; NULL: now */
    char *said, *why; /* what ssh-keygen wrote to its two streams, the last time */
    int status;
} asking;

static int read_answer(const char *folder, const char *name, char **ret, error **err)
{
    guard_mem char *path = mem_printf("%s/%s", folder, name);
    free(*ret);
    *ret = NULL;
    return file_read(path, ANSWER_MAX, ret, NULL, err);
}

/* Its streams are files: none can fill up and stop it. */
static int ask(asking *a, const char *const *words, error **err)
{
    const union {
        const char *const *borrowed;
        char *const *args; /* execve() takes them as if it changed them */
    } argv = {words};
    guard_mem char *in = mem_printf("%s/statement", a->folder), *out = mem_printf("%s/out", a->folder);
    guard_mem char *bad = mem_printf("%s/err", a->folder);
    posix_spawn_file_actions_t files;
    pid_t pid = 0;
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, 0, in, O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_addopen(&files, 2, bad, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int r = posix_spawnp(&pid, words[0], &files, NULL, argv.args, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    if (r != 0) {
        (void)error_set(err, ERROR_IO, "run ssh-keygen: %s", strerror(r));
        return error_hint(err, "it comes with openssh-client");
    }
    while (waitpid(pid, &a->status, 0) < 0 && errno == EINTR)
        continue;
    if ((r = read_answer(a->folder, "out", &a->said, err)) < 0)
        return r;
    return read_answer(a->folder, "err", &a->why, err);
}

static int verify(asking *a, const char *person, bool *ret, error **err)
{
    guard_mem char *list = mem_printf("%s/allowed", a->folder), *sig = mem_printf("%s/signature", a->folder);
    const char *const words[] = {"ssh-keygen",       "-Y", "verify", "-f",    list, "-I", person, "-n",
                                 APPROVAL_NAMESPACE, "-s", sig,      a->when, NULL};
    int r = ask(a, words, err);
    *ret = r == 0 && WIFEXITED(a->status) && WEXITSTATUS(a->status) == 0;
    return r;
}

static int find_principals(asking *a, error **err)
{
    guard_mem char *list = mem_printf("%s/allowed", a->folder), *sig = mem_printf("%s/signature", a->folder);
    const char *const words[] = {"ssh-keygen", "-Y", "find-principals", "-s", sig, "-f", list, a->when, NULL};
    return ask(a, words, err);
}

/* Each word of names is asked about, "!pattern" is nobody. */
static int try_people(asking *a, const char *names, const char *separators, char **ret_person, error **err)
{
    guard_mem char *copy = mem_dup(names);
    char *rest = copy, *person;
    while ((person = strsep(&rest, separators))) {
        bool good = false;
        if (!*person || *person == '!')
            continue;
        int r = verify(a, person, &good, err);
        if (r < 0)
            return r;
        if (good) {
            *ret_person = mem_dup(person);
            return 0;
        }
    }
    return 0;
}

/* "FILE:1: key has expired: ...": the words behind the place. */
static char *ssh_reason(const char *said)
{
    const char *found = strstr(said, "allowed:");
    if (!found)
        return NULL;
    found += strlen("allowed:");
    found += strspn(found, "0123456789: ");
    return mem_dup_n(found, strcspn(found, "\r\n"));
}

static int explain(asking *a, const char *people, char **ret_why, error **err)
{
    guard_mem char *because = ssh_reason(a->why ? a->why : "");
    int r = find_principals(a, err);
    if (r < 0)
        return r;
    if (!because)
        because = ssh_reason(a->why);
    a->said[strcspn(a->said, "\r\n")] = '\0';
    if (because)
        *ret_why = mem_dup(because);
    else if (*a->said && *people)
        *ret_why = mem_printf("its key is of %s, who does not have this role", a->said);
    else if (*a->said)
        *ret_why = mem_dup("its signature does not fit its statement");
    else
        *ret_why = mem_dup("its signature is of nobody in the list of signers");
    return 0;
}

static int check(asking *a, char **ret_person, char **ret_why, error **err)
{
    const signature *s = a->s;
    int r = signer_write(a->folder, "statement", s->statement, err);
    if (r == 0)
        r = signer_write(a->folder, "signature", s->signature, err);
    if (r == 0)
        r = signer_write(a->folder, "allowed", s->allowed, err);
    if (r == 0 && *s->people)
        r = try_people(a, s->people, " ", ret_person, err);
    else if (r == 0 && (r = find_principals(a, err)) == 0) {
        guard_mem char *principals = mem_dup(a->said);
        r = try_people(a, principals, ",\r\n", ret_person, err);
    }
    return r == 0 && !*ret_person ? explain(a, s->people, ret_why, err) : r;
}

/* ssh-keygen reads local time. */
static char *valid_when(int64_t at_ms)
{
    char at[32];
    const time_t seconds = (time_t)(at_ms / 1000);
    struct tm tm;
    if (!at_ms)
        return NULL;
    (void)strftime(at, sizeof at, "%Y%m%d%H%M%S", localtime_r(&seconds, &tm));
    return mem_printf("-Overify-time=%s", at);
}

int signer_check(const signature *s, char **ret_person, char **ret_why, error **err)
{
    asking a = {.s = s, .when = valid_when(s->at_ms)};
    *ret_person = *ret_why = NULL;
    int r = signer_folder(&a.folder, err);
    if (r == 0)
        r = check(&a, ret_person, ret_why, err);
    guard(error) ignored = NULL;
    if (a.folder)
        (void)!file_remove_tree(a.folder, &ignored);
    free(a.folder);
    free(a.when);
    free(a.said);
    free(a.why);
    return r;
}
