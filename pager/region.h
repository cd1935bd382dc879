/* Regions: what a process may do where. Every page lies in one (I5).
 *
 * Half-open ranges of bytes on page boundaries, sorted by address, none overlaps another. A few a
 * process, so that a walk is short. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "../libsys/freestanding/abi.h"

enum region_kind {
    REGION_PRIVATE, /* stores are the process's own: shared after fork until stored to */
    REGION_SHARED,  /* stores are seen by all who inherited it; populated when made */
};

enum region_use {
    USE_IMAGE,
    USE_STACK,
    USE_HEAP,
    USE_MMAP,
    USE_TRANSFER, /* a page shared with a server; not inherited at fork */
    USE_WINDOW,   /* a server's: its clients' transfer pages. Without rights: a page that is gone is
                     no access, never a page of zeros */
};

struct region {
    uint64_t start, end;
    uint8_t rights; /* RIGHT_… */
    uint8_t kind;
    uint8_t use;
    uint8_t quick; /* the rights where stores are private, else 0; set by region.c */
};

enum { REGIONS_MAX = 48 };

struct regions {
    uint32_t n;
    uint32_t heap; /* bytes from [0] to the lowest of the heap; where there is none, to [n] */
    struct region region[REGIONS_MAX + 1]; /* [n]: above all addresses */
};

/* Where the page va must lie: the region may not have it. Nothing is remembered of earlier faults,
 * so that what a fault costs does not depend on where regions lie, nor on which of them were stored
 * to before: a walk from the heap, or from the lowest if the page is below the heap, takes three
 * instructions for each region that it passes. It ends at [n]: no page starts at the last byte. */
static inline const struct region *region_near(const struct regions *regions, uint64_t va)
{
    const struct region *region =
        (const struct region *)((const char *)regions->region + regions->heap);
    if (va < region->start)
        region = regions->region;
    while (va >= region->end)
        region++;
    return region;
}

/* None, to begin with. */
void regions_clear(struct regions *regions);

/* The same regions. */
void regions_copy(struct regions *to, const struct regions *from);

/* The region that holds va, or NULL. */
const struct region *region_find(const struct regions *regions, uint64_t va);

/* Adds one; false: it overlaps another, or the table is full. It may be empty (a heap's start). */
bool region_add(struct regions *regions, const struct region *region);

/* The heap is one region, or several one behind the other where parts have other rights. The lowest
 * and the topmost of them, or NULL. */
const struct region *region_heap_first(const struct regions *regions);
const struct region *region_heap(const struct regions *regions);

/* The heap, which there is, ends there from now on; what is added may be read and written. False:
 * the table is full; then nothing changed. */
bool region_resize_heap(struct regions *regions, uint64_t end);

/* The end of free room above `region`: where the next one starts, or `limit`. */
uint64_t region_room(const struct regions *regions, const struct region *region, uint64_t limit);

/* Where a new region of nbytes may lie: if it is small, below a stack that lies low, so that a
 * small process needs no second leaf; else the highest free range below `limit`. 0: nowhere. */
uint64_t region_gap(const struct regions *regions, uint64_t nbytes, uint64_t limit);

/* Removes [start, end), all of which must lie in regions of that use. False: it does not, or a
 * split has no room in the table; then nothing changed. region_may_remove: 0 if it would be true,
 * else ERR_INVALID or ERR_LIMIT. */
err_t region_may_remove(const struct regions *regions, uint64_t start, uint64_t end,
                        enum region_use use);
bool region_remove(struct regions *regions, uint64_t start, uint64_t end, enum region_use use);

/* New rights for [start, end), all of which must lie in regions, none of them shared with a server.
 * ERR_INVALID; ERR_LIMIT: no room for a split; then nothing changed. region_may_protect: whether it
 * would be so. */
err_t region_may_protect(const struct regions *regions, uint64_t start, uint64_t end);
err_t region_protect(struct regions *regions, uint64_t start, uint64_t end, unsigned rights);
