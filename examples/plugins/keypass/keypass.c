/* keypass: a check that is given a secret. Does the passphrase open the private key that is about to be deployed? */
#include <stdio.h>

#include <belay/plugin.h>

#define PASSPHRASE_MAX 1024

static const belay_option options[] = {
    {.name = "key",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The private key, in PEM.",
     .example = "/etc/ssl/private/shop.key"},
    /* BELAY_F_SECRET: the host masks its value in all that it writes, and stores it nowhere. */
    {.name = "passphrase",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED | BELAY_F_SECRET,
     .doc = "What the key is encrypted with.",
     .example = "${secret:key_passphrase}"},
};

/*
 * A secret goes to a program by its standard input or its environment. Never by its arguments: every user of the
 * machine can read those. Nor does it go into what people read, though the host would mask it there.
 */
static belay_status verify(belay_ctx *c, const belay_host *h)
{
    const char *const argv[] = {"openssl", "pkey", "-in", h->opt_str(c, "key"), "-passin", "stdin", "-noout", NULL};
    char line[PASSPHRASE_MAX], why[512];
    if (snprintf(line, sizeof line, "%s\n", h->opt_str(c, "passphrase")) >= (int)sizeof line) {
        h->explain(c, "the passphrase is longer than openssl takes", NULL, "passphrase");
        return BELAY_E_CONFIG;
    }
    belay_run program = {.struct_size = sizeof program, .argv = argv, .stdin_text = line};
    belay_status status = h->run(c, &program);
    if (status != BELAY_OK)
        return status; /* it did not start, was cancelled, or took too long: the host has said so */
    if (program.exit_code == 0)
        return BELAY_OK;
    snprintf(why, sizeof why, "openssl does not open the key: %.300s", program.err);
    h->explain(c, why, "see that the key and the passphrase belong together", "passphrase");
    return BELAY_E_FAIL;
}

static const belay_step steps[] = {
    {.name = "opens",
     .doc = "Checks that a passphrase opens a private key.",
     .flags = BELAY_S_READ_ONLY,
     .default_timeout_ms = 10 * 1000,
     BELAY_TABLE(option, options),
     .verify = verify},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .name = "keypass", .version = "0.1.0", .doc = "Passphrases of keys.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
