/* Copy and clear, as straight lines. */
#include "frame.h"

void copy_frame(void *to, const void *from)
{
    copy_words(to, from);
}

NOT_SANITIZED void zero_frame(void *frame)
{
    uint64_t *target = (uint64_t *)frame + FRAME_MIDDLE;
#pragma GCC unroll 512
    for (int i = -FRAME_MIDDLE; i < FRAME_MIDDLE; i++) {
        target[i] = 0;
        __asm__ volatile("" ::: "memory");
    }
}
