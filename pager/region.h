/* Regions: what a process may do where. Every page lies in one (I5).
 *
 * Half-open ranges of bytes on page boundaries, sorted by address, none overlaps another. A few a
 * process, so that a walk is short. */
#ifndef PAGER_REGION_H
#define PAGER_REGION_H
#include <stdbool.h>
#include <stddef.h>

#include "../kern/abi.h"

enum region_kind {
    REGION_PRIVATE, /* stores are the process's own: shared after fork until stored to */
    REGION_SHARED,  /* stores are seen by all who inherited it; populated when made */
};

enum region_use { USE_IMAGE, USE_STACK, USE_HEAP, USE_MMAP };

struct region {
    uint64_t start, end;
    uint8_t rights; /* RIGHT_… */
    uint8_t kind;
    uint8_t use;
};

enum { REGIONS_MAX = 48 };

struct regions {
    uint32_t n;
    struct region region[REGIONS_MAX];
};

/* The region that holds va, or NULL. */
const struct region *region_find(const struct regions *regions, uint64_t va);

/* Adds one; false: it overlaps another, or the table is full. It may be empty (a heap's start). */
bool region_add(struct regions *regions, const struct region *region);

/* The heap's region, or NULL. */
struct region *region_heap(struct regions *regions);

/* The end of free room above `region`: where the next one starts, or `limit`. */
uint64_t region_room(const struct regions *regions, const struct region *region, uint64_t limit);

/* The highest free range of nbytes below `limit` and above `floor`; 0: none. */
uint64_t region_gap(const struct regions *regions, uint64_t nbytes, uint64_t floor, uint64_t limit);

/* Removes [start, end), all of which must lie in regions of that use. False: it does not, or a
 * split has no room in the table; then nothing changed. */
bool region_remove(struct regions *regions, uint64_t start, uint64_t end, enum region_use use);
#endif
