#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/trust.h"
#include "store/lease.h"
#include "store/sql.h"

#define BUSY_TIMEOUT_MS   60000
#define FOLDER_TIMEOUT_MS 60000
#define NAP_MS            5

static const char choose_another[] = "choose another folder with --state or $BELAY_STATE_DIR";

static const char *home_folder(void)
{
    const char *home = getenv("HOME");
    if (home && *home == '/')
        return home;
    const struct passwd *user = getpwuid(geteuid());
    return user ? user->pw_dir : "/";
}

char *store_default_folder(void)
{
    const char *chosen = getenv("BELAY_STATE_DIR");
    if (chosen && *chosen)
        return mem_dup(chosen);
    if (geteuid() == 0)
        return mem_dup("/var/lib/belay");
    const char *state = getenv("XDG_STATE_HOME"); /* by its specification a relative path is to be ignored */
    return state && *state == '/' ? mem_printf("%s/belay", state) : mem_printf("%s/.local/state/belay", home_folder());
}

static bool is_other_folder(const char *path, const char *folder)
{
    struct stat there, ours;
    if (stat(path, &there) < 0 || !S_ISDIR(there.st_mode))
        return false;
    return stat(folder, &ours) < 0 || there.st_dev != ours.st_dev || there.st_ino != ours.st_ino;
}

char *store_other_folder(const char *folder, const char *root_folder)
{
    const char *caller = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
    const struct passwd *user = caller ? getpwnam(caller) : NULL;
    guard_mem char *own = user ? mem_printf("%s/.local/state/belay", user->pw_dir) : NULL;
    if (own && is_other_folder(own, folder))
        return take(own);
    return geteuid() != 0 && is_other_folder(root_folder, folder) ? mem_dup(root_folder) : NULL;
}

/* Who may write to the folder, or put another in its place, decides what rollback does, with the rights of whoever runs
 * it. Who may read it learns what runs there were: so it is made private, as its files are. */
static int open_folder(store *s, const char *folder, int *ret_fd, error **err)
{
    struct stat st;
    int r = trust_open_folder(folder, ret_fd, &s->folder, err);
    if (r < 0) {
        guard_mem char *why = error_text(*err);
        guard_mem char *mend = mem_dup(error_get_hint(*err) ? error_get_hint(*err) : choose_another);
        (void)error_set(err, ERROR_STORE, "the state folder '%s': %s", folder, why);
        return error_hint(err, "%s", mend);
    }
    if (fstat(*ret_fd, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) && st.st_uid == geteuid() &&
        fchmod(*ret_fd, 0700) < 0)
        return error_set(err, ERROR_STORE, "make the state folder '%s' private: %s", s->folder, strerror(errno));
    return 0;
}

static int fail_file(const store *s, error **err)
{
    (void)error_set(err, ERROR_STORE, "the store '%s' cannot be opened: %s", s->path, strerror(errno));
    return error_hint(err, "give this user the right to write to it, or %s", choose_another);
}

/* SQLite gives its -wal and -shm files the mode of the database, so it must be right before SQLite sees it. A file that
 * is there is not opened here: closing it would drop the locks of another store of this process. */
static int make_file(const store *s, int folder, error **err)
{
    struct stat st;
    if (lstat(s->path, &st) == 0) {
        bool shared = st.st_mode & (S_IRWXG | S_IRWXO);
        if (!S_ISREG(st.st_mode))
            return error_set(err, ERROR_STORE, "the store '%s' is no ordinary file", s->path);
        if ((shared && chmod(s->path, 0600) < 0) || faccessat(AT_FDCWD, s->path, R_OK | W_OK, AT_EACCESS) < 0)
            return fail_file(s, err);
        return 0;
    }
    guard_fd fd = errno == ENOENT ? open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return fail_file(s, err);
    if (fsync(folder) < 0) /* the name must survive a power cut, as the records will */
        return error_set(err, ERROR_STORE, "the state folder '%s' cannot be synced: %s", s->folder, strerror(errno));
    return 0;
}

/* Two processes that make the same store would trip over each other, as SQLite does not wait for a change of the
 * journal's mode. Closing the descriptor unlocks it. Nobody needs it for long: whoever does is somebody else. */
static int lock_folder(const store *s, int fd, error **err)
{
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += NAP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_set(err, ERROR_STORE, "lock the state folder '%s': %s", s->folder, strerror(errno));
        if (waited >= FOLDER_TIMEOUT_MS) {
            lease_holders h = lease_holders_of(s->folder);
            (void)error_set(err, ERROR_LOCKED, "the state folder '%s' has been locked for %d s by %s", s->folder,
                            FOLDER_TIMEOUT_MS / 1000, h.count ? h.names : "a process that this user may not look into");
            lease_holders_done(&h);
            return error_hint(err, "let it end, then start again");
        }
        (void)usleep(NAP_MS * 1000);
    }
    return 0;
}

static int remember_place(store *s, error **err)
{
    struct stat st;
    if (stat(s->path, &st) < 0)
        return fail_file(s, err);
    s->device = st.st_dev;
    s->inode = st.st_ino;
    return 0;
}

int sql_in_place(const store *s, error **err)
{
    struct stat st;
    if (stat(s->path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode)
        return 0;
    (void)error_set(err, ERROR_STORE, "the store '%s' was moved or removed while it was in use", s->path);
    return error_hint(err, "put the state folder back where it was, then go on with `belay resume`");
}

static int set_up(store *s, error **err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
        return sql_fail(s, err);
    sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
    int64_t version = 0;
    int r = sql_file_version(s, &version, err); /* first of all: what is not ours is not written to */
    if (r < 0)
        return r;
    r = sql_script(s,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                   "PRAGMA trusted_schema = OFF",
                   err);
    if (r == 0)
        r = chain_register(s, err);
    return r < 0 ? r : sql_migrate(s, err);
}

int store_open(const char *folder, store **ret, error **err)
{
    int r = file_make_folder(folder, err);
    if (r < 0) {
        (void)error_wrap(err, "make the state folder");
        return error_hint(err, "%s", choose_another);
    }
    guard(store) s = mem_new(store);
    int opened = -1;
    r = open_folder(s, folder, &opened, err);
    guard_fd fd = opened;
    if (r < 0)
        return r;
    s->path = mem_printf("%s/belay.db", s->folder);
    if ((r = lock_folder(s, fd, err)) < 0 || (r = make_file(s, fd, err)) < 0 || (r = set_up(s, err)) < 0 ||
        (r = remember_place(s, err)) < 0)
        return r;
    *ret = take(s);
    return 0;
}

void store_close(store *s)
{
    if (!s)
        return;
    sqlite3_close(s->db);
    free(s->path);
    free(s->folder);
    free(s);
}

const char *store_folder(const store *s)
{
    return s->folder;
}

int store_check(store *s, error **err)
{
    guard_mem char *said = NULL;
    int r = sql_text(s, &said, err, "PRAGMA integrity_check(1)", "");
    if (r < 0)
        return r;
    if (!said || strcmp(said, "ok") != 0) {
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        (void)error_set(err, ERROR_STORE, "the store '%s' is damaged: %s", s->path, said ? said : "no answer");
        return error_hint(err, "it was left as it is; copy it and its -wal file, then try: sqlite3 COPY .recover | "
                               "sqlite3 NEW");
    }
    int64_t broken = 0;
    if ((r = sql_int(s, &broken, 0, err, "SELECT count(*) FROM pragma_foreign_key_check", "")) < 0)
        return r;
    if (broken > 0)
        return error_set(err, ERROR_STORE, "the store '%s' has %lld records of runs that it does not know", s->path,
                         (long long)broken);
    return sql_migrate(s, err);
}
