#include "pipeline/vault.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/program.h"
#include "pipeline/command.h"

#define DEFAULT_TIMEOUT_MS 10000
/** For belay-vault to say by itself that time is up. */
#define GRACE_MS   2000
#define ANSWER_MAX ((size_t)512 * 1024)

const char *const vault_keys[] = {"provider",   "address", "mount",          "path",       "field",     "version",
                                  "token_file", "role_id", "secret_id_file", "auth_mount", "namespace", "ca_file",
                                  "timeout",    NULL};

/* ---- the group --------------------------------------------------------------------------------------------------- */

static bool is_path(const char *key)
{
    const size_t n = strlen(key);
    return n > 5 && strcmp(key + n - 5, "_file") == 0;
}

/* Control characters could end a header or a line of the request. */
static bool is_plain(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    return true;
}

static void take_text(load *l, const config_setting_t *s, json_t *request)
{
    const char *key = config_setting_name(s);
    guard_mem char *written = setting_text(l, s);
    if (!written)
        return;
    if (!*written || !is_plain(written)) {
        load_problem(l, load_place(l, s), "'%s' is %s", key, *written ? "no single line of text" : "empty");
        return;
    }
    guard_mem char *path = is_path(key) ? file_absolute(l->p->folder, written) : NULL;
    json_object_set_new(request, key, json_string(path ? path : written));
    if (strcmp(key, "token_file") == 0 || strcmp(key, "secret_id_file") == 0)
        load_check_secret_file(l, load_place(l, s), path);
    else if (path)
        load_check_writers(l, load_place(l, s), path);
}

static void take_all(load *l, const config_setting_t *group, json_t *request)
{
    int64_t version = 0, timeout_ms = DEFAULT_TIMEOUT_MS;
    for (const char *const *key = vault_keys + 1; *key; key++) {
        const config_setting_t *s = setting_member(group, *key);
        if (!s)
            continue;
        if (strcmp(*key, "version") == 0)
            (void)setting_int(l, s, 1, INT32_MAX, &version);
        else if (strcmp(*key, "timeout") == 0)
            (void)setting_duration(l, s, 1, &timeout_ms);
        else
            take_text(l, s, request);
    }
    json_object_set_new(request, "timeout_ms", json_integer(timeout_ms));
    if (version)
        json_object_set_new(request, "version", json_integer(version));
    if (!json_object_get(request, "auth_mount"))
        json_object_set_new(request, "auth_mount", json_string("approle"));
}

/* This machine itself: what begins like it, as "localhost.example.org", is any host. */
static bool is_loopback(const char *host)
{
    struct in_addr address;
    const size_t n = host[0] == '[' ? strcspn(host, "/") : strcspn(host, ":/");
    guard_mem char *name = mem_dup_n(host, n);
    if (inet_pton(AF_INET, name, &address) == 1)
        return ntohl(address.s_addr) >> 24 == 127;
    return strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 || text_starts(name, "[::1]:");
}

static void check_address(load *l, const config_setting_t *group, const char *address)
{
    pipeline_place where = load_place(l, setting_member(group, "address"));
    const char *host = strstr(address, "://") ? strstr(address, "://") + 3 : "";
    if (!*host || (!text_starts(address, "https://") && !text_starts(address, "http://")) || strpbrk(address, "?#@ ")) {
        load_problem(l, where, "'%s' is no address of a Vault", address);
        load_hint(l, "address = \"https://vault.example.org:8200\";");
    } else if (text_starts(address, "http://") && !is_loopback(host)) {
        load_warning(l, where, "the token and the secret go to '%s' as plain text", address);
        load_hint(l, "https:// keeps them secret on the way");
    }
}

/* True when all is there that a request needs. */
static bool check_whole(load *l, const char *name, const config_setting_t *group)
{
    static const char *const needed[] = {"address", "mount", "path", "field"};
    const bool token = setting_member(group, "token_file"), role = setting_member(group, "role_id"),
               secret_id = setting_member(group, "secret_id_file");
    bool whole = true;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!setting_member(group, needed[i])) {
            load_problem(l, load_place(l, group), "secret '%s' of provider vault lacks '%s'", name, needed[i]);
            whole = false;
        }
    if (token ? !role && !secret_id : role && secret_id)
        return whole;
    load_problem(l, load_place(l, group), "secret '%s' of provider vault %s", name,
                 token ? "has a token and a role" : "does not say who asks");
    load_hint(l, "either 'token_file', or 'role_id' and 'secret_id_file' (AppRole)");
    return false;
}

json_t *vault_load(load *l, const char *name, const config_setting_t *group)
{
    json_t *request = json_object();
    take_all(l, group, request);
    const char *address = json_string_value(json_object_get(request, "address"));
    if (address)
        check_address(l, group, address);
    if (check_whole(l, name, group))
        return request;
    json_decref(request);
    return NULL;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static int read_answer(const char *bytes, size_t n, char **ret, size_t *ret_size, error **err)
{
    json_t *said = json_loadb(bytes, n, 0, NULL);
    const json_t *value = json_object_get(said, "value");
    const char *why = json_string_value(json_object_get(said, "error"));
    const char *hint = json_string_value(json_object_get(said, "hint"));
    int r = 0;
    if (json_is_string(value)) {
        *ret = mem_dup(json_string_value(value));
        *ret_size = strlen(*ret);
    } else {
        r = error_set(err, ERROR_CONFIG, "%s", why ? why : "belay-vault gave no answer that can be read");
        if (hint && *hint)
            r = error_hint(err, "%s", hint);
    }
    json_decref(said);
    return r;
}

int vault_fetch(const json_t *request, char **ret, size_t *ret_size, error **err)
{
    guard_mem char *program = NULL;
    guard_mem char *line = json_dumps(request, JSON_COMPACT);
    char *bytes = NULL;
    size_t n = 0;
    const int64_t limit = json_integer_value(json_object_get(request, "timeout_ms")) + GRACE_MS;
    int r = program_find("belay-vault", NULL, &program, err);
    if (r == 0)
        r = command_answer(program, line, strlen(line), limit, ANSWER_MAX, &bytes, &n, err);
    if (r < 0)
        return r;
    r = read_answer(bytes, n, ret, ret_size, err);
    mem_wipe_free(bytes, n);
    return r;
}
