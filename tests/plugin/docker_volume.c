/* docker.volume_backup: a real volume, saved, spoilt and put back. */
#include "docker_world.h"

/* A service whose image has the program find, over a volume with all that a file can be. */
#define SERVICES                                                                                                       \
    "  db:\n    image: debian:bookworm-slim\n    command: [sleep, '600']\n    stop_grace_period: 0s\n    volumes: "    \
    "['data:/data']\n"

static docker_world filled_world(void)
{
    docker_world w = docker_world_new();
    docker_world_services(&w, SERVICES, "volumes: {data: {}}\n");
    docker_world_compose(&w, "up", "-d");
    (void)docker_says(
        "exec", kit_path("%s-db-1", w.project), "sh", "-c",
        "cd /data && mkdir -p sub/empty '.hid den' && echo one >sub/one && ln -s sub/one link && ln sub/one hard &&"
        " head -c 3000000 /dev/urandom >big && chmod 640 big && chown 33:44 big && touch -d @1600000000 big");
    return w;
}

/* All names, kinds, owners, modes, times and sums in the volume. */
static const char *content(const docker_world *w)
{
    return docker_says("run", "--rm", "--network=none", "-v", kit_path("%s_data:/data", w->project),
                       "debian:bookworm-slim", "sh", "-c",
                       "cd /data && find . -printf '%p %y %u %g %m %n %s %l\\n' | grep -v '^[^ ]* d' | sort;"
                       " find . -type d -printf '%p %m\\n' | sort; find . -type f -exec sha256sum {} + | sort -k2;"
                       " stat -c %Y big");
}

static kit_step *backup(const docker_world *w, const char *to)
{
    kit_step *s = kit_step_new("docker.volume_backup");
    kit_set(s, "volume", kit_path("%s_data", w->project));
    kit_set(s, "to", to);
    kit_fact(s, "run.id", w->project);
    kit_fact(s, "run.started_at", "1767225600.5");
    return s;
}

static void must(kit_step *s, kit_phase phase)
{
    belay_status got = kit_run(s, phase);
    if (got < 0)
        fail_msg("phase %d gave %d: %s\n%s", (int)phase, got, kit_summary(s), kit_log(s));
}

static void assert_no_helper(const docker_world *w)
{
    assert_string_equal(docker_says("ps", "-aq", "--filter", kit_path("label=belay.helper=%s_data", w->project)), "");
}

static void stop(const docker_world *w)
{
    docker_world_compose(w, "stop", "-t", "0");
}

static void a_spoilt_volume_comes_back_as_it_was(void **state)
{
    (void)state;
    docker_world w = filled_world();
    const char *folder = kit_folder(), *before;
    stop(&w);
    before = content(&w);
    kit_step *s = backup(&w, folder);
    kit_set(s, "restore_on_rollback", "true");
    must(s, KIT_PREPARE);
    assert_holds(kit_plan(s), "save the volume");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    assert_holds(kit_output(s, "file"), "_data_20260101_000000_step.tar.zst");
    assert_true(kit_measured(s, "entries") == 8);
    assert_true(kit_measured(s, "content") > 3e6 && kit_measured(s, "size") > 3e6);
    assert_int_equal(kit_status_of("sh", "-c", kit_path("cd '%s' && sha256sum --quiet -c *.sha256", folder), NULL), 0);
    assert_no_helper(&w);

    (void)docker_says("run", "--rm", "--network=none", "-v", kit_path("%s_data:/data", w.project),
                      "debian:bookworm-slim", "sh", "-c",
                      "cd /data && rm -r sub link && mkdir link new && echo two >hard && echo x >new/x && chown 1:1 .");
    const char *spoilt = content(&w);
    assert_string_not_equal(spoilt, before);
    must(s, KIT_ROLLBACK);
    assert_string_equal(content(&w), before);
    assert_no_helper(&w);
    assert_int_equal(kit_status_of("test", "-e",
                                   kit_path("%s/%s_data_replaced_20260101_000000_step.tar.zst", folder, w.project),
                                   NULL),
                     0);
    must(s, KIT_ROLLBACK); /* a second time */
    assert_string_equal(content(&w), before);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_rollback_that_was_killed_is_done_again(void **state)
{
    (void)state;
    docker_world w = filled_world();
    stop(&w);
    const char *before = content(&w);
    kit_step *s = backup(&w, kit_folder());
    kit_set(s, "restore_on_rollback", "true");
    must(s, KIT_EXECUTE);
    for (int ms = 200; ms <= 1700; ms += 500) {
        (void)kit_run_killed(s, KIT_ROLLBACK, 0, ms);
        must(s, KIT_ROLLBACK);
        assert_string_equal(content(&w), before);
        assert_no_helper(&w);
    }
    kit_step_free(s);
    docker_world_free(&w);
}

static void without_the_option_rollback_leaves_the_volume_alone(void **state)
{
    (void)state;
    docker_world w = filled_world();
    stop(&w);
    const char *folder = kit_folder(), *before = content(&w);
    kit_step *s = backup(&w, folder);
    for (int n = 1; n <= 5; n++) { /* killed after each record */
        kit_step *killed = backup(&w, folder);
        assert_int_equal(kit_run_killed(killed, KIT_EXECUTE, n, 0), KIT_BROKEN);
        assert_int_equal(kit_run(killed, KIT_ROLLBACK), BELAY_NOTHING);
        kit_step_free(killed);
    }
    assert_string_equal(kit_output_of("ls", "-A", folder, NULL), "");
    must(s, KIT_EXECUTE);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_NOTHING);
    assert_string_equal(content(&w), before);
    must(s, KIT_VERIFY); /* a proved archive stays */
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_volume_in_use_is_refused_unless_allowed(void **state)
{
    (void)state;
    docker_world w = filled_world();
    kit_step *s = backup(&w, kit_folder());
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), kit_path("in use by running containers: %s-db-1", w.project));
    kit_set(s, "in_use", "allow");
    must(s, KIT_EXECUTE);
    must(s, KIT_VERIFY);
    kit_step_free(s);
    docker_world_free(&w);
}

static void what_cannot_be_restored_later_is_refused_now(void **state)
{
    (void)state;
    docker_world w = filled_world();
    docker_world_version(&w, "bare");
    stop(&w);
    (void)kit_output_of("docker", "build", "-q", "-t", kit_path("%s-bare", w.project), w.dir, NULL);
    kit_step *s = backup(&w, kit_folder());
    kit_set(s, "image", kit_path("%s-bare", w.project));
    must(s, KIT_EXECUTE); /* saving needs no program at all */
    kit_set(s, "restore_on_rollback", "true");
    kit_step *t = backup(&w, kit_folder());
    kit_set(t, "image", kit_path("%s-bare", w.project));
    kit_set(t, "restore_on_rollback", "true");
    assert_int_equal(kit_run(t, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(t), "has no program find");
    assert_int_equal(kit_run(t, KIT_ROLLBACK), BELAY_NOTHING);
    assert_no_helper(&w);
    kit_step_free(t);
    kit_step_free(s);
    docker_world_free(&w);
}

static void a_damaged_archive_is_no_backup_and_is_not_restored(void **state)
{
    (void)state;
    docker_world w = filled_world();
    stop(&w);
    const char *before = content(&w);
    kit_step *s = backup(&w, kit_folder());
    kit_set(s, "restore_on_rollback", "true");
    must(s, KIT_EXECUTE);
    (void)kit_output_of("truncate", "-s", "-9", kit_output(s, "file"), NULL);
    assert_int_equal(kit_run(s, KIT_VERIFY), BELAY_E_FAIL);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "is not what was written");
    assert_string_equal(content(&w), before);
    kit_step_free(s);
    docker_world_free(&w);
}

/* Its folder is mounted no more, say. */
static void an_archive_that_is_gone_by_the_rollback_is_no_success(void **state)
{
    (void)state;
    docker_world w = filled_world();
    stop(&w);
    const char *before = content(&w), *folder = kit_path("%s/backups", kit_folder());
    kit_output_of("mkdir", folder, NULL);
    kit_step *s = backup(&w, folder);
    kit_set(s, "restore_on_rollback", "true");
    must(s, KIT_EXECUTE);
    (void)docker_says("run", "--rm", "--network=none", "-v", kit_path("%s_data:/data", w.project),
                      "debian:bookworm-slim", "rm", "/data/big");
    kit_output_of("mv", kit_output(s, "file"), kit_path("%s/..", folder), NULL);
    assert_int_equal(kit_run(s, KIT_ROLLBACK), BELAY_E_FAIL);
    assert_holds(kit_summary(s),
                 kit_path("its archive %s was made and cannot be found: No such file", kit_output(s, "file")));
    assert_holds(kit_hint(s), "try the rollback again");
    kit_output_of("mv", kit_path("%s/../%s", folder, strrchr(kit_output(s, "file"), '/') + 1), folder, NULL);
    must(s, KIT_ROLLBACK);
    assert_string_equal(content(&w), before);
    kit_step_free(s);

    kit_step *kept = backup(&w, folder); /* nothing was to be put back */
    kit_fact(kept, "run.started_at", "1767312000");
    must(kept, KIT_EXECUTE);
    kit_output_of("rm", kit_output(kept, "file"), NULL);
    assert_int_equal(kit_run(kept, KIT_ROLLBACK), BELAY_NOTHING);
    kit_step_free(kept);
    docker_world_free(&w);
}

static void only_the_newest_proved_archives_stay(void **state)
{
    (void)state;
    docker_world w = filled_world();
    stop(&w);
    const char *folder = kit_folder();
    kit_write(kit_path("%s/%s_data_20250101_000000.tar.zst", folder, w.project), "proved, old");
    kit_write(kit_path("%s/%s_data_20250101_000000.tar.zst.sha256", folder, w.project), "sum");
    kit_write(kit_path("%s/%s_data_20250202_000000.tar.zst", folder, w.project), "not proved");
    kit_write(kit_path("%s/%s_data_20250303_000000.tar.zst.partial", folder, w.project), "cut short");
    kit_step *s = backup(&w, folder);
    kit_set(s, "keep", "1");
    must(s, KIT_EXECUTE);
    const char *left = kit_output_of("ls", "-A", folder, NULL);
    assert_null(strstr(left, "20250101"));
    assert_holds(left, "20250202");
    assert_holds(left, "20250303");
    assert_holds(left, "20260101_000000_step.tar.zst\n");
    kit_step_free(s);
    docker_world_free(&w);
}

static void what_is_not_there_is_refused_early(void **state)
{
    (void)state;
    docker_world w = docker_world_new();
    kit_step *s = backup(&w, kit_folder());
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "there is no volume");
    kit_set(s, "to", "/no/such/folder");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "/no/such/folder cannot be written");
    kit_set(s, "volume", "/var/lib/data");
    assert_int_equal(kit_run(s, KIT_PREPARE), BELAY_E_CONFIG);
    kit_step_free(s);
    docker_world_free(&w);
}

#define ANSWER(status, body) "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

/* An engine that still removes the helper container which a killed worker had wanted gone. */
static const char *still_removing(const char *request)
{
    static int deletes;
    if (strstr(request, "/version "))
        return ANSWER("200 OK", "{\"ApiVersion\": \"1.41\", \"MinAPIVersion\": \"1.12\", \"Version\": \"20.10\"}");
    if (strncmp(request, "DELETE", 6) == 0)
        return ++deletes < 4
                   ? ANSWER("409 Conflict", "{\"message\": \"removal of container x is already in progress\"}")
                   : ANSWER("404 Not Found", "{\"message\": \"No such container: x\"}");
    if (strncmp(request, "POST", 4) == 0)
        return deletes == 4 ? ANSWER("400 Bad Request", "{\"message\": \"asked for a new one after four tries\"}")
                            : ANSWER("400 Bad Request", "{\"message\": \"asked for a new one too early\"}");
    return strstr(request, "/containers/json") ? ANSWER("200 OK", "[]") : ANSWER("200 OK", "{}");
}

static void a_removal_that_is_under_way_is_waited_for(void **state)
{
    (void)state;
    int port = kit_web_start(still_removing);
    kit_step *s = kit_step_new("docker.volume_backup");
    kit_set(s, "host", kit_path("tcp://127.0.0.1:%d", port));
    kit_set(s, "volume", "data");
    kit_set(s, "image", "any");
    kit_set(s, "to", kit_folder());
    assert_int_equal(kit_run(s, KIT_EXECUTE), BELAY_E_FAIL);
    assert_holds(kit_summary(s), "asked for a new one after four tries");
    kit_step_free(s);
    kit_web_stop(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spoilt_volume_comes_back_as_it_was),
        cmocka_unit_test(a_rollback_that_was_killed_is_done_again),
        cmocka_unit_test(without_the_option_rollback_leaves_the_volume_alone),
        cmocka_unit_test(a_volume_in_use_is_refused_unless_allowed),
        cmocka_unit_test(what_cannot_be_restored_later_is_refused_now),
        cmocka_unit_test(a_damaged_archive_is_no_backup_and_is_not_restored),
        cmocka_unit_test(an_archive_that_is_gone_by_the_rollback_is_no_success),
        cmocka_unit_test(only_the_newest_proved_archives_stay),
        cmocka_unit_test(what_is_not_there_is_refused_early),
        cmocka_unit_test(a_removal_that_is_under_way_is_waited_for),
    };
    return cmocka_run_group_tests_name("docker.volume_backup", tests, NULL, docker_world_teardown);
}
