#include "base/user.h"

#include <pwd.h>
#include <unistd.h>

#include "base/mem.h"

char *user_name(void)
{
    const struct passwd *user = getpwuid(getuid());
    return user ? mem_dup(user->pw_name) : mem_printf("%u", getuid());
}
