#include "docker_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORLDS_MAX 64
static docker_world left[WORLDS_MAX]; /* those not freed yet */
static size_t left_count;

static const char *engine;

void docker_world_own_engine(void)
{
    engine = kit_docker_own();
}

/* Compose is in .dev/bin where the system has none. */
static void prepare_environment(void)
{
    const char *source = getenv("BELAY_SOURCE_DIR");
    setenv("DOCKER_HOST", engine ? engine : kit_docker_host(), 1);
    if (source && !strstr(getenv("PATH"), "/.dev/bin"))
        setenv("PATH", kit_path("%s/.dev/bin:%s", source, getenv("PATH")), 1);
}

docker_world docker_world_new(void)
{
    static int count;
    prepare_environment();
    docker_world w = {.project = kit_path("belay-test-%d-%d", (int)getpid(), ++count), .dir = kit_folder()};
    const char *tiny = kit_path("%s/tests/docker-tiny", getenv("BELAY_BUILD_DIR"));
    kit_output_of("cp", tiny, kit_path("%s/tiny", w.dir), NULL);
    docker_world_version(&w, "1");
    docker_world_services(&w, "  app: {build: ., image: $P-app}\n", "");
    assert_true(left_count < WORLDS_MAX);
    left[left_count++] = w;
    return w;
}

/* Removes the ids in `list`, one a line: `docker KIND ... ID`. */
static void remove_each(const char *const command[4], const char *list)
{
    char *lines = strdup(list), *rest = NULL;
    for (char *id = strtok_r(lines, "\n", &rest); id; id = strtok_r(NULL, "\n", &rest))
        kit_status_of("docker", command[0], command[1], command[2], id, NULL);
    free(lines);
}

int docker_world_teardown(void **state)
{
    (void)state;
    while (left_count > 0)
        docker_world_free(&left[left_count - 1]);
    return 0;
}

void docker_world_free(docker_world *freed)
{
    const docker_world copy = *freed, *w = &copy;
    for (size_t i = 0; i < left_count; i++)
        if (left[i].project == w->project)
            left[i] = left[--left_count];
    const char *label = kit_path("label=com.docker.compose.project=%s", w->project);
    const char *name = kit_path("name=%s", w->project), *reference = kit_path("reference=%s*", w->project);
    remove_each((const char *const[4]){"container", "rm", "-fv"},
                kit_output_of("docker", "ps", "-aq", "--filter", label, NULL));
    remove_each((const char *const[4]){"container", "rm", "-fv"},
                kit_output_of("docker", "ps", "-aq", "--filter", name, NULL));
    remove_each((const char *const[4]){"network", "rm", "--"},
                kit_output_of("docker", "network", "ls", "-q", "--filter", label, NULL));
    remove_each((const char *const[4]){"volume", "rm", "-f"},
                kit_output_of("docker", "volume", "ls", "-q", "--filter", label, NULL));
    remove_each((const char *const[4]){"image", "rm", "-f"},
                kit_output_of("docker", "images", "-aq", "--filter", reference, NULL));
    remove_each((const char *const[4]){"image", "rm", "-f"},
                kit_output_of("docker", "images", "-q", "--filter", label, NULL));
}

/* text with each "$P" replaced; freed by the caller. */
static char *expand(const docker_world *w, const char *text)
{
    size_t room = strlen(text) * (strlen(w->project) + 1) + 1;
    char *out = calloc(1, room);
    for (char *to = out; *text; text++) {
        if (strncmp(text, "$P", 2) == 0) {
            to = stpcpy(to, w->project);
            text++;
        } else {
            *to++ = *text;
        }
    }
    return out;
}

void docker_world_services(const docker_world *w, const char *services, const char *rest)
{
    char *expanded_services = expand(w, services), *expanded_rest = expand(w, rest);
    kit_write(kit_path("%s/docker-compose.yml", w->dir),
              kit_path("name: %s\nservices:\n%s%s", w->project, expanded_services, expanded_rest));
    free(expanded_services);
    free(expanded_rest);
}

void docker_world_version(const docker_world *w, const char *version)
{
    kit_write(kit_path("%s/Dockerfile", w->dir),
              kit_path("FROM scratch\nCOPY tiny /tiny\nLABEL version=%s project=%s\nENTRYPOINT [\"/tiny\"]\n", version,
                       w->project));
}

const char *docker_world_trim(const char *output)
{
    size_t n = strlen(output);
    while (n > 0 && output[n - 1] == '\n')
        n--;
    return kit_path("%.*s", (int)n, output);
}

kit_step *docker_world_step(const docker_world *w, const char *kind)
{
    static int count;
    kit_step *s = kit_step_new(kind);
    kit_set(s, "project_dir", w->dir);
    kit_fact(s, "step.id", kit_path("step%d", ++count));
    return s;
}

bool docker_world_has(const char *kind, const char *name)
{
    return kit_status_of("docker", kind, "inspect", name, NULL) == 0;
}

void docker_world_must(kit_step *s, kit_phase phase)
{
    belay_status got = kit_run(s, phase);
    if (got < 0)
        fail_msg("phase %d gave %d: %s\n%s", (int)phase, got, kit_summary(s), kit_log(s));
}

const char *docker_world_id(const char *name)
{
    return docker_says("inspect", "-f", "{{.Id}}", name);
}

/* One line for each container, without what must differ: its ids, its times, its addresses. */
#define CONTAINER_FORMAT                                                                                               \
    "{{.Name}} {{.Config.Image}} {{.Image}} running={{.State.Running}} {{json .Config.Labels}} {{json .Config.Env}} "  \
    "{{json .Config.Cmd}} {{json .HostConfig.RestartPolicy}} {{json .HostConfig.PortBindings}}"                        \
    "{{range .Mounts}}{{println}}{{$.Name}} mounts {{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}"                \
    "{{range $n, $v := .NetworkSettings.Networks}}{{println}}{{$.Name}} is on {{$n}}"                                  \
    "{{range $v.Aliases}}{{if ne . (slice $.Id 0 12)}} {{.}}{{end}}{{end}}{{end}}"

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *docker_world_sorted(const char *text)
{
    char *lines = strdup(text), *rest = NULL, *all[128];
    size_t n = 0;
    for (char *line = strtok_r(lines, "\n", &rest); line && n < 128; line = strtok_r(NULL, "\n", &rest))
        all[n++] = line;
    qsort(all, n, sizeof *all, compare);
    const char *out = "";
    for (size_t i = 0; i < n; i++)
        out = kit_path("%s%s\n", out, all[i]);
    free(lines);
    return out;
}

static const char *containers_state(const docker_world *w)
{
    const char *name = kit_path("name=%s", w->project), *all = "";
    char *ids = strdup(kit_output_of("docker", "ps", "-aq", "--filter", name, NULL)), *rest = NULL;
    for (char *id = strtok_r(ids, "\n", &rest); id; id = strtok_r(NULL, "\n", &rest))
        all = kit_path("%s%s", all, kit_output_of("docker", "inspect", "-f", CONTAINER_FORMAT, id, NULL));
    free(ids);
    return docker_world_sorted(all);
}

const char *docker_world_state(const docker_world *w)
{
    const char *label = kit_path("label=com.docker.compose.project=%s", w->project);
    const char *reference = kit_path("reference=%s*", w->project);
    return kit_path("%s%s%s%s", containers_state(w),
                    docker_world_sorted(kit_output_of("docker", "network", "ls", "--filter", label, "--format",
                                                      "network {{.Name}} {{.ID}}", NULL)),
                    docker_world_sorted(kit_output_of("docker", "volume", "ls", "--filter", label, "--format",
                                                      "volume {{.Name}}", NULL)),
                    docker_world_sorted(kit_output_of("docker", "images", "--filter", reference, "--format",
                                                      "image {{.Repository}}:{{.Tag}} {{.ID}}", NULL)));
}

void docker_world_same(const docker_world *w, const char *before)
{
    const char *now = docker_world_state(w);
    size_t at = 0;
    while (before[at] && before[at] == now[at])
        at++;
    size_t from = at > 60 ? at - 60 : 0;
    if (before[at] || now[at])
        fail_msg("the world differs:\nwas ...%.300s\nis  ...%.300s", before + from, now + from);
}
