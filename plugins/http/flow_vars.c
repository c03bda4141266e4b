#include "flow_vars.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "text/text.h"

#define MASK          "[secret]"
#define MASK_SHORTEST 4 /* as the host does: shorter values would hide ordinary text */
#define NAME_CHARS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

void flow_vars_done(flow_vars *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->items[i].name);
        free(v->items[i].value);
    }
    free(v->items);
    *v = (flow_vars){0};
}

bool flow_vars_is_name(const char *name)
{
    return *name && !name[strspn(name, NAME_CHARS)] && strcmp(name, "unique") != 0 && strcmp(name, "today") != 0;
}

static struct flow_var *find(const flow_vars *v, const char *name, size_t length)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].name && strlen(v->items[i].name) == length && memcmp(v->items[i].name, name, length) == 0)
            return &v->items[i];
    return NULL;
}

static struct flow_var *add(flow_vars *v)
{
    if (v->count == v->room) {
        v->room = v->room ? 2 * v->room : 16;
        v->items = text_grow(v->items, v->room, sizeof *v->items);
    }
    v->items[v->count] = (struct flow_var){0};
    return &v->items[v->count++];
}

void flow_vars_hide(flow_vars *v, const char *value)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].secret && strcmp(v->items[i].value, value) == 0)
            return;
    struct flow_var *one = add(v);
    one->value = text_dup(value);
    one->secret = true;
}

void flow_vars_set(flow_vars *v, const char *name, const char *value, bool secret)
{
    char *copy = text_dup(value);
    struct flow_var *one = find(v, name, strlen(name));
    if (one && one->secret) { /* the old value stays a secret */
        free(one->name);
        one->name = NULL;
        one = NULL;
    }
    if (!one) {
        one = add(v);
        one->name = text_dup(name);
    }
    free(one->value);
    one->value = copy;
    one->secret = secret;
}

const char *flow_vars_get(const flow_vars *v, const char *name)
{
    const struct flow_var *one = find(v, name, strlen(name));
    return one ? one->value : NULL;
}

void flow_vars_set_unique(flow_vars *v)
{
    uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, 0) != sizeof bits) { /* cannot be: 8 bytes are never cut short */
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        bits = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    }
    char text[20];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)bits);
    flow_vars_set(v, "unique", text, false);
}

/* ${today}, ${today-7}: false when it is not that. */
static bool add_day(text *out, const char *name, size_t length)
{
    long days = 0;
    char offset[8] = "", date[16];
    if (length < 5 || length >= 5 + sizeof offset || memcmp(name, "today", 5) != 0)
        return false;
    memcpy(offset, name + 5, length - 5);
    if (offset[0]) {
        char *end = NULL;
        days = strtol(offset, &end, 10);
        if ((offset[0] != '-' && offset[0] != '+') || *end || end == offset + 1)
            return false;
    }
    time_t moment = time(NULL) + days * 24 * 60 * 60;
    struct tm tm;
    gmtime_r(&moment, &tm);
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    text_add(out, "%s", date);
    return true;
}

/* Puts one variable in; at is behind "${". Gives where to go on, or NULL. */
static const char *put(const flow_vars *v, const char *at, text *out, char **ret_why)
{
    const char *end = strchr(at, '}');
    if (!end) {
        *ret_why = text_printf("'${' without '}'; a plain '$' is written '$$'");
        return NULL;
    }
    size_t length = (size_t)(end - at);
    const struct flow_var *one = find(v, at, length);
    if (one)
        text_add(out, "%s", one->value);
    else if (!add_day(out, at, length)) {
        *ret_why = text_printf("there is no variable '${%.*s}' here", (int)length, at);
        return NULL;
    }
    return end + 1;
}

char *flow_vars_expand(const flow_vars *v, const char *from, char **ret_why)
{
    guard_text out = {0};
    text_add(&out, "%s", "");
    for (const char *at = from; *at;) {
        size_t plain = strcspn(at, "$");
        text_add_bytes(&out, at, plain);
        at += plain;
        if (at[0] == '$' && at[1] == '{') {
            at = put(v, at + 2, &out, ret_why);
            if (!at)
                return NULL;
        } else if (*at) {
            text_add(&out, "$");
            at += at[1] == '$' ? 2 : 1;
        }
    }
    return take(out.s);
}

/* The secret that begins at this place, the longest when there are several; its length, or 0. */
static size_t secret_at(const flow_vars *v, const char *at)
{
    size_t longest = 0;
    for (size_t i = 0; i < v->count; i++) {
        size_t n = v->items[i].secret ? strlen(v->items[i].value) : 0;
        if (n >= MASK_SHORTEST && n > longest && strncmp(at, v->items[i].value, n) == 0)
            longest = n;
    }
    return longest;
}

char *flow_vars_mask(const flow_vars *v, const char *from)
{
    guard_text out = {0};
    text_add(&out, "%s", "");
    for (const char *at = from; *at;) {
        size_t n = secret_at(v, at);
        if (n)
            text_add(&out, MASK);
        else
            text_add_bytes(&out, at, 1);
        at += n ? n : 1;
    }
    return take(out.s);
}
