#include "clues/clues.h"

#include <regex.h>
#include <stdbool.h>

/* Heaviest first: of two that match, the upper one tells. What a library says in its own words stands beside what the
 * servers say, for an application's log often has only the one. */
static const clue clues[] = {
    {92, "a port is taken", "address already in use|port is already allocated|EADDRINUSE"},
    {91, "a disk is full", "no space left on device|ENOSPC|could not extend file"},
    {90, "the database lacks something",
     "(relation|column|table|view|function|schema|type|index|constraint) [^ ]+ (of relation [^ ]+ )?does not exist|"
     "no such (table|column)|undefined(table|column|function)|unknown column"},
    {89, "a user or password is refused",
     "password authentication failed|WRONGPASS|NOAUTH|invalid username-password|authentication failed|"
     "no password supplied|access denied for user|InvalidPassword"},
    {88, "a database does not exist", "database \"[^\"]*\" does not exist|unknown database"},
    {87, "the database has no connection left",
     "too many (clients|connections)|remaining connection slots|max_?clients reached"},
    {86, "memory ran out", "out of memory|cannot allocate memory|MemoryError|OutOfMemoryError|OOM command not allowed"},
    {85, "a host name is not known",
     "could not translate host name|name or service not known|temporary failure in name resolution|no such host|"
     "getaddrinfo|nodename nor servname|(^|[^a-z])ENOTFOUND"},
    {84, "something that it needs does not answer",
     "connection refused|no route to host|network is unreachable|host is unreachable|connection timed out|"
     "ECONNREFUSED|EHOSTUNREACH|ETIMEDOUT"},
    {82, "a lock is held", "lock timeout|deadlock detected|LockNotAvailable|could not obtain lock"},
    {80, "a setting is missing",
     "environment variable|KeyError|(is|are|was) not set|required .*(missing|setting)|missing required|field required"},
    {78, "a permission is missing", "permission denied|EACCES|operation not permitted|InsufficientPrivilege"},
    {76, "a file or module is missing",
     "ModuleNotFoundError|ImportError|cannot find module|error while loading shared libraries|"
     "executable file not found|no such file or directory|exec format error"},
    {74, "a statement is wrong", "syntax error at or near|SyntaxError"},
    {62, NULL, "(^|[^A-Za-z])(panic|fatal|critical)(:|[^A-Za-z]|$)|unhandled (exception|rejection)"},
    {60, NULL, "^[A-Za-z_.]*(Error|Exception)(:|$)"},
    {52, NULL, "(^|[^A-Za-z])error(:|[^A-Za-z]|$)"},
};
#define COUNT (sizeof clues / sizeof *clues)

const clue *clues_all(size_t *ret_count)
{
    *ret_count = COUNT;
    return clues;
}

const clue *clues_find(const char *line)
{
    static regex_t compiled[COUNT]; /* as long as the process, which looks once */
    static bool ready;
    for (size_t i = 0; i < COUNT && !ready; i++)
        (void)regcomp(&compiled[i], clues[i].pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE);
    ready = true;
    for (size_t i = 0; i < COUNT; i++)
        if (regexec(&compiled[i], line, 0, NULL, 0) == 0)
            return &clues[i];
    return NULL;
}
