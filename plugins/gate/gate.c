#include "gate.h"

/* The options by which decisions are counted. */
#define WHO_AND_HOW_LONG                                                                                               \
    {.name = "allowed_signers",                                                                                        \
     .type = BELAY_T_PATH,                                                                                             \
     .doc =                                                                                                            \
         "Who may sign with which SSH key, as ssh-keygen(1) describes it; without it decisions are not signed, and "   \
         "the record says so.",                                                                                        \
     .example = "/etc/belay/allowed_signers"},                                                                         \
        {.name = "expires",                                                                                            \
         .type = BELAY_T_DURATION,                                                                                     \
         .def = "72h",                                                                                                 \
         .min = 1000,                                                                                                  \
         .max = INT64_C(90) * 24 * 3600 * 1000,                                                                        \
         .doc = "How long the gate waits; then it has failed.",                                                        \
         .example = "24h"},                                                                                            \
        {.name = "warn_before",                                                                                        \
         .type = BELAY_T_DURATION,                                                                                     \
         .def = "1h",                                                                                                  \
         .doc = "How long before it expires a warning is given.",                                                      \
         .example = "4h"},                                                                                             \
        {.name = "own_run",                                                                                            \
         .type = BELAY_T_BOOL,                                                                                         \
         .def = "true",                                                                                                \
         .doc = "Whether the user who started the run may approve it.",                                                \
         .example = "false"},                                                                                          \
    {                                                                                                                  \
        .name = "distinct", .type = BELAY_T_BOOL, .def = "true",                                                       \
        .doc = "Whether each role needs a person of its own.", .example = "false"                                      \
    }

static const belay_option approval_options[] = {
    {.name = "roles",
     .type = BELAY_T_LIST,
     .flags = BELAY_F_REQUIRED,
     .doc = "The roles that must approve, each \"NAME\" or \"NAME=person person\"; a person is a principal of "
            "allowed_signers, or else a user of the operating system.",
     .example = "tech-lead=alice@example.org, qa-lead=bob@example.org carol@example.org"},
    WHO_AND_HOW_LONG,
    {.name = "require_reason",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Whether an approval needs a reason: a team's feedback, for example.",
     .example = "true"},
};

static const belay_output approval_outputs[] = {
    {.name = "approved_by", .type = BELAY_T_STRING, .doc = "Roles, persons, and how each is known."},
};

static const belay_option decision_options[] = {
    {.name = "boxes",
     .type = BELAY_T_LIST,
     .doc = "Boxes of the checklist that must be ticked by then.",
     .example = "7.1, 7.2, D2.1"},
    {.name = "steps", .type = BELAY_T_LIST, .doc = "Steps that must have passed by then.", .example = "smoke, health"},
    {.name = "no_go_if",
     .type = BELAY_T_LIST,
     .doc =
         "Limits on what steps measured, each \"STEP.METRIC > VALUE\", of every instance; what was not measured is a "
         "NO-GO, too.",
     .example = "load.p95 > 500ms, soak.slope(memory) > 8MB/h"},
    {.name = "roles",
     .type = BELAY_T_LIST,
     .doc = "Who may overrule a NO-GO, giving a reason, and who may say no to a GO: roles as in gate.approval; without "
            "them a NO-GO is final.",
     .example = "release-manager=carol@example.org"},
    WHO_AND_HOW_LONG,
};

static const belay_output decision_outputs[] = {
    {.name = "decision", .type = BELAY_T_STRING, .doc = "GO; after a NO-GO there is none."},
    {.name = "overruled_by",
     .type = BELAY_T_STRING,
     .doc = "Role and person that overruled a NO-GO, and how that is known; or nothing."},
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
    {.name = "decision",
     .doc = "GO or NO-GO, by the boxes, steps and measurements of the run so far; only a named role overrules a NO-GO.",
     .flags = BELAY_S_READ_ONLY | BELAY_S_WAITS,
     .default_timeout_ms = 30000,
     BELAY_TABLE(option, decision_options),
     BELAY_TABLE(output, decision_outputs),
     .prepare = go_prepare,
     .verify = go_verify},
};

static const belay_plugin plugin = {BELAY_PLUGIN_HEAD,       BELAY_TABLE(step, steps),
                                    .name = "gate",          .version = BELAY_VERSION,
                                    .license = "Apache-2.0", .doc = "Points where people decide."};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
