/* The functions that the compiler may call by itself. Words where both sides are aligned. */
#include <stddef.h>
#include <stdint.h>

enum { WORD = sizeof(uint64_t) };

void *memcpy(void *restrict to, const void *restrict from, size_t nbytes);
void *memset(void *to, int value, size_t nbytes);
int memcmp(const void *left, const void *right, size_t nbytes);

void *memcpy(void *restrict to, const void *restrict from, size_t nbytes)
{
    char *target = to;
    const char *source = from;
    if (((uintptr_t)to | (uintptr_t)from) % WORD == 0) {
#pragma GCC unroll 4
        for (; nbytes >= WORD; nbytes -= WORD, target += WORD, source += WORD)
            *(uint64_t *)target = *(const uint64_t *)source;
    }
    for (; nbytes > 0; nbytes--)
        *target++ = *source++;
    return to;
}

void *memset(void *to, int value, size_t nbytes)
{
    char *target = to;
    if ((uintptr_t)to % WORD == 0) {
        const uint64_t word = (uint8_t)value * (UINT64_MAX / UINT8_MAX);
#pragma GCC unroll 8
        for (; nbytes >= WORD; nbytes -= WORD, target += WORD)
            *(uint64_t *)target = word;
    }
    for (; nbytes > 0; nbytes--)
        *target++ = (char)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t nbytes)
{
    const unsigned char *l = left, *r = right;
    if (((uintptr_t)left | (uintptr_t)right) % WORD == 0)
        for (; nbytes >= WORD && *(const uint64_t *)l == *(const uint64_t *)r; nbytes -= WORD) {
            l += WORD;
            r += WORD;
        }
    for (; nbytes > 0; nbytes--, l++, r++)
        if (*l != *r)
            return *l < *r ? -1 : 1;
    return 0;
}
