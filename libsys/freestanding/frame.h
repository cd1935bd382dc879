/* Copying and clearing a frame: the only two loops that touch contents. Plain rv64 loads and
 * stores, written so that the compiler neither calls memcpy nor spills. */
#pragma once
#include <stdint.h>

#include "abi.h"

/* A frame's words as they are reached from its middle: then all offsets fit into a load or store,
 * and there is nothing to count. */
enum { FRAME_MIDDLE = PAGE_SIZE / 8 / 2 };

/* A check of each access would take a compiler minutes, and find nothing in straight lines. */
#define NOT_SANITIZED __attribute__((no_sanitize("address", "undefined")))

/* Loads of one group, then its stores; the barrier keeps the compiler from gathering more loads
 * than it has registers for. Inline for the one place where a call and what it saves count. */
NOT_SANITIZED static inline void copy_words(uint64_t *to, const uint64_t *from)
{
    uint64_t *target = to + FRAME_MIDDLE;
    const uint64_t *source = from + FRAME_MIDDLE;
#pragma GCC unroll 128
    for (int g = -FRAME_MIDDLE; g < FRAME_MIDDLE; g += 4) {
        uint64_t a = source[g], b = source[g + 1], c = source[g + 2], d = source[g + 3];
        target[g] = a;
        target[g + 1] = b;
        target[g + 2] = c;
        target[g + 3] = d;
        __asm__ volatile("" ::: "memory");
    }
}

void copy_frame(void *to, const void *from);
void zero_frame(void *frame);
