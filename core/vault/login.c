/* Who asks: a token from a file, or one that AppRole gives for this one question. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "vault/request.h"

#define TOKEN_MAX ((size_t)16 * 1024)

int login_read(const char *path, const char *option, redactor *secrets, char **ret, error **err)
{
    char *token = NULL;
    size_t n = 0;
    int r = file_read(path, TOKEN_MAX, &token, &n, err);
    if (r < 0)
        return error_wrap(err, "'%s'", option);
    while (n > 0 && strchr("\r\n \t", token[n - 1]))
        token[--n] = '\0';
    bool printable = n > 0;
    for (size_t i = 0; i < n; i++)
        printable = printable && token[i] > ' ' && token[i] < 127;
    if (printable) {
        redactor_add(secrets, token);
        *ret = token;
        return 0;
    }
    mem_wipe_free(token, n);
    return error_set(err, ERROR_CONFIG, "'%s': the file '%s' does not hold one line of printable characters", option,
                     path);
}

static int refused(const api *a, const api_answer *answer, const char *mount, error **err)
{
    const char *said = api_complaint(answer);
    if (answer->status == 404) {
        (void)error_set(err, ERROR_IO, "there is no login at auth/%s", mount);
        return error_hint(err, "'auth_mount' names where AppRole is mounted: vault auth list");
    }
    if (answer->status != 400 && answer->status != 403)
        return api_refused(a, answer, "let the role log in", err);
    (void)error_set(err, ERROR_IO, "the AppRole login was refused: %s", *said ? said : "no reason was given");
    return error_hint(err,
                      "a secret_id ends by its time and after its number of uses: vault write -f "
                      "auth/%s/role/ROLE/secret-id",
                      mount);
}

int login_approle(const api *a, const json_t *asked, redactor *secrets, char **ret_token, error **err)
{
    const char *mount = json_string_value(json_object_get(asked, "auth_mount"));
    char *secret_id = NULL;
    int r = login_read(json_string_value(json_object_get(asked, "secret_id_file")), "secret_id_file", secrets,
                       &secret_id, err);
    if (r < 0)
        return r;
    json_t *body = json_pack("{s:O, s:s}", "role_id", json_object_get(asked, "role_id"), "secret_id", secret_id);
    mem_wipe_free(secret_id, strlen(secret_id));
    guard_mem char *path = mem_printf("auth/%s/login", mount);
    api_answer answer = {0};
    r = api_ask(a, path, NULL, body, &answer, err);
    json_decref(body);
    if (r < 0)
        return r;
    const char *token = json_string_value(json_object_get(json_object_get(answer.body, "auth"), "client_token"));
    if (answer.status != 200)
        r = refused(a, &answer, mount, err);
    else if (!token)
        r = error_set(err, ERROR_IO, "the answer to the AppRole login holds no token");
    else {
        redactor_add(secrets, token);
        *ret_token = mem_dup(token);
    }
    api_answer_done(&answer);
    return r;
}

void login_end(const api *a)
{
    guard(error) ignored = NULL;
    api_answer answer = {0};
    json_t *nothing = json_object();
    if (api_ask(a, "auth/token/revoke-self", NULL, nothing, &answer, &ignored) == 0)
        api_answer_done(&answer);
    json_decref(nothing);
}
