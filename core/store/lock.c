#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/user.h"
#include "store/lease.h"
#include "store/store_lock.h"

#define RECORD_MAX    4096
#define NAME_MAX_KEPT 48

struct store_lock {
    int fd, lease; /* lease: -1 until it is taken */
    char *environment, *lease_path;
    json_t *record;
};

/* environment in letters that every file system takes. A name that had to change gets a digest, so that "Prod" and
 * "prod" stay two environments. */
static char *file_name(const char *environment)
{
    char clean[NAME_MAX_KEPT + 1] = "", digest[SHA256_TEXT];
    size_t n = 0;
    for (; n < NAME_MAX_KEPT && environment[n]; n++)
        clean[n] =
            islower((unsigned char)environment[n]) || isdigit((unsigned char)environment[n]) ? environment[n] : '-';
    if (n > 0 && strcmp(clean, environment) == 0)
        return mem_dup(clean);
    sha256_bytes(environment, strlen(environment), digest);
    return mem_printf("%s-%.8s", clean, digest);
}

static char *lock_path(const store *s, const char *environment, const char *suffix)
{
    guard_mem char *name = file_name(environment);
    return mem_printf("%s/locks/%s.%s", store_folder(s), name, suffix);
}

/* An open-file-description lock: it goes with the descriptor, and can be asked for without being taken. */
static struct flock whole_file(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static json_t *read_record(int fd)
{
    char bytes[RECORD_MAX];
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    json_t *record = n > 0 ? json_loadb(bytes, (size_t)n, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    return record ? record : json_object(); /* the owner has just begun */
}

/* The lease has the record too: it is that of the run which left something alive when all else is overwritten. */
static int write_record(const store_lock *l, int fd, error **err)
{
    guard_mem char *record = json_dumps(l->record, JSON_COMPACT);
    guard_mem char *line = mem_printf("%s\n", record);
    size_t n = strlen(line);
    if (pwrite(fd, line, n, 0) != (ssize_t)n || ftruncate(fd, (off_t)n) < 0)
        return error_set(err, ERROR_IO, "write the lock's record: %s", strerror(errno));
    return 0;
}

static const char *field(const json_t *record, const char *name)
{
    const char *value = json_string_value(json_object_get(record, name));
    return value && *value ? value : "?";
}

static int fail_locked(const char *environment, const json_t *owner, error **err)
{
    char since[CLOCK_TEXT];
    clock_rfc3339(json_integer_value(json_object_get(owner, "since_ms")), since);
    (void)error_set(err, ERROR_LOCKED,
                    "environment '%s' is held by run %s of %s on %s (process %lld, stage %s) since %.19sZ", environment,
                    field(owner, "run"), field(owner, "user"), field(owner, "host"),
                    (long long)json_integer_value(json_object_get(owner, "pid")), field(owner, "stage"), since);
    return error_hint(err, "watch it with `belay status`, and start again when it has ended");
}

static char *first_line(const char *path)
{
    guard(error) ignored = NULL;
    char *all = NULL;
    if (file_read(path, RECORD_MAX, &all, NULL, &ignored) < 0)
        return mem_dup("");
    all[strcspn(all, "\n")] = '\0';
    return all;
}

static json_t *new_record(const char *environment, const char *run)
{
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    guard_mem char *boot = first_line("/proc/sys/kernel/random/boot_id");
    guard_mem char *user = user_name();
    json_t *record = json_object(); /* a text that is not UTF-8 is left out */
    json_object_set_new(record, "environment", json_string(environment));
    json_object_set_new(record, "run", json_string(run ? run : ""));
    json_object_set_new(record, "pid", json_integer(getpid()));
    json_object_set_new(record, "boot_id", json_string(boot));
    json_object_set_new(record, "user", json_string(user));
    json_object_set_new(record, "host", json_string(host));
    json_object_set_new(record, "stage", json_string(""));
    json_object_set_new(record, "since_ms", json_integer(clock_wall_ms()));
    return record;
}

int store_lock_take(const store *s, const char *environment, const char *run, store_lock **ret, error **err)
{
    guard_mem char *folder = mem_printf("%s/locks", store_folder(s));
    guard_mem char *path = lock_path(s, environment, "lock");
    int r = file_make_folder(folder, err);
    if (r < 0)
        return error_wrap(err, "lock environment '%s'", environment);
    guard_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(err, ERROR_IO, "lock environment '%s': open '%s': %s", environment, path, strerror(errno));
    struct flock lock = whole_file(F_WRLCK);
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        if (errno != EAGAIN && errno != EACCES)
            return error_set(err, ERROR_IO, "lock environment '%s': lock '%s': %s", environment, path, strerror(errno));
        json_t *owner = read_record(fd);
        r = fail_locked(environment, owner, err);
        json_decref(owner);
        return r;
    }
    guard(store_lock) l = mem_new(store_lock);
    l->fd = fd;
    fd = l->lease = -1;
    l->environment = mem_dup(environment);
    l->lease_path = lock_path(s, environment, "lease");
    l->record = new_record(environment, run);
    if ((r = write_record(l, l->fd, err)) < 0)
        return error_wrap(err, "lock environment '%s'", environment);
    *ret = take(l);
    return 0;
}

static const char unseen[] = "processes that this user may not look into";

char *store_lock_left(const store *s, const char *environment)
{
    guard_mem char *path = lock_path(s, environment, "lease");
    if (!lease_is_held(path))
        return mem_dup("");
    lease_holders h = lease_holders_of(path);
    char *names = mem_dup(h.count ? h.names : unseen);
    lease_holders_done(&h);
    return names;
}

static int fail_left(const store_lock *l, error **err)
{
    guard_fd fd = open(l->lease_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    json_t *dead = read_record(fd);
    lease_holders h = lease_holders_of(l->lease_path);
    (void)error_set(err, ERROR_LOCKED,
                    "environment '%s' is held by what is left of run %s, whose process %lld has ended: %s",
                    l->environment, field(dead, "run"), (long long)json_integer_value(json_object_get(dead, "pid")),
                    h.count ? h.names : unseen);
    int r = h.count ? error_hint(err, "it may still change things: let it end, or end it (kill %s), then start again",
                                 h.pids)
                    : error_hint(err, "find them as root (fuser -v %s), let them end, then start again", l->lease_path);
    lease_holders_done(&h);
    json_decref(dead);
    return r;
}

int store_lock_lease(store_lock *l, error **err)
{
    int r = lease_take(l->lease_path, &l->lease, err);
    if (r == -ERROR_LOCKED)
        return fail_left(l, err);
    if (r == 0)
        r = write_record(l, l->lease, err);
    return r < 0 ? error_wrap(err, "the lease of environment '%s'", l->environment) : 0;
}

int store_lock_lease_fd(const store_lock *l)
{
    return l->lease;
}

int store_lock_stage(store_lock *l, const char *stage, error **err)
{
    json_object_set_new(l->record, "stage", json_string(stage));
    return write_record(l, l->fd, err);
}

int store_lock_run(store_lock *l, const char *run, error **err)
{
    json_object_set_new(l->record, "run", json_string(run));
    int r = write_record(l, l->fd, err);
    return r == 0 && l->lease >= 0 ? write_record(l, l->lease, err) : r;
}

void store_lock_free(store_lock *l)
{
    if (!l)
        return;
    if (l->lease >= 0)
        close(l->lease);
    close(l->fd);
    free(l->environment);
    free(l->lease_path);
    json_decref(l->record);
    free(l);
}

int store_lock_owner(const store *s, const char *environment, json_t **ret, error **err)
{
    guard_mem char *path = lock_path(s, environment, "lock");
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        *ret = NULL;
        return 0;
    }
    struct flock lock = whole_file(F_RDLCK);
    if (fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) < 0)
        return error_set(err, ERROR_IO, "look at the lock '%s': %s", path, strerror(errno));
    *ret = lock.l_type == F_UNLCK ? NULL : read_record(fd);
    return 0;
}

int store_lock_drives(const store *s, const store_run *run, bool *ret, error **err)
{
    json_t *owner = NULL;
    int r = store_lock_owner(s, run->environment, &owner, err);
    *ret = r == 0 && owner && strcmp(field(owner, "run"), run->id) == 0;
    json_decref(owner);
    return r;
}
