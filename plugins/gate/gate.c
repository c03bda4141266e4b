#include "gate.h"

static const belay_option approval_options[] = {
    {.name = "roles",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc = "The roles that must approve, each \"NAME\" or \"NAME=person person\"; a person is a principal of "
            "allowed_signers, or else a user of the operating system.",
     .example = "tech-lead=alice@example.org, qa-lead=bob@example.org carol@example.org"},
    {.name = "allowed_signers",
     .type = BELAY_T_PATH,
     .doc = "Who may sign with which SSH key, as ssh-keygen(1) describes it; without it decisions are not signed, and "
            "the record says so.",
     .example = "/etc/belay/allowed_signers"},
    {.name = "expires",
     .type = BELAY_T_DURATION,
     .def = "72h",
     .min = 1000,
     .max = INT64_C(90) * 24 * 3600 * 1000,
     .doc = "How long the gate waits; then it has failed.",
     .example = "24h"},
    {.name = "warn_before",
     .type = BELAY_T_DURATION,
     .def = "1h",
     .doc = "How long before it expires a warning is given.",
     .example = "4h"},
    {.name = "own_run",
     .type = BELAY_T_BOOL,
     .def = "true",
     .doc = "Whether the user who started the run may approve it.",
     .example = "false"},
    {.name = "distinct",
     .type = BELAY_T_BOOL,
     .def = "true",
     .doc = "Whether each role needs a person of its own.",
     .example = "false"},
    {.name = "require_reason",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Whether an approval needs a reason: a team's feedback, for example.",
     .example = "true"},
};

static const belay_output approval_outputs[] = {
    {.name = "approved_by", .type = BELAY_T_STRING, .doc = "Roles, persons, and how each is known."},
};

static const belay_step steps[] = {
    {.name = "approval",
     .doc = "Waits until every role has approved what the run has found; one no is a failure.",
     .flags = BELAY_S_READ_ONLY | BELAY_S_WAITS,
     .default_timeout_ms = 30000,
     BELAY_TABLE(option, approval_options),
     BELAY_TABLE(output, approval_outputs),
     .prepare = approval_prepare,
     .verify = approval_verify},
};

static const belay_plugin plugin = {BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
                                    .name = "gate",          .version = BELAY_VERSION,
                                    .license = "Apache-2.0", .doc = "Points where people decide."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
