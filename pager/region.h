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

_Static_assert(REGION_PRIVATE == 0, "rights_kind");

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
    union {
        struct {
            uint8_t rights; /* RIGHT_… */
            uint8_t kind;
        };
        uint16_t rights_kind; /* the rights, if the kind is private */
    };
    uint8_t use;
};

enum { REGIONS_MAX = 48, RECENT = 16, RECENT_SHIFT = 13 };

struct regions {
    union {
        uint16_t recent[RECENT]; /* bytes from [0] to those found last, see region_recent */
        uint64_t recent_words[RECENT / 4];
    };
    uint32_t n;
    struct region region[REGIONS_MAX];
};

static inline bool region_has(const struct region *region, uint64_t va)
{
    return va >= region->start && va < region->end;
}

/* Where va may well be found (by 8 KiB): the region may not have it, or be empty. */
static inline const struct region *region_recent(const struct regions *regions, uint64_t va)
{
    uint16_t offset = regions->recent[va >> RECENT_SHIFT & (RECENT - 1)];
    return (const struct region *)((const char *)regions->region + offset);
}

/* The same regions. `to` has none yet. */
void regions_copy(struct regions *to, const struct regions *from);

/* The region that holds va, or NULL. */
const struct region *region_find(const struct regions *regions, uint64_t va);

/* The same, and it is remembered. */
const struct region *region_meet(struct regions *regions, uint64_t va);

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
 * ERR_INVALID; ERR_LIMIT: no room for a split; then nothing changed. */
err_t region_protect(struct regions *regions, uint64_t start, uint64_t end, unsigned rights);
