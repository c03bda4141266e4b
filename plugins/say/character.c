#include "say/character.h"

size_t character_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    const size_t n = s[0] < 0x80                   ? 1
                     : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                     : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                     : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                   : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    const int second = n > 2 ? s[1] : 0x80;
    const int wrong = (s[0] == 0xe0 && second < 0xa0) || (s[0] == 0xed && second > 0x9f) ||
                      (s[0] == 0xf0 && second < 0x90) || (s[0] == 0xf4 && second > 0x8f);
    return wrong ? 0 : n;
}
