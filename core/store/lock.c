#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/user.h"
#include "store/lease.h"
#include "store/sql.h"
#include "store/store_lock.h"

#define RECORD_MAX    4096
#define NAME_MAX_KEPT 48

struct store_lock {
    int fd, lease; /* lease: -1 until it is taken */
    int range_fd;  /* of the store's file; -1 until its range is locked; not ours to close */
    int target_fd; /* of the file beside the environment; -1: none */
    char *environment, *path, *lease_path, *target_path;
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

/* ---- the store's file -------------------------------------------------------------------------------------------- */

/* The lock's file can be removed under a live run, the store cannot: so a byte of the store's file, far behind its end
 * and where SQLite locks none, is locked, too. */
static struct flock range_of(const char *environment, short type)
{
    char hex[SHA256_TEXT];
    sha256_bytes(environment, strlen(environment), hex);
    hex[12] = '\0';
    return (struct flock){.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = (off_t)(INT64_C(1) << 60) + (off_t)strtoll(hex, NULL, 16),
                          .l_len = 1};
}

/* Never closed: closing any descriptor of the file would drop what SQLite has locked there in this process. */
static int store_fd(const store *s, error **err)
{
    static struct {
        dev_t device;
        ino_t inode;
        int fd;
    } open_files[16];
    static size_t count;
    for (size_t i = 0; i < count; i++)
        if (open_files[i].device == s->device && open_files[i].inode == s->inode)
            return open_files[i].fd;
    const int fd = open(s->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set(err, ERROR_IO, "open '%s': %s", s->path, strerror(errno));
    if (count < sizeof open_files / sizeof *open_files) {
        open_files[count].device = s->device;
        open_files[count].inode = s->inode;
        open_files[count++].fd = fd;
    }
    return fd;
}

static int lock_range(const store *s, store_lock *l, error **err)
{
    struct flock lock = range_of(l->environment, F_WRLCK);
    const int fd = store_fd(s, err);
    if (fd < 0)
        return fd;
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        l->range_fd = fd;
        return 0;
    }
    if (errno != EAGAIN && errno != EACCES)
        return error_set(err, ERROR_IO, "lock environment '%s': lock '%s': %s", l->environment, s->path,
                         strerror(errno));
    (void)error_set(err, ERROR_LOCKED, "environment '%s' is held by a live run whose lock file '%s' was removed",
                    l->environment, l->path);
    return error_hint(err, "it makes the file again within some seconds: then `belay status` tells who it is");
}

static bool range_is_held(const store *s, const char *environment)
{
    guard(error) ignored = NULL;
    struct flock lock = range_of(environment, F_WRLCK);
    const int fd = store_fd(s, &ignored);
    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* ---- the record -------------------------------------------------------------------------------------------------- */

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
    fd = l->lease = l->range_fd = l->target_fd = -1;
    l->environment = mem_dup(environment);
    l->path = take(path);
    l->lease_path = lock_path(s, environment, "lease");
    if ((r = lock_range(s, l, err)) < 0)
        return r;
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

static bool is_in_place(const char *path, int fd)
{
    struct stat there, ours;
    return stat(path, &there) == 0 && fstat(fd, &ours) == 0 && there.st_dev == ours.st_dev &&
           there.st_ino == ours.st_ino;
}

/* Whoever has locked a new file of this name lacks the range, and releases the file at once. */
static int make_again(const char *path, int *fd, error **err)
{
    int made = -1;
    guard_mem char *slash = mem_dup(path);
    *strrchr(slash, '/') = '\0';
    /* Not the state folder: where that is gone, no new one is begun. */
    if (mkdir(slash, 0700) < 0 && errno != EEXIST)
        return error_set(err, ERROR_IO, "make the folder '%s' again: %s", slash, strerror(errno));
    int r = lease_take(path, &made, err);
    if (r < 0)
        return r;
    close(*fd);
    *fd = made;
    return 0;
}

int store_lock_keep(store_lock *l, bool *ret_made, error **err)
{
    const bool lock = !is_in_place(l->path, l->fd), lease = l->lease >= 0 && !is_in_place(l->lease_path, l->lease);
    int r = lock ? make_again(l->path, &l->fd, err) : 0;
    if (r == 0 && lock)
        r = write_record(l, l->fd, err);
    if (r == 0 && lease)
        r = make_again(l->lease_path, &l->lease, err);
    if (r == 0 && lease)
        r = write_record(l, l->lease, err);
    *ret_made = r == 0 && (lock || lease);
    return r;
}

/* Of another user, too, whose file in a sticky folder may not be opened as if it were to be made. */
static int open_target(const char *path)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const int fd = open(path, flags);
    return fd >= 0 || errno != ENOENT ? fd : open(path, flags | O_CREAT, 0644);
}

static int fail_target(const char *path, error **err)
{
    lease_holders h = lease_holders_of(path);
    (void)error_set(err, ERROR_LOCKED, "the environment's lock file '%s' is held by %s", path,
                    h.count ? h.names : unseen);
    lease_holders_done(&h);
    return error_hint(err, "a Belay with another state folder may be deploying there: let it end, then start again");
}

int store_lock_target(store_lock *l, const char *path, error **err)
{
    guard_fd fd = open_target(path);
    if (fd < 0)
        return error_set(err, ERROR_IO, "open the environment's lock file '%s': %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_in_place(path, fd))
        return fail_target(path, err);
    if (l->target_fd >= 0)
        close(l->target_fd);
    l->target_fd = fd;
    fd = -1;
    if (!l->target_path)
        l->target_path = mem_dup(path);
    return 0;
}

int store_lock_keep_target(store_lock *l, error **err)
{
    if (!l->target_path || is_in_place(l->target_path, l->target_fd))
        return 0;
    guard_mem char *path = mem_dup(l->target_path);
    return store_lock_target(l, path, err);
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
    struct flock range = range_of(l->environment, F_UNLCK);
    if (l->range_fd >= 0)
        (void)fcntl(l->range_fd, F_OFD_SETLK, &range);
    if (l->lease >= 0)
        close(l->lease);
    if (l->target_fd >= 0)
        close(l->target_fd);
    close(l->fd);
    free(l->target_path);
    free(l->environment);
    free(l->path);
    free(l->lease_path);
    json_decref(l->record);
    free(l);
}

int store_lock_owner(const store *s, const char *environment, json_t **ret, error **err)
{
    guard_mem char *path = lock_path(s, environment, "lock");
    guard_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        *ret = range_is_held(s, environment) ? json_object() : NULL;
        return 0;
    }
    struct flock lock = whole_file(F_RDLCK);
    if (fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) < 0)
        return error_set(err, ERROR_IO, "look at the lock '%s': %s", path, strerror(errno));
    const bool held = lock.l_type != F_UNLCK || range_is_held(s, environment);
    *ret = held ? read_record(fd) : NULL;
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
