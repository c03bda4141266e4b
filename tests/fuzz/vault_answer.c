/* Any answers of a server that is asked as Vault is: a value is what stands in the field, an error shows no token. Each
 * line of the input is an answer: its status, a blank, its body. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "vault/request.h"

#define TOKEN "hvs.token-of-the-target"

static const char *next;
static size_t left;

int api_ask(const api *a, const char *path, const char *query, const json_t *body, api_answer *ret, error **err)
{
    (void)a, (void)path, (void)query, (void)body;
    const char *end = left ? memchr(next, '\n', left) : NULL;
    const size_t n = end ? (size_t)(end - next) : left;
    char status[4] = "";
    if (n < 4)
        return error_set(err, ERROR_IO, "no answer");
    memcpy(status, next, 3);
    *ret = (api_answer){.status = atol(status), .body = json_loadb(next + 4, n - 4, JSON_ALLOW_NUL, NULL)};
    next += n + (end != NULL);
    left -= n + (end != NULL);
    return 0;
}

static char path[] = "/tmp/fuzz-vault-XXXXXX";

static void remove_token_file(void)
{
    (void)unlink(path);
}

static const char *token_file(void)
{
    static bool made;
    if (!made) {
        const int fd = mkstemp(path);
        MUST(fd >= 0 && write(fd, TOKEN, strlen(TOKEN)) == (ssize_t)strlen(TOKEN));
        close(fd);
        (void)atexit(remove_token_file);
        made = true;
    }
    return path;
}

static void ask(const json_t *asked, const uint8_t *bytes, size_t size)
{
    redactor *secrets = redactor_new();
    error *err = NULL;
    char *value = NULL;
    next = (const char *)bytes;
    left = size;
    int r = request_serve(asked, secrets, &value, &err);
    MUST((r == 0) == (value != NULL) && (r < 0) == (err != NULL));
    if (r < 0) {
        char *text = error_text(err), *masked = redactor_mask(secrets, text);
        MUST(*text && !strstr(masked, TOKEN));
        free(text);
        free(masked);
    }
    free(value);
    error_free(err);
    redactor_free(secrets);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    json_t *asked = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "address", "http://h", "mount", "secret", "path",
                              "shop", "field", "password", "timeout_ms", 1000, "token_file", token_file());
    ask(asked, bytes, size);
    json_object_del(asked, "token_file");
    json_object_set_new(asked, "role_id", json_string("r"));
    json_object_set_new(asked, "auth_mount", json_string("approle"));
    json_object_set_new(asked, "secret_id_file", json_string(token_file()));
    ask(asked, bytes, size);
    json_decref(asked);
    return 0;
}
