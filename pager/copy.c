/* Copy and clear, 256 words a turn. */
#include "copy.h"
#include "../kern/abi.h"

enum { WORDS = PAGE_SIZE / 8, GROUP = 8, TURN = 256 };

/* Loads of one group, then its stores; the barrier keeps the compiler from gathering more loads
 * than it has registers for. */
void copy_frame(void *to, const void *from)
{
    uint64_t *target = to;
    const uint64_t *source = from, *end = source + WORDS;
    for (; source != end; source += TURN, target += TURN) {
#pragma GCC unroll 32
        for (int g = 0; g < TURN; g += GROUP) {
            uint64_t a = source[g], b = source[g + 1], c = source[g + 2], d = source[g + 3];
            uint64_t e = source[g + 4], f = source[g + 5], h = source[g + 6], i = source[g + 7];
            target[g] = a;
            target[g + 1] = b;
            target[g + 2] = c;
            target[g + 3] = d;
            target[g + 4] = e;
            target[g + 5] = f;
            target[g + 6] = h;
            target[g + 7] = i;
            __asm__ volatile("" ::: "memory");
        }
    }
}

void zero_frame(void *frame)
{
    uint64_t *target = frame, *end = target + WORDS;
    for (; target != end; target += TURN) {
#pragma GCC unroll 256
        for (int i = 0; i < TURN; i++)
            target[i] = 0;
        __asm__ volatile("" ::: "memory");
    }
}
