#include "checklist/page.h"

#include "base/clean.h"

void page_text(text *out, const char *s)
{
    static const struct {
        char plain;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    guard_text clean = {0};
    clean_text(&clean, s);
    for (s = text_get(&clean); *s; s++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (entities[i].plain == *s)
                entity = entities[i].entity;
        if (entity)
            text_puts(out, entity);
        else
            text_add(out, s, 1);
    }
}

void page_element(text *out, const char *tag, const char *attributes, const char *content)
{
    text_printf(out, "<%s%s>", tag, attributes);
    page_text(out, content);
    text_printf(out, "</%s>", tag);
}
