/* Two-level table of a process's pages. */
#include "map.h"
#include "../libsys/freestanding/frame.h"

static pfn_t take_table(void)
{
    pfn_t frame = frame_take_clean();
    if (frame == NO_FRAME && (frame = frame_take()) != NO_FRAME)
        zero_frame(port_frame(frame));
    return frame;
}

bool map_init(struct map *map)
{
    *map = (struct map){.root_frame = take_table()};
    if (map->root_frame == NO_FRAME)
        return false;
    map->root = port_frame(map->root_frame);
    return true;
}

/* Each page of the leaf has an owner more. */
static void copy_leaf(entry_t *to, const entry_t *from)
{
    copy_frame(to, from);
#pragma GCC unroll 8
    for (const entry_t *end = from + LEAF_PAGES; from != end; from++)
        if (*from != 0)
            frame_hold(entry_frame(*from));
}

entry_t *map_make(struct map *map, uint64_t va)
{
    pfn_t old = map->root[va >> LEAF_SHIFT];
    if (old != 0 && frame_refs(old) == 1)
        return map_find(map, va);
    pfn_t leaf = old == 0 ? take_table() : frame_take();
    if (leaf == NO_FRAME)
        return NULL;
    map->root[va >> LEAF_SHIFT] = (uint32_t)leaf;
    if (old == 0) {
        map->nleaves++;
    } else {
        copy_leaf(port_frame(leaf), port_frame(old));
        frame_release(old);
    }
    return map_find(map, va);
}

bool map_put(struct map *map, uint64_t va, pfn_t frame)
{
    entry_t *entry = map_make(map, va);
    if (entry == NULL)
        return false;
    *entry = entry_make(frame);
    map->npages++;
    return true;
}

static uint32_t count_entries(const entry_t *entry, uint64_t n)
{
    uint32_t npages = 0;
    while (n-- > 0)
        npages += entry[n] != 0;
    return npages;
}

/* Would clearing a range within one leaf change what others see? */
static bool must_own(const struct map *map, uint64_t start, uint64_t end)
{
    return start < end && end - start < LEAF_SPAN && map_is_shared(map, start) &&
           count_entries(map_find(map, start), (end - start) >> PAGE_SHIFT) > 0;
}

bool map_own_ends(struct map *map, uint64_t start, uint64_t end)
{
    uint64_t low_end = map_leaf_end(start, end), high = end & ~(LEAF_SPAN - 1);
    bool own_low = must_own(map, start, low_end);
    bool own_high = high >= low_end && must_own(map, high, end);
    if ((uint64_t)own_low + own_high > frames.nfree)
        return false;
    if (own_low)
        map_make(map, start);
    if (own_high)
        map_make(map, high);
    return true;
}

static void clear_entries(struct map *map, entry_t *entry, uint64_t n)
{
    uint32_t npages = map->npages;
#pragma GCC unroll 8
    for (uint64_t i = 0; i < n; i++) {
        if (entry[i] == 0)
            continue;
        frame_release(entry_frame(entry[i]));
        entry[i] = 0;
        if (--npages == 0)
            break;
    }
    map->npages = npages;
}

/* The leaf is empty, or others have it. */
static void drop_leaf(struct map *map, uint64_t va)
{
    pfn_t leaf = map->root[va >> LEAF_SHIFT];
    if (frame_refs(leaf) > 1)
        frame_release(leaf);
    else
        frame_release_clean(leaf);
    map->root[va >> LEAF_SHIFT] = 0;
    map->nleaves--;
}

void map_clear(struct map *map, uint64_t start, uint64_t end)
{
    for (uint64_t stop; start < end; start = stop) {
        stop = map_leaf_end(start, end);
        entry_t *entry = map_find(map, start);
        bool whole = stop - start == LEAF_SPAN;
        if (entry == NULL)
            continue;
        if (!map_is_shared(map, start))
            clear_entries(map, entry, (stop - start) >> PAGE_SHIFT);
        else if (whole)
            map->npages -= count_entries(entry, LEAF_PAGES);
        if (whole)
            drop_leaf(map, start);
    }
}

void map_frames(const struct map *map, void (*owner)(pfn_t frame))
{
    owner(map->root_frame);
    for (uint64_t leaf = 0; leaf < LEAVES; leaf++) {
        const entry_t *entry = map_leaf(map, leaf << LEAF_SHIFT);
        if (entry == NULL)
            continue;
        owner(map->root[leaf]);
        for (unsigned i = 0; i < LEAF_PAGES; i++)
            if (entry[i] != 0)
                owner(entry_frame(entry[i]));
    }
}

void map_destroy(struct map *map)
{
    const uint32_t *root = map->root;
    for (uint64_t va = 0; map->nleaves > 0; va += LEAF_SPAN) {
        if (root[va >> LEAF_SHIFT] == 0)
            continue;
        if (!map_is_shared(map, va))
            clear_entries(map, port_frame(root[va >> LEAF_SHIFT]), LEAF_PAGES);
        drop_leaf(map, va);
    }
    frame_release_clean(map->root_frame);
    *map = (struct map){0};
}
