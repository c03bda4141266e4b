/* The files that a step obeys: programs and their scripts, lists of signers, compose files, migrations. Who may write
 * them decides what the step does, as who may write the pipeline does. */
#include <dirent.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include <belay/plugin.h>

#include "base/file.h"
#include "base/program.h"
#include "pipeline/load.h"

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static bool is_file(const char *path, struct stat *st)
{
    return stat(path, st) == 0 && S_ISREG(st->st_mode);
}

/* The file that a word of a command names, relative to the folder; NULL when it names none. The caller frees. */
static char *named_file(const char *folder, const char *word, struct stat *st)
{
    char *path = strchr(word, '/') ? file_absolute(folder, word) : NULL;
    if (path && is_file(path, st))
        return path;
    free(path);
    return NULL;
}

/* A command is a program and, if that is an interpreter, a script: the first argument that is no option. Words that are
 * no command, such as paths to back up, begin with something that cannot be executed. */
void load_check_command(load *l, pipeline_place where, const char *folder, const char *const *words)
{
    struct stat st;
    if (!words[0])
        return;
    guard_mem char *program = strchr(words[0], '/') ? named_file(folder, words[0], &st) : program_path(words[0]);
    if (!program || stat(program, &st) != 0 || !(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
        return;
    load_check_writers(l, where, program);
    size_t i = 1;
    while (words[i] && words[i][0] == '-')
        i++;
    guard_mem char *script = words[i] ? named_file(folder, words[i], &st) : NULL;
    if (script)
        load_check_writers(l, where, script);
}

/* ---- options of steps -------------------------------------------------------------------------------------------- */

/* A text of a step's options that has no reference in it; NULL otherwise. The caller frees. */
static char *plain_text(const json_t *value)
{
    const char *template = json_string_value(value);
    return template && template_kinds(template) == 0 ? template_plain(template) : NULL;
}

/* Whether a file of a folder that a step obeys is one of those that it obeys, rather than data beside them. */
static bool is_text_of_programs(const char *name)
{
    static const char *const patterns[] = {"*compose*.yml", "*compose*.yaml", ".env", "*.sql"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

/* Compose files that a list names, relative to the project's folder: they need not lie in it, nor be called so. */
static void check_named_files(load *l, const pipeline_step *s, pipeline_place where, const json_t *list)
{
    struct stat st;
    size_t i;
    const json_t *item;
    guard_mem char *dir = plain_text(json_object_get(s->options, "project_dir"));
    json_array_foreach(list, i, item) {
        guard_mem char *word = plain_text(item); /* NULL: it depends on what is known later */
        guard_mem char *path = word ? file_absolute(dir ? dir : l->p->folder, word) : NULL;
        if (path && (fnmatch("*.yml", word, 0) == 0 || fnmatch("*.yaml", word, 0) == 0) && is_file(path, &st))
            load_check_writers(l, where, path);
    }
}

static void check_list(load *l, const pipeline_step *s, pipeline_place where, const json_t *list)
{
    char **words = mem_array(json_array_size(list) + 1, sizeof *words);
    size_t n = 0;
    for (; n < json_array_size(list); n++)
        if (!(words[n] = plain_text(json_array_get(list, n))))
            break;
    guard_mem char *cwd = plain_text(json_object_get(s->options, "cwd"));
    const char *const *borrowed = (const char *const *)words;
    load_check_command(l, where, cwd ? cwd : l->p->folder, borrowed);
    check_named_files(l, s, where, list);
    texts_free(words);
}

static void check_folder(load *l, pipeline_place where, const char *folder)
{
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        if (!is_text_of_programs(entry->d_name))
            continue;
        guard_mem char *path = mem_printf("%s/%s", folder, entry->d_name);
        load_check_writers(l, where, path);
    }
    if (open)
        closedir(open);
}

/* A check that only reads a file, such as the application's own .env, may find another owner's. */
static bool only_reads(const catalog_kind *k)
{
    return (k->flags & BELAY_S_READ_ONLY) && !(k->flags & BELAY_S_WAITS);
}

static void check_path(load *l, const pipeline_step *s, pipeline_place where, const catalog_option *o, const char *path)
{
    struct stat st;
    const bool is_source = strcmp(o->name, "project_dir") == 0 || strcmp(o->name, "dir") == 0;
    if (stat(path, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode) && is_source)
        check_folder(l, where, path);
    else if (S_ISREG(st.st_mode) && !only_reads(s->kind))
        load_check_writers(l, where, path);
}

void step_check_obeyed(load *l, const pipeline_step *s, const config_setting_t *group)
{
    for (size_t i = 0; s->kind && i < s->kind->option_count; i++) {
        const catalog_option *o = &s->kind->options[i];
        const config_setting_t *given = setting_member(group, o->name);
        const json_t *value = json_object_get(s->options, o->name);
        const pipeline_place where = given ? load_place(l, given) : s->where;
        guard_mem char *path = o->type == BELAY_T_PATH ? plain_text(value) : NULL;
        if (path)
            check_path(l, s, where, o, path);
        else if (o->type == BELAY_T_LIST && value)
            check_list(l, s, where, value);
    }
}
