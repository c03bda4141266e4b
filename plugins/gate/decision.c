#include <stdio.h>
#include <string.h>

#include "gate.h"
#include "say/say.h"

/* What `belay approve` writes into a statement; a statement that differs in one byte is about something else. */
static bool states(const char *statement, const char *name, const char *value)
{
    char line[512];
    if (snprintf(line, sizeof line, "\n%s: %s\n", name, value ? value : "") >= (int)sizeof line)
        return false;
    return strstr(statement, line) != NULL;
}

static const char *word(const json_t *item, const char *name)
{
    const char *s = json_string_value(json_object_get(item, name));
    return s ? s : "";
}

static bool is_about_this(belay_ctx *c, const belay_host *h, const json_t *item, const char **why)
{
    const char *statement = word(item, "statement");
    *why = "its statement is not about this gate of this run";
    if (strncmp(statement, "belay approval: 1\n", 18) != 0 || !states(statement, "run", h->fact(c, "run.id")) ||
        !states(statement, "gate", h->fact(c, "step.id")) || !states(statement, "role", word(item, "role")) ||
        !states(statement, "decision", word(item, "decision")) || !states(statement, "user", word(item, "user")) ||
        !states(statement, "reason", word(item, "reason")))
        return false;
    *why = "the run has found something new since";
    return states(statement, "evidence", h->fact(c, "run.evidence"));
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */

/* Runs ssh-keygen on the statement; its output is the caller's to read. */
static belay_status ssh_keygen(belay_ctx *c, const belay_host *h, const char *const *argv, const char *statement,
                               belay_run *run)
{
    *run = (belay_run){.struct_size = sizeof *run, .argv = argv, .stdin_text = statement};
    return h->run(c, run);
}

/* The first principal whose key made the signature. */
static belay_status find_principal(belay_ctx *c, const belay_host *h, const char *allowed, char person[PERSON_MAX])
{
    const char *const argv[] = {"ssh-keygen", "-Y", "find-principals", "-s", "signature", "-f", allowed, NULL};
    belay_run run;
    belay_status s = ssh_keygen(c, h, argv, NULL, &run);
    person[0] = '\0';
    if (s == BELAY_OK && run.exit_code == 0)
        snprintf(person, PERSON_MAX, "%.*s", (int)strcspn(run.out, ",\n"), run.out);
    return s;
}

static belay_status verify_signature(belay_ctx *c, const belay_host *h, const char *statement, const char *allowed,
                                     char person[PERSON_MAX])
{
    belay_status s = find_principal(c, h, allowed, person);
    if (s != BELAY_OK || !*person)
        return s;
    const char *const argv[] = {"ssh-keygen", "-Y", "verify",         "-f", allowed,     "-I",
                                person,       "-n", "belay-approval", "-s", "signature", NULL};
    belay_run run;
    s = ssh_keygen(c, h, argv, statement, &run);
    if (s == BELAY_OK && run.exit_code != 0)
        person[0] = '\0';
    return s;
}

/* In the work folder, which is the current one. */
static belay_status write_signature(belay_ctx *c, const belay_host *h, const char *signature)
{
    FILE *f = fopen("signature", "we");
    const bool good = f && fputs(signature, f) >= 0;
    if (f && fclose(f) == 0 && good)
        return BELAY_OK;
    return say(c, h, BELAY_E_RETRY, NULL, "a signature could not be written into the work folder");
}

static belay_status find_signer(belay_ctx *c, const belay_host *h, const json_t *item, decision *d)
{
    belay_status s = write_signature(c, h, word(item, "signature"));
    return s == BELAY_OK ? verify_signature(c, h, word(item, "statement"), h->opt_str(c, "allowed_signers"), d->person)
                         : s;
}

bool decision_check(belay_ctx *c, const belay_host *h, const json_t *item, decision *ret, const char **why,
                    char buf[256], belay_status *status)
{
    *status = BELAY_OK;
    *ret = (decision){.role = word(item, "role"),
                      .reason = word(item, "reason"),
                      .user = word(item, "user"),
                      .approve = strcmp(word(item, "decision"), "approve") == 0,
                      .at = json_number_value(json_object_get(item, "at"))};
    if (!is_about_this(c, h, item, why))
        return false;
    if (!h->opt_str(c, "allowed_signers")) {
        snprintf(ret->person, sizeof ret->person, "%s", word(item, "user"));
        return true;
    }
    *why = "it is not signed";
    if (!*word(item, "signature"))
        return false;
    *status = find_signer(c, h, item, ret);
    ret->is_signed = true;
    snprintf(buf, 256, "its signature is of nobody in %s", h->opt_str(c, "allowed_signers"));
    *why = buf;
    return *ret->person;
}
