/* belay completion: the script that a shell reads to complete belay's command lines. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/completion_scripts.h" /* made of completion/belay.* */

int cli_completion(const cli_args *args)
{
    guard(error) err = NULL;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (strcmp(scripts[i].shell, args->words[0]) == 0) {
            fputs(scripts[i].text, stdout);
            return EXIT_COMMITTED;
        }
    (void)error_set(&err, ERROR_USAGE, "there is no completion for '%s'", args->words[0]);
    (void)error_hint(&err, "there is one for bash, for zsh and for fish");
    return cli_fail(err);
}
