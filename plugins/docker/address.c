#include "address.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "durable/digest.h"

#define DEFAULT_HOST "unix:///var/run/docker.sock"

void address_done(address *a)
{
    free(a->host);
    free(a->tls);
    free(a->context);
    free(a->label);
    *a = (address){0};
}

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* The docker program's folder. A service may have no $HOME; the program asks the user database then. */
static char *config_folder(void)
{
    const char *folder = from_environment("DOCKER_CONFIG"), *home = from_environment("HOME");
    if (folder)
        return text_dup(folder);
    const struct passwd *user = home ? NULL : getpwuid(getuid());
    return text_printf("%s/.docker", home ? home : user ? user->pw_dir : "");
}

/* ---- contexts ---- */

/* Which context is meant; *ret stays NULL for none. A configuration that cannot be read might name one. */
static belay_status choose_context(const call *c, const char *folder, char **ret)
{
    const char *name = from_environment("DOCKER_CONTEXT");
    guard_json *config = NULL;
    if (!name) {
        guard_mem char *file = text_printf("%s/config.json", folder);
        json_error_t why;
        config = json_load_file(file, 0, &why);
        if (!config && access(file, F_OK) == 0)
            return call_fail(c, BELAY_E_FAIL, "fix the file, or set DOCKER_HOST or the option host",
                             "%s, which may name a docker context, cannot be read: %s", file, why.text);
        name = text_member(config, "currentContext");
    }
    if (*name && strcmp(name, "default") != 0)
        *ret = text_dup(name);
    return BELAY_OK;
}

static bool is_folder_of_certificates(const char *folder)
{
    static const char *const names[] = {"ca.pem", "cert.pem", "key.pem"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        guard_mem char *file = text_printf("%s/%s", folder, names[i]);
        if (access(file, F_OK) == 0)
            return true;
    }
    return false;
}

/* A context's files lie below the SHA-256 of its name. */
static belay_status read_context(const call *c, const char *folder, address *to)
{
    char hex[DIGEST_TEXT];
    digest *d = digest_new();
    digest_feed(d, to->context, strlen(to->context));
    if (!digest_end(d, hex))
        return call_fail(c, BELAY_E_RETRY, NULL, "cannot compute a SHA-256 digest");
    guard_mem char *file = text_printf("%s/contexts/meta/%s/meta.json", folder, hex);
    guard_mem char *tls = text_printf("%s/contexts/tls/%s/docker", folder, hex);
    json_error_t why;
    guard_json *meta = json_load_file(file, 0, &why);
    if (!meta)
        return call_fail(c, BELAY_E_FAIL, "`docker context ls` lists the contexts; set DOCKER_CONTEXT or DOCKER_HOST",
                         "docker context \"%s\" not found: %s", to->context,
                         access(file, F_OK) == 0 ? why.text : strerror(errno));
    const json_t *endpoint = json_object_get(json_object_get(meta, "Endpoints"), "docker");
    to->host = text_dup(text_member(endpoint, "Host"));
    if (!*to->host)
        return call_fail(c, BELAY_E_FAIL, NULL, "docker context \"%s\" has no Docker endpoint: %s", to->context, file);
    if (json_is_true(json_object_get(endpoint, "SkipTLSVerify")))
        return call_fail(c, BELAY_E_FAIL, "update the context with the certificate authority: `docker context update`",
                         "docker context \"%s\" skips the verification of TLS, which Belay requires", to->context);
    to->tls = is_folder_of_certificates(tls) ? take(tls) : NULL;
    return BELAY_OK;
}

/* ---- the choice ---- */

/* Without a context: TLS by the option or by the variables of the docker program, whose folder is the default. */
static char *default_tls(const char *option, const char *folder)
{
    if (option)
        return text_dup(option);
    if (!from_environment("DOCKER_TLS_VERIFY") && !from_environment("DOCKER_TLS"))
        return NULL;
    const char *named = from_environment("DOCKER_CERT_PATH");
    return text_dup(named ? named : folder);
}

static belay_status check_scheme(const call *c, const address *a, const char *source)
{
    if (strncmp(a->host, "unix://", 7) == 0 || strncmp(a->host, "tcp://", 6) == 0)
        return BELAY_OK;
    const char *hint = strncmp(a->host, "ssh://", 6) == 0
                           ? "Belay does not support ssh:// yet; forward the engine's socket (ssh -L) and name that"
                           : "write unix:///path or tcp://host:port";
    guard_mem char *summary = text_printf("unsupported address of a Docker Engine: \"%s\" (from %s)", a->host, source);
    c->host->explain(c->ctx, summary, hint, "host");
    return BELAY_E_CONFIG;
}

belay_status address_find(const call *c, address *ret)
{
    const char *option = call_str(c, "host"), *variable = from_environment("DOCKER_HOST");
    guard_mem char *folder = config_folder();
    *ret = (address){0};
    belay_status s = option || variable ? BELAY_OK : choose_context(c, folder, &ret->context);
    if (s != BELAY_OK)
        return s;
    if (ret->context) {
        s = read_context(c, folder, ret);
        if (s == BELAY_OK && call_str(c, "tls"))
            s = call_blame(c, "tls", "docker context \"%s\" brings its own certificates: set host as well, or drop tls",
                           ret->context);
    } else {
        ret->host = text_dup(option ? option : variable ? variable : DEFAULT_HOST);
        ret->tls = strncmp(ret->host, "tcp://", 6) == 0 ? default_tls(call_str(c, "tls"), folder) : NULL;
    }
    if (s != BELAY_OK)
        return s;
    ret->label = ret->context ? text_printf("%s (docker context %s)", ret->host, ret->context) : text_dup(ret->host);
    guard_mem char *source = ret->context ? text_printf("docker context %s", ret->context)
                                          : text_dup(option ? "option host" : "DOCKER_HOST");
    return check_scheme(c, ret, source);
}
