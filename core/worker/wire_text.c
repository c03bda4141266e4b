/* What a JSON string can hold, and how what it cannot is carried: UTF-8 and base64 (RFC 4648). */
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "worker/wire.h"

/* The length of the UTF-8 sequence at s, or 0 when it is none (Unicode 15, table 3-7). */
static size_t sequence(const unsigned char *s, size_t n)
{
    if (s[0] >= 0x01 && s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (length > n)
        return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool wire_is_text(const char *s, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t length = sequence((const unsigned char *)s + at, n - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

json_t *wire_string(const char *s, size_t n)
{
    if (wire_is_text(s, n))
        return json_stringn_nocheck(s, n);
    guard_text clean = {0};
    for (size_t at = 0; at < n;) {
        size_t length = sequence((const unsigned char *)s + at, n - at);
        if (length)
            text_add(&clean, s + at, length);
        else
            text_puts(&clean, "\xef\xbf\xbd");
        at += length ? length : 1;
    }
    return json_stringn_nocheck(text_get(&clean), clean.count);
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

json_t *wire_base64(const char *bytes, size_t n)
{
    size_t length = (n + 2) / 3 * 4;
    char *out = mem_array(length + 1, 1);
    for (size_t at = 0, k = 0; at < n; at += 3, k += 4) {
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (at + i < n ? (unsigned char)bytes[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            out[k + i] = at + i > n ? '=' : letters[group >> (18 - 6 * i) & 63];
    }
    json_t *string = json_stringn_nocheck(out, length);
    mem_wipe_free(out, length);
    return string;
}

char *wire_unbase64(const char *s, size_t *ret_size)
{
    size_t n = strlen(s), size = 0;
    char *out = mem_array(n / 4 * 3 + 3, 1);
    uint32_t group = 0;
    for (size_t i = 0; i < n && s[i] != '='; i++) {
        const char *letter = strchr(letters, s[i]);
        group = group << 6 | (uint32_t)(letter ? letter - letters : 0);
        if (i % 4)
            out[size++] = (char)(group >> (6 - 2 * (i % 4)) & 0xff);
    }
    *ret_size = size;
    return out;
}
