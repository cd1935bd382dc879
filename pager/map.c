/* Two-level table of a process's pages. */
#include "map.h"
#include "copy.h"

#define LEAF_SPAN (1ul << LEAF_SHIFT)

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

entry_t *map_make(struct map *map, uint64_t va)
{
    if (map->root[va >> LEAF_SHIFT] == 0) {
        pfn_t leaf = take_table();
        if (leaf == NO_FRAME)
            return NULL;
        map->root[va >> LEAF_SHIFT] = (uint32_t)leaf;
        map->nleaves++;
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

void map_clear(struct map *map, uint64_t start, uint64_t end)
{
    while (start < end) {
        uint64_t next = (start & ~(LEAF_SPAN - 1)) + LEAF_SPAN;
        uint64_t stop = next < end ? next : end;
        entry_t *entry = map_find(map, start);
        if (entry != NULL) {
            clear_entries(map, entry, (stop - start) >> PAGE_SHIFT);
            if (stop - start == LEAF_SPAN) {
                frame_release_clean(map->root[start >> LEAF_SHIFT]);
                map->root[start >> LEAF_SHIFT] = 0;
                map->nleaves--;
            }
        }
        start = stop;
    }
}

void map_destroy(struct map *map)
{
    for (uint64_t va = 0; map->nleaves > 0; va += LEAF_SPAN)
        if (map->root[va >> LEAF_SHIFT] != 0)
            map_clear(map, va, va + LEAF_SPAN);
    frame_release_clean(map->root_frame);
    *map = (struct map){0};
}
