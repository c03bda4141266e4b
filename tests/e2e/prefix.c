#include "prefix.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "kit.h"

const char *install_prefix(void)
{
    const char *stage = kit_folder(), *build = getenv("BELAY_BUILD_DIR"), *prefix = kit_path("%s/moved", kit_folder());
    setenv("DESTDIR", stage, 1);
    mode_t mask = umask(002);
    kit_output_of("cmake", "--install", build, "--prefix", "/opt/belay", NULL);
    umask(mask);
    unsetenv("DESTDIR");
    if (rename(kit_path("%s/opt/belay", stage), prefix) != 0)
        return NULL;
    setenv("PKG_CONFIG_PATH", kit_path("%s/lib/pkgconfig", prefix), 1);
    setenv("BELAY_STATE_DIR", kit_folder(), 1);
    return prefix;
}
