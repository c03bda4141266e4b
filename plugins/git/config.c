/* Which programs the repository's own configuration names. While planning none of them runs; a run obeys it, as git by
 * hand would, with the rights of the tree's owner. */
#include "git.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "say/say.h"
#include "text/text.h"

static bool starts(const char *s, const char *prefix)
{
    return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_last(const char *key, const char *const *names)
{
    const char *last = strrchr(key, '.');
    for (; last && *names; names++)
        if (strcasecmp(last + 1, *names) == 0)
            return true;
    return false;
}

/* Of the sections that git reads on its way to a remote, the keys that run nothing; git-config(1) of git 2.47. All
 * others may: core.sshCommand, remote.NAME.uploadpack, credential.helper, url.X.insteadOf to "ext::sh ..." */
static bool runs_nothing_on_the_way(const char *key)
{
    static const char *const core[] = {"repositoryformatversion",
                                       "filemode",
                                       "bare",
                                       "logallrefupdates",
                                       "symlinks",
                                       "ignorecase",
                                       "autocrlf",
                                       "eol",
                                       "safecrlf",
                                       "precomposeunicode",
                                       "abbrev",
                                       "compression",
                                       "bigfilethreshold",
                                       "sharedrepository",
                                       "hidedotfiles",
                                       "protecthfs",
                                       "protectntfs",
                                       "quotepath",
                                       "checkstat",
                                       "trustctime",
                                       "untrackedcache",
                                       "sparsecheckout",
                                       "sparsecheckoutcone",
                                       "commitgraph",
                                       "multipackindex",
                                       "preloadindex",
                                       "attributesfile",
                                       "excludesfile",
                                       "hookspath",
                                       "fsmonitor",
                                       "packedgitlimit",
                                       "packedgitwindowsize",
                                       "deltabasecachelimit",
                                       "fsync",
                                       "fsyncmethod",
                                       NULL};
    static const char *const remote[] = {"url",
                                         "fetch",
                                         "push",
                                         "pushurl",
                                         "tagopt",
                                         "prune",
                                         "mirror",
                                         "prunetags",
                                         "promisor",
                                         "partialclonefilter",
                                         "skipdefaultupdate",
                                         "skipfetchall",
                                         "followremotehead",
                                         NULL};
    static const char *const credential[] = {"username", "usehttppath", NULL};
    if (starts(key, "core."))
        return is_last(key, core);
    if (starts(key, "remote."))
        return is_last(key, remote);
    if (starts(key, "credential."))
        return is_last(key, credential);
    return !starts(key, "url.") && !starts(key, "protocol.") && !starts(key, "ssh.");
}

static void override(own_config *own, const char *key, const char *value)
{
    own->overrides = text_grow(own->overrides, own->override_count + 2, sizeof *own->overrides);
    own->overrides[own->override_count++] = text_dup("-c");
    own->overrides[own->override_count++] = text_printf("%s=%s", key, value);
}

/* A filter without a program passes everything on as it is. */
static void neutralize(repo *r, const char *key)
{
    static const char *const programs[] = {"clean", "smudge", "process", NULL}, *const rule[] = {"required", NULL};
    if (strchr(key, '=')) /* -c would end the name there */
        (void)snprintf(r->own.unnamable, sizeof r->own.unnamable, "%s", key);
    else if (is_last(key, programs))
        override(&r->own, key, "");
    else if (is_last(key, rule))
        override(&r->own, key, "false");
}

/* Remembers NAME of "filter.NAME.smudge". */
static void note_smudger(own_config *own, const char *key, bool is_own)
{
    static const char *const programs[] = {"smudge", "process", NULL};
    if (!starts(key, "filter.") || !is_last(key, programs))
        return;
    const char *name = key + strlen("filter."), *end = strrchr(key, '.');
    own->smudgers = text_grow(own->smudgers, own->smudger_count + 1, sizeof *own->smudgers);
    own->smudgers[own->smudger_count++] = (struct smudger){text_printf("%.*s", (int)(end - name), name), is_own};
}

/* "local\tremote.origin.url": a scope and a key. */
static void take_key(void *user, const char *line)
{
    repo *r = user;
    const char *key = strchr(line, '\t');
    if (!key)
        return;
    const bool is_own = starts(line, "local\t") || starts(line, "worktree\t");
    r->own.ssh_command |= strcasecmp(++key, "core.sshCommand") == 0;
    note_smudger(&r->own, key, is_own);
    if (!is_own)
        return;
    if (r->planning && starts(key, "filter."))
        neutralize(r, key);
    if (!r->own.transport[0] && !runs_nothing_on_the_way(key))
        (void)snprintf(r->own.transport, sizeof r->own.transport, "%s", key);
}

/* Without a terminal nobody answers ssh's questions: it is to fail instead. Of a command that is configured, as for a
 * deploy key, only OpenSSH's own is known to take the option. */
static belay_status choose_ssh(repo *r)
{
    belay_run io = {0};
    if (!r->own.ssh_command) {
        (void)snprintf(r->ssh, sizeof r->ssh, "GIT_SSH_COMMAND=ssh -oBatchMode=yes");
        return BELAY_OK;
    }
    belay_status s = repo_must(r, &io, "read core.sshCommand", REPO_ARGS("config", "--get", "core.sshCommand"));
    const char *name = s == BELAY_OK ? io.out : "";
    const size_t length = strcspn(name, " \t\n"), whole = strcspn(name, "\n");
    const bool is_ssh =
        length >= 3 && strncmp(name + length - 3, "ssh", 3) == 0 && (length == 3 || name[length - 4] == '/');
    if (is_ssh && whole + 64 < sizeof r->ssh)
        (void)snprintf(r->ssh, sizeof r->ssh, "GIT_SSH_COMMAND=%.*s -oBatchMode=yes", (int)whole, name);
    return s;
}

belay_status config_read(repo *r)
{
    belay_run io = {.on_line = take_key, .user = r};
    belay_status s =
        repo_must(r, &io, "read its configuration", REPO_ARGS("config", "--list", "--show-scope", "--name-only"));
    if (s == BELAY_OK && r->own.unnamable[0])
        return repo_explain(r, BELAY_E_FAIL, "repo", "give the filter a name without '='",
                            "the filter '%s' of '%s' cannot be switched off for a plan", r->own.unnamable, r->path);
    return s == BELAY_OK ? choose_ssh(r) : s;
}

bool config_may_ask_remote(const repo *r)
{
    if (!r->planning || !r->own.transport[0])
        return true;
    guard_mem char *text = text_printf("the remote is not asked in a plan: '%s' of %s/.git/config could run a program",
                                       r->own.transport, r->path);
    r->h->log(r->c, 2, text);
    return false;
}
