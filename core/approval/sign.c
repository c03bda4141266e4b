/* Making a signature. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "approval/signer.h"
#include "base/file.h"

#define SIGNATURE_MAX (64 * 1024)

extern char **environ;

int signer_folder(char **ret, error **err)
{
    const char *tmp = getenv("TMPDIR");
    guard_mem char *folder = mem_printf("%s/belay-approve-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return error_set(err, ERROR_IO, "make the folder '%s': %s", folder, strerror(errno));
    *ret = take(folder);
    return 0;
}

int signer_write(const char *folder, const char *name, const char *text, error **err)
{
    guard_mem char *path = mem_printf("%s/%s", folder, name);
    guard_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ERROR_IO, "make '%s': %s", path, strerror(errno));
    return file_write_all(fd, text, strlen(text), err);
}

/* It keeps the terminal: the key may have a passphrase. */
static int run_ssh_keygen(const char *key, const char *path, error **err)
{
    char *const argv[] = {
        (char[]){"ssh-keygen"},       (char[]){"-q"}, (char[]){"-Y"}, (char[]){"sign"}, (char[]){"-n"},
        (char[]){APPROVAL_NAMESPACE}, (char[]){"-f"}, mem_dup(key),   mem_dup(path),    NULL};
    pid_t pid = 0;
    int status = 0, r = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
    free(argv[7]);
    free(argv[8]);
    if (r != 0) {
        (void)error_set(err, ERROR_IO, "run ssh-keygen: %s", strerror(r));
        return error_hint(err, "it comes with openssh-client");
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    (void)error_set(err, ERROR_USAGE, "ssh-keygen could not sign with the key '%s'", key);
    return error_hint(err, "--key names a private key, or the public key of one that ssh-agent holds");
}

int signer_sign(const char *statement, const char *key, char **ret, error **err)
{
    guard_mem char *folder = NULL;
    int r = signer_folder(&folder, err);
    if (r < 0)
        return r;
    guard_mem char *path = mem_printf("%s/statement", folder), *signature = mem_printf("%s.sig", path);
    r = signer_write(folder, "statement", statement, err);
    if (r == 0)
        r = run_ssh_keygen(key, path, err);
    if (r == 0)
        r = file_read(signature, SIGNATURE_MAX, ret, NULL, err);
    guard(error) ignored = NULL; /* what is left holds no secret */
    (void)!file_remove_tree(folder, &ignored);
    return r;
}
