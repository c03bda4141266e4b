/* The public key within an OpenSSH signature: its format is PROTOCOL.sshsig of OpenSSH. */
#include "approval/signer.h"

#include <stdint.h>
#include <string.h>

#define MAGIC     "SSHSIG"
#define BLOB_MOST 16384 /* bytes; a key is far shorter, also a certificate */

static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The bytes of the armor's base64, as many as there is room for; gives how many. */
static size_t read_blob(const char *armor, unsigned char *blob, size_t room)
{
    const char *at = strchr(armor, '\n');
    uint32_t bits = 0;
    size_t n = 0, count = 0;
    for (; at && *at && *at != '-' && n < room; at++) {
        const int value = sextet(*at);
        if (value < 0)
            continue;
        bits = bits << 6 | (uint32_t)value;
        if (++count % 4 != 1)
            blob[n++] = (unsigned char)(bits >> (6 - 2 * ((count + 3) % 4)));
    }
    return n;
}

/* The key's bytes with their length before them, within blob; 0: there is none. */
static size_t find_key(const unsigned char *blob, size_t n)
{
    const size_t at = strlen(MAGIC) + 4; /* the version */
    if (n < at + 4 || memcmp(blob, MAGIC, strlen(MAGIC)) != 0)
        return 0;
    const size_t length =
        (size_t)blob[at] << 24 | (size_t)blob[at + 1] << 16 | (size_t)blob[at + 2] << 8 | blob[at + 3];
    return length <= n - at - 4 ? at + 4 + length : 0;
}

bool signer_same_key(const char *one, const char *other)
{
    unsigned char a[BLOB_MOST], b[BLOB_MOST];
    const size_t n = find_key(a, read_blob(one, a, sizeof a)), m = find_key(b, read_blob(other, b, sizeof b));
    return n > 0 && n == m && memcmp(a, b, n) == 0;
}
