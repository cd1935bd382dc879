/* Sets of physical addresses: ranges of bytes, sorted, none touches another.
 *
 * The machine's memory comes in banks, and what others own lies anywhere in it. Both calls keep a
 * set sorted; time is linear in its ranges. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* base + nbytes does not exceed 2^64 - 1. */
struct dt_range {
    uint64_t base, nbytes; /* nbytes 0: there is none */
};

static inline uint64_t range_end(const struct dt_range *range)
{
    return range->base + range->nbytes;
}

enum { RANGES_MAX = 32 };

struct ranges {
    uint32_t n;
    struct dt_range range[RANGES_MAX];
};

/* Adds one, which may overlap or touch others: they become one. Removes one, whatever of it is in
 * the set. False: that would need more than RANGES_MAX ranges, and then nothing changed. */
bool ranges_add(struct ranges *set, struct dt_range range);
bool ranges_remove(struct ranges *set, struct dt_range range);

/* The range that holds all of this one (at least one byte), or NULL. */
const struct dt_range *ranges_find(const struct ranges *set, struct dt_range range);
