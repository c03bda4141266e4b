#include "base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

/* Longer words are no misspellings of a name; the bound also keeps the rows on the stack. */
#define LONGEST 64

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static int letter(const char *s, size_t i)
{
    return tolower((unsigned char)s[i]);
}

/* Optimal string alignment: insertions, deletions, changes, and swaps of neighbours, each of cost 1. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = letter(a, i - 1) != letter(b, j - 1);
            now[j] = least(before[j] + 1, now[j - 1] + 1, before[j - 1] + changed);
            if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) && letter(a, i - 2) == letter(b, j - 1))
                now[j] = least(now[j], earlier[j - 2] + 1, SIZE_MAX);
        }
    }
    return rows[a_len % 3][b_len];
}

nearest nearest_to(const char *word)
{
    size_t length = strlen(word);
    size_t allowed = length / 3 ? length / 3 : 1;
    return (nearest){.word = word, .distance = length && length <= LONGEST ? allowed + 1 : 0};
}

void nearest_offer(nearest *n, const char *candidate)
{
    size_t length = strlen(candidate);
    if (n->distance == 0 || length > LONGEST)
        return;
    size_t found = distance(n->word, strlen(n->word), candidate, length);
    if (found < n->distance) {
        n->distance = found;
        n->best = candidate;
    }
}

const char *nearest_get(const nearest *n)
{
    return n->best;
}
