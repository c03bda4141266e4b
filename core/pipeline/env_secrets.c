#include "pipeline/env_secrets.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "env_file.h"

#define FILE_MAX_BYTES  ((size_t)1024 * 1024)
#define SHORTEST        8 /* a shorter value is likely to be an ordinary word, too */
#define RANDOM_SHORTEST 12
#define WORD_SHORTEST   16 /* of letters of one case alone: "postgres", "changeme" */

/* ---- what looks like a secret ------------------------------------------------------------------------------------ */

/* True when one of the words stands in the name, between '_', '-', '.', the name's ends or digits. */
static bool has_word(const char *name, const char *const *words)
{
    for (; *words; words++) {
        const size_t n = strlen(*words);
        for (const char *at = name; (at = strcasestr(at, *words)); at++)
            if ((at == name || !isalpha((unsigned char)at[-1])) && !isalpha((unsigned char)at[n]))
                return true;
    }
    return false;
}

static bool ends_with(const char *s, const char *const *ends)
{
    for (; *ends; ends++) {
        const size_t n = strlen(s), m = strlen(*ends);
        if (n >= m && strcasecmp(s + n - m, *ends) == 0)
            return true;
    }
    return false;
}

static bool is_secret_name(const char *name)
{
    static const char *const words[] = {"password",    "passwd",    "passphrase", "pass",       "pwd",
                                        "pw",          "secret",    "secrets",    "token",      "key",
                                        "keys",        "apikey",    "salt",       "credential", "private",
                                        "credentials", "signature", "webhook",    "jwt",        NULL};
    /* PGPASSWORD, CLIENTSECRET, ACCESSTOKEN */
    static const char *const part[] = {"password", "secret", "token", "credential", "licence", "license", NULL};
    static const char *const ends[] = {"pass", "pwd", "passwd", "key", "keys", NULL}; /* DBPASS, AUTHKEY */
    static const char *const harmless[] = {"_file", "_path", "_dir",  "_name", "_id",   "_user",      "_host", "_port",
                                           "_ttl",  "_type", "_algo", "_alg",  "_size", "_algorithm", NULL};
    bool found = has_word(name, words) || ends_with(name, ends);
    for (size_t i = 0; !found && part[i]; i++)
        found = strcasestr(name, part[i]) != NULL;
    return found && !ends_with(name, harmless);
}

static bool is_plain_word(const char *value)
{
    const size_t n = strlen(value);
    return n < WORD_SHORTEST &&
           (strspn(value, "abcdefghijklmnopqrstuvwxyz_-") == n || strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == n);
}

/* As passwords and tokens are made: small and capital letters and digits, and nothing that paths and addresses have. */
static bool looks_random(const char *value)
{
    bool lower = false, upper = false, digit = false;
    for (const char *p = value; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("_+=-", *p))
            return false;
        lower |= islower((unsigned char)*p) != 0;
        upper |= isupper((unsigned char)*p) != 0;
        digit |= isdigit((unsigned char)*p) != 0;
    }
    return strlen(value) >= RANDOM_SHORTEST && lower && upper && digit;
}

bool env_secrets_is_one(const char *name, const char *value)
{
    if (strlen(value) < SHORTEST || strstr(value, "://"))
        return false;
    return looks_random(value) || (is_secret_name(name) && !is_plain_word(value));
}

/* ---- .env files -------------------------------------------------------------------------------------------------- */

static void consider(redactor *into, const char *name, const char *value)
{
    char *password = redactor_url_password(value);
    if (env_secrets_is_one(name, value))
        redactor_add(into, value);
    else if (password && env_secrets_is_one("password", password))
        redactor_add(into, password);
    if (password)
        mem_wipe_free(password, strlen(password));
}

static const char *from_environment(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

/* Of a file with lines that cannot be read, the others: this is to hide what is in it, not to judge it. */
static void read_entries(redactor *into, char *at, size_t size)
{
    for (;;) {
        env_table table = {0};
        const char *why = NULL;
        const size_t bad = env_parse(at, size, from_environment, NULL, &table, &why);
        for (size_t i = 0; i < table.count; i++)
            consider(into, table.entries[i].name, table.entries[i].value);
        env_done(&table);
        if (bad == 0)
            return;
        char *line = at;
        for (size_t n = 1; n < bad; n++)
            line += strcspn(line, "\n") + 1;
        if (line > at) {
            line[-1] = '\0';
            read_entries(into, at, (size_t)(line - 1 - at));
        }
        const size_t rest = strcspn(line, "\n");
        if (!line[rest])
            return;
        size -= (size_t)(line + rest + 1 - at);
        at = line + rest + 1;
    }
}

static void read_env_file(redactor *into, const char *path)
{
    guard(error) ignored = NULL;
    char *bytes = NULL;
    size_t size = 0;
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) /* a named pipe would be waited for */
        return;
    if (file_read(path, FILE_MAX_BYTES, &bytes, &size, &ignored) < 0)
        return;
    read_entries(into, bytes, strlen(bytes));
    mem_wipe_free(bytes, size);
}

static bool is_env_file(const char *name)
{
    static const char *const ends[] = {".env", NULL}, *const samples[] = {".example", ".sample", ".template", ".dist",
                                                                          NULL};
    return (ends_with(name, ends) || strncmp(name, ".env.", 5) == 0) && !ends_with(name, samples);
}

static void read_folder(redactor *into, const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        guard_mem char *file = mem_printf("%s/%s", path, entry->d_name);
        if (is_env_file(entry->d_name))
            read_env_file(into, file);
    }
    if (folder)
        closedir(folder);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* The texts of an option, which may be one or a list. */
static const char *text_at(const json_t *option, size_t i)
{
    return json_is_array(option) ? json_string_value(json_array_get(option, i))
           : i == 0              ? json_string_value(option)
                                 : NULL;
}

void env_secrets_add(const json_t *options, redactor *into)
{
    const json_t *env_file = json_object_get(options, "env_file");
    const char *folder = json_string_value(json_object_get(options, "project_dir"));
    const char *file = text_at(json_object_get(options, "file"), 0), *one;
    for (size_t i = 0; (one = text_at(env_file, i)); i++) {
        guard_mem char *path = file_absolute(folder ? folder : "", one);
        read_env_file(into, path);
    }
    const char *slash = file && *file == '/' ? strrchr(file, '/') : NULL;
    guard_mem char *beside = slash && !folder ? mem_dup_n(file, (size_t)(slash - file)) : NULL;
    if (folder || beside)
        read_folder(into, folder ? folder : beside);
}
