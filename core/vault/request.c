/* A field of a secret in a KV engine, version 2: GET /v1/MOUNT/data/PATH. */
#include "vault/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

typedef struct place {
    const char *mount, *path, *field;
    json_int_t version; /**< 0: the newest */
} place;

static const char *word(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

/* A version that was deleted or destroyed is answered with 404 too, and with what is known of it. */
static int missing(const place *p, const api_answer *answer, error **err)
{
    const json_t *known = json_object_get(json_object_get(answer->body, "data"), "metadata");
    const json_int_t version = json_integer_value(json_object_get(known, "version"));
    const char *deleted = word(known, "deletion_time");
    if (json_is_true(json_object_get(known, "destroyed")))
        return error_set(err, ERROR_IO, "version %lld of %s/%s was destroyed", (long long)version, p->mount, p->path);
    if (deleted && *deleted) {
        (void)error_set(err, ERROR_IO, "version %lld of %s/%s was deleted at %s", (long long)version, p->mount, p->path,
                        deleted);
        return error_hint(err, "vault kv undelete -mount=%s -versions=%lld %s", p->mount, (long long)version, p->path);
    }
    if (p->version)
        (void)error_set(err, ERROR_IO, "there is no version %lld of %s/%s", (long long)p->version, p->mount, p->path);
    else
        (void)error_set(err, ERROR_IO, "there is nothing at %s/%s", p->mount, p->path);
    return error_hint(err,
                      "'mount' names a KV engine of version 2, and 'path' a secret in it: vault kv get -mount=%s %s",
                      p->mount, p->path);
}

static int refused(const api *a, const place *p, const api_answer *answer, error **err)
{
    const char *said = api_complaint(answer);
    if (answer->status == 404)
        return missing(p, answer, err);
    if (answer->status != 403)
        return api_refused(a, answer, "give the secret", err);
    (void)error_set(err, ERROR_IO, "the token may not read %s/%s: %s", p->mount, p->path,
                    *said ? said : "permission denied");
    return error_hint(err,
                      "it may have ended; else it needs a policy: path \"%s/data/%s\" { capabilities = [\"read\"] }",
                      p->mount, p->path);
}

/* ---- the field --------------------------------------------------------------------------------------------------- */

static int no_field(const place *p, json_t *fields, error **err)
{
    const char *name;
    json_t *value;
    guard_text names = {.max = 400};
    json_object_foreach(fields, name, value)
        text_printf(&names, "%s%s", names.count ? ", " : "", name);
    (void)error_set(err, ERROR_IO, "%s/%s has no field '%s'", p->mount, p->path, p->field);
    return error_hint(err, names.count ? "its fields: %s" : "it has no fields at all%s", text_get(&names));
}

static int take_field(const place *p, const api_answer *answer, char **ret, error **err)
{
    json_t *fields = json_object_get(json_object_get(answer->body, "data"), "data");
    const json_t *value = json_object_get(fields, p->field);
    if (!json_is_object(fields)) {
        (void)error_set(err, ERROR_IO, "the answer about %s/%s is not that of a KV engine of version 2", p->mount,
                        p->path);
        return error_hint(err, "vault secrets list -detailed shows each engine's version");
    }
    if (!value)
        return no_field(p, fields, err);
    if (!json_is_string(value))
        return error_set(err, ERROR_IO, "the field '%s' of %s/%s is not a text", p->field, p->mount, p->path);
    if (strlen(json_string_value(value)) != json_string_length(value))
        return error_set(err, ERROR_IO, "the field '%s' of %s/%s holds a NUL byte", p->field, p->mount, p->path);
    *ret = mem_dup(json_string_value(value));
    return 0;
}

static int ask_for(const api *a, const place *p, char **ret, error **err)
{
    guard_mem char *path = mem_printf("%s/data/%s", p->mount, p->path);
    guard_mem char *query = p->version ? mem_printf("version=%lld", (long long)p->version) : NULL;
    api_answer answer = {0};
    int r = api_ask(a, path, query, NULL, &answer, err);
    if (r < 0)
        return r;
    r = answer.status == 200 ? take_field(p, &answer, ret, err) : refused(a, p, &answer, err);
    api_answer_done(&answer);
    return r;
}

int request_serve(const json_t *asked, redactor *secrets, char **ret, error **err)
{
    char *token = NULL;
    const char *token_file = word(asked, "token_file");
    const place p = {.mount = word(asked, "mount"),
                     .path = word(asked, "path"),
                     .field = word(asked, "field"),
                     .version = json_integer_value(json_object_get(asked, "version"))};
    api a = {.address = word(asked, "address"),
             .space = word(asked, "namespace"),
             .ca_file = word(asked, "ca_file"),
             .timeout_ms = json_integer_value(json_object_get(asked, "timeout_ms"))};
    if (!p.mount || !p.path || !p.field || !a.address || (!token_file && !word(asked, "role_id")))
        return error_set(err, ERROR_USAGE, "the request is not whole; this program is started by belay");
    a.deadline = clock_steady_ms() + a.timeout_ms;
    int r = token_file ? login_read(token_file, "token_file", secrets, &token, err)
                       : login_approle(&a, asked, secrets, &token, err);
    if (r < 0)
        return r;
    a.token = token;
    r = ask_for(&a, &p, ret, err);
    if (!token_file)
        login_end(&a);
    mem_wipe_free(token, strlen(token));
    return r;
}
