#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "say/option.h"
#include "say/say.h"

/* No migration is larger; what is, is a dump and belongs to postgres.restore. */
#define FILE_MAX    ((size_t)1 << 30)
#define DIGIT_MAX   18
#define DATE_DIGITS 14
#define NAMED_MAX   10

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static int by_number(const void *a, const void *b)
{
    const migration *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool digits_at(const char *s, size_t n, long long *number)
{
    if (strspn(s, "0123456789") < n)
        return false;
    for (size_t i = 0; i < n; i++)
        *number = *number * 10 + (s[i] - '0');
    return true;
}

/* "2017-01-24-093022_x", "2017-01-24_x", "2017_01_24_093022_x", as diesel and Laravel write dates; a time that is not
 * given is midnight. */
static bool read_date(const char *name, long long *ret)
{
    long long date = 0, time = 0;
    bool separated = strspn(name, "0123456789") == 4 && (name[4] == '-' || name[4] == '_') && name[7] == name[4];
    if (!separated || !digits_at(name, 4, &date) || !digits_at(name + 5, 2, &date) || !digits_at(name + 8, 2, &date))
        return false;
    long long month = date / 100 % 100, day = date % 100;
    if (month < 1 || month > 12 || day < 1 || day > 31 || strspn(name + 8, "0123456789") != 2)
        return false;
    const char *rest = name + 10;
    if ((*rest == '-' || *rest == '_' || *rest == 'T') && strspn(rest + 1, "0123456789") == 6)
        (void)digits_at(rest + 1, 6, &time);
    *ret = date * 1000000 + time;
    return true;
}

static bool read_number(const char *name, migration *m)
{
    size_t digits = strspn(name, "0123456789");
    m->dated = read_date(name, &m->number);
    m->digits = m->dated ? DATE_DIGITS : (int)digits;
    if (!m->dated)
        m->number = strtoll(name, NULL, 10);
    return digits > 0 && digits <= DIGIT_MAX;
}

static belay_status add_file(belay_ctx *c, const belay_host *h, const char *dir, const char *name,
                             migration_files *files)
{
    migration m = {0};
    if (!read_number(name, &m))
        return say(c, h, BELAY_E_FAIL, "rename it, or narrow the option pattern",
                   "%s/%s: the name begins with no number, so its place is not known", dir, name);
    m.name = heap_dup(name);
    m.path = heap_printf("%s/%s", dir, name);
    heap_reserve(files);
    files->items[files->count++] = m;
    if (!digest_file(m.path, files->items[files->count - 1].sha256))
        return say(c, h, BELAY_E_RETRY, NULL, "%s cannot be read: %s", m.path, strerror(errno));
    return BELAY_OK;
}

static void leave_out(DIR *folder, const char *name, migration_files *files)
{
    struct stat st;
    bool is_folder = fstatat(dirfd(folder), name, &st, 0) == 0 && S_ISDIR(st.st_mode);
    if (*name == '.')
        return;
    heap_reserve(&files->left_out);
    files->left_out.items[files->left_out.count++] = heap_printf("%s%s", name, is_folder ? "/" : "");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(migration_files *files)
{
    if (files->count > 1)
        qsort(files->items, files->count, sizeof *files->items, by_number);
    if (files->left_out.count > 1)
        qsort(files->left_out.items, files->left_out.count, sizeof *files->left_out.items, by_name);
}

static belay_status list(belay_ctx *c, const belay_host *h, DIR *folder, migration_files *files)
{
    const char *dir = h->opt_str(c, "dir"), *pattern = h->opt_str(c, "pattern");
    long long first = h->opt_int(c, "first");
    belay_status status = BELAY_OK;
    for (const struct dirent *e = readdir(folder); e && status == BELAY_OK; e = readdir(folder)) {
        if (ends_in(e->d_name, ".down.sql"))
            continue;
        if (fnmatch(pattern, e->d_name, FNM_PERIOD) != 0) {
            leave_out(folder, e->d_name, files);
            continue;
        }
        status = add_file(c, h, dir, e->d_name, files);
        if (status == BELAY_OK && files->items[files->count - 1].number < first) {
            migration *m = &files->items[--files->count];
            free(m->name);
            free(m->path);
        }
    }
    sort(files);
    return status;
}

static bool may_be_a_migration(const char *name)
{
    size_t n = strlen(name);
    return (*name >= '0' && *name <= '9') || name[n - 1] == '/' || (n > 4 && strcasecmp(name + n - 4, ".sql") == 0);
}

void migration_files_tell_left_out(belay_ctx *c, const belay_host *h, const migration_files *files)
{
    guard_buf names = {0};
    bool suspicious = false;
    for (size_t i = 0; i < files->left_out.count; i++) {
        suspicious |= may_be_a_migration(files->left_out.items[i]);
        if (i < NAMED_MAX)
            buf_printf(&names, "%s%s", i ? ", " : "", files->left_out.items[i]);
    }
    if (files->left_out.count > 0)
        say_log(c, h, suspicious ? 2 : 1, "%zu in %s not matched by the pattern %s, and left out: %s%s",
                files->left_out.count, h->opt_str(c, "dir"), h->opt_str(c, "pattern"), names.text,
                files->left_out.count > NAMED_MAX ? ", ..." : "");
}

static belay_status check_neighbours(belay_ctx *c, const belay_host *h, const migration *a, const migration *b)
{
    if (a->number == b->number)
        return say(c, h, BELAY_E_FAIL, "give each file a number of its own",
                   "%s and %s have the same number: which comes first is not said", a->name, b->name);
    if (a->digits != b->digits && strcmp(a->name, b->name) > 0)
        return say(c, h, BELAY_E_FAIL, "write all numbers with the same number of digits",
                   "%s comes before %s by number, but after it by name", a->name, b->name);
    if (option_is(c, h, "gaps", "refuse") && b->number != a->number + 1 && !(a->dated && b->dated))
        return say(c, h, BELAY_E_FAIL, "add the missing file, or set gaps = \"allow\" when the numbers are dates",
                   "between %s and %s %s missing", a->name, b->name,
                   b->number == a->number + 2 ? "one file is" : "files are");
    return BELAY_OK;
}

/* With `first`, the file of that number is where the files begin. */
static belay_status check_first(belay_ctx *c, const belay_host *h, const migration *m)
{
    long long first = h->opt_int(c, "first");
    if (first <= 0 || m->number == first || !option_is(c, h, "gaps", "refuse"))
        return BELAY_OK;
    return say_option(c, h, BELAY_E_FAIL, "first", NULL,
                      "there is no file with the number %0*lld, which `first` names: %s comes next", m->digits, first,
                      m->name);
}

static belay_status check_expected(belay_ctx *c, const belay_host *h, const migration_files *files)
{
    for (const char *const *e = h->opt_list(c, "expect"); *e; e++) {
        bool found = false;
        for (size_t i = 0; i < files->count && !found; i++)
            found = fnmatch(*e, files->items[i].name, 0) == 0;
        if (!found)
            return say(c, h, BELAY_E_FAIL, NULL, "no file of %s matches %s, which is expected", h->opt_str(c, "dir"),
                       *e);
    }
    return BELAY_OK;
}

belay_status migration_files_read(belay_ctx *c, const belay_host *h, migration_files *ret)
{
    *ret = (migration_files){0};
    const char *dir = h->opt_str(c, "dir");
    DIR *folder = opendir(dir);
    if (!folder)
        return say_option(c, h, BELAY_E_CONFIG, "dir", NULL, "%s: %s", dir, strerror(errno));
    belay_status status = list(c, h, folder, ret);
    closedir(folder);
    if (status == BELAY_OK && ret->count == 0)
        return say_option(c, h, BELAY_E_FAIL, "pattern", NULL, "%s has no file that matches %s%s", dir,
                          h->opt_str(c, "pattern"), h->opt_int(c, "first") > 0 ? " from number `first` on" : "");
    if (status == BELAY_OK)
        status = check_first(c, h, &ret->items[0]);
    for (size_t i = 1; status == BELAY_OK && i < ret->count; i++)
        status = check_neighbours(c, h, &ret->items[i - 1], &ret->items[i]);
    if (status == BELAY_OK)
        status = check_expected(c, h, ret);
    return status;
}

void migration_files_done(migration_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].name);
        free(files->items[i].path);
        buf_done(&files->items[i].source);
        sql_script_free(files->items[i].script);
    }
    free(files->items);
    for (size_t i = 0; i < files->left_out.count; i++)
        free(files->left_out.items[i]);
    free(files->left_out.items);
    *files = (migration_files){0};
}

static belay_status read_source(belay_ctx *c, const belay_host *h, migration *m)
{
    FILE *f = fopen(m->path, "rbe");
    char chunk[65536];
    size_t n = 1;
    while (f && n > 0 && m->source.length <= FILE_MAX) {
        n = fread(chunk, 1, sizeof chunk, f);
        buf_add(&m->source, chunk, n);
    }
    bool good = f && !ferror(f);
    int why = errno;
    if (f)
        fclose(f);
    if (!good)
        return say(c, h, BELAY_E_RETRY, NULL, "%s cannot be read: %s", m->path, strerror(why));
    if (m->source.length > FILE_MAX)
        return say(c, h, BELAY_E_LIMIT, "load it with postgres.restore", "%s is larger than 1 GiB", m->path);
    return BELAY_OK;
}

/* Of a file with both directions, splits only the one. */
static void split(migration *m, bool standard_strings, bool down)
{
    m->script = sql_split(m->source.text, m->source.length, standard_strings);
    const sql_marker *part = sql_markers_find(&m->script->markers, SQL_MARKER_DOWN);
    m->no_transaction = sql_markers_no_transaction(&m->script->markers, down);
    if (!part)
        return;
    m->down_words = part->words;
    m->down_line = part->line;
    sql_markers_keep(&m->script->markers, m->source.text, m->source.length, down);
    sql_script_free(m->script);
    m->script = sql_split(m->source.text, m->source.length, standard_strings);
}

static belay_status load(belay_ctx *c, const belay_host *h, migration *m, bool standard_strings, bool down)
{
    if (m->script)
        return BELAY_OK;
    belay_status status = read_source(c, h, m);
    if (status == BELAY_OK)
        split(m, standard_strings, down);
    return status;
}

belay_status migration_load(belay_ctx *c, const belay_host *h, migration *m, bool standard_strings)
{
    return load(c, h, m, standard_strings, false);
}

belay_status migration_load_down(belay_ctx *c, const belay_host *h, migration *m, bool standard_strings)
{
    return load(c, h, m, standard_strings, true);
}

char *migration_down_path(const migration *m)
{
    size_t n = strlen(m->path);
    if (ends_in(m->path, ".sql"))
        n -= 4;
    if (ends_in(m->path, ".up.sql"))
        n -= 3;
    return heap_printf("%.*s.down.sql", (int)n, m->path);
}
