#include "cases.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "program.h"

#define ARGUMENTS  60
#define LIMIT_MS   (600 * 1000)
#define TORTURE_MS (24 * 3600 * 1000)
#define ALL_KILLS  "1000000"

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Adds --case DIR for each; gives the number of arguments. */
static size_t add_cases(const char *plugin, const char *argv[ARGUMENTS + 1], size_t n)
{
    struct dirent **found;
    const char *folder = kit_path("%s/plugins/%s/case", getenv("BELAY_SOURCE_DIR"), plugin);
    int count = scandir(folder, &found, is_case, alphasort);
    for (int i = 0; i < count; i++) {
        const char *one = kit_path("%s/%s", folder, found[i]->d_name);
        free(found[i]);
        if (access(kit_path("%s/case.cfg", one), F_OK) != 0 || n + 2 > ARGUMENTS)
            continue;
        argv[n++] = "--case";
        argv[n++] = one;
    }
    if (count >= 0)
        free(found);
    return n;
}

static json_t *check(const char *plugin, int kills)
{
    const char *build = getenv("BELAY_BUILD_DIR"), *torture = getenv("BELAY_TORTURE");
    bool all = torture && strcmp(torture, "1") == 0;
    const char *argv[ARGUMENTS + 1] = {kit_path("%s/bin/belay", build),
                                       "plugin",
                                       "check",
                                       kit_path("%s/plugins/%s.so", build, plugin),
                                       "--json",
                                       "--kills",
                                       all ? ALL_KILLS : kit_path("%d", kills)};
    (void)add_cases(plugin, argv, 7);
    char *output = NULL;
    int status = program_run(argv, all ? TORTURE_MS : LIMIT_MS, PROGRAM_INHERIT, &output);
    json_t *report = json_loads(program_keep(output), 0, NULL);
    if (!report)
        fail_msg("the check of %s ended with %d: %s", plugin, status, output);
    return report;
}

static const char *text_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static bool is_of_kind(const char *subject, const char *kind)
{
    size_t n = strlen(kind);
    return strncmp(subject, kind, n) == 0 && (subject[n] == ',' || !subject[n]);
}

static const unproved *find(const unproved *list, const json_t *row)
{
    for (const unproved *u = list; u->proof; u++)
        if (strcmp(text_of(row, "id"), u->proof) == 0 && is_of_kind(text_of(row, "subject"), u->kind) &&
            strstr(text_of(row, "text"), u->why))
            return u;
    return NULL;
}

void cases_check(const char *plugin, int kills, const unproved *list)
{
    json_t *report = check(plugin, kills);
    const json_t *rows = json_object_get(report, "proofs");
    bool met[ARGUMENTS] = {false};
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const unproved *expected = strcmp(text_of(row, "verdict"), "not proved") == 0 ? find(list, row) : NULL;
        if (expected)
            met[expected - list] = true;
        else if (strcmp(text_of(row, "verdict"), "proved") != 0)
            fail_msg("%s of %s is %s: %s", text_of(row, "id"), text_of(row, "subject"), text_of(row, "verdict"),
                     text_of(row, "text"));
    }
    json_decref(report);
    for (size_t i = 0; list[i].proof; i++)
        if (!met[i])
            fail_msg("%s of %s is not unproved any more: take it off the list", list[i].proof, list[i].kind);
}
