/* The map of a process: which frame each page has. The kernel's tables are a cache of it (L4).
 *
 *   address:  30......21 20......12 11....0
 *             leaf       page       offset      1024 leaves x 512 pages: limit 2 GiB
 *
 * The root is a frame of 1024 32-bit frame numbers of leaves, a leaf a frame of 512 entries, so
 * that a leaf covers what a leaf table of the hardware covers. Rights are not stored: they follow
 * from region and count (fault.c). A root has the count 1 of its map, a leaf that of the maps that
 * share it (leaves.c): then its entries are owners of their frames once, for all of them. A shared
 * leaf is never changed: map_make gives the map a copy of its own first. */
#pragma once
#include <stdbool.h>

#include "frames.h"
#include "port.h"

enum { LEAF_SHIFT = 21, LEAVES = 1024 };
#define ADDRESS_LIMIT ((uint64_t)LEAVES << LEAF_SHIFT)

/* 0: no page. Else frame number << 1 | 1. */
typedef uint64_t entry_t;

static inline entry_t entry_make(pfn_t frame)
{
    return frame << 1 | 1;
}

static inline pfn_t entry_frame(entry_t entry)
{
    return entry >> 1;
}

struct map {
    uint32_t *root; /* in its frame, through the window */
    pfn_t root_frame;
    uint32_t npages, nleaves;
};

/* An empty map, or false: no frame. */
bool map_init(struct map *map);

/* The leaf for va, or NULL. */
static inline entry_t *map_leaf(const struct map *map, uint64_t va)
{
    pfn_t leaf = map->root[va >> LEAF_SHIFT];
    return leaf == 0 ? NULL : port_frame(leaf);
}

/* Where the first leaf at or above va begins; there is one. */
static inline uint64_t map_next_leaf(const struct map *map, uint64_t va)
{
    const uint32_t *leaf = map->root + (va >> LEAF_SHIFT);
    while (*leaf == 0)
        leaf++;
    return (uint64_t)(leaf - map->root) << LEAF_SHIFT;
}

/* Where the span of va's leaf ends, or the range if that comes first. */
static inline uint64_t map_leaf_end(uint64_t va, uint64_t end)
{
    uint64_t next = (va & ~(LEAF_SPAN - 1)) + LEAF_SPAN;
    return next < end ? next : end;
}

/* The place of the entry for va (below ADDRESS_LIMIT), or NULL: its leaf is not there. */
static inline entry_t *map_find(const struct map *map, uint64_t va)
{
    entry_t *leaf = map_leaf(map, va);
    return leaf == NULL ? NULL : &leaf[va >> PAGE_SHIFT & (LEAF_PAGES - 1)];
}

/* Is the leaf for va there, and other maps' too? */
static inline bool map_is_shared(const struct map *map, uint64_t va)
{
    pfn_t leaf = map->root[va >> LEAF_SHIFT];
    return leaf != 0 && frame_refs(leaf) > 1;
}

/* The place of the entry for va, to be changed: the leaf is made if need be, or copied if it is
 * shared. NULL: no frame, and nothing changed. */
entry_t *map_make(struct map *map, uint64_t va);

/* Before map_clear: what it would change in part is the map's own. False: no frames, and nothing
 * changed. */
bool map_own_ends(struct map *map, uint64_t start, uint64_t end);

/* Puts a frame, whose owner the map becomes, where there was none. False: no frame for a leaf. */
bool map_put(struct map *map, uint64_t va, pfn_t frame);

/* Releases the pages of [start, end) that are there; whole leaves inside it go too. The hardware's
 * entries must be gone before, and map_own_ends must have been asked where leaves may be shared. */
void map_clear(struct map *map, uint64_t start, uint64_t end);

/* Calls owner for each frame of a map whose leaves nobody shares: root, leaves, pages. */
void map_frames(const struct map *map, void (*owner)(pfn_t frame));

/* Releases everything; the map is then empty of even its root. */
void map_destroy(struct map *map);
