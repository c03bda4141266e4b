#include "git.h"

static const belay_option checkout_options[] = {
    {.name = "repo",
     .type = BELAY_T_PATH,
     .flags = BELAY_F_REQUIRED,
     .doc = "The work tree: the folder that holds .git.",
     .example = "/opt/app"},
    {.name = "ref",
     .type = BELAY_T_STRING,
     .flags = BELAY_F_REQUIRED,
     .doc = "The tag, branch or commit to check out; a tag is preferred to a branch of the same name.",
     .example = "v1.8.0"},
    {.name = "remote",
     .type = BELAY_T_STRING,
     .def = "origin",
     .doc = "The remote to fetch from, and whose branches are looked at.",
     .example = "upstream"},
    {.name = "fetch",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Whether to fetch branches and tags first; a tag that the remote moved is refused.",
     .example = "true"},
    {.name = "allow_dirty",
     .type = BELAY_T_BOOL,
     .def = "false",
     .doc = "Whether tracked files may have changes that are not committed; they are kept.",
     .example = "true"},
};

static const belay_output checkout_outputs[] = {
    {.name = "commit", .doc = "The commit that was checked out.", .type = BELAY_T_STRING, .flags = BELAY_F_COMMIT},
    {.name = "dir", .doc = "The work tree's absolute path.", .type = BELAY_T_PATH},
    {.name = "previous", .doc = "The commit that was checked out before.", .type = BELAY_T_STRING},
};

static const belay_step steps[] = {
    {.name = "checkout",
     .doc = "Checks out a release, by its commit; rollback returns HEAD and files to exactly where they were.",
     .default_timeout_ms = 5 * 60 * 1000,
     BELAY_TABLE(option, checkout_options),
     BELAY_TABLE(output, checkout_outputs),
     .prepare = checkout_prepare,
     .execute = checkout_execute,
     .verify = checkout_verify,
     .rollback = checkout_rollback},
};

static const belay_plugin plugin = {
    BELAY_PLUGIN_HEAD, BELAY_TABLE(step, steps), .undo_format = 1,        .undo_format_oldest = 1,
    .name = "git",     .version = "0.1.0",       .license = "Apache-2.0", .doc = "Releases as git commits.",
};

const belay_plugin *belay_plugin_v1(void)
{
    return &plugin;
}
