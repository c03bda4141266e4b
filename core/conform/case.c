#include "conform/case.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"

#define ENV "env:"

typedef struct words {
    char **items; /* NULL-terminated once anything was added */
    size_t count, room;
} words;

static void add_word(words *w, char *owned)
{
    w->items = mem_grow(w->items, w->count + 2, sizeof *w->items);
    w->items[w->count++] = owned;
    w->items[w->count] = NULL;
}

static char **take_words(words *w)
{
    return w->items ? w->items : mem_array(1, sizeof *w->items);
}

typedef struct reading {
    const char *file, *folder, *world, *port;
    error **err;
} reading;

static int wrong(const reading *r, const config_setting_t *s, const char *what)
{
    return error_set(r->err, ERROR_CONFIG, "%s:%u: %s", r->file, config_setting_source_line(s), what);
}

/* What stands for a name in "${...}": NULL for what is somebody else's to read. */
static const char *meaning(const reading *r, const char *name)
{
    const struct {
        const char *name, *means;
    } places[] = {{"world", r->world}, {"port", r->port}, {"case", r->folder}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].name, name) == 0)
            return places[i].means;
    return text_starts(name, ENV) ? getenv(name + strlen(ENV)) : NULL;
}

static char *put_in(const reading *r, const char *value)
{
    text out = {0};
    while (*value) {
        size_t n = strcspn(value, "}");
        bool named = text_starts(value, "${") && value[n];
        guard_mem char *name = named ? mem_dup_n(value + 2, n - 2) : NULL;
        const char *means = named ? meaning(r, name) : NULL;
        if (means)
            text_puts(&out, means);
        else
            text_add(&out, value, 1);
        value += means ? n + 1 : 1;
    }
    return text_take(&out);
}

/* A value as a user would write it to --set; NULL for groups and lists. */
static char *value_text(const reading *r, const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_BOOL: return mem_dup(config_setting_get_bool(s) ? "true" : "false");
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: return mem_printf("%lld", config_setting_get_int64(s));
    case CONFIG_TYPE_STRING: return put_in(r, config_setting_get_string(s));
    default: return NULL;
    }
}

static bool is_many(const config_setting_t *s)
{
    return config_setting_is_list(s) || config_setting_is_array(s);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

static int read_option(const reading *r, const config_setting_t *s, words *sets, words *values)
{
    const char *name = config_setting_name(s);
    unsigned count = is_many(s) ? (unsigned)config_setting_length(s) : 1;
    if (count == 0)
        add_word(sets, mem_printf("%s=", name)); /* an empty list, not the default */
    for (unsigned i = 0; i < count; i++) {
        guard_mem char *value = value_text(r, is_many(s) ? config_setting_get_elem(s, i) : s);
        if (!value)
            return wrong(r, s, "an option is a text, a number, true or false, or a list of those");
        add_word(sets, mem_printf("%s=%s", name, value));
        if (values)
            add_word(values, take(value));
    }
    return 0;
}

static int read_options(const reading *r, const config_setting_t *group, words *sets, words *values)
{
    int result = 0;
    if (group && !config_setting_is_group(group))
        return wrong(r, group, "write { option = value; ... }");
    for (unsigned i = 0; group && result == 0 && i < (unsigned)config_setting_length(group); i++)
        result = read_option(r, config_setting_get_elem(group, i), sets, values);
    return result;
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static int read_program(const reading *r, const config_setting_t *s, char ***ret)
{
    words argv = {0};
    if (!is_many(s) || config_setting_length(s) == 0)
        return wrong(r, s, "a program is a list of its name and arguments: [\"rm\", \"file\"]");
    for (unsigned i = 0; i < (unsigned)config_setting_length(s); i++) {
        char *word = value_text(r, config_setting_get_elem(s, i));
        add_word(&argv, word ? word : mem_dup(""));
    }
    *ret = argv.items;
    return 0;
}

static int read_programs(const reading *r, const config_setting_t *s, char ****ret)
{
    if (s && !config_setting_is_list(s))
        return wrong(r, s, "write a list of programs: ( [\"rm\", \"file\"] )");
    size_t n = s ? (size_t)config_setting_length(s) : 0;
    *ret = mem_array(n + 1, sizeof **ret);
    int result = 0;
    for (size_t i = 0; result == 0 && i < n; i++)
        result = read_program(r, config_setting_get_elem(s, (unsigned)i), &(*ret)[i]);
    return result;
}

/* Paths below world/. */
static int read_ignored(const reading *r, const config_setting_t *s, char ***ret)
{
    words paths = {0};
    int result = s && !is_many(s) ? wrong(r, s, "write a list of paths below world/: [\"log\"]") : 0;
    for (unsigned i = 0; s && result == 0 && i < (unsigned)config_setting_length(s); i++) {
        char *path = value_text(r, config_setting_get_elem(s, i));
        add_word(&paths, path ? path : mem_dup(""));
    }
    *ret = take_words(&paths);
    return result;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static int check_names(const reading *r, const config_setting_t *root)
{
    static const char *const names[] = {"kind",   "options", "secrets", "setup",  "foreign",
                                        "ignore", "server",  "reset",   "observe"};
    for (unsigned i = 0; i < (unsigned)config_setting_length(root); i++) {
        const config_setting_t *s = config_setting_get_elem(root, i);
        nearest near = nearest_to(config_setting_name(s));
        bool known = false;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            nearest_offer(&near, names[k]);
            known |= strcmp(names[k], config_setting_name(s)) == 0;
        }
        if (known)
            continue;
        guard_mem char *what = mem_printf("a case has no '%s'", config_setting_name(s));
        int result = wrong(r, s, what);
        return nearest_get(&near) ? error_hint(r->err, "did you mean '%s'?", nearest_get(&near)) : result;
    }
    return 0;
}

static int read_all(const reading *r, const config_t *config, conform_case *c)
{
    const char *kind = NULL;
    words sets = {0}, secrets = {0};
    int result = check_names(r, config_root_setting(config));
    if (result == 0 && !config_lookup_string(config, "kind", &kind))
        result = error_set(r->err, ERROR_CONFIG, "%s: it lacks kind = \"...\"", r->file);
    if (result == 0)
        result = read_options(r, config_lookup(config, "options"), &sets, NULL);
    if (result == 0)
        result = read_options(r, config_lookup(config, "secrets"), &sets, &secrets);
    c->kind = mem_dup_or_null(kind);
    c->sets = take_words(&sets);
    c->secrets = take_words(&secrets);
    if (result == 0)
        result = read_ignored(r, config_lookup(config, "ignore"), &c->ignore);
    if (result == 0)
        result = read_programs(r, config_lookup(config, "setup"), &c->setup);
    if (result == 0)
        result = read_programs(r, config_lookup(config, "foreign"), &c->foreign);
    if (result == 0)
        result = read_programs(r, config_lookup(config, "reset"), &c->reset);
    if (result == 0)
        result = read_programs(r, config_lookup(config, "observe"), &c->observe);
    const config_setting_t *server = config_lookup(config, "server");
    return result == 0 && server ? read_program(r, server, &c->server) : result;
}

int case_read(const char *folder, const char *world, int port, conform_case *ret, error **err)
{
    conform_case c = {.folder = mem_dup(folder)};
    for (size_t n = strlen(c.folder); n > 1 && c.folder[n - 1] == '/'; n--)
        c.folder[n - 1] = '\0';
    const char *slash = strrchr(c.folder, '/');
    c.name = mem_dup(slash && slash[1] ? slash + 1 : c.folder);
    guard_mem char *file = mem_printf("%s/case.cfg", c.folder), *number = mem_printf("%d", port);
    guard_mem char *absolute = realpath(c.folder, NULL);
    const reading r = {
        .file = file, .folder = absolute ? absolute : c.folder, .world = world, .port = number, .err = err};
    config_t config;
    config_init(&config);
    int result = 0;
    if (config_read_file(&config, file))
        result = read_all(&r, &config, &c);
    else if (config_error_type(&config) == CONFIG_ERR_PARSE)
        result =
            error_set(err, ERROR_CONFIG, "%s:%d: %s", file, config_error_line(&config), config_error_text(&config));
    else
        result = error_set(err, ERROR_NOT_FOUND, "'%s' cannot be read: a case is a folder with a case.cfg", file);
    config_destroy(&config);
    if (result < 0)
        case_done(&c);
    else
        *ret = c;
    return result;
}

static void free_words(char **list)
{
    for (char **word = list; word && *word; word++)
        free(*word);
    free(list);
}

static void free_programs(char ***list)
{
    for (char ***program = list; program && *program; program++)
        free_words(*program);
    free(list);
}

void case_done(conform_case *c)
{
    free(c->folder);
    free(c->name);
    free(c->kind);
    free_words(c->sets);
    free_words(c->secrets);
    free_words(c->ignore);
    free_programs(c->setup);
    free_programs(c->foreign);
    free_programs(c->reset);
    free_programs(c->observe);
    free_words(c->server);
    *c = (conform_case){0};
}
