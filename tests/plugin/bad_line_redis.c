#include <string.h>

#include "bad_line.h"

static kit_step *over(const proxy *line, const char *kind)
{
    kit_step *s = kit_step_new(kind);
    kit_set(s, "url", kit_path("redis://:kit-redis@127.0.0.1:%d/0", proxy_port(line)));
    kit_set(s, "connect_timeout", "500ms");
    return s;
}

static kit_step *info(const proxy *line)
{
    return over(line, "redis.info");
}

static kit_step *errors(const proxy *line)
{
    kit_step *s = over(line, "redis.errors");
    kit_set(s, "window", "200ms");
    return s;
}

static proxy *line_to_redis(void)
{
    const char *port = strrchr(kit_redis_url(), ':') + 1;
    return proxy_start(kit_path("127.0.0.1:%.*s", (int)strcspn(port, "/"), port), NULL);
}

static void info_over_a_bad_line(void **state)
{
    (void)state;
    proxy *line = line_to_redis();
    bad_line_verify(line, info);
    proxy_stop(line);
}

static void errors_over_a_bad_line(void **state)
{
    (void)state;
    proxy *line = line_to_redis();
    bad_line_verify(line, errors);
    proxy_stop(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(info_over_a_bad_line),
                                       cmocka_unit_test(errors_over_a_bad_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
