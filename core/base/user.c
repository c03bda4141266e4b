#include "base/user.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

/* Whoever became root by sudo is still the person who acts. */
char *user_name(void)
{
    const char *before = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    if (before && getpwnam(before))
        return mem_dup(before);
    const struct passwd *user = getpwuid(getuid());
    return user ? mem_dup(user->pw_name) : mem_printf("%u", getuid());
}
