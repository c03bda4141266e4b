/* Any text as an env file: names are names, and what was read, written plainly, is read again. */
#include <ctype.h>

#include "env_file.h"
#include "fuzz.h"

static size_t count_lines(const char *s)
{
    size_t count = 1;
    for (; *s; s++)
        count += *s == '\n';
    return count;
}

static void check_names(const env_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const env_entry *e = &t->entries[i];
        MUST(*e->name && env_get(t, e->name));
        for (const char *s = e->name; *s; s++)
            MUST(isalnum((unsigned char)*s) || strchr("_.-", *s));
    }
}

/* In double quotes, or single ones: each keeps what the other cannot. */
static void write_entry(FILE *to, const env_entry *e)
{
    if (!strpbrk(e->value, "'\\")) {
        fprintf(to, "export %s = '%s' # said before\n", e->name, e->value);
        return;
    }
    fprintf(to, "%s=\"", e->name);
    for (const char *s = e->value; *s; s++)
        fprintf(to, strchr("\"\\$", *s) ? "\\%c" : "%c", *s);
    fprintf(to, "\"\n");
}

static void check_again(const env_table *t)
{
    char *written = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&written, &size);
    MUST(to != NULL);
    for (size_t i = 0; i < t->count; i++)
        write_entry(to, &t->entries[i]);
    fclose(to);
    env_table again = {0};
    const char *why = NULL;
    MUST(env_parse(written, size, NULL, NULL, &again, &why) == 0 && again.count == t->count);
    for (size_t i = 0; i < t->count; i++)
        MUST(strcmp(again.entries[i].name, t->entries[i].name) == 0 &&
             strcmp(again.entries[i].value, t->entries[i].value) == 0);
    env_done(&again);
    free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *content = malloc(size + 1);
    MUST(content != NULL);
    memcpy(content, bytes, size);
    content[size] = '\0';
    env_table t = {0};
    const char *why = NULL;
    size_t lines = count_lines(content), bad = env_parse(content, size, NULL, NULL, &t, &why);
    MUST((bad == 0) == (why == NULL) && bad <= lines);
    if (bad == 0) {
        check_names(&t);
        check_again(&t);
        env_done(&t);
    }
    free(content);
    return 0;
}
