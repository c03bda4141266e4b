#include "vault_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kit.h"

int vault_serve(const char *folder, const char *certificate, const char *key)
{
    int in[2], out[2]; /* its standard input ends with this program, and then so does it */
    char line[32] = "";
    if (kit_status_of("which", "python3", NULL) != 0)
        exit(77);
    const char *server = kit_path("%s/tests/e2e/vault_server", getenv("BELAY_SOURCE_DIR"));
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    if (fork() == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execlp("python3", "python3", server, folder, certificate, key, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    assert_true(read(out[0], line, sizeof line - 1) > 0);
    close(out[0]);
    return atoi(line);
}
