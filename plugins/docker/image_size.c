/* docker.image_size: each image exists and keeps its budget. */
#include "compose.h"
#include "kinds.h"
#include "say/measure.h"

#include <string.h>

typedef struct budget {
    char *name; /* a service, or an image reference when it holds ':' or '/' */
    int64_t min, max;
} budget;

/* "agents=100MB..500MB" or "agents=500MB". The caller frees ret->name. */
static bool read_budget(const char *item, budget *ret)
{
    const char *equals = strrchr(item, '=');
    if (!equals || equals == item)
        return false;
    const char *s = equals + 1;
    int64_t min = 0, max = text_read_size(&s);
    if (max >= 0 && strncmp(s, "..", 2) == 0) {
        s += 2;
        min = max;
        max = text_read_size(&s);
    }
    if (*s != '\0' || max < min)
        return false;
    *ret = (budget){.name = text_printf("%.*s", (int)(equals - item), item), .min = min, .max = max};
    return true;
}

static bool is_reference(const char *name)
{
    return strpbrk(name, ":/") != NULL;
}

belay_status image_size_prepare(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    for (const char *const *item = host->opt_list(ctx, "budgets"); *item; item++) {
        budget b = {0};
        if (!read_budget(*item, &b))
            return call_blame(&c, "budgets", "'%s' is no budget: write \"service=100MB..500MB\" or \"service=500MB\"",
                              *item);
        free(b.name);
    }
    return BELAY_OK;
}

/* Appends to `bad` what is wrong with this image. */
static belay_status check(const call *c, engine *e, const budget *b, const char *reference, text *bad)
{
    guard_json *image = NULL;
    guard_mem char *escaped = engine_escape(reference);
    belay_status s = engine_get(e, &image, "/images/%s/json", escaped);
    if (s != BELAY_OK)
        return s;
    const char *separator = bad->length ? "; " : "";
    if (!image) {
        text_add(bad, "%s%s: there is no image %s", separator, b->name, reference);
        return BELAY_OK;
    }
    int64_t size = json_integer_value(json_object_get(image, "Size"));
    char is[TEXT_SIZE], min[TEXT_SIZE], max[TEXT_SIZE];
    call_log(c, 1, "%s: %s", reference, text_size(size, is));
    if (size < b->min || size > b->max)
        text_add(bad, "%s%s: %s has %s, allowed are %s to %s", separator, b->name, reference, text_size(size, is),
                 text_size(b->min, min), text_size(b->max, max));
    return measure_instance(c->ctx, c->host, "size", b->name, (double)size);
}

static belay_status check_item(const call *c, engine *e, compose **compose, const char *item, text *bad)
{
    budget b = {0};
    if (!read_budget(item, &b))
        return BELAY_E_CONFIG; /* prepare has said so */
    guard_mem char *name = b.name;
    if (is_reference(name))
        return check(c, e, &b, name, bad);
    belay_status s = *compose ? BELAY_OK : compose_open(e, compose);
    if (s != BELAY_OK)
        return s;
    if (!json_object_get(compose_services(*compose), name))
        return call_blame(c, "budgets", "%s has no service '%s'", compose_files(*compose), name);
    guard_mem char *reference = compose_image(*compose, name);
    return check(c, e, &b, reference, bad);
}

belay_status image_size_verify(belay_ctx *ctx, const belay_host *host)
{
    const call c = {ctx, host};
    guard_engine *e = NULL;
    guard_compose *compose = NULL;
    belay_status s = engine_open(&c, &e);
    guard_text bad = {0};
    for (const char *const *item = host->opt_list(ctx, "budgets"); *item && s == BELAY_OK; item++)
        s = check_item(&c, e, &compose, *item, &bad);
    if (s != BELAY_OK)
        return s;
    return bad.length ? call_fail(&c, BELAY_E_FAIL, NULL, "%s", text_of(&bad)) : BELAY_OK;
}
