#include "shell_world.h"

#include <string.h>
#include <sys/stat.h>

const char *shell_world_script(const char *body)
{
    const char *path = kit_path("%s/script", kit_folder());
    kit_write(path, kit_path("#!/bin/sh\n%s\n", body));
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

kit_step *shell_world_step(const char *kind, const char *body, const char **ret_cwd)
{
    kit_step *s = kit_step_new(kind);
    const char *cwd = kit_folder();
    kit_set_list(s, "argv", shell_world_script(body), NULL);
    kit_set(s, "cwd", cwd);
    if (ret_cwd)
        *ret_cwd = cwd;
    return s;
}

void shell_world_must_say(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is missing from: %s", part, text ? text : "nothing");
}
