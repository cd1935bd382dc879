/* The functions that the compiler may call by itself. */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t nbytes);
void *memset(void *to, int value, size_t nbytes);
int memcmp(const void *left, const void *right, size_t nbytes);

void *memcpy(void *restrict to, const void *restrict from, size_t nbytes)
{
    char *target = to;
    for (const char *source = from; nbytes > 0; nbytes--)
        *target++ = *source++;
    return to;
}

void *memset(void *to, int value, size_t nbytes)
{
    for (char *target = to; nbytes > 0; nbytes--)
        *target++ = (char)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t nbytes)
{
    const unsigned char *l = left, *r = right;
    for (; nbytes > 0; nbytes--, l++, r++)
        if (*l != *r)
            return *l < *r ? -1 : 1;
    return 0;
}
