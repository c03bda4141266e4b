/* belay-vault: one secret from HashiCorp Vault. It holds the token, so it keeps to itself and ends with who started it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "vault/request.h"

#define REQUEST_MAX ((size_t)64 * 1024)

/* No core file, no reader of its memory, no life after the core's. */
static void keep_to_itself(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#ifndef BELAY_SANITIZE
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

static json_t *read_request(void)
{
    text all = {.max = REQUEST_MAX};
    char bytes[4096];
    ssize_t n;
    while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
        text_add(&all, bytes, (size_t)n);
    json_t *asked = json_loads(text_get(&all), 0, NULL);
    text_done(&all);
    return asked;
}

/* What a server says may hold the token, or anything. */
static json_t *complain(const error *why, const redactor *secrets)
{
    guard_mem char *plain = error_text(why);
    guard_mem char *text = redactor_mask(secrets, plain),
                   *hint = redactor_mask(secrets, error_get_hint(why) ? error_get_hint(why) : "");
    return json_pack("{s:s, s:s}", "error", text, "hint", hint);
}

static json_t *answer(const json_t *asked, redactor *secrets)
{
    guard(error) err = NULL;
    char *value = NULL;
    int r = api_init(&err);
    if (r == 0)
        r = request_serve(asked, secrets, &value, &err);
    if (r < 0)
        return complain(err, secrets);
    json_t *found = json_pack("{s:s}", "value", value);
    mem_wipe_free(value, strlen(value));
    return found;
}

int main(void)
{
    guard(redactor) secrets = redactor_new();
    guard(error) err = NULL;
    keep_to_itself();
    mem_init();
    mem_on_exhausted("belay-vault: out of memory\n", EXIT_FAILURE);
    json_t *asked = read_request();
    json_t *said = answer(asked, secrets);
    char *line = json_dumps(said, JSON_COMPACT);
    json_decref(asked);
    json_decref(said);
    int r = file_write_all(STDOUT_FILENO, line, strlen(line), &err);
    mem_wipe_free(line, strlen(line));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
