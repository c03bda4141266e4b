#include "meanwhile.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

pid_t meanwhile(const char *script)
{
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        fail_msg("fork for: %s", script);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_RDWR);
        if (getppid() != parent || setpgid(0, 0) != 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
            _exit(126);
        execl("/bin/sh", "sh", "-c", script, NULL);
        _exit(127);
    }
    (void)setpgid(pid, pid); /* whoever is first */
    return pid;
}

void meanwhile_end(pid_t pid)
{
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
